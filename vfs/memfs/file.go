package memfs

import (
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
)

// file is an open handle.
type file struct {
	node   *node
	name   string
	write  bool // opened for writing
	closed atomic.Bool
}

func (f *file) Name() string { return f.name }

// check refuses what the handle does not allow.
func (f *file) check(op string, write bool, args ...int64) error {
	if f.closed.Load() {
		return wrap(op, f.name, fs.ErrClosed)
	}
	if write && !f.write {
		return wrap(op, f.name, syscall.EBADF)
	}
	for _, arg := range args {
		if arg < 0 {
			return wrap(op, f.name, syscall.EINVAL)
		}
	}
	return nil
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.check("read", false, off); err != nil {
		return 0, err
	}
	n := f.node.readAt(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.check("write", true, off); err != nil {
		return 0, err
	}
	f.node.writeAt(p, off)
	return len(p), nil
}

func (f *file) Size() (int64, error) {
	if err := f.check("stat", false); err != nil {
		return 0, err
	}
	return f.node.length(), nil
}

func (f *file) Truncate(size int64) error {
	if err := f.check("truncate", true, size); err != nil {
		return err
	}
	f.node.truncate(size)
	return nil
}

func (f *file) Sync() error { return f.check("sync", false) }

func (f *file) DataSync() error { return f.check("datasync", false) }

func (f *file) ZeroFill(off, n int64) error {
	if err := f.check("zerofill", true, off, n); err != nil {
		return err
	}
	f.node.zeroFill(off, n)
	return nil
}

// DropCache reports false: there is no device to read again from.
func (f *file) DropCache() bool { return false }

func (f *file) Close() error {
	if f.closed.Swap(true) {
		return wrap("close", f.name, fs.ErrClosed)
	}
	return nil
}

// tempFile is a file that waits for its name.
type tempFile struct {
	*file
	fsys   *FS
	target string
	done   bool // published or aborted; guarded by fsys.mu
}

func (t *tempFile) Publish() error {
	t.fsys.mu.Lock()
	defer t.fsys.mu.Unlock()
	if t.done || t.file.closed.Load() {
		return wrap("publish", t.name, fs.ErrClosed)
	}
	t.file.closed.Store(true)
	if err := t.fsys.rename("publish", t.name, t.target); err != nil {
		return err
	}
	t.done = true
	return nil
}

func (t *tempFile) Abort() error {
	t.fsys.mu.Lock()
	defer t.fsys.mu.Unlock()
	if t.done {
		return nil
	}
	t.done = true
	t.file.closed.Store(true)
	// Only the file itself goes: the name may have been given away meanwhile.
	parent, base, err := t.fsys.parent(t.name)
	if err == nil && parent.children[base] == t.node {
		delete(parent.children, base)
	}
	return nil
}

// Close is Abort, so that a deferred Close leaves nothing behind.
func (t *tempFile) Close() error { return t.Abort() }
