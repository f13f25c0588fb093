package recovery

import (
	"context"
	"errors"
	"io/fs"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Break is a place where a segment's log does not go on, and what is known of
// it: the evidence that Judge weighs.
type Break struct {
	Segment  *wal.Segment
	Offset   int64             // the first that is no valid continuation
	LSN      uint64            // expected there
	Reason   wal.InvalidReason // what a Scanner said
	Header   *wal.FrameHeader  // what stands there, when its header is valid
	Declared int64             // the end that the next segment declares; 0 = there is no next one
	Covered  uint64            // the newest LSN of any snapshot that MANIFEST lists
	Sealed   bool              // the frame before said SEAL
}

// BreakKind is what a Break was judged to be.
type BreakKind uint8

// The kinds of a Break.
const (
	CleanEnd BreakKind = BreakKind(cleanEnd) // the log ends here, in order
	TornTail BreakKind = BreakKind(tornTail) // what a crash left of frames that were on their way
	Damaged  BreakKind = BreakKind(damaged)  // what no crash leaves
)

// Judgement is a verdict on a Break.
type Judgement struct {
	Kind   BreakKind
	Rule   int    // of the six by which a tear is told from damage; see docs/format/log.md
	Reason string // in words
	Proof  int64  // the offset that decided it
	End    int64  // behind the last byte of a torn tail that is not zero; else the Break's offset
}

// Judge tells a clean end, a torn tail and damage apart by the rules that Open
// uses, and changes nothing. An error is the disk's, or a *VersionError when a
// newer program's frame lies behind the place. Beside a live writer whoever asks
// looks at the place once more before believing anything but a clean end.
func Judge(ctx context.Context, b Break) (Judgement, error) {
	p := &place{segment: b.Segment, at: b.Offset, lsn: b.LSN, header: b.Header, reason: b.Reason,
		declared: b.Declared, covered: b.Covered, sealed: b.Sealed}
	v, err := classify(ctx, p)
	if err != nil {
		return Judgement{}, err
	}
	return Judgement{Kind: BreakKind(v.kind), Rule: v.rule, Reason: v.reason, Proof: v.offset, End: v.end}, nil
}

// OpenSnapshot opens the snapshot of an LSN in a store's directory and holds it to
// what MANIFEST remembers of it, as Open does; one that MANIFEST does not list, or
// any when m is nil, has only itself to speak for it. Errors: *CorruptionError,
// *VersionError, and what the file system says.
func OpenSnapshot(fsys vfs.FS, dir string, m *Manifest, lsn uint64, codecs []snapshot.Codec) (*snapshot.Reader, error) {
	if m != nil {
		for i := range m.Snapshots {
			if m.Snapshots[i].LSN == lsn {
				return openSnapshot(fsys, dir, m.Store, &m.Snapshots[i], codecs)
			}
		}
	}
	name := snapshotPath(dir, lsn)
	r, err := snapshot.Open(fsys, name, snapshot.ReaderOptions{Codecs: codecs})
	return r, translateSnapshot(err, name)
}

// Root reads MANIFEST as Open does: nil without an error for an empty store, in
// which nothing was ever written; a *CorruptionError when it is rotten, or missing
// although the directory holds what only a finished store can; a *VersionError; and
// what the file system says.
func Root(ctx context.Context, fsys vfs.FS, dir string) (*Manifest, error) {
	if _, err := fsys.Stat(vfs.Join(dir, ManifestName)); errors.Is(err, fs.ErrNotExist) {
		l, err := readLayout(fsys, dir)
		if err != nil {
			return nil, err
		}
		return nil, leavingsOnly(ctx, fsys, l)
	}
	m, err := readManifest(fsys, dir)
	if err != nil {
		return nil, err
	}
	return &m, nil
}
