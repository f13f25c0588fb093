package osfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

const (
	filePerm = 0o600
	dirPerm  = 0o700
)

// FS is the operating system's file system. It has no state of its own; all
// values are the same.
type FS struct{}

var _ vfs.FS = FS{}

// New returns the operating system's file system.
func New() FS { return FS{} }

// Open opens an existing file for reading.
func (FS) Open(name string) (vfs.File, error) {
	return openExisting(name, os.O_RDONLY)
}

// OpenWrite opens an existing file for reading and writing.
func (FS) OpenWrite(name string) (vfs.File, error) {
	return openExisting(name, os.O_RDWR)
}

// openExisting looks before it opens: opening a directory for reading succeeds,
// and opening a FIFO never returns.
func openExisting(name string, flag int) (vfs.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, wrap("open", name, err)
	}
	if err := regular(info); err != nil {
		return nil, wrap("open", name, err)
	}
	return open(name, flag)
}

// regular says what is wrong with a file that is not a regular one.
func regular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return syscall.EISDIR
	case !info.Mode().IsRegular():
		return errNotRegular
	}
	return nil
}

var errNotRegular = errors.New("not a regular file")

// Create makes a new file.
func (FS) Create(name string) (vfs.File, error) {
	return open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func open(name string, flag int) (vfs.File, error) {
	f, err := openFile(name, flag)
	if err != nil {
		return nil, wrap("open", name, err)
	}
	return newFile(f)
}

// Rename renames a file, replacing the file newname.
func (FS) Rename(oldname, newname string) error {
	if err := rename(oldname, newname); err != nil {
		return wrap("rename", oldname, &renameError{newname, cause(err)})
	}
	return nil
}

// Remove removes a file or an empty directory.
func (FS) Remove(name string) error {
	if err := os.Remove(name); err != nil {
		return wrap("remove", name, err)
	}
	return nil
}

// Mkdir makes one directory.
func (FS) Mkdir(name string) error {
	if err := os.Mkdir(name, dirPerm); err != nil {
		return wrap("mkdir", name, err)
	}
	return nil
}

// List returns the entries of a directory, sorted by name. What vanishes while
// it looks is left out. Symbolic links are followed, so that a user can move
// the snapshots to another disk.
func (FS) List(dir string) ([]vfs.Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, wrap("list", dir, err)
	}
	infos := make([]vfs.Info, 0, len(entries))
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && entry.Type()&fs.ModeSymlink != 0 {
			if target, err := os.Stat(filepath.Join(dir, entry.Name())); err == nil {
				info = target
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, wrap("list", filepath.Join(dir, entry.Name()), err)
		}
		infos = append(infos, describe(entry.Name(), info))
	}
	return infos, nil
}

// Stat describes a file or a directory.
func (FS) Stat(name string) (vfs.Info, error) {
	info, err := os.Stat(name)
	if err != nil {
		return vfs.Info{}, wrap("stat", name, err)
	}
	return describe(vfs.Base(name), info), nil
}

func describe(name string, info fs.FileInfo) vfs.Info {
	if info.IsDir() {
		return vfs.Info{Name: name, IsDir: true}
	}
	return vfs.Info{Name: name, Size: info.Size()}
}

// wrap names the operation and the file, whatever the os package named: it
// speaks of system calls, and of temporary names.
func wrap(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: cause(err)}
}

// cause is the bare error beneath what the os package wraps around it.
func cause(err error) error {
	switch err := err.(type) {
	case *fs.PathError:
		return err.Err
	case *os.LinkError:
		return err.Err
	case *os.SyscallError:
		return err.Err
	}
	return err
}

// renameError adds the second name, for which fs.PathError has no room.
type renameError struct {
	newname string
	err     error
}

func (e *renameError) Error() string { return "to " + e.newname + ": " + e.err.Error() }
func (e *renameError) Unwrap() error { return e.err }
