package inspect

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/redis-lite/redis-lite/wal"
)

// Segment is one segment of the log, looked at as a whole.
type Segment struct {
	Seq     uint64
	File    string
	Size    int64              // of the file
	Header  *wal.SegmentHeader // nil when it cannot be had
	Listed  bool               // MANIFEST says that it belongs to the log
	Stray   bool               // below MANIFEST's first: a compaction's leavings, no part of the log
	Active  bool               // the one that is written to
	Sealed  bool               // ends in a SEAL frame
	Next    *wal.Predecessor   // what the next segment says of this one; nil when there is none
	End     int64              // behind the last valid frame
	DataEnd int64              // behind the last byte that is not zero

	Frames      int64 // valid ones, empty ones among them
	Records     int64
	FrameBytes  int64  // of the valid frames
	FirstLSN    uint64 // of the first record that is there; 0 = none
	LastLSN     uint64
	FirstOffset int64 // of the first frame

	// Worst is the verdict on the worst part, Valid when all is well, and Spans are
	// all parts that are no frames, in order.
	Worst Verdict
	Spans []Frame
}

// maxSpans bounds what a Segment lists of one that is riddled; Worst and the
// counts are of all of it.
const maxSpans = 4096

// Segments looks at every segment of the log and at strays, in order, each read
// whole. A *Segment is the consumer's to keep.
func (s *Store) Segments(ctx context.Context) iter.Seq2[*Segment, error] {
	return func(yield func(*Segment, error) bool) {
		v, err := s.look()
		if err != nil {
			yield(nil, err)
			return
		}
		list := v.log()
		for _, seq := range v.segments {
			if !slices.Contains(list, seq) {
				list = append(list, seq)
			}
		}
		slices.Sort(list)
		l := &logWalk{s: s, v: v, list: list}
		for _, seq := range list {
			seg, err := l.summary(ctx, seq)
			if errors.Is(err, errRemoved) {
				l.last, l.next = nil, 0
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(seg, nil) {
				return
			}
		}
	}
}

// summary reads one segment whole.
func (l *logWalk) summary(ctx context.Context, seq uint64) (*Segment, error) {
	v := l.v
	g := &Segment{
		Seq: seq, File: l.s.segmentPath(seq), Listed: v.listed(seq),
		Stray:  v.manifest != nil && seq < v.manifest.First,
		Active: v.manifest != nil && seq == v.manifest.Active,
		Worst:  Verdict{Kind: Valid},
	}
	if g.Stray {
		// It is read for what it holds, and says nothing of the log.
		l.last, l.next = nil, 0
	}
	l.yield = func(f *Frame, _ error) bool { g.add(f); return true } // for what is emitted
	w, whole, err := l.open(seq)
	if whole != nil {
		l.lost(whole)
		g.add(whole)
	}
	if w == nil {
		return g, err
	}
	h := w.seg.Header
	g.Header, g.Size, g.End = &h, w.seg.Size(), wal.HeaderBlock
	err = l.joint(&head{seq, g.File, h.Prev})
	for err == nil {
		var f *Frame
		if f, err = w.next(ctx); err == nil {
			g.add(f)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if l.s.o.Progress != nil {
		l.s.o.Progress(w.seg.Size())
	}
	g.Size, g.Next, g.Sealed = w.seg.Size(), w.prev, w.at.sealed
	l.next, l.last = w.at.next, nil
	if !w.broken {
		l.last = &ended{seq, w.at}
	}
	return g, w.close(err)
}

// add counts a frame or a span.
func (g *Segment) add(f *Frame) {
	if f.Verdict.Kind != Zeros {
		g.DataEnd = max(g.DataEnd, f.End())
	}
	if f.Valid() {
		if g.Frames++; g.Frames == 1 {
			g.FirstOffset = f.Offset
		}
		g.End = f.End()
		g.FrameBytes += f.Size
		if n := f.Count(); n > 0 {
			g.Records += int64(n)
			if g.FirstLSN == 0 {
				g.FirstLSN = f.LSN
			}
			g.LastLSN = f.Header.LastLSN()
		}
		return
	}
	if g.Header == nil {
		g.Size = f.Size
	}
	if f.Verdict.Kind > g.Worst.Kind && f.Verdict.Kind > Ignored {
		g.Worst = f.Verdict
	}
	if len(g.Spans) < maxSpans {
		g.Spans = append(g.Spans, *f)
	}
}
