package recovery_test

import (
	"io"
	"io/fs"
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// faultFS numbers the calls that reach a file system and lets a test decide, by
// number and kind, which fail. It serves "a crash at every call" (from some call
// on, every one fails) and single failures (EIO, a full disk).
type faultFS struct {
	vfs.FS
	mu    sync.Mutex
	calls int
	// fail returns the error for a call, or nil to let it through.
	fail func(n int, op, name string) error
	// wrote sees every write that was let through.
	wrote func(name string, p []byte, off int64)
}

func (f *faultFS) enter(op, name string) error {
	f.mu.Lock()
	n := f.calls
	f.calls++
	f.mu.Unlock()
	if f.fail == nil {
		return nil
	}
	if err := f.fail(n, op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func (f *faultFS) Open(name string) (vfs.File, error) {
	if err := f.enter("open", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Open(name))
}

func (f *faultFS) OpenWrite(name string) (vfs.File, error) {
	if err := f.enter("openwrite", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.OpenWrite(name))
}

func (f *faultFS) Create(name string) (vfs.File, error) {
	if err := f.enter("create", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Create(name))
}

func (f *faultFS) wrap(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, f: f}, nil
}

func (f *faultFS) CreateTemp(target string) (vfs.TempFile, error) {
	if err := f.enter("createtemp", target); err != nil {
		return nil, err
	}
	t, err := f.FS.CreateTemp(target)
	if err != nil {
		return nil, err
	}
	return &faultTemp{faultFile{File: t, f: f}, t}, nil
}

func (f *faultFS) Rename(oldname, newname string) error {
	if err := f.enter("rename", oldname); err != nil {
		return err
	}
	return f.FS.Rename(oldname, newname)
}

func (f *faultFS) Remove(name string) error {
	if err := f.enter("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faultFS) Mkdir(name string) error {
	if err := f.enter("mkdir", name); err != nil {
		return err
	}
	return f.FS.Mkdir(name)
}

func (f *faultFS) List(dir string) ([]vfs.Info, error) {
	if err := f.enter("list", dir); err != nil {
		return nil, err
	}
	return f.FS.List(dir)
}

func (f *faultFS) Stat(name string) (vfs.Info, error) {
	if err := f.enter("stat", name); err != nil {
		return vfs.Info{}, err
	}
	return f.FS.Stat(name)
}

func (f *faultFS) SyncDir(dir string) error {
	if err := f.enter("syncdir", dir); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

func (f *faultFS) Lock(name string) (io.Closer, error) { return f.FS.Lock(name) }

type faultFile struct {
	vfs.File
	f *faultFS
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.f.enter("read", f.Name()); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.f.enter("write", f.Name()); err != nil {
		// Half of it arrives: what a short write leaves.
		n, _ := f.File.WriteAt(p[:len(p)/2], off)
		return n, err
	}
	if f.f.wrote != nil {
		f.f.wrote(f.Name(), p, off)
	}
	return f.File.WriteAt(p, off)
}

func (f *faultFile) Truncate(size int64) error {
	if err := f.f.enter("truncate", f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultFile) Sync() error {
	if err := f.f.enter("sync", f.Name()); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultFile) DataSync() error {
	if err := f.f.enter("datasync", f.Name()); err != nil {
		return err
	}
	return f.File.DataSync()
}

func (f *faultFile) ZeroFill(off, n int64) error {
	if err := f.f.enter("zerofill", f.Name()); err != nil {
		return err
	}
	return f.File.ZeroFill(off, n)
}

type faultTemp struct {
	faultFile
	t vfs.TempFile
}

func (t *faultTemp) Publish() error {
	if err := t.f.enter("publish", t.Name()); err != nil {
		return err
	}
	return t.t.Publish()
}

// Abort always works, unless everything fails: it is a process's last courtesy.
func (t *faultTemp) Abort() error {
	if err := t.f.enter("abort", t.Name()); err != nil {
		return err
	}
	return t.t.Abort()
}
