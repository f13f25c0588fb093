package recovery

import (
	"bytes"
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
	ToLSN       uint64           // leave out everything behind this LSN; 0 = nothing
	Codecs      []snapshot.Codec // that src's snapshots may be compressed with
	Codec       snapshot.Codec   // for the new store's; nil = none
	Logger      *slog.Logger
	Now         func() time.Time
	Rand        func() uint64
}

// Recover salvages what the store in src still holds into a new store in dst,
// which does not exist or is empty (see Vacant). src is not changed and not locked; it should
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
	broken  bool   // the history has a gap from here on
	doubt   string // what that means for what lies behind it
	highest uint64 // LSN seen anywhere, in the new store or not

	// held is the last frame, until the one behind it confirms it: a frame
	// whose checksum holds and that its successor does not name is a forgery,
	// or its successor is.
	held *heldFrame
}

type heldFrame struct {
	cursor *cursor
	frame  wal.Frame // with a body of its own
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
			s.loss.Kept = addRange(s.loss.Kept, LSNRange{From: 1, To: ref.LSN, Reason: "in the snapshot"})
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
	first, err := s.start(m, last)
	if err != nil {
		return err
	}
	v := survey{
		fs: s.fs, dir: s.src, store: m.Store, covered: newestLSN(m), base: s.loss.SnapshotLSN,
		frame: s.frame, hole: s.hole, torn: s.torn,
		ignored: func(Place) error { return nil },
	}
	if err := v.run(ctx, first, last); err != nil {
		return err
	}
	if err := s.release(); err != nil {
		return err
	}
	return s.unused(m.First, last, m.Store)
}

// unused finds the LSNs that were never given out, and takes them out of the
// account.
func (s *salvage) unused(first, last uint64, store [16]byte) error {
	for seq := first; seq <= last; seq++ {
		seg, err := openSegment(s.fs, s.src, seq, store)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		h := &seg.Header
		if err := seg.Close(); err != nil {
			return err
		}
		if h.FirstLSN > h.Prev.LastLSN+1 && h.FirstLSN <= s.highest {
			s.loss.Unused = addRange(s.loss.Unused, LSNRange{From: h.Prev.LastLSN + 1, To: h.FirstLSN - 1, Reason: "skipped behind a torn tail"})
		}
	}
	for _, list := range []*[]LSNRange{&s.loss.Kept, &s.loss.Doubtful, &s.loss.Lost} {
		*list = without(*list, s.loss.Unused)
	}
	return nil
}

// start finds the last readable segment before which everything is in the
// snapshot. When even the first one begins too late, the gap is noted.
func (s *salvage) start(m *Manifest, last uint64) (uint64, error) {
	first, store := m.First, m.Store
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
	before := seg.Header.Prev.LastLSN
	if before > s.loss.SnapshotLSN && s.o.SkipCorrupt && s.loss.SnapshotLSN == 0 {
		if err := s.partial(m, before); err != nil {
			return 0, also(err, seg.Close())
		}
	}
	if before > s.loss.LastLSN {
		err = s.hole(&hole{from: s.loss.LastLSN + 1, to: before, err: &CorruptionError{
			File: seg.Name(), Offset: 0, Reason: "the log begins here, and no valid snapshot reaches this far"}})
	}
	return first, also(err, seg.Close())
}

// frame holds a frame back until it is confirmed, which the one before it is now.
func (s *salvage) frame(c *cursor, f *wal.Frame) error {
	s.reach = max(s.reach, c.segment.Header.Reach)
	if err := s.release(); err != nil {
		return err
	}
	held := &heldFrame{cursor: c, frame: *f}
	held.frame.Body = bytes.Clone(f.Body)
	s.held = held
	return nil
}

// release takes the frame that was held back.
func (s *salvage) release() error {
	held := s.held
	if held == nil {
		return nil
	}
	s.held = nil
	f := &held.frame
	err := held.cursor.records(f, func(lsn uint64, _ []byte, commit *record.Commit) error {
		s.highest = max(s.highest, lsn)
		r := LSNRange{From: lsn, To: lsn}
		switch {
		case lsn <= s.loss.LastLSN:
			return nil // in the snapshot, or another history's
		case s.o.ToLSN > 0 && lsn > s.o.ToLSN:
			r.Cause, r.Reason = Asked, fmt.Sprintf("behind LSN %d, where recovery was told to end", s.o.ToLSN)
			s.loss.Lost = addRange(s.loss.Lost, r)
			return nil
		case s.broken && !s.o.SkipCorrupt:
			r.Cause, r.Reason = Behind, "sound, but commits before it are missing: --skip-corrupt would take it"
			s.loss.Lost = addRange(s.loss.Lost, r)
			return nil
		case s.broken:
			r.Cause, r.Reason = Behind, s.doubt
			s.loss.Doubtful = addRange(s.loss.Doubtful, r)
		default:
			r.Reason = "in the log"
			s.loss.Kept = addRange(s.loss.Kept, r)
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
	if h.forged && s.held != nil {
		return s.forged(h)
	}
	if err := s.release(); err != nil {
		return err
	}
	s.o.Logger.Warn("damage", "err", h.err, "lost", h.lsns())
	if h.lossless() || h.to <= s.loss.SnapshotLSN && !h.open && !h.joint {
		return nil
	}
	s.broken, s.doubt = true, "sound, but commits before it are missing"
	if from := max(h.from, s.loss.SnapshotLSN+1); from <= h.to {
		s.highest = max(s.highest, h.to)
		r := LSNRange{From: from, To: h.to, Cause: Broken, Open: h.open, Reason: h.err.where() + ": " + h.err.Reason}
		if s.o.ToLSN > 0 && from > s.o.ToLSN {
			r.Cause = Asked
		}
		s.loss.Lost = addRange(s.loss.Lost, r)
	}
	return nil
}

// forged: the frame held back, or the one behind it, is not what was written
// here. The history is whole before the first of them; which of the two is true
// nobody can tell.
func (s *salvage) forged(h *hole) error {
	s.o.Logger.Warn("damage", "err", h.err)
	s.broken, s.doubt = true, "sound by itself, but at its place in the log one frame does not follow from the other"
	header := &s.held.frame.Header
	from := max(header.FirstLSN, s.loss.SnapshotLSN+1)
	if s.o.SkipCorrupt || from >= header.NextLSN() {
		return s.release()
	}
	s.held = nil
	s.highest = max(s.highest, header.LastLSN())
	s.loss.Lost = addRange(s.loss.Lost, LSNRange{From: from, To: header.LastLSN(), Cause: Broken,
		Reason: h.err.where() + ": " + h.err.Reason + ": one of the two is a forgery; --skip-corrupt would take both"})
	return nil
}

func (s *salvage) torn(p *place, v verdict) error {
	if err := s.release(); err != nil {
		return err
	}
	r := LSNRange{From: p.lsn, To: p.lsn, Cause: Unacknowledged, Reason: "torn tail, never acknowledged as durable"}
	from := p.at
	if p.header != nil {
		from += p.header.Size()
		r.To = max(r.To, p.header.LastLSN())
	}
	// In the lazier modes further frames may lie behind the one that is torn.
	known := from
	err := framesBetween(context.Background(), p.segment, from, v.end, p.lsn, func(f found) bool {
		if f.header.LastLSN() < p.lsn+leap(p.segment.Header.Reach) {
			r.To = max(r.To, f.header.LastLSN())
			known = f.offset + f.header.Size()
		}
		return true
	})
	if err != nil {
		return err
	}
	r.Open = known < v.end
	s.highest = max(s.highest, r.To)
	s.loss.Lost = addRange(s.loss.Lost, r)
	return nil
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
	sum, err := snapshot.Publish(ctx, s.fs, vfs.Join(dst, SnapshotDir), meta, snapshot.WriterOptions{Codec: s.o.Codec},
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
