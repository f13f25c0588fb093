//go:build unix

package osfs

import (
	"errors"
	"io/fs"

	"github.com/google/renameio/v2"

	"github.com/redis-lite/redis-lite/vfs"
)

// tempFile is renameio's pending file.
type tempFile struct {
	*file
	target    string
	pending   *renameio.PendingFile
	published bool // Publish was called
	done      bool // Publish succeeded, or Abort was called
}

// CreateTemp makes a file beside target, under a name that begins with a dot.
func (FS) CreateTemp(target string) (vfs.TempFile, error) {
	// Without a directory of ours renameio would try os.TempDir first, which
	// may be memory, and may be another disk by the time of the rename.
	pending, err := renameio.NewPendingFile(target,
		renameio.WithTempDir(vfs.Dir(target)), renameio.WithPermissions(filePerm))
	if err != nil {
		return nil, wrap("createtemp", target, err)
	}
	f, err := newFile(pending.File)
	if err != nil {
		return nil, err
	}
	return &tempFile{file: f, target: target, pending: pending}, nil
}

// Publish closes the file and gives it its target's name.
func (t *tempFile) Publish() error {
	if t.published || t.done {
		return wrap("publish", t.target, fs.ErrClosed)
	}
	t.published = true
	if err := t.pending.CloseAtomicallyReplace(); err != nil {
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
	if err := t.pending.Cleanup(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap("abort", t.Name(), err)
	}
	return nil
}

// Close is Abort.
func (t *tempFile) Close() error { return t.Abort() }
