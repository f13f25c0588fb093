package inspect

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Snapshot is one snapshot of a store, as far as its ends and its index tell.
type Snapshot struct {
	LSN    uint64
	File   string
	Size   int64
	Listed bool                  // MANIFEST lists it
	Ref    *recovery.SnapshotRef // what MANIFEST remembers of it; nil when it lists none

	// Err is why it cannot be used: a *recovery.CorruptionError when it is rotten,
	// missing, or another one than MANIFEST lists. What follows is zero then.
	Err     error
	Meta    snapshot.Meta
	Entries uint64
	Blocks  uint64
	Digest  [32]byte
}

// Snapshots lists the snapshots, those that MANIFEST lists and the others, by LSN.
// Each is opened, which checks preamble, footer and index, and not read.
func (s *Store) Snapshots() ([]Snapshot, error) {
	m, merr := s.Manifest()
	if merr != nil && !errors.Is(merr, fs.ErrNotExist) && !errors.Is(merr, recovery.ErrCorrupt) && !errors.Is(merr, recovery.ErrVersion) {
		return nil, merr
	}
	entries, err := s.fs.List(vfs.Join(s.dir, recovery.SnapshotDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Snapshot
	for _, e := range entries {
		if lsn, ok := snapshot.ParseName(e.Name); ok && !e.IsDir {
			all = append(all, Snapshot{LSN: lsn, Size: e.Size})
		}
	}
	for i := range m.Snapshots {
		ref := &m.Snapshots[i]
		n := slices.IndexFunc(all, func(f Snapshot) bool { return f.LSN == ref.LSN })
		if n < 0 {
			n = len(all)
			all = append(all, Snapshot{LSN: ref.LSN})
		}
		all[n].Listed, all[n].Ref = true, ref
	}
	slices.SortFunc(all, func(a, b Snapshot) int {
		if a.LSN < b.LSN {
			return -1
		}
		return 1
	})
	for i := range all {
		if err := s.open(&all[i], &m); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open fills in what the file says of itself.
func (s *Store) open(f *Snapshot, m *recovery.Manifest) error {
	f.File = vfs.Join(s.dir, recovery.SnapshotDir, snapshot.Name(f.LSN))
	r, err := recovery.OpenSnapshot(s.fs, s.dir, m, f.LSN, s.o.Codecs)
	if err != nil {
		f.Err = err
		var codec *snapshot.UnknownCodecError
		if errors.Is(err, recovery.ErrCorrupt) || errors.Is(err, recovery.ErrVersion) || errors.As(err, &codec) {
			return nil
		}
		return err
	}
	sum := r.Summary()
	f.Meta, f.Entries, f.Blocks, f.Digest = r.Meta(), sum.Entries, sum.Blocks, sum.Digest
	return r.Close()
}

// OpenSnapshot opens the snapshot of an LSN, listed or not, for reading; the
// caller closes it. Errors are those of recovery.OpenSnapshot.
func (s *Store) OpenSnapshot(lsn uint64) (*snapshot.Reader, error) {
	m, err := s.Manifest()
	if err != nil {
		return recovery.OpenSnapshot(s.fs, s.dir, nil, lsn, s.o.Codecs)
	}
	return recovery.OpenSnapshot(s.fs, s.dir, &m, lsn, s.o.Codecs)
}

// SnapshotBlocks reads a snapshot block by block, and goes on behind one that is
// rotten: yield gets the entries of block i, or why there are none. Entries are
// valid during the call only. It ends when yield says no.
func (s *Store) SnapshotBlocks(ctx context.Context, r *snapshot.Reader, yield func(i int, entries []record.Entry, err error) bool) error {
	for i := range r.Blocks() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := r.Block(i)
		entries, failed := blockEntries(r, &b)
		var corrupt *snapshot.CorruptError
		if failed != nil && !errors.As(failed, &corrupt) {
			return failed
		}
		if !yield(i, entries, failed) {
			return nil
		}
	}
	return nil
}

// blockEntries reads one block; the entries are the caller's.
func blockEntries(r *snapshot.Reader, b *snapshot.BlockInfo) (entries []record.Entry, err error) {
	for e, err := range r.Ascend(b.Bucket, b.Key) {
		if err != nil {
			return nil, err
		}
		if entries = append(entries, e); len(entries) == b.Count {
			break
		}
	}
	return entries, nil
}
