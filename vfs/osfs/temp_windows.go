package osfs

import (
	"errors"
	"io/fs"
	"os"

	"github.com/redis-lite/redis-lite/vfs"
)

// tempFile stands in for renameio's pending file, which Windows lacks.
type tempFile struct {
	*file
	target    string
	published bool // Publish was called, and closed the file
	done      bool // Publish succeeded, or Abort was called
}

// CreateTemp makes a file beside target, under a name that begins with a dot.
func (FS) CreateTemp(target string) (vfs.TempFile, error) {
	osFile, err := os.CreateTemp(vfs.Dir(target), "."+vfs.Base(target)+"*")
	if err != nil {
		return nil, wrap("createtemp", target, err)
	}
	f, err := newFile(osFile)
	if err != nil {
		return nil, err
	}
	return &tempFile{file: f, target: target}, nil
}

// Publish closes the file and gives it its target's name.
func (t *tempFile) Publish() error {
	if t.published || t.done {
		return wrap("publish", t.target, fs.ErrClosed)
	}
	t.published = true
	if err := t.file.Close(); err != nil {
		return wrap("publish", t.target, err)
	}
	if err := rename(t.Name(), t.target); err != nil {
		return wrap("publish", t.target, err)
	}
	t.done = true
	return nil
}

// Abort closes and removes the file.
func (t *tempFile) Abort() error {
	if t.done {
		return nil
	}
	t.done = true
	var closing error
	if !t.published {
		closing = t.file.Close()
	}
	if err := os.Remove(t.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap("abort", t.Name(), err)
	}
	return closing
}

// Close is Abort.
func (t *tempFile) Close() error { return t.Abort() }
