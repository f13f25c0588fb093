package wal_test

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// errDisk is what a faultFS fails with.
var errDisk = &fs.PathError{Op: "test", Path: "disk", Err: syscall.EIO}

// faultFS passes calls on, writes them down, and can fail the n-th or hold one up.
type faultFS struct {
	vfs.FS
	mu    sync.Mutex
	trace []string
	// before is called with each line of the trace; its error is the call's.
	before func(n int, call string) error
}

func (f *faultFS) call(op, name string) error {
	f.mu.Lock()
	line := op + " " + vfs.Base(name)
	f.trace = append(f.trace, line)
	n, before := len(f.trace), f.before
	f.mu.Unlock()
	if before != nil {
		return before(n, line)
	}
	return nil
}

func (f *faultFS) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.trace...)
}

// failAt fails the n-th call and no other: the disk is fine again afterwards, and
// only the log's own memory of the error keeps it from going on.
func failAt(n int) func(int, string) error {
	return func(i int, _ string) error {
		if i == n {
			return errDisk
		}
		return nil
	}
}

func (f *faultFS) Open(name string) (vfs.File, error) {
	if err := f.call("open", name); err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

func (f *faultFS) OpenWrite(name string) (vfs.File, error) {
	if err := f.call("openwrite", name); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenWrite(name)
	return &faultFile{file, f}, err
}

func (f *faultFS) CreateTemp(target string) (vfs.TempFile, error) {
	if err := f.call("createtemp", target); err != nil {
		return nil, err
	}
	t, err := f.FS.CreateTemp(target)
	return &faultTemp{faultFile{t, f}, t, target}, err
}

func (f *faultFS) Remove(name string) error {
	if err := f.call("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faultFS) SyncDir(dir string) error {
	if err := f.call("syncdir", dir); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

type faultFile struct {
	vfs.File
	fs *faultFS
}

func (f *faultFile) name() string {
	base := vfs.Base(f.Name())
	if strings.HasPrefix(base, ".") {
		return "temp"
	}
	return base
}

// WriteAt writes half of the bytes when it fails.
func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fs.call("write", f.name()); err != nil {
		n, werr := f.File.WriteAt(p[:len(p)/2], off)
		return n, errors.Join(err, werr)
	}
	return f.File.WriteAt(p, off)
}

func (f *faultFile) Truncate(size int64) error {
	if err := f.fs.call("truncate", f.name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultFile) Sync() error {
	if err := f.fs.call("sync", f.name()); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultFile) DataSync() error {
	if err := f.fs.call("datasync", f.name()); err != nil {
		return err
	}
	return f.File.DataSync()
}

func (f *faultFile) ZeroFill(off, n int64) error {
	if err := f.fs.call("zerofill", f.name()); err != nil {
		return err
	}
	return f.File.ZeroFill(off, n)
}

func (f *faultFile) Close() error {
	if err := f.fs.call("close", f.name()); err != nil {
		return errors.Join(err, f.File.Close())
	}
	return f.File.Close()
}

type faultTemp struct {
	faultFile
	temp   vfs.TempFile
	target string
}

func (f *faultTemp) Publish() error {
	if err := f.fs.call("publish", f.target); err != nil {
		return err
	}
	return f.temp.Publish()
}

func (f *faultTemp) Abort() error {
	f.fs.mu.Lock()
	f.fs.trace = append(f.fs.trace, "abort "+vfs.Base(f.target))
	f.fs.mu.Unlock()
	return f.temp.Abort()
}
