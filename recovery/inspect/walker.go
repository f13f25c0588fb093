package inspect

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal"
)

// place is where a walk stands in a segment: before a frame that ought to be
// there, with what it ought to say.
type place struct {
	off        int64
	link, next uint64
	sealed     bool // the frame before said SEAL
}

// walker cuts one segment, whose header is sound, into frames and spans.
type walker struct {
	s   *Store
	v   *view
	seg *wal.Segment
	seq uint64

	alone bool // the file is not in its place in a store: nothing can follow it

	// prev is what the next segment says of this one, nil when there is none. Its
	// End is authoritative.
	prev *wal.Predecessor

	at      place
	scan    *wal.Scanner
	pending []Frame // spans behind the last frame, to be handed out
	// overtaken: a compaction removed the segment while it was being read.
	overtaken bool

	over    bool  // nothing comes behind pending
	tailing bool  // the end is not the end: a writer may go on
	doubts  int   // how often the place was looked at and did not hold
	doubt   int64 // the place
	trims   int   // how often the file was shorter than it had said
	told    int64 // a torn tail that was handed out and may still be finished
	broken  bool  // the walk did not come to the end that prev declares
	proven  int64 // all frames before this offset are durable
	frame   Frame // what next returned
}

// walk starts at the segment's first frame.
func (s *Store) walk(v *view, seg *wal.Segment) *walker {
	h := &seg.Header
	return s.walkFrom(v, seg, place{off: wal.HeaderBlock, link: h.Prev.Link, next: h.FirstLSN})
}

func (s *Store) walkFrom(v *view, seg *wal.Segment, at place) *walker {
	w := &walker{s: s, v: v, seg: seg, seq: seg.Header.Seq, at: at}
	w.alone = seg.Name() != s.segmentPath(w.seq)
	w.follower()
	return w
}

// follower looks for the segment behind this one, and reports whether it says
// something new. One that cannot be read says nothing.
func (w *walker) follower() bool {
	if w.alone {
		return false
	}
	next, wrong, err := w.s.openSegment(w.v, w.seq+1)
	if err != nil {
		return false
	}
	defer next.Close()
	prev := next.Header.Prev
	if wrong != "" || prev.Seq != w.seq || w.prev != nil && *w.prev == prev {
		return false
	}
	// All of it had been written before that segment was made, and perhaps since
	// this one was opened.
	_ = w.seg.Refresh()
	w.prev, w.proven, w.scan = &prev, prev.End, nil
	return true
}

func (w *walker) declared() int64 {
	if w.prev == nil {
		return 0
	}
	return w.prev.End
}

// next returns what comes next, io.EOF behind the last. The frame is the
// walker's, until the next call.
func (w *walker) next(ctx context.Context) (*Frame, error) {
	for {
		if len(w.pending) > 0 {
			w.frame, w.pending = w.pending[0], w.pending[1:]
			return &w.frame, nil
		}
		if w.over {
			return nil, io.EOF
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.rescan()
		f, err := w.scan.Next()
		if err == nil {
			w.valid(&f)
			return &w.frame, nil
		}
		if err := w.settle(ctx, err); err != nil {
			return nil, err
		}
	}
}

// settle is stop, again and again while a writer trims the file that is being
// looked at: then a read fails that the size had promised.
func (w *walker) settle(ctx context.Context, err error) error {
	saved := *w
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		err = w.stop(ctx, err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || saved.trims == maxTrims || w.seg.Refresh() != nil {
		return err
	}
	*w = saved
	w.trims++
	w.scan = nil
	return nil
}

// maxTrims is how often a file may turn out shorter than it said: a writer trims
// it once, before it leaves it. Beyond that it is the disk.
const maxTrims = 16

// rescan makes a scanner at the walker's place when there is none.
func (w *walker) rescan() {
	if w.scan != nil {
		return
	}
	w.scan = w.seg.Scan(w.at.off, w.at.link, w.at.next)
	if end := w.declared(); end > 0 {
		w.scan.Limit(end)
	}
}

func (w *walker) valid(f *wal.Frame) {
	h := f.Header
	w.frame = Frame{
		Segment: w.seq, File: w.seg.Name(), Offset: f.Offset, Size: h.Size(), Header: &h, LSN: h.FirstLSN,
		Proven:  f.Offset < w.proven || h.Count > 0 && h.LastLSN() <= w.v.covered,
		Verdict: Verdict{Kind: Valid}, Body: f.Body, want: w.at, salt: w.seg.Header.Salt,
	}
	w.at = place{off: f.End(), link: h.Link(), next: h.NextLSN(), sealed: h.Seal()}
}

// stop judges the place where the scan ended, and leaves what lies there in
// pending, or a walker that goes on.
func (w *walker) stop(ctx context.Context, err error) error {
	var (
		invalid *wal.InvalidError
		version *wal.VersionError
		format  *wal.FormatError
	)
	switch {
	case errors.As(err, &version):
		return w.unsupported(ctx, version)
	case errors.As(err, &format):
		// A header whose checksum holds and whose fields contradict each other.
		return w.damaged(ctx, Verdict{Kind: Damaged, Reason: format.Reason}, nil, 0)
	case !errors.As(err, &invalid):
		return err
	}
	if w.prev != nil && w.at.off == w.prev.End {
		return w.rest(ctx, w.at.off)
	}
	j, err := w.judge(ctx, invalid)
	if errors.Is(err, recovery.ErrVersion) {
		return w.damaged(ctx, Verdict{Kind: Damaged, Reason: invalid.Reason.String()}, invalid.Header, invalid.Reason)
	}
	if err != nil {
		return err
	}
	if w.prev == nil && w.alive(j) {
		w.scan = nil
		return nil
	}
	if w.prev == nil && j.Kind != recovery.CleanEnd && !w.alone && w.s.gone(w.seq) {
		// A compaction has removed this segment and what came behind it; that it
		// was read to its end the file itself cannot prove any more.
		w.over, w.overtaken = true, true
		return nil
	}
	if w.waits(j) {
		w.scan = nil
		return errWait
	}
	switch j.Kind {
	case recovery.CleanEnd:
		return w.rest(ctx, w.at.off)
	case recovery.TornTail:
		return w.torn(ctx, invalid, j)
	}
	v := Verdict{Kind: Damaged, Rule: j.Rule, Reason: j.Reason}
	if j.Proof != w.at.off {
		v.Proof = j.Proof
	}
	return w.damaged(ctx, v, invalid.Header, invalid.Reason)
}

func (w *walker) judge(ctx context.Context, x *wal.InvalidError) (recovery.Judgement, error) {
	return recovery.Judge(ctx, recovery.Break{
		Segment: w.seg, Offset: w.at.off, LSN: w.at.next, Reason: x.Reason, Header: x.Header,
		Declared: w.declared(), Covered: w.v.covered, Sealed: w.at.sealed,
	})
}

// alive looks at the place once more, because somebody may be writing there: the
// log goes on there now, or in another segment.
func (w *walker) alive(j recovery.Judgement) bool {
	if w.follower() {
		return true
	}
	if j.Kind == recovery.CleanEnd || w.at.sealed || w.seg.Refresh() != nil {
		return false
	}
	_, err := w.seg.Scan(w.at.off, w.at.link, w.at.next).Next()
	return err == nil
}

// waits reports whether the place may still become a frame: a clean end always,
// anything else until it has been looked at often enough.
func (w *walker) waits(j recovery.Judgement) bool {
	if !w.tailing || w.prev != nil {
		return false
	}
	if j.Kind == recovery.CleanEnd || j.Kind == recovery.TornTail && w.told == w.at.off {
		return true
	}
	if w.doubt != w.at.off {
		w.doubt, w.doubts = w.at.off, 0
	}
	w.doubts++
	return w.doubts < patience
}

// torn hands out the torn tail and what is behind it.
func (w *walker) torn(ctx context.Context, x *wal.InvalidError, j recovery.Judgement) error {
	f := w.span(w.at.off, j.End-w.at.off, Verdict{
		Kind: Torn, Rule: j.Rule, Reason: j.Reason,
		Lost: LSNs{From: w.at.next, To: w.at.next - 1, Open: x.Header == nil},
	})
	f.Header = x.Header
	if x.Header != nil {
		f.Verdict.Lost.To = x.Header.LastLSN()
	}
	if err := w.check(&f, x.Reason); err != nil {
		return err
	}
	w.pending = append(w.pending, f)
	if w.tailing && w.prev == nil {
		w.told, w.scan = w.at.off, nil
		return nil
	}
	return w.rest(ctx, j.End)
}

// damaged hands out the bytes from here to the next frame that verifies and goes
// on there, or everything that is left.
func (w *walker) damaged(ctx context.Context, v Verdict, header *wal.FrameHeader, reason wal.InvalidReason) error {
	from := w.at.off + wal.Alignment
	switch {
	case reason == wal.WrongLink || reason == wal.WrongLSN:
		from = w.at.off // what lies here may be what goes on
	case header != nil:
		from = w.at.off + header.Size()
	}
	limit := w.seg.Size()
	if end := w.declared(); end > 0 {
		limit = min(limit, end)
	}
	off, h, ok, err := resync(ctx, w.seg, from, limit, w.at.next)
	if err != nil {
		return err
	}
	end := limit
	switch {
	case ok:
		end, v.Lost = off, LSNs{From: w.at.next, To: h.FirstLSN - 1}
	case w.prev != nil:
		v.Lost = LSNs{From: w.at.next, To: w.prev.LastLSN}
	default:
		if end, err = w.seg.DataEnd(ctx, w.at.off); err != nil {
			return err
		}
		v.Lost = LSNs{From: w.at.next, To: max(w.at.next-1, w.v.covered), Open: true}
	}
	f := w.span(w.at.off, end-w.at.off, v)
	f.Header = header
	if err := w.check(&f, reason); err != nil {
		return err
	}
	w.pending = append(w.pending, f)
	if ok {
		w.at, w.scan = place{off: off, link: h.PrevLink, next: h.FirstLSN}, nil
		return nil
	}
	w.at.next = max(w.at.next, v.Lost.To+1)
	w.broken = true
	return w.rest(ctx, end)
}

// unsupported passes over one frame of a newer program.
func (w *walker) unsupported(ctx context.Context, e *wal.VersionError) error {
	b := make([]byte, wal.FrameHeaderSize)
	if err := w.seg.ReadFull(b, w.at.off); err != nil {
		return err
	}
	h, _ := wal.DecodeFrameHeader(b, w.seg.Header.Salt)
	size := min(h.Size(), w.seg.Size()-w.at.off)
	f := w.span(w.at.off, size, Verdict{
		Kind: Unsupported, Reason: "written by a newer program: " + unknown(e), Check: e.What, Found: number(e.Value),
		Lost: LSNs{From: h.FirstLSN, To: h.LastLSN()},
	})
	f.Header = &h
	w.pending = append(w.pending, f)
	w.at, w.scan = place{off: f.End(), link: h.Link(), next: h.NextLSN()}, nil
	return nil
}

// rest hands out what lies from off to the end of the file.
func (w *walker) rest(ctx context.Context, off int64) error {
	w.over = true
	end, err := w.seg.DataEnd(ctx, off)
	if err != nil {
		return err
	}
	if end > off {
		w.pending = append(w.pending, w.span(off, end-off, Verdict{
			Kind: Ignored, Reason: "behind the end of the log in this segment; no part of it",
		}))
	}
	if size := w.seg.Size(); size > end {
		w.pending = append(w.pending, w.span(end, size-end, Verdict{Kind: Zeros, Reason: "zeros"}))
	}
	return nil
}

func (w *walker) span(off, size int64, v Verdict) Frame {
	if v.Lost == (LSNs{}) {
		v.Lost = LSNs{From: w.at.next, To: w.at.next - 1}
	}
	return Frame{Segment: w.seq, File: w.seg.Name(), Offset: off, Size: size, LSN: w.at.next, Verdict: v,
		want: w.at, salt: w.seg.Header.Salt}
}

// prove finds up to where the frames of a segment without a follower are proven
// durable: the last SYNCED frame speaks for all before it.
func (w *walker) prove(ctx context.Context) error {
	if w.prev != nil {
		return nil
	}
	look := *w
	look.scan = nil
	for {
		f, err := look.next(ctx)
		if errors.Is(err, io.EOF) || errors.Is(err, errWait) {
			break
		}
		if err != nil {
			return err
		}
		if f.Valid() && f.Header.Synced() {
			w.proven = f.Offset
			if f.Header.Mark() || f.Header.Seal() {
				w.proven = f.End() // itself holds nothing that could be lost
			}
		}
	}
	if look.prev != nil { // a rotation happened meanwhile
		w.prev, w.proven = look.prev, look.proven
	}
	return nil
}

// close closes the segment.
func (w *walker) close(err error) error {
	cerr := w.seg.Close()
	if err == nil && !errors.Is(cerr, fs.ErrClosed) {
		err = cerr
	}
	return err
}
