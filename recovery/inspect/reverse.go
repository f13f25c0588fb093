package inspect

import (
	"context"
	"errors"
	"io"
	"slices"
)

// backwards walks the segments from the last one on. What a segment is can only
// be found forwards: so each is walked once for its verdicts, leaving a
// checkpoint at every mebibyte, and then once more in pieces from the back.
func (l *logWalk) backwards(ctx context.Context) error {
	i := len(l.list) - 1
	if l.from.LSN == 0 && l.from.Segment > 0 {
		n, ok := slices.BinarySearch(l.list, l.from.Segment)
		if !ok {
			return nil
		}
		i = n
	}
	for ; i >= 0; i-- {
		seq := l.list[i]
		ahead, err := l.startsBehind(seq)
		if err != nil {
			return err
		}
		if ahead {
			continue
		}
		l.last, l.next = nil, 0
		err = l.back(ctx, seq)
		if errors.Is(err, errRemoved) {
			return nil // and so are all before it
		}
		if err != nil {
			return err
		}
	}
	l.next = 0
	return l.release()
}

// startsBehind reports whether all of a segment lies behind From.
func (l *logWalk) startsBehind(seq uint64) (bool, error) {
	if l.from.LSN == 0 {
		return false, nil
	}
	seg, wrong, err := l.s.openSegment(l.v, seq)
	if err != nil {
		if readError(err) {
			return false, err
		}
		return false, nil
	}
	behind := wrong == "" && seg.Header.FirstLSN > l.from.LSN
	return behind, seg.Close()
}

// back walks one segment backwards. How the segment behind it follows it is said
// first: only now is known where this one ends.
func (l *logWalk) back(ctx context.Context, seq uint64) error {
	later := l.later
	l.later = nil
	w, whole, err := l.open(seq)
	if whole != nil {
		l.held = append(l.held, whole)
	}
	if w == nil {
		return err
	}
	points, end, err := w.checkpoints(ctx)
	if err == nil {
		l.next = end.at.next
		err = l.release()
	}
	if err == nil && later != nil && !end.broken {
		l.last, l.next = &ended{seq, end.at}, end.at.next
		err = l.joint(later)
	}
	for _, p := range slices.Backward(points) {
		if err != nil {
			break
		}
		err = l.piece(ctx, w, p)
	}
	l.later = &head{seq: seq, file: w.seg.Name(), prev: w.seg.Header.Prev}
	return w.close(err)
}

// release hands out the segments that are held, now that it is known what comes
// before them.
func (l *logWalk) release() error {
	for _, f := range slices.Backward(l.held) {
		l.lost(f)
	}
	for _, f := range l.held {
		if err := l.emit(f); err != nil {
			return err
		}
	}
	l.held = nil
	return nil
}

// checkpoint is a place to begin at, and where the piece from there on ends.
type checkpoint struct {
	at   place
	upTo int64 // the last piece goes to the end, spans and all: -1
}

// checkpoints walks the segment, finds out what is proven, and returns the
// walker that has come to the end too.
func (w *walker) checkpoints(ctx context.Context) ([]checkpoint, *walker, error) {
	points := []checkpoint{{at: w.at, upTo: -1}}
	look := *w
	for {
		before := look.at
		f, err := look.next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if !f.Valid() {
			continue
		}
		if last := &points[len(points)-1]; f.Offset == before.off && f.Offset-last.at.off >= chunk {
			last.upTo = f.Offset
			points = append(points, checkpoint{at: before, upTo: -1})
		}
		if look.prev == nil && f.Header.Synced() {
			w.proven = f.Offset
			if f.Header.Mark() || f.Header.Seal() {
				w.proven = f.End()
			}
		}
	}
	if look.prev != nil {
		w.prev, w.proven = look.prev, look.proven
	}
	return points, &look, nil
}

// piece hands out, backwards, what lies from a checkpoint to the next one.
func (l *logWalk) piece(ctx context.Context, w *walker, p checkpoint) error {
	from := *w
	from.at, from.scan, from.pending, from.over, from.broken = p.at, nil, nil, false, false
	var frames []Frame
	var bodies []byte
	for {
		f, err := from.next(ctx)
		if errors.Is(err, io.EOF) || err == nil && p.upTo >= 0 && f.Offset >= p.upTo {
			break
		}
		if err != nil {
			return err
		}
		// Bodies go behind one another in one buffer; where it grows, the earlier
		// ones stay alive in the old one.
		at := len(bodies)
		bodies = append(bodies, f.Body...)
		c := *f
		c.Body = bodies[at:len(bodies):len(bodies)]
		frames = append(frames, c)
	}
	for i := range slices.Backward(frames) {
		if err := l.emit(&frames[i]); err != nil {
			return err
		}
	}
	return nil
}
