package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Options are for Open; the zero value reads everything but compressed snapshots.
type Options struct {
	Codecs []snapshot.Codec // that a snapshot may be compressed with

	// Progress, when set, is told of every frame and span that a walk through the
	// log comes to, by its bytes in the file, shown or not. It is called by the
	// goroutine that walks.
	Progress func(bytes int64)
}

// Store is a directory to look at. It holds no file open. Its methods may be
// called concurrently.
type Store struct {
	fs  vfs.FS
	dir string
	o   Options
}

// Open checks that dir may be a store, sound or not. Errors: fs.ErrNotExist, a
// *recovery.NotAStoreError, and what the file system says.
func Open(fsys vfs.FS, dir string, o Options) (*Store, error) {
	if _, err := fsys.Stat(dir); err != nil {
		return nil, err
	}
	if err := recovery.Check(fsys, dir); err != nil {
		return nil, err
	}
	return &Store{fs: fsys, dir: dir, o: o}, nil
}

// Dir is the directory.
func (s *Store) Dir() string { return s.dir }

// Root is recovery.Root of the store: what is wrong with it at its root, when the
// error says so; a walk goes on without MANIFEST all the same.
func (s *Store) Root(ctx context.Context) (*recovery.Manifest, error) {
	return recovery.Root(ctx, s.fs, s.dir)
}

// maxManifest is more than any MANIFEST holds.
const maxManifest = 1 << 20

// Manifest reads MANIFEST. Errors: fs.ErrNotExist (an empty store, or one that
// lost its root), a *recovery.CorruptionError, a *recovery.VersionError, and what
// the file system says.
func (s *Store) Manifest() (recovery.Manifest, error) {
	name := vfs.Join(s.dir, recovery.ManifestName)
	b, err := s.readFile(name, maxManifest)
	if err != nil {
		return recovery.Manifest{}, err
	}
	m, err := recovery.DecodeManifest(b)
	var version *recovery.VersionError
	switch {
	case errors.As(err, &version):
		version.File = name
	case err != nil:
		err = &recovery.CorruptionError{File: name, Offset: -1, Reason: err.Error(), Err: err}
	}
	return m, err
}

// readFile reads a small file; what is longer than limit is cut there.
func (s *Store) readFile(name string, limit int64) ([]byte, error) {
	f, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, limit))
	n, err := f.ReadAt(b, 0)
	if n < len(b) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// view is the directory at one moment, by names and MANIFEST.
type view struct {
	manifest *recovery.Manifest // nil when there is none that can be read
	covered  uint64             // the newest LSN of any listed snapshot
	segments []uint64           // numbers of the files, ascending
}

// look takes a view: MANIFEST first, so that a segment which is newer than it
// is seen and one that it names and is gone was removed since.
func (s *Store) look() (*view, error) {
	v := &view{}
	m, err := s.Manifest()
	switch {
	case err == nil:
		v.manifest = &m
		if n := len(m.Snapshots); n > 0 {
			v.covered = m.Snapshots[n-1].LSN
		}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, recovery.ErrCorrupt), errors.Is(err, recovery.ErrVersion):
		// The log is looked at all the same.
	default:
		return nil, err
	}
	entries, err := s.fs.List(vfs.Join(s.dir, recovery.WALDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if seq, ok := wal.ParseSegmentName(e.Name); ok && !e.IsDir {
			v.segments = append(v.segments, seq)
		}
	}
	slices.Sort(v.segments)
	return v, nil
}

// log are the numbers of the segments that make up the log: those that MANIFEST
// lists, there or not, and files behind them. Without MANIFEST, all files.
func (v *view) log() []uint64 {
	if v.manifest == nil {
		return v.segments
	}
	m := v.manifest
	var numbers []uint64
	for _, seq := range v.segments {
		if seq >= m.First {
			numbers = append(numbers, seq)
		}
	}
	// Of a run of segments that are missing the first stands for all; the ends of
	// the list always count.
	for _, seq := range []uint64{m.First, m.Active} {
		if i, ok := slices.BinarySearch(numbers, seq); !ok {
			numbers = slices.Insert(numbers, i, seq)
		}
	}
	for i := 0; i+1 < len(numbers); i++ {
		if after := numbers[i] + 1; numbers[i+1] > after && after <= m.Active && v.has(numbers[i]) {
			numbers = slices.Insert(numbers, i+1, after)
		}
	}
	return numbers
}

func (v *view) has(seq uint64) bool {
	_, ok := slices.BinarySearch(v.segments, seq)
	return ok
}

// listed reports whether MANIFEST says that a segment belongs to the store.
func (v *view) listed(seq uint64) bool {
	return v.manifest != nil && seq >= v.manifest.First && seq <= v.manifest.Active
}

func (s *Store) segmentPath(seq uint64) string {
	return vfs.Join(s.dir, recovery.WALDir, wal.SegmentName(seq))
}

// openSegment opens a segment. wrong is why it is no part of this log although
// its header is sound.
func (s *Store) openSegment(v *view, seq uint64) (seg *wal.Segment, wrong string, err error) {
	seg, err = wal.OpenSegment(s.fs, s.segmentPath(seq))
	if err != nil {
		return nil, "", err
	}
	return seg, v.misplaced(&seg.Header, seq), nil
}

// misplaced says why a segment does not belong where it lies; "" = it does.
func (v *view) misplaced(h *wal.SegmentHeader, seq uint64) string {
	switch {
	case h.Seq != seq:
		return fmt.Sprintf("it is segment %d under the name of segment %d", h.Seq, seq)
	case v.manifest != nil && h.Store != v.manifest.Store:
		return fmt.Sprintf("it belongs to another store, %x", h.Store)
	}
	return ""
}

// From is where a walk begins. The zero value is the beginning of the log, for a
// walk backwards its end.
type From struct {
	LSN     uint64 // the frame or span that holds it, or the next one in the direction
	Segment uint64 // or a segment, with Offset in it; LSN is 0 then
	Offset  int64
}
