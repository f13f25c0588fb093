package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// loadSnapshot loads the newest listed snapshot that is valid. One that is
// rotten, missing, or another one under its name does not count and is noted;
// whether the log still reaches back to the older one is judged later. A failing
// disk and a newer format end the search: they say nothing about the bytes, and
// an older snapshot would only hide them.
func (a *attempt) loadSnapshot(ctx context.Context) error {
	refs := a.manifest.Snapshots
	loaded := false
	for i := len(refs) - 1; i >= 0; i-- {
		ref := &refs[i]
		var err error
		if loaded {
			// Not needed now, but what is not even there must not count as one to
			// fall back on. Its content is for the compaction that leans on it.
			err = a.present(ref)
		} else {
			err = a.load(ctx, ref)
		}
		var rotten *CorruptionError
		switch {
		case errors.As(err, &rotten):
			a.rejected = append(a.rejected, Rejected{LSN: ref.LSN, File: snapshotPath(a.o.Dir, ref.LSN), Err: err})
		case err != nil:
			return err
		case !loaded:
			loaded = true
			a.report.SnapshotLSN, a.report.SnapshotEntries, a.report.SnapshotBytes = ref.LSN, ref.Entries, ref.Size
			a.lastLSN = ref.LSN
		}
	}
	a.report.Rejected = a.rejected
	return nil
}

// present judges a listed snapshot by its directory entry.
func (a *attempt) present(ref *SnapshotRef) error {
	name := snapshotPath(a.o.Dir, ref.LSN)
	f, ok := find(a.layout.snapshots, ref.LSN)
	switch {
	case !ok:
		return &CorruptionError{File: name, Offset: -1, LSN: ref.LSN,
			Reason: "the snapshot is missing; MANIFEST lists it", Err: fs.ErrNotExist}
	case f.size != ref.Size:
		return &CorruptionError{File: name, Offset: min(f.size, ref.Size), LSN: ref.LSN,
			Reason: fmt.Sprintf("%d bytes long, MANIFEST says %d", f.size, ref.Size)}
	}
	return nil
}

// load fills the Loader from one snapshot. A block may turn out to be rotten
// when others were handed over already; then the Loader is emptied.
func (a *attempt) load(ctx context.Context, ref *SnapshotRef) error {
	if err := a.present(ref); err != nil {
		return err
	}
	return loadSnapshot(ctx, a.o.FS, a.o.Dir, a.manifest.Store, ref, a.o.Codecs, a.o.Loader)
}

// loadSnapshot fills a Loader, or leaves it empty and says why.
func loadSnapshot(ctx context.Context, fsys vfs.FS, dir string, store [16]byte, ref *SnapshotRef, codecs []snapshot.Codec, to Loader) (err error) {
	r, err := openSnapshot(fsys, dir, store, ref, codecs)
	if err != nil {
		return err
	}
	defer func() { err = also(err, r.Close()) }()
	to.Presize(int(min(ref.Entries, math.MaxInt32)))
	var refused error
	err = r.Load(ctx, 0, func(_ int, entries []record.Entry) error {
		refused = to.LoadBlock(entries)
		return refused
	})
	if err == nil {
		return nil
	}
	to.Reset()
	if refused != nil {
		return refused
	}
	return translateSnapshot(err, snapshotPath(dir, ref.LSN))
}

// openSnapshot opens a listed snapshot and holds it to what MANIFEST remembers:
// a valid snapshot of another store, or of another time, is as wrong as a
// rotten one.
func openSnapshot(fsys vfs.FS, dir string, store [16]byte, ref *SnapshotRef, codecs []snapshot.Codec) (*snapshot.Reader, error) {
	name := snapshotPath(dir, ref.LSN)
	r, err := snapshot.Open(fsys, name, snapshot.ReaderOptions{Codecs: codecs})
	if err != nil {
		return nil, translateSnapshot(err, name)
	}
	if err := ref.is(name, store, r.Meta(), r.Summary()); err != nil {
		return nil, also(err, r.Close())
	}
	return r, nil
}

// is holds a sound snapshot to what MANIFEST remembers of it.
func (ref *SnapshotRef) is(name string, store [16]byte, m snapshot.Meta, found snapshot.Summary) error {
	if ref.Origin != [16]byte{} {
		store = ref.Origin
	}
	reason := ""
	switch {
	case m.Store != store:
		reason = fmt.Sprintf("it belongs to another store, %x", m.Store)
	case m.LSN != ref.LSN:
		reason = fmt.Sprintf("it is the snapshot of LSN %d", m.LSN)
	case found.Digest != ref.Digest || found.Entries != ref.Entries || found.Size != ref.Size:
		reason = "it is another snapshot than the one that MANIFEST lists"
	default:
		return nil
	}
	return &CorruptionError{File: name, Offset: 0, LSN: ref.LSN, Reason: reason}
}

// CheckSnapshot reads a listed snapshot whole, past the page cache where the
// platform allows it. A compaction asks before it deletes the log that a snapshot
// stands for: should that snapshot be rotten, or a sound one of another store or
// another time, the next open would reject it and have neither. Such a snapshot
// is a *CorruptionError, and what the file system said says nothing about it.
func (s *Store) CheckSnapshot(ctx context.Context, ref SnapshotRef, codecs []snapshot.Codec) error {
	name := snapshotPath(s.Dir, ref.LSN)
	meta, found, err := snapshot.Check(ctx, s.FS, name, snapshot.ReaderOptions{Codecs: codecs})
	if err != nil {
		return translateSnapshot(err, name)
	}
	return ref.is(name, s.Manifest.Get().Store, meta, found)
}

// translateSnapshot is translate for errors of package snapshot.
func translateSnapshot(err error, name string) error {
	var (
		corrupt *snapshot.CorruptError
		version *snapshot.VersionError
	)
	switch {
	case errors.As(err, &corrupt):
		return &CorruptionError{File: name, Offset: corrupt.Offset, Reason: "not a valid snapshot: " + corrupt.Reason, Err: err}
	case errors.As(err, &version):
		return &VersionError{File: name, What: fmt.Sprintf("snapshot format %d", version.Version), Err: err}
	case errors.Is(err, fs.ErrNotExist):
		return &CorruptionError{File: name, Offset: -1, Reason: "the snapshot is missing", Err: err}
	}
	return err
}
