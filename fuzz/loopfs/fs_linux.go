package loopfs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FS is a mounted file system that belongs to this process. Cut may be called
// while others write below Dir; the other methods are for one caller at a time.
type FS struct {
	kind Kind
	spec spec
	disk *disk

	// mu guards root against a Cut that runs beside Close: the ioctl must never
	// reach a descriptor that was closed and given to another file meanwhile.
	mu     sync.Mutex
	mnt    int // descriptor that the mount lives and dies with (O_PATH); -1: not mounted
	root   int // descriptor of its root directory; -1: not mounted
	pulled bool
	cuts   int
}

// Available says why a file system of this kind cannot be had here, or "". It
// makes one and cuts it to be sure.
func Available(k Kind) (reason string) {
	s := k.spec()
	switch {
	case s.fstype == "":
		return fmt.Sprintf("loopfs: no such kind: %v", k)
	case os.Geteuid() != 0:
		return fmt.Sprintf("%v: mounting needs root", k)
	}
	if _, err := lookPath(s.mkfs[0]); err != nil {
		return fmt.Sprintf("%v: %s is not installed", k, s.mkfs[0])
	}
	f, err := New(k)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if err := f.Cut(s.cuts[0]); err != nil {
		return err.Error()
	}
	if err := f.Remount(); err != nil {
		return err.Error()
	}
	return ""
}

// New makes an empty file system and mounts it.
func New(k Kind) (*FS, error) {
	s := k.spec()
	if s.fstype == "" {
		return nil, fmt.Errorf("loopfs: no such kind: %v", k)
	}
	d, err := newDisk(s)
	if err != nil {
		return nil, fmt.Errorf("loopfs: %v: %w", k, err)
	}
	f := &FS{kind: k, spec: s, disk: d, mnt: -1, root: -1}
	if err := f.mount(); err != nil {
		d.close()
		return nil, err
	}
	if err := os.Mkdir(f.Dir(), 0o700); err != nil {
		f.Close()
		return nil, f.fail("mkdir", err)
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Kind is the file system's kind.
func (f *FS) Kind() Kind { return f.kind }

// Dir is an empty directory just below the root of the file system, for this
// process and for others of the same user. Its parent can be synced too, which
// that of the root, /proc/PID/fd, cannot. It changes with every Remount.
func (f *FS) Dir() string { return fmt.Sprintf("/proc/%d/fd/%d/top", os.Getpid(), f.root) }

// CutCount is how many times the power was cut.
func (f *FS) CutCount() int { return f.cuts }

// Sync makes everything durable (syncfs).
func (f *FS) Sync() error {
	if err := unix.Syncfs(f.root); err != nil {
		return f.fail("syncfs", err)
	}
	return nil
}

// Cut cuts the power. Whoever is writing gets errors from now on, and so does
// the next sync: nothing that was not on the disk gets there any more.
func (f *FS) Cut(c Cut) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ours(); err != nil {
		return err
	}
	if !slices.Contains(f.spec.cuts, c) {
		return f.fail(c.String(), unix.EOPNOTSUPP)
	}
	switch c {
	case Shutdown, ShutdownFlushed:
		const goingDown = 0x8004587D // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
		how := uint32(2)             // NOLOGFLUSH
		if c == ShutdownFlushed {
			how = 1
		}
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.root), goingDown, uintptr(unsafe.Pointer(&how)))
		if errno != 0 {
			return f.fail("the shutdown ioctl", errno)
		}
	case Pull:
		// One sector is left: a device of no length would have none to fail.
		if err := f.disk.limit(512); err != nil {
			return f.fail("pull", err)
		}
		f.pulled = true
	}
	f.cuts++
	return nil
}

// ours makes sure that the descriptor is the root of what this package mounted
// from its own loop device, before anything destructive is done to it.
func (f *FS) ours() error {
	if f.root < 0 {
		return f.fail("cut", errors.New("not mounted"))
	}
	var st unix.Statx_t
	err := unix.Statx(f.root, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &st)
	switch {
	case err != nil:
		return f.fail("statx", err)
	case st.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT == 0 || st.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0:
		return f.fail("cut", errors.New("refused: the descriptor is not a mount point"))
	}
	// btrfs gives each volume a device number that belongs to no disk; there the
	// disk is what a Pull takes away, and that one is ours by its descriptor.
	if f.kind != Btrfs && unix.Mkdev(st.Dev_major, st.Dev_minor) != f.disk.dev {
		return f.fail("cut", errors.New("refused: the mount is not of our loop device"))
	}
	return nil
}

// Remount unmounts and mounts again; the file system recovers its journal as
// after a restart of the machine. Every file must be closed.
func (f *FS) Remount() error {
	if err := f.unmount(); err != nil {
		return err
	}
	// The kernel may hold on to it for a moment longer than its last user.
	var busy *BusyError
	for wait := time.Millisecond; ; wait *= 2 {
		err := f.mount()
		if !errors.As(err, &busy) || wait > time.Second {
			return err
		}
		time.Sleep(wait)
	}
}

// Close unmounts and frees the disk. It is idempotent.
func (f *FS) Close() error {
	if f.disk == nil {
		return nil
	}
	err := f.unmount()
	f.disk.close()
	f.disk = nil
	return err
}

// unmount closes the only references to the mount; the kernel takes the file
// system down before the call returns, unless a file is open.
func (f *FS) unmount() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root >= 0 {
		unix.Close(f.root)
		unix.Close(f.mnt)
		f.root, f.mnt = -1, -1
	}
	if f.pulled {
		if err := f.disk.limit(0); err != nil {
			return f.fail("unpull", err)
		}
		f.pulled = false
	}
	return nil
}

// fsconfigCreateExcl is FSCONFIG_CMD_CREATE_EXCL of Linux 6.6: it refuses to
// share what is mounted already, where FSCONFIG_CMD_CREATE would hand out the
// dead file system of before the cut once more.
const fsconfigCreateExcl = 8

func (f *FS) mount() error {
	ctx, err := unix.Fsopen(f.spec.fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return f.fail("fsopen", err)
	}
	defer unix.Close(ctx)
	if err := unix.FsconfigSetString(ctx, "source", f.disk.path); err != nil {
		return f.fail("source", err)
	}
	for _, o := range f.spec.options {
		key, value, ok := strings.Cut(o, "=")
		if ok {
			err = unix.FsconfigSetString(ctx, key, value)
		} else {
			err = unix.FsconfigSetFlag(ctx, key)
		}
		if err != nil {
			return f.fail("option "+o, err)
		}
	}
	_, _, errno := unix.Syscall6(unix.SYS_FSCONFIG, uintptr(ctx), fsconfigCreateExcl, 0, 0, 0, 0)
	if errno == unix.EOPNOTSUPP || errno == unix.EINVAL {
		errno = 0
		if err := unix.FsconfigCreate(ctx); err != nil {
			return f.fail("mount", err)
		}
	}
	switch errno {
	case 0:
	case unix.EBUSY:
		return &BusyError{Kind: f.kind, Err: errno}
	default:
		return f.fail("mount", errno)
	}
	mnt, err := unix.Fsmount(ctx, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return f.fail("fsmount", err)
	}
	// That is an O_PATH descriptor, on which neither an ioctl nor syncfs works.
	root, err := unix.Openat(mnt, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(mnt)
		return f.fail("open", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.root, f.mnt = root, mnt
	return nil
}

func (f *FS) fail(what string, err error) error {
	return fmt.Errorf("loopfs: %v: %s: %w", f.kind, what, err)
}
