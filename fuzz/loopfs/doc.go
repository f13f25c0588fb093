// Package loopfs gives a test a real file system of its own whose power can be
// cut: ext4, XFS or btrfs in memory behind a loop device, mounted, written to,
// shut down in the middle of whatever it was doing, and mounted again, which
// recovers its journal as after a real power cut. A cycle takes some tens of
// milliseconds.
//
//	f, err := loopfs.New(loopfs.XFS)
//	if err != nil { ... }
//	defer f.Close()
//	// write below f.Dir(), at some moment:
//	err = f.Cut(loopfs.Shutdown)
//	// close every file that is open on it, then:
//	err = f.Remount()
//	// what is below f.Dir() now is what a crash at that moment leaves.
//
// It needs Linux 5.8 or later, root, loop devices and the mkfs of the kind;
// Available says what is missing, so that a test can skip with the reason.
//
// # Nothing stays behind
//
// The disk is a memfd, the loop device is set to let go of it with its last
// user, and the mount is attached to no directory: it is a descriptor of this
// process, reached as /proc/PID/fd/N. So everything vanishes with the process,
// however that ends, and no name in any directory leads to it that somebody
// else could be using. A child process is given Dir as well; while a child
// has a file open there, Remount reports a *BusyError.
//
// # What a cut is
//
// Shutdown is the file system's own ioctl (0x8004587D): from then on nothing of
// what it holds in memory reaches the disk, its log included. ShutdownFlushed
// writes the log first and no data, which is a legal crash too and shows other
// states. Pull takes the disk away under the file system: every later write to
// it fails. It is the only way with btrfs, which has no such ioctl, and is not
// offered for ext4, which does not bear it well. Kind.Cuts lists what is.
//
// A process lives on after such a cut, which it does not after a real one, and
// what it learns then is not to be believed: on ext4 and XFS an fsync that is
// under way while the cut is made, or that comes after it, may return success
// for what is lost, when it finds that a commit that failed was somebody else's.
// So count for durable only what had returned before Cut was called.
//
// In all of them what the file system had handed to the disk is on the disk:
// the disk has no cache of its own that a cut could empty. A file system that
// forgets to flush its disk is therefore not found out here.
package loopfs
