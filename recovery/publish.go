package recovery

import (
	"errors"
	"io/fs"

	"github.com/redis-lite/redis-lite/vfs"
)

// publishError says how far publish came.
type publishError struct {
	op       string
	replaced bool // the name may stand for the new content
	err      error
}

// Error names the step only where the file system does not name it already.
func (e *publishError) Error() string {
	var path *fs.PathError
	if errors.As(e.err, &path) {
		return e.err.Error()
	}
	return e.op + ": " + e.err.Error()
}

func (e *publishError) Unwrap() error { return e.err }

// publish writes a file under its name, atomically and durably; an existing one
// is replaced. The error is a *publishError. The order is the point:
//
//	temp file, write   a crash leaves a stray, and what was there before
//	sync               without it the name could be durable before the bytes
//	                   (XFS: an empty file under the name)
//	publish            from here on a crash may leave either
//	sync directory     without it a power cut could bring the old file back after
//	                   something leaned on the new one
func publish(fsys vfs.FS, name string, fill func(vfs.File) error) error {
	tmp, err := fsys.CreateTemp(name)
	if err != nil {
		return &publishError{"create", false, err}
	}
	// After a publication this does nothing. Its own error does not matter: a
	// stray is swept by the next open.
	defer tmp.Abort()
	if err := fill(tmp); err != nil {
		return &publishError{"write", false, err}
	}
	// Never a second time on this file: its pages may count as clean now. Who
	// tries again writes a new one.
	if err := tmp.Sync(); err != nil {
		return &publishError{"sync", false, err}
	}
	if err := tmp.Publish(); err != nil {
		return &publishError{"publish", true, err}
	}
	if err := fsys.SyncDir(vfs.Dir(name)); err != nil {
		return &publishError{"sync directory", true, err}
	}
	return nil
}
