//go:build unix

package osfs

import (
	"os"
	"syscall"
)

func openFile(name string, flag int) (*os.File, error) {
	return os.OpenFile(name, flag, filePerm)
}

func rename(oldname, newname string) error { return os.Rename(oldname, newname) }

// SyncDir makes the names in a directory durable.
func (FS) SyncDir(dir string) error {
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return wrap("syncdir", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return wrap("syncdir", dir, err)
	}
	return nil
}
