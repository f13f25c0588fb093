package main

import (
	"io/fs"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// badDisk is a file system whose disk cannot read a byte of a file.
type badDisk struct {
	vfs.FS
	name string
	at   int64
}

// Open implements vfs.FS.
func (d *badDisk) Open(name string) (vfs.File, error) {
	f, err := d.FS.Open(name)
	if err != nil || vfs.Base(name) != d.name {
		return f, err
	}
	return &badFile{f, d.at}, nil
}

type badFile struct {
	vfs.File
	at int64
}

// ReadAt implements io.ReaderAt.
func (f *badFile) ReadAt(p []byte, off int64) (int, error) {
	if off <= f.at && f.at < off+int64(len(p)) {
		return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: syscall.EIO}
	}
	return f.File.ReadAt(p, off)
}
