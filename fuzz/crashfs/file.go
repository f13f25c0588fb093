package crashfs

import (
	"io"
	"io/fs"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// file is an open file. It survives the renaming and removing of its name.
type file struct {
	fs     *FS
	ino    int
	name   string
	write  bool
	closed bool // under fs.mu
}

var _ vfs.File = (*file)(nil)

// Name implements vfs.File.
func (h *file) Name() string { return h.name }

// begin enters a call on the handle.
func (h *file) begin(c *Call) error {
	c.Name, c.ino = h.name, h.ino
	if err := h.fs.enter(c); err != nil {
		return err
	}
	var err error
	switch {
	case h.closed:
		err = fs.ErrClosed
	case c.Op&OpWrites != 0 && !h.write:
		err = syscall.EBADF
	case c.Off < 0 || c.Len < 0:
		err = fs.ErrInvalid
	}
	if err != nil {
		err = pathError(c.Op, h.name, err)
		h.fs.leave(c, err)
	}
	return err
}

// ReadAt implements vfs.File: it sees every write, synced or not.
func (h *file) ReadAt(p []byte, off int64) (int, error) {
	c := &Call{Op: OpRead, Off: off, Len: int64(len(p))}
	if err := h.begin(c); err != nil {
		return 0, err
	}
	defer h.fs.leave(c, nil)
	im := &h.fs.inodes[h.ino].vol
	if off >= im.size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), im.size-off))
	im.read(p[:n], off, h.fs.page)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements vfs.File.
func (h *file) WriteAt(p []byte, off int64) (int, error) {
	c := &Call{Op: OpWrite, Off: off, Len: int64(len(p))}
	if err := h.begin(c); err != nil {
		return 0, err
	}
	f := h.fs
	n, err := int64(len(p)), error(nil)
	if c.has(Fail) {
		n, err = min(n, max(c.fault.Short, 0)), pathError(c.Op, h.name, c.fault.err())
	}
	if room := f.room(h.ino, off); n > room {
		n, err = room, pathError(c.Op, h.name, syscall.ENOSPC)
	}
	f.writeAt(c, h.ino, p[:n], off)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	return int(n), err
}

// room is how many bytes fit at off.
func (f *FS) room(ino int, off int64) int64 {
	if !f.limited {
		return 1 << 62
	}
	return max(f.inodes[ino].vol.size+f.free-off, 0)
}

// Truncate implements vfs.File.
func (h *file) Truncate(size int64) error {
	c := &Call{Op: OpTruncate, Off: size}
	if err := h.begin(c); err != nil {
		return err
	}
	f := h.fs
	if size > h.fs.inodes[h.ino].vol.size && f.room(h.ino, 0) < size {
		err := pathError(c.Op, h.name, syscall.ENOSPC)
		f.leave(c, err)
		return err
	}
	f.resize(c, h.ino, size, true)
	err := c.after()
	f.leave(c, err)
	return err
}

// ZeroFill implements vfs.File. Zeros over nothing are one Size effect: a page
// that was never written reads as zeros, whatever a crash keeps.
func (h *file) ZeroFill(off, n int64) error {
	c := &Call{Op: OpZeroFill, Off: off, Len: n}
	if err := h.begin(c); err != nil {
		return err
	}
	f := h.fs
	var err error
	if room := f.room(h.ino, off); n > room {
		n, err = room, pathError(c.Op, h.name, syscall.ENOSPC)
	}
	f.zeroFill(c, h.ino, off, n)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	return err
}

// Sync implements vfs.File.
func (h *file) Sync() error { return h.sync(OpSync) }

// DataSync implements vfs.File.
func (h *file) DataSync() error { return h.sync(OpDataSync) }

func (h *file) sync(op Op) error {
	c := &Call{Op: op}
	if err := h.begin(c); err != nil {
		return err
	}
	err := h.fs.barrier(c, h.ino)
	h.fs.leave(c, err)
	return err
}

// Size implements vfs.File.
func (h *file) Size() (int64, error) {
	c := &Call{Op: OpSize}
	if err := h.begin(c); err != nil {
		return 0, err
	}
	defer h.fs.leave(c, nil)
	return h.fs.inodes[h.ino].vol.size, nil
}

// DropCache implements vfs.File. After a failed sync or a lost write it shows
// what is on the disk.
func (h *file) DropCache() bool {
	c := &Call{Op: OpDropCache}
	if err := h.begin(c); err != nil {
		return false
	}
	defer h.fs.leave(c, nil)
	h.fs.dropCache(h.ino)
	return true
}

// Close implements vfs.File. It syncs nothing.
func (h *file) Close() error {
	c := &Call{Op: OpClose}
	if err := h.begin(c); err != nil {
		return err
	}
	h.closed = true
	h.fs.leave(c, nil)
	return nil
}

// tempFile is a file under a temporary name.
type tempFile struct {
	file
	target string
	done   bool // under fs.mu: published or aborted
}

var _ vfs.TempFile = (*tempFile)(nil)

// Publish implements vfs.TempFile: one Rename effect. It can be tried once.
func (t *tempFile) Publish() error {
	c := &Call{Op: OpPublish, To: t.target}
	if err := t.begin(c); err != nil {
		if c.fault != nil { // that was the one try
			t.fs.mu.Lock()
			t.closed = true
			t.fs.mu.Unlock()
		}
		return err
	}
	t.closed = true
	err := t.fs.rename(c, t.name, t.target)
	if err == nil {
		t.done = true
		err = c.after()
	}
	t.fs.leave(c, err)
	return err
}

// Abort implements vfs.TempFile.
func (t *tempFile) Abort() error {
	t.fs.mu.Lock()
	done := t.done
	t.fs.mu.Unlock()
	c := &Call{Op: OpAbort, Name: t.name}
	if done { // no step: nothing can change
		c.Op = OpClose
	}
	if err := t.fs.enter(c); err != nil {
		return err
	}
	var err error
	if !t.done {
		t.closed, t.done = true, true
		// Only the file itself goes: the name may have been given away meanwhile.
		if ino, gone := t.fs.walk(split(t.name)); gone == nil && ino == t.ino {
			err = t.fs.remove(c, t.name)
		}
	}
	if err == nil {
		err = c.after()
	}
	t.fs.leave(c, err)
	return err
}

// Close implements vfs.File: an unpublished file is aborted.
func (t *tempFile) Close() error { return t.Abort() }
