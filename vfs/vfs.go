package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// FS is what the engine needs of a file system, call by call, so that a
// simulator can cut the power between any two of them. Names are paths in the
// form the implementation understands (path/filepath on the real system);
// callers build them with Join only.
//
// No method retries anything but EINTR. Errors are *fs.PathError naming the
// operation and the file (or wrap one; a held lock is a *LockedError), and
// errors.Is works with fs.ErrNotExist, fs.ErrExist, fs.ErrPermission,
// fs.ErrClosed and the system's errno values (ENOSPC, EIO).
//
// All methods are safe for concurrent use. Callers hold no mutex across a call:
// what guards I/O in this project is a channel, so that a simulated file system
// may park the caller.
type FS interface {
	// Open opens an existing file for reading. A directory, or anything else
	// that is not a regular file, is an error (a FIFO would block for ever).
	Open(name string) (File, error)

	// OpenWrite opens an existing file for reading and writing; it never
	// creates and never truncates.
	OpenWrite(name string) (File, error)

	// Create makes a new file, open for reading and writing, and fails with
	// fs.ErrExist when the name is taken. The name is not durable before
	// SyncDir of its directory.
	Create(name string) (File, error)

	// CreateTemp makes a file under a temporary name in the directory of
	// target, to be given its real name by Publish. Temporary names start with
	// a dot, so that strays can be told from everything else.
	CreateTemp(target string) (TempFile, error)

	// Rename renames a file atomically, replacing the file newname when it
	// exists; a directory in its place is an error. Open handles follow the file,
	// and those of the replaced file keep reading it. It syncs nothing.
	Rename(oldname, newname string) error

	// Remove removes a file or an empty directory. Open handles keep working on
	// the file that has lost its name. It syncs nothing.
	Remove(name string) error

	// Mkdir makes one directory; its parent must exist. It fails with
	// fs.ErrExist when the name is taken. The name is not durable before
	// SyncDir of the parent.
	Mkdir(name string) error

	// List returns the entries of a directory, sorted by name.
	List(dir string) ([]Info, error)

	// Stat describes a file or a directory.
	Stat(name string) (Info, error)

	// SyncDir makes the entries of a directory durable: names that appeared,
	// vanished or were replaced. It says nothing of the children's contents. On
	// Windows it does nothing: directories cannot be synced there.
	SyncDir(dir string) error

	// Lock takes an exclusive advisory lock on the named file, creating it when
	// it is missing, and writes the holder's process ID into it where there are
	// processes. It does not wait: a lock that is held, by this process too, is
	// a *LockedError. The lock ends with Close (a second Close does nothing) or
	// with the process; the file stays, and nobody should remove it. Where the
	// system allows it the directory is locked along with the file, so that a
	// lock file that was deleted or replaced under its holder lets nobody else
	// in; a directory therefore holds at most one lock.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Its methods may be called concurrently. After Close all
// but Name and Close itself fail with fs.ErrClosed (DropCache reports false).
type File interface {
	io.ReaderAt
	// WriteAt writes all of p or returns an error and how many bytes it wrote.
	io.WriterAt
	// Close closes the file and syncs nothing. Only the first call succeeds.
	io.Closer

	// Name is the name that the file was opened by.
	Name() string
	// Size is the file's length in bytes.
	Size() (int64, error)
	// Truncate sets the file's length; growing yields zeros.
	Truncate(size int64) error
	// Sync makes data and metadata of this file durable (fsync, F_FULLFSYNC).
	// The file's name is a matter of SyncDir. After an error nothing is known
	// of what reached the disk; calling again proves nothing.
	Sync() error
	// DataSync makes the data, and the size needed to read it, durable
	// (fdatasync). Errors are as for Sync.
	DataSync() error
	// ZeroFill writes n zero bytes at off, extending the file as needed, so
	// that later writes there are overwrites. It syncs nothing. The range must
	// lie at or behind the end of the file, or hold zeros already.
	ZeroFill(off, n int64) error
	// DropCache asks the system to forget cached pages of this file, so that
	// the next read comes from the device. It reports whether the platform did.
	DropCache() bool
}

// TempFile is a file under a temporary name. Publish or Abort ends it; Close is
// Abort, so that a deferred Close leaves nothing behind when the way to Publish
// was not reached.
type TempFile interface {
	File
	// Publish gives the file its target's name, atomically replacing what was
	// there, and closes it. The caller syncs the file before and the directory
	// afterwards. When it fails, the target is either untouched or replaced
	// (a rename either happened or did not), and the temporary name remains
	// until Abort. It can be tried once.
	Publish() error
	// Abort closes and removes the file. After Publish succeeded, and when it
	// was called before, it does nothing.
	Abort() error
}

// Info describes a file or a directory.
type Info struct {
	Name  string // last element of the path
	Size  int64  // bytes; 0 for a directory
	IsDir bool
}

// LockedError reports a lock that somebody holds.
type LockedError struct {
	Name string // the lock file
	PID  int    // the holder's process ID; 0 when unknown
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s: locked already (the holder is not known)", e.Name)
	}
	return fmt.Sprintf("%s: locked by process %d", e.Name, e.PID)
}

// ErrLocked matches every *LockedError under errors.Is.
var ErrLocked = errors.New("vfs: locked")

// Is makes errors.Is(err, ErrLocked) hold.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// MkdirAll makes dir and the parents it lacks, and syncs every directory that
// gained a name, so that after it returns the whole path survives a crash. The
// deepest directory that it finds already there gets its parent synced too: a
// process that was killed between making it and syncing its name may have left
// it so. A parent that may not be read cannot be synced and is passed over.
func MkdirAll(fsys FS, dir string) error {
	parent := Dir(dir)
	info, err := fsys.Stat(dir)
	switch {
	case err == nil && !info.IsDir:
		return &fs.PathError{Op: "mkdir", Path: dir, Err: ErrNotDir}
	case err == nil:
		if parent == dir {
			return nil
		}
		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if parent != dir {
		if err := MkdirAll(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.Mkdir(dir); errors.Is(err, fs.ErrExist) {
		// Somebody was faster, or the name is a link that leads nowhere.
		if info, err = fsys.Stat(dir); err == nil && !info.IsDir {
			err = &fs.PathError{Op: "mkdir", Path: dir, Err: ErrNotDir}
		}
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

// ErrNotDir matches, under errors.Is, where a directory was needed and a file
// found. It is the system's own ENOTDIR where there is one.
var ErrNotDir error = syscall.ENOTDIR
