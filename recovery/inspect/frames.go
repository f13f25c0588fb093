package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"

	"github.com/redis-lite/redis-lite/wal"
)

// Frames walks the log from a place on, in the order of the log or backwards, and
// yields every frame and every span that is none; see the package's
// documentation. A *Frame is valid until the next step.
//
// Beside a live writer the walk ends at what was there when it came to the end.
func (s *Store) Frames(ctx context.Context, from From, reverse bool) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		l := &logWalk{s: s, from: from, reverse: reverse, yield: yield}
		if err := l.run(ctx); err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// Records is Frames record by record. Frames without records and spans come as a
// Record whose Raw is nil.
func (s *Store) Records(ctx context.Context, from From, reverse bool) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for f, err := range s.Frames(ctx, from, reverse) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			for r := range f.RecordsOf(from, reverse) {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// errStop ends a walk whose consumer has seen enough.
var errStop = errors.New("stop")

// RecordsOf is what a walk over records from a place yields of the frame: its
// records on the right side of from, or one Record without Raw.
func (f *Frame) RecordsOf(from From, reverse bool) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		if f.Count() == 0 {
			yield(Record{Frame: f, LSN: f.LSN, At: f.Offset})
			return
		}
		if !reverse {
			for r := range f.Records() {
				if r.LSN >= from.LSN && !yield(r) {
					return
				}
			}
			return
		}
		var all []Record
		f.each(func(r *Record) bool {
			if from.LSN == 0 || r.LSN <= from.LSN {
				all = append(all, *r)
			}
			return true
		})
		var r Record
		for i := range slices.Backward(all) {
			commit := r.Commit
			r = all[i]
			r.Err = r.decode(&commit)
			if !yield(r) {
				return
			}
		}
	}
}

// logWalk goes through the segments.
type logWalk struct {
	s       *Store
	from    From
	reverse bool
	yield   func(*Frame, error) bool

	v    *view
	list []uint64 // segments, ascending
	next uint64   // the LSN expected behind what was walked; 0 = not known
	last *ended   // how the segment before ended, when it ended well
	went bool     // the segment before is known to have one behind it

	// Backwards: the head of the segment that was walked before, or the segments
	// before it that cannot be read, the last one first.
	later *head
	held  []*Frame
}

// head is what a segment says of the one before it.
type head struct {
	seq  uint64
	file string
	prev wal.Predecessor
}

// ended is where the walk left a segment.
type ended struct {
	seq uint64
	at  place
}

func (l *logWalk) run(ctx context.Context) error {
	var err error
	if l.v, err = l.s.look(); err != nil {
		return err
	}
	l.list = l.v.log()
	if l.reverse {
		return l.backwards(ctx)
	}
	i, err := l.start()
	if err != nil {
		return err
	}
	for ; i < len(l.list); i++ {
		seq := l.list[i]
		if err := l.segment(ctx, seq); err != nil {
			if !errors.Is(err, errRemoved) {
				return err
			}
			// A compaction has passed: what is left begins further on.
			if i, err = l.overtaken(seq); err != nil {
				return err
			}
			i--
			continue
		}
		if i == len(l.list)-1 && l.went {
			l.more(seq)
		}
	}
	return nil
}

// errRemoved says that a segment went away during the walk.
var errRemoved = errors.New("removed by a compaction")

// start finds the segment to begin in: the last one that holds nothing behind
// From only.
func (l *logWalk) start() (int, error) {
	if l.from.LSN == 0 {
		i, ok := slices.BinarySearch(l.list, l.from.Segment)
		if !ok && i > 0 && l.from.Segment > 0 {
			i = len(l.list) // a segment that is not there: nothing
		}
		return i, nil
	}
	for i := len(l.list) - 1; i > 0; i-- {
		seg, wrong, err := l.s.openSegment(l.v, l.list[i])
		if err != nil {
			if readError(err) {
				return 0, err
			}
			continue
		}
		before := seg.Header.Prev.LastLSN
		if err := seg.Close(); err != nil {
			return 0, err
		}
		if wrong == "" && before < l.from.LSN {
			return i, nil
		}
	}
	return 0, nil
}

// readError tells what keeps us from looking from what is wrong with a segment.
func readError(err error) bool {
	var format *wal.FormatError
	var version *wal.VersionError
	return !errors.As(err, &format) && !errors.As(err, &version) && !errors.Is(err, fs.ErrNotExist)
}

// segment walks one, forwards.
func (l *logWalk) segment(ctx context.Context, seq uint64) error {
	w, whole, err := l.open(seq)
	l.went = false
	if whole != nil {
		l.lost(whole)
		return l.emit(whole)
	}
	if err != nil {
		return err
	}
	err = l.joint(&head{seq, w.seg.Name(), w.seg.Header.Prev})
	if err == nil {
		err = w.prove(ctx)
	}
	for err == nil {
		var f *Frame
		if f, err = w.next(ctx); err == nil {
			err = l.emit(f)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	l.next, l.last = w.at.next, nil
	l.went = w.prev != nil || w.overtaken
	if !w.broken {
		l.last = &ended{seq, w.at}
	}
	return w.close(err)
}

// open opens a segment for walking, or returns the span that it is as a whole.
func (l *logWalk) open(seq uint64) (*walker, *Frame, error) {
	seg, wrong, err := l.s.openSegment(l.v, seq)
	if err == nil && wrong == "" {
		return l.s.walk(l.v, seg), nil, nil
	}
	f := &Frame{Segment: seq, File: l.s.segmentPath(seq)}
	f.Verdict, f.Size, err = l.s.unopened(l.v, seq, seg, wrong, err)
	if err == nil && f.Verdict.Kind == Missing && l.s.gone(seq) {
		err = errRemoved
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, f, nil
}

// lost says what went with a whole segment.
func (l *logWalk) lost(whole *Frame) {
	whole.Verdict.Lost = l.lostWith(whole.Segment)
	whole.LSN = whole.Verdict.Lost.From
	l.last, l.next = nil, max(l.next, whole.Verdict.Lost.To+1)
}

// unopened is the verdict on a segment that cannot be walked: its header is not
// to be had (and with it the salt, without which no frame can be checked), or it
// belongs elsewhere. seg is closed.
func (s *Store) unopened(v *view, seq uint64, seg *wal.Segment, wrong string, err error) (verdict Verdict, size int64, _ error) {
	if info, serr := s.fs.Stat(s.segmentPath(seq)); serr == nil {
		size = info.Size
	}
	var format *wal.FormatError
	var version *wal.VersionError
	switch {
	case err == nil:
		return Verdict{Kind: Damaged, Reason: wrong}, size, seg.Close()
	case errors.Is(err, fs.ErrNotExist):
		verdict = Verdict{Kind: Missing, Reason: "the segment before it is there"}
		if v.manifest != nil {
			verdict.Reason = fmt.Sprintf("MANIFEST lists segments %d to %d", v.manifest.First, v.manifest.Active)
		}
	case errors.As(err, &format):
		verdict = Verdict{Kind: Damaged, Reason: format.Reason, Proof: format.Offset}
	case errors.As(err, &version):
		verdict = Verdict{Kind: Unsupported, Reason: "written by a newer program: " + unknown(version), Check: version.What, Found: number(version.Value)}
	default:
		return verdict, size, err
	}
	return verdict, size, nil
}

// lostWith are the LSNs that went with a whole segment: up to what the next one
// that can be read says. The first of a row of such segments has them all.
func (l *logWalk) lostWith(seq uint64) LSNs {
	if l.next == 0 {
		l.next = l.begin(seq)
	}
	lost := LSNs{From: l.next, To: l.next - 1}
	i, found := slices.BinarySearch(l.list, seq)
	if found {
		i++
	}
	for _, n := range l.list[i:] {
		next, wrong, err := l.s.openSegment(l.v, n)
		if err != nil {
			continue
		}
		to := next.Header.Prev.LastLSN
		if next.Close() == nil && wrong == "" {
			lost.To = max(lost.To, to)
			return lost
		}
	}
	lost.To, lost.Open = max(lost.To, l.v.covered), true
	return lost
}

// begin guesses the first LSN of a log whose first segment cannot be read: of a
// log that was never compacted it is 1, and otherwise what the oldest snapshot
// does not hold.
func (l *logWalk) begin(seq uint64) uint64 {
	if seq > 1 && l.v.manifest != nil && len(l.v.manifest.Snapshots) > 0 {
		return l.v.manifest.Snapshots[0].LSN + 1
	}
	return 1
}

// gone reports whether MANIFEST does not list a segment any more.
func (s *Store) gone(seq uint64) bool {
	v, err := s.look()
	return err == nil && v.manifest != nil && seq < v.manifest.First
}

// overtaken goes on in the first segment that a compaction has left.
func (l *logWalk) overtaken(seq uint64) (int, error) {
	v, err := l.s.look()
	if err != nil {
		return 0, err
	}
	l.v, l.list = v, v.log()
	i, _ := slices.BinarySearch(l.list, v.manifest.First)
	f := Frame{Segment: seq, File: l.s.segmentPath(seq), LSN: l.next, Verdict: Verdict{
		Kind: Removed, Reason: "a compaction removed the segment before it could be read", Lost: l.lostBefore(i),
	}}
	l.last, l.next = nil, f.Verdict.Lost.To+1
	return i, l.emit(&f)
}

// lostBefore are the LSNs between what was walked and segment i of the list.
func (l *logWalk) lostBefore(i int) LSNs {
	if l.next == 0 {
		l.next = max(l.from.LSN, 1)
	}
	if i == 0 {
		return l.lostWith(0)
	}
	return l.lostWith(l.list[i-1])
}

// more looks for segments that a writer has begun behind the last.
func (l *logWalk) more(last uint64) {
	v, err := l.s.look()
	if err != nil {
		return
	}
	for _, seq := range v.log() {
		if seq > last {
			l.v = v
			l.list = append(l.list, seq)
		}
	}
}

// joint holds the head of a segment to the end of the one before it.
func (l *logWalk) joint(h *head) error {
	if l.last == nil {
		return nil
	}
	v := Verdict{Kind: Damaged, Lost: LSNs{From: l.next, To: max(h.prev.LastLSN, l.next-1)}}
	at := l.last.at
	switch {
	case h.prev.Seq > l.last.seq && l.s.gone(l.last.seq+1):
		v.Kind, v.Reason = Removed, "a compaction removed what was before it, before that could be read"
	case h.prev.Seq != l.last.seq:
		v.Reason = fmt.Sprintf("it follows segment %d, and not segment %d", h.prev.Seq, l.last.seq)
		v.Check, v.Expected, v.Found = "predecessor", number(l.last.seq), number(h.prev.Seq)
	case h.prev.Link != at.link:
		v.Reason = fmt.Sprintf("it follows another frame than the last of segment %d", l.last.seq)
		v.Check, v.Expected, v.Found = "link", link(at.link), link(h.prev.Link)
	case h.prev.LastLSN != at.next-1:
		v.Reason = fmt.Sprintf("it follows LSN %d, but segment %d ends with LSN %d", h.prev.LastLSN, l.last.seq, at.next-1)
		v.Check, v.Expected, v.Found = "LSN", number(at.next-1), number(h.prev.LastLSN)
	default:
		return nil
	}
	return l.emit(&Frame{Segment: h.seq, File: h.file, LSN: l.next, Verdict: v})
}

// emit hands out what lies on the right side of From.
func (l *logWalk) emit(f *Frame) error {
	if l.s.o.Progress != nil {
		l.s.o.Progress(f.Size)
	}
	switch {
	case l.reverse && l.from.LSN > 0 && f.LSN > l.from.LSN,
		!l.reverse && l.from.LSN > 0 && f.upTo() < l.from.LSN:
		return nil
	case l.from.LSN == 0 && l.from.Segment == f.Segment && l.from.Segment > 0:
		if !l.reverse && f.End() <= l.from.Offset && l.from.Offset > 0 ||
			l.reverse && f.Offset > l.from.Offset {
			return nil
		}
	}
	if !l.yield(f, nil) {
		return errStop
	}
	return nil
}
