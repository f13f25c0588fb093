package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// RecoverOptions configure Recover.
type RecoverOptions struct {
	// SkipCorrupt goes on behind damage. What is found there is true, each
	// commit whole; but commits before it are missing, so the state may be one
	// that never was.
	SkipCorrupt bool
	ToLSN       uint64 // leave out everything behind this LSN; 0 = nothing
	Codecs      []snapshot.Codec
	Logger      *slog.Logger
	Now         func() time.Time
	Rand        func() uint64
}

// LSNRange is a run of LSNs, both ends included, and what became of them.
type LSNRange struct {
	From, To uint64
	Reason   string
}

// Loss accounts for every record that the damaged store is known to have held.
// No LSN is in two of the lists.
type Loss struct {
	SnapshotLSN uint64 // everything up to here came from a snapshot
	LastLSN     uint64 // the last LSN in the new store
	Entries     uint64 // keys in the new store

	Kept     []LSNRange // in the new store, on a whole history
	Doubtful []LSNRange // in the new store, behind a gap in its history
	Lost     []LSNRange // not in the new store
}

// Recover salvages what the store in src still holds into a new store in dst,
// which does not exist or is empty. src is not changed and not locked; it should
// not be in use. The new store has a UUID of its own, keeps the LSNs, and gives
// none out that src may have given.
//
// Damage is no error here, it is the loss. Errors: *NotAStoreError,
// *VersionError (a newer program's data is no damage), fs.ErrExist for dst, and
// what the file system said: a disk that cannot be read should be copied first,
// by a tool made for that.
func Recover(ctx context.Context, fsys vfs.FS, src, dst string, o RecoverOptions) (*Loss, error) {
	o.Logger, o.Now, o.Rand = defaults(o.Logger, o.Now, o.Rand)
	s := &salvage{fs: fsys, src: src, o: o, image: newImage(), loss: &Loss{}}
	if err := s.collect(ctx); err != nil {
		return nil, err
	}
	if err := s.write(ctx, dst); err != nil {
		return nil, err
	}
	o.Logger.Info("salvaged", "from", src, "to", dst, "last_lsn", s.loss.LastLSN, "entries", s.loss.Entries,
		"kept", s.loss.Kept, "doubtful", s.loss.Doubtful, "lost", s.loss.Lost)
	return s.loss, nil
}

// salvage collects in memory what is going to be the new store.
type salvage struct {
	fs    vfs.FS
	src   string
	o     RecoverOptions
	image *image
	loss  *Loss

	reach   int64  // the longest of any segment
	broken  string // why the history has a gap from here on; "" while it is whole
	highest uint64 // LSN seen anywhere, in the new store or not
}

// collect reads everything that can be had. A MANIFEST that is missing or rotten
// is done without: then whatever lies in the directories is the store.
func (s *salvage) collect(ctx context.Context) error {
	if err := Check(s.fs, s.src); err != nil {
		return err
	}
	l, err := readLayout(s.fs, s.src)
	if err != nil {
		return err
	}
	m, err := readManifest(s.fs, s.src)
	switch {
	case errors.Is(err, ErrCorrupt), errors.Is(err, fs.ErrNotExist):
		s.o.Logger.Warn("doing without MANIFEST", "dir", s.src, "err", err)
		if m, err = guessManifest(s.fs, l, s.o.Codecs); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if err := s.snapshot(ctx, &m); err != nil {
		return err
	}
	return s.log(ctx, l, &m)
}

// guessManifest makes a manifest of what there is: every segment, every snapshot
// that can be opened, of the store that most of them name.
func guessManifest(fsys vfs.FS, l *layout, codecs []snapshot.Codec) (Manifest, error) {
	m := Manifest{Version: manifestVersion, First: 1}
	votes := map[[16]byte]int{}
	vote := func(store [16]byte) {
		votes[store]++
		if votes[store] > votes[m.Store] {
			m.Store = store
		}
	}
	for i, f := range l.segments {
		if i == 0 {
			m.First = f.number
		}
		m.Active = f.number
		s, err := wal.OpenSegment(fsys, segmentPath(l.dir, f.number))
		if err := translate(err, segmentPath(l.dir, f.number), 0, 0); err != nil {
			if errors.Is(err, ErrCorrupt) {
				continue
			}
			return m, err
		}
		vote(s.Header.Store)
		if err := s.Close(); err != nil {
			return m, err
		}
	}
	for _, f := range l.snapshots {
		name := snapshotPath(l.dir, f.number)
		r, err := snapshot.Open(fsys, name, snapshot.ReaderOptions{Codecs: codecs})
		if err := translateSnapshot(err, name); err != nil {
			if errors.Is(err, ErrCorrupt) {
				continue
			}
			return m, err
		}
		vote(r.Meta().Store)
		m.Snapshots = append(m.Snapshots, SnapshotRef{
			LSN: f.number, Entries: r.Entries(), Size: r.Size(), Digest: r.Digest(), Origin: r.Meta().Store,
		})
		if err := r.Close(); err != nil {
			return m, err
		}
	}
	return m, nil
}

// snapshot loads the newest valid one that is not behind ToLSN.
func (s *salvage) snapshot(ctx context.Context, m *Manifest) error {
	for _, ref := range slices.Backward(m.Snapshots) {
		s.highest = max(s.highest, ref.LSN)
		if s.o.ToLSN > 0 && ref.LSN > s.o.ToLSN || s.loss.SnapshotLSN > 0 {
			continue
		}
		err := loadSnapshot(ctx, s.fs, s.src, m.Store, &ref, s.o.Codecs, s.image)
		switch {
		case errors.Is(err, ErrCorrupt):
			s.o.Logger.Warn("snapshot rejected", "file", snapshotPath(s.src, ref.LSN), "err", err)
		case err != nil:
			return err
		default:
			s.loss.SnapshotLSN, s.loss.LastLSN = ref.LSN, ref.LSN
			s.loss.Kept = addRange(s.loss.Kept, 1, ref.LSN, "in the snapshot")
		}
	}
	return nil
}

// log replays what lies behind the snapshot.
func (s *salvage) log(ctx context.Context, l *layout, m *Manifest) error {
	if m.Active == 0 {
		return nil // no segment at all
	}
	last := m.Active
	for _, f := range l.segments {
		if f.number == last+1 {
			last++ // an unlisted one: a rotation, or MANIFEST is an old one
		}
	}
	first, err := s.start(m.First, last, m.Store)
	if err != nil {
		return err
	}
	v := survey{
		fs: s.fs, dir: s.src, store: m.Store, covered: newestLSN(m), base: s.loss.SnapshotLSN,
		frame: s.frame, hole: s.hole, torn: s.torn,
		ignored: func(Place) error { return nil },
	}
	return v.run(ctx, first, last)
}

// start finds the last readable segment before which everything is in the
// snapshot. When even the first one begins too late, the gap is noted.
func (s *salvage) start(first, last uint64, store [16]byte) (uint64, error) {
	for seq := last; seq > first; seq-- {
		seg, err := openSegment(s.fs, s.src, seq, store)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		before := seg.Header.Prev.LastLSN
		if err := seg.Close(); err != nil {
			return 0, err
		}
		if s.loss.SnapshotLSN > 0 && before <= s.loss.SnapshotLSN {
			return seq, nil
		}
	}
	seg, err := openSegment(s.fs, s.src, first, store)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		return first, nil // the survey says so itself
	}
	if err != nil {
		return 0, err
	}
	if before := seg.Header.Prev.LastLSN; before > s.loss.SnapshotLSN {
		err = s.hole(&hole{from: s.loss.SnapshotLSN + 1, to: before, err: &CorruptionError{
			File: seg.Name(), Offset: 0, Reason: "the log begins here, and no valid snapshot reaches this far"}})
	}
	return first, also(err, seg.Close())
}

func (s *salvage) frame(c *cursor, f *wal.Frame) error {
	s.reach = max(s.reach, c.segment.Header.Reach)
	err := c.records(f, func(lsn uint64, _ []byte, commit *record.Commit) error {
		s.highest = max(s.highest, lsn)
		switch {
		case lsn <= s.loss.LastLSN:
			return nil // in the snapshot, or another history's
		case s.o.ToLSN > 0 && lsn > s.o.ToLSN:
			s.loss.Lost = addRange(s.loss.Lost, lsn, lsn, fmt.Sprintf("behind LSN %d, where recovery was told to end", s.o.ToLSN))
			return nil
		case s.broken != "" && !s.o.SkipCorrupt:
			s.loss.Lost = addRange(s.loss.Lost, lsn, lsn, "sound, but behind the damage: --skip-corrupt would take it")
			return nil
		case s.broken != "":
			s.loss.Doubtful = addRange(s.loss.Doubtful, lsn, lsn, "sound, but behind damage: "+s.broken)
		default:
			s.loss.Kept = addRange(s.loss.Kept, lsn, lsn, "in the log")
		}
		s.loss.LastLSN = lsn
		return s.image.Apply(lsn, commit)
	})
	var damage *CorruptionError
	if errors.As(err, &damage) {
		// The frame is whole and a record in it is none. The ones behind it in
		// the frame cannot be told apart any more.
		return s.hole(&hole{err: damage, end: f.End(), from: damage.LSN, to: f.Header.LastLSN()})
	}
	return err
}

func (s *salvage) hole(h *hole) error {
	s.o.Logger.Warn("damage", "err", h.err, "lost", h.lsns())
	if h.lossless() {
		return nil
	}
	s.broken = h.err.Error()
	if from := max(h.from, s.loss.SnapshotLSN+1); from <= h.to {
		s.highest = max(s.highest, h.to)
		s.loss.Lost = addRange(s.loss.Lost, from, h.to, s.broken)
	}
	return nil
}

func (s *salvage) torn(p *place, v verdict) error {
	e := tornError(p, v)
	to := e.LSN
	reason := "torn tail, never acknowledged"
	if e.Records > 0 {
		to += uint64(e.Records) - 1
	} else {
		reason += "; how many records it held is not known"
	}
	s.highest = max(s.highest, to)
	s.loss.Lost = addRange(s.loss.Lost, e.LSN, to, reason)
	return nil
}

// addRange adds LSNs to a list, in ascending order, joining what belongs together.
func addRange(list []LSNRange, from, to uint64, reason string) []LSNRange {
	if n := len(list); n > 0 && list[n-1].To+1 == from && list[n-1].Reason == reason {
		list[n-1].To = to
		return list
	}
	return append(list, LSNRange{from, to, reason})
}

// write makes the new store.
func (s *salvage) write(ctx context.Context, dst string) (err error) {
	p, err := newPlot(s.fs, dst, s.o.Now, s.o.Rand)
	if err != nil {
		return err
	}
	defer func() { err = p.leave(err) }()
	s.loss.Entries = s.image.entries
	if s.loss.LastLSN == 0 {
		return p.plant(nil, s.floor())
	}
	meta := snapshot.Meta{Store: p.store, LSN: s.loss.LastLSN, Created: s.o.Now().UnixMilli()}
	sum, err := snapshot.Publish(ctx, s.fs, vfs.Join(dst, SnapshotDir), meta, snapshot.WriterOptions{},
		func(w *snapshot.Writer) error {
			for e := range s.image.all() {
				if err := w.Add(&e); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	if err != nil {
		return err
	}
	return p.plant(&SnapshotRef{LSN: meta.LSN, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}, s.floor())
}

// floor is above everything that src may have given out: an LSN that somebody
// remembers must not come to mean another commit.
func (s *salvage) floor() uint64 { return max(s.highest, s.loss.LastLSN) + leap(s.reach) }
