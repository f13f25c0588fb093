// Package osfs is the operating system's file system as a vfs.FS.
//
// # What makes what durable
//
//	call            Linux       FreeBSD     macOS         Windows
//	Sync            fsync       fsync       F_FULLFSYNC   FlushFileBuffers
//	DataSync        fdatasync   fdatasync   F_FULLFSYNC   FlushFileBuffers
//	SyncDir         fsync       fsync       F_FULLFSYNC   nothing
//	Rename, Publish rename      rename      rename        MoveFileEx, written through
//	DropCache       fadvise     fadvise     no            no
//
// On macOS a plain fsync leaves the data in the drive's cache, hence F_FULLFSYNC.
// Windows has no way to sync a directory; there the renames on which the engine
// leans are written through instead, and a new name is as durable as NTFS's own
// journal makes it. Files are opened there so that others may remove and rename
// them, yet Windows can still refuse to replace a file that somebody has open.
//
// Publishing is done by github.com/google/renameio, with the target's own
// directory as the temporary one. It gives atomicity only, so the directory
// sync is a call of its own (it does sync the file once more before it renames;
// callers do not lean on that). It does not exist on Windows, where os.CreateTemp
// and MoveFileEx take its place.
//
// # Locks
//
// Lock uses flock on Unix, on the file and on the directory that it lies in, and
// LockFileEx on Windows, on one byte far behind the text, so that others can
// still read whose lock it is. Besides, every lock held by this process is in
// one list, compared by device and inode, because a second open in the same
// process is the commonest way to two writers and some systems let it pass.
// That list is the only state in this package, and has to be the process's:
// two values of FS are still the same disk. Network file systems, where flock
// may mean nothing, are not supported.
//
// New files have mode 0600 and new directories 0700: a log holds what the
// program's users would not publish.
package osfs
