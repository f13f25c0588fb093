package recovery

import (
	"context"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// replay verifies the log behind the snapshot and applies it. A Scanner reads
// and verifies ahead in a goroutine of its own; records are decoded and applied
// in this one.
func (a *attempt) replay(ctx context.Context) error {
	if err := a.openSegments(); err != nil {
		return err
	}
	last := len(a.segments) - 1
	for i := range last {
		c, err := a.replayOlder(ctx, i)
		if err != nil {
			return err
		}
		if !a.orphan || i < last-1 {
			continue
		}
		if err := a.checkOrphan(ctx, c); err != nil {
			return err
		}
		if a.o.ReadOnly {
			// A rotation that is under way, or was interrupted: to a reader the
			// log ends before it. All of it is durable, or there would be no
			// segment behind it.
			a.tail = c.tail()
			return nil
		}
	}
	if a.o.ReadOnly {
		return a.replayProven(ctx)
	}
	return a.replayLast(ctx)
}

// replayOlder takes segment i, whose end the next one declares. The declared end
// is authoritative: all of the log up to it must be there (rule 1), and what lies
// behind it is no part of the log.
func (a *attempt) replayOlder(ctx context.Context, i int) (*cursor, error) {
	c := newCursor(a.segments[i])
	next := a.segments[i+1]
	end := next.Header.Prev.End
	x, err := c.walk(ctx, end, a.apply(c))
	if err != nil {
		return nil, err
	}
	a.count(c)
	if c.off < end {
		p := c.place(x, end, a.covered)
		v, err := classify(ctx, p)
		if err != nil {
			return nil, err
		}
		return nil, p.corruption(v)
	}
	if err := c.followedBy(next); err != nil {
		return nil, err
	}
	behind, err := c.segment.DataEnd(ctx, end)
	if err != nil {
		return nil, err
	}
	if behind > end {
		a.report.Ignored = append(a.report.Ignored, Place{c.segment.Name(), end, behind - end})
	}
	return c, nil
}

// checkOrphan judges an unlisted segment, when c has passed exactly to the end
// that it declares for the active one. A rotation leaves it between publishing
// it and telling MANIFEST: without a frame, and with nothing behind that end.
func (a *attempt) checkOrphan(ctx context.Context, c *cursor) error {
	orphan := a.segments[len(a.segments)-1]
	end, err := orphan.DataEnd(ctx, wal.HeaderBlock)
	if err != nil {
		return err
	}
	if end > wal.HeaderBlock {
		return &CorruptionError{File: orphan.Name(), Offset: wal.HeaderBlock, LSN: orphan.Header.FirstLSN,
			Reason: "there are frames in a segment that MANIFEST does not know"}
	}
	behind, err := c.segment.DataEnd(ctx, c.off)
	if err != nil {
		return err
	}
	if behind > c.off {
		return &CorruptionError{File: c.segment.Name(), Offset: c.off, LSN: c.next,
			Reason: "there are bytes behind the end that a segment declares which MANIFEST does not know"}
	}
	return nil
}

// replayLast takes the segment in which the log ends, up to X, and judges X. All
// of it is applied: what is not proven durable is rewritten before anything is
// served.
func (a *attempt) replayLast(ctx context.Context) error {
	c := newCursor(a.segments[len(a.segments)-1])
	x, err := c.walk(ctx, 0, a.apply(c))
	if err != nil {
		return err
	}
	a.count(c)
	p := c.place(x, 0, a.covered)
	v, err := classify(ctx, p)
	if err != nil {
		return err
	}
	switch v.kind {
	case damaged:
		return p.corruption(v)
	case tornTail:
		a.noteCut(p, v)
	}
	a.tail = c.tail()
	a.unproven = c.synced
	a.unproven.to = c.off
	return nil
}

// noteCut remembers the torn tail; the mender cuts it.
func (a *attempt) noteCut(p *place, v verdict) {
	a.torn = &v
	cut := &Cut{File: p.segment.Name(), Offset: p.at, Bytes: v.end - p.at, LSN: p.lsn, Records: -1, Reason: v.reason}
	if p.header != nil {
		cut.Records = int64(p.header.Count)
	}
	a.report.Cut = cut
}

// replayProven takes of the last segment what a reader may see: the frames before
// the last SYNCED one. It looks twice, first for that place and then at the
// records up to there, because a frame shows what it proves only when it is
// read, and by then the ones before it have been applied or not.
func (a *attempt) replayProven(ctx context.Context) error {
	s := a.segments[len(a.segments)-1]
	look := newCursor(s)
	x, err := look.walk(ctx, 0, func(f *wal.Frame) error {
		if f.Header.Synced() {
			a.report.Unproven = 0
		}
		if f.Header.Count > 0 {
			a.report.Unproven++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.judgeLive(ctx, look, x); err != nil {
		return err
	}
	end := look.synced.from
	c := newCursor(s)
	if _, err := c.walk(ctx, end, a.apply(c)); err != nil {
		return err
	}
	a.count(c)
	if c.off != end {
		return &CorruptionError{File: s.Name(), Offset: c.off, LSN: c.next, Reason: "it read differently a second time"}
	}
	a.tail = c.tail()
	return nil
}

// judgeLive judges X in a segment that somebody may be writing. A frame behind X
// is proof that X was durable only if X was read after that frame: between the
// two readings the writer may have finished what is at X and gone on. So before
// anything is called damage, X is read once more; a log that goes on there now is
// simply alive.
func (a *attempt) judgeLive(ctx context.Context, c *cursor, x *wal.InvalidError) error {
	for again := false; ; again = true {
		p := c.place(x, 0, a.covered)
		v, err := classify(ctx, p)
		if err != nil || v.kind != damaged {
			return err
		}
		if again {
			return p.corruption(v)
		}
		if err := c.segment.Refresh(); err != nil {
			return err
		}
		alive := false
		sc := c.segment.Scan(c.off, c.link, c.next)
		if _, err := sc.Next(); err == nil {
			alive = true
		} else if x = asInvalid(err); x == nil {
			return translate(err, c.segment.Name(), c.off, c.next)
		}
		if alive {
			return nil
		}
	}
}

// apply returns a visitor that hands the records of c's frames to the Loader,
// those that the snapshot does not hold already.
func (a *attempt) apply(c *cursor) func(*wal.Frame) error {
	have := a.report.SnapshotLSN
	one := func(lsn uint64, _ []byte, commit *record.Commit) error {
		if lsn <= have {
			return nil
		}
		a.report.Records++
		a.lastLSN = lsn
		return a.o.Loader.Apply(lsn, commit)
	}
	return func(f *wal.Frame) error {
		if f.Header.LastLSN() <= have {
			return nil
		}
		return c.records(f, one)
	}
}

// count adds what a cursor has passed to the report.
func (a *attempt) count(c *cursor) {
	a.report.Segments++
	a.report.Frames += c.frames
	a.report.Bytes += c.off - wal.HeaderBlock
}
