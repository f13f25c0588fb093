package snapshot_test

import (
	"errors"
	"io"
	"slices"

	"github.com/redis-lite/redis-lite/vfs"
)

// failFS counts the calls that reach the disk, notes their names, and fails the
// one numbered failAt (from 1). Some failures happen after the deed.
type failFS struct {
	vfs.FS
	calls  []string
	failAt int
	after  bool // do it, then report failure
	// keepTemp makes Abort fail as well, as a dying disk would.
	keepTemp bool
}

var errInjected = errors.New("injected")

// call runs op, or not, and fails, or not.
func (f *failFS) call(name string, op func() error) error {
	f.calls = append(f.calls, name)
	if len(f.calls) != f.failAt {
		return op()
	}
	if f.after {
		if err := op(); err != nil {
			return err
		}
	}
	return errInjected
}

// steps are the calls with repetitions folded.
func (f *failFS) steps() []string { return slices.Compact(slices.Clone(f.calls)) }

func (f *failFS) Open(name string) (file vfs.File, err error) {
	err = f.call("open", func() error { file, err = f.FS.Open(name); return err })
	if err != nil {
		return nil, err
	}
	return &failFile{file, f}, nil
}

func (f *failFS) CreateTemp(target string) (file vfs.TempFile, err error) {
	f.calls = append(f.calls, "create")
	if len(f.calls) == f.failAt {
		return nil, errInjected
	}
	if file, err = f.FS.CreateTemp(target); err != nil {
		return nil, err
	}
	return &failTemp{failFile{file, f}, file}, nil
}

func (f *failFS) SyncDir(dir string) error {
	return f.call("syncdir", func() error { return f.FS.SyncDir(dir) })
}

type failFile struct {
	vfs.File
	fsys *failFS
}

func (f *failFile) WriteAt(p []byte, off int64) (n int, err error) {
	// A failing write is a short one: half of it is there.
	err = f.fsys.call("write", func() error { n, err = f.File.WriteAt(p, off); return err })
	if errors.Is(err, errInjected) && !f.fsys.after {
		n, _ = f.File.WriteAt(p[:len(p)/2], off)
	}
	return n, err
}

func (f *failFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.fsys.call("read", func() error { n, err = f.File.ReadAt(p, off); return err })
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (f *failFile) Sync() error     { return f.fsys.call("sync", f.File.Sync) }
func (f *failFile) DataSync() error { return f.fsys.call("datasync", f.File.DataSync) }

func (f *failFile) Size() (n int64, err error) {
	err = f.fsys.call("size", func() error { n, err = f.File.Size(); return err })
	return n, err
}

func (f *failFile) DropCache() bool {
	f.fsys.calls = append(f.fsys.calls, "dropcache")
	return f.File.DropCache()
}

type failTemp struct {
	failFile
	tmp vfs.TempFile
}

func (f *failTemp) Publish() error { return f.fsys.call("publish", f.tmp.Publish) }

func (f *failTemp) Abort() error {
	if f.fsys.keepTemp {
		return errInjected
	}
	return f.tmp.Abort()
}
