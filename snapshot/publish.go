package snapshot

import (
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/vfs"
)

// Publish makes the snapshot of m.LSN in dir. The order is what makes it safe,
// and each step is a call of its own, for a crash may fall between any two:
//
//  1. fill writes it under a temporary name, which no reader takes for a snapshot
//  2. the file is synced, before it has its name: else a crash could leave the
//     name with nothing, or half, behind it
//  3. it gets its name, atomically
//  4. the directory is synced: else a crash could take the name back after the
//     log that it replaces was deleted
//  5. it is read back and verified, past the page cache where the platform
//     allows it
//
// The log must be synced up to m.LSN before, and nothing that the snapshot
// replaces may go before Publish has returned nil. A file of the same name is
// replaced, so a caller must not publish an LSN that it relies on already.
//
// Every error is a *PublishError, which says whether the name may lead to the
// new file. The temporary file is removed if that is possible. A file that was
// published and fails to verify stays: it is evidence.
func Publish(ctx context.Context, fsys vfs.FS, dir string, m Meta, o WriterOptions, fill func(*Writer) error) (Summary, error) {
	p := publication{fsys: fsys, dir: dir, name: vfs.Join(dir, Name(m.LSN)), codecs: []Codec{o.Codec}}
	if err := p.create(); err != nil {
		return Summary{}, err
	}
	// Whichever way this ends, by a panic in fill too; after a publication it
	// does nothing. Nothing depends on its success: strays are swept at the
	// next open.
	defer p.tmp.Abort()
	if o.SyncEvery == 0 {
		o.SyncEvery = defaultSyncEvery
	}
	w, err := NewWriter(&fileWriter{f: p.tmp, syncEvery: o.SyncEvery}, m, o)
	if err != nil {
		return Summary{}, p.failed("write", err)
	}
	if err := fill(w); err != nil {
		return Summary{}, p.failed("write", err)
	}
	s, err := w.Finish()
	if err != nil {
		return Summary{}, p.failed("write", err)
	}
	return p.publish(ctx, s)
}

// publication carries one file from its temporary name to a verified one.
type publication struct {
	fsys      vfs.FS
	dir, name string
	codecs    []Codec
	tmp       vfs.TempFile
	published bool
}

func (p *publication) create() error {
	tmp, err := p.fsys.CreateTemp(p.name)
	if err != nil {
		return p.failed("create", err)
	}
	p.tmp = tmp
	return nil
}

// publish is steps 2 to 5; written is what the file must turn out to be.
func (p *publication) publish(ctx context.Context, written Summary) (Summary, error) {
	if err := p.tmp.Sync(); err != nil {
		return Summary{}, p.failed("sync", err)
	}
	if err := ctx.Err(); err != nil {
		return Summary{}, p.failed("publish", err)
	}
	// From here on the name may lead to the new file, whatever Publish says: a
	// rename that reports an error may have happened.
	p.published = true
	if err := p.tmp.Publish(); err != nil {
		return Summary{}, p.failed("publish", err)
	}
	if err := p.fsys.SyncDir(p.dir); err != nil {
		return Summary{}, p.failed("syncdir", err)
	}
	_, found, err := Check(ctx, p.fsys, p.name, ReaderOptions{Codecs: p.codecs})
	if err != nil {
		return Summary{}, p.failed("verify", err)
	}
	// A sound file is not enough: it must be the one that was written.
	past := found.PastCache
	if found.PastCache = false; found != written {
		return Summary{}, p.failed("verify", &CorruptError{
			File:   p.name,
			Reason: fmt.Sprintf("another snapshot was read back: %d entries, digest %x", found.Entries, found.Digest),
		})
	}
	found.PastCache = past
	return found, nil
}

func (p *publication) failed(op string, err error) error {
	return &PublishError{Op: op, File: p.name, Published: p.published, Err: err}
}

// fileWriter appends to a file, and syncs it every so often so that the dirty
// pages of a large image do not come due all at once.
type fileWriter struct {
	f         vfs.File
	off       int64
	syncEvery int64
	unsynced  int64
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.f.WriteAt(p, w.off)
	w.off += int64(n)
	w.unsynced += int64(n)
	if err == nil && w.syncEvery > 0 && w.unsynced >= w.syncEvery {
		w.unsynced = 0
		err = w.f.DataSync()
	}
	return n, err
}
