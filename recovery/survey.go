package recovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// survey walks the log of a directory, sound or not, and goes on behind damage:
// what Open stops at, Verify lists and Recover accounts for. It changes nothing.
//
// Behind damage inside a segment it looks for the next whole frame of that
// segment and follows the chain from there; a segment that is missing, or whose
// header is unreadable (the salt is in it, so nothing of the segment can be
// checked), is left out as a whole, and the next one's header says what was lost
// with it.
type survey struct {
	fs      vfs.FS
	dir     string
	store   [16]byte
	covered uint64 // the newest LSN of any listed snapshot
	base    uint64 // everything up to here is had without the log

	// frame is called for every valid frame, in order.
	frame func(c *cursor, f *wal.Frame) error
	// hole is called where something is missing, also when it is only noticed
	// that frames before it belong to another history.
	hole func(h *hole) error
	// torn is called for a torn tail.
	torn func(p *place, v verdict) error
	// ignored is called for bytes behind a declared end.
	ignored func(p Place) error

	segments int   // that were read
	frames   int64 // in them
	bytes    int64
}

// hole is a part of the log that cannot be had.
type hole struct {
	err      *CorruptionError // where it begins, and why
	end      int64            // the offset where valid frames go on; -1 = not in this file
	from, to uint64           // LSNs that went with it, none when to < from
	open     bool             // nothing tells where it ends: to is a guess, from at least
	joint    bool             // nothing is gone, but what follows continues something else
	forged   bool             // the frame before it, or what follows, is not what was written here
}

// lossless: what is gone held no records, a MARK for example.
func (h *hole) lossless() bool { return !h.joint && !h.forged && !h.open && h.to < h.from }

// run surveys the segments first to last.
func (s *survey) run(ctx context.Context, first, last uint64) error {
	pending := (*hole)(nil) // segments left out, until one says what they held
	next := s.base + 1      // LSN expected
	cur, err := s.open(first)
	for seq := first; ; seq++ {
		if err := ctx.Err(); err != nil {
			return also(err, closeSegment(cur))
		}
		var damage *CorruptionError
		if err != nil && !errors.As(err, &damage) {
			return err
		}
		var follower *wal.Segment
		var ferr error
		if seq < last {
			follower, ferr = s.open(seq + 1)
		}
		switch {
		case cur == nil && pending == nil:
			pending = &hole{err: damage, end: -1, from: next, to: next, open: true}
		case cur == nil:
			// It is part of the hole before it; but say each file's reason.
			if err := s.hole(&hole{err: damage, end: -1, from: next, to: next - 1}); err != nil {
				return also(err, closeSegment(follower))
			}
		default:
			if pending != nil {
				pending.to, pending.open = cur.Header.Prev.LastLSN, false
				if err := s.hole(pending); err != nil {
					return also(also(err, closeSegment(cur)), closeSegment(follower))
				}
				pending = nil
			}
			next, err = s.segment(ctx, cur, follower)
			if err := also(err, cur.Close()); err != nil {
				return also(err, closeSegment(follower))
			}
		}
		if seq == last {
			break
		}
		cur, err = follower, ferr
	}
	if pending != nil {
		return s.hole(pending)
	}
	return nil
}

func (s *survey) open(seq uint64) (*wal.Segment, error) {
	seg, err := openSegment(s.fs, s.dir, seq, s.store)
	if errors.Is(err, fs.ErrNotExist) {
		err = &CorruptionError{File: segmentPath(s.dir, seq), Offset: -1, Reason: "the segment is missing", Err: fs.ErrNotExist}
	}
	return seg, err
}

func closeSegment(s *wal.Segment) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

// segment surveys one, to the end that the follower declares, and returns the LSN
// that is expected behind it.
func (s *survey) segment(ctx context.Context, seg, follower *wal.Segment) (next uint64, err error) {
	c := newCursor(seg)
	s.segments++
	end := int64(0)
	if follower != nil {
		end = follower.Header.Prev.End
	}
	visit := func(f *wal.Frame) error {
		s.frames++
		s.bytes += f.Header.Size()
		return s.frame(c, f)
	}
	for rounds := 0; ; rounds++ {
		x, err := c.walk(ctx, end, visit)
		if shrunk(seg, err) {
			continue // a writer left the segment and trimmed it
		}
		var contradiction *CorruptionError // a header whose checksum holds
		if err != nil && !errors.As(err, &contradiction) {
			return 0, err
		}
		if err == nil && end > 0 && c.off == end {
			return c.next, s.joint(ctx, c, follower)
		}
		h := &hole{err: contradiction, end: -1, from: c.next, to: c.next}
		p := &place{segment: seg, at: c.off, lsn: c.next}
		if err == nil {
			p = c.place(x, end, s.covered)
			v, err := s.judge(ctx, c, p, end > 0)
			switch {
			case shrunk(seg, err), err == nil && v.kind == alive && rounds < attempts:
				continue
			case err != nil:
				return 0, err
			case v.kind == cleanEnd, v.kind == alive:
				// Whoever writes faster than we read has the last word.
				return c.next, nil
			case v.kind == tornTail:
				return c.next, s.torn(p, v)
			}
			h.err = p.corruption(v)
			h.forged = p.reason == wal.WrongLink
		}
		link, resumed, err := s.resume(ctx, p, h, end)
		if err != nil {
			return 0, err
		}
		switch {
		case resumed:
		case follower != nil:
			h.to = follower.Header.Prev.LastLSN
		default:
			h.to, h.open = max(h.to, s.covered), true
		}
		if err := s.hole(h); err != nil {
			return 0, err
		}
		if !resumed {
			return max(c.next, h.to+1), nil
		}
		c.off, c.next, c.link, c.sealed = h.end, h.to+1, link, false
	}
}

// shrunk says whether an error came of the file being shorter than it was.
func shrunk(s *wal.Segment, err error) bool {
	was := s.Size()
	return errors.Is(err, io.ErrUnexpectedEOF) && s.Refresh() == nil && s.Size() < was
}

// alive is the verdict on a place where the log goes on after all: a writer was
// at it.
const alive verdictKind = 0

// judge classifies a place. In the last segment, everything but a clean end is
// looked at once more first, because somebody may be writing there.
func (s *survey) judge(ctx context.Context, c *cursor, p *place, closed bool) (verdict, error) {
	v, err := classify(ctx, p)
	if err != nil || v.kind == cleanEnd || closed {
		return v, err
	}
	if err := c.segment.Refresh(); err != nil {
		return v, err
	}
	_, err = c.segment.Scan(c.off, c.link, c.next).Next()
	if err == nil {
		return verdict{kind: alive}, nil
	}
	if x := asInvalid(err); x != nil {
		p.header, p.reason = x.Header, x.Reason
		return classify(ctx, p)
	}
	return v, translate(err, c.segment.Name(), c.off, c.next)
}

// resume looks behind a hole for the next frame of the log. What a frame holds
// inside is no frame of the log, be its header valid at X or lost: a copy of an
// earlier one has an earlier LSN.
func (s *survey) resume(ctx context.Context, p *place, h *hole, end int64) (link uint64, resumed bool, err error) {
	from := p.at + wal.Alignment
	switch {
	case p.reason == wal.WrongLink || p.reason == wal.WrongLSN:
		from = p.at // what lies there may be what goes on
	case p.header != nil:
		from = p.at + p.header.Size()
	}
	if end == 0 {
		end = p.segment.Size()
	}
	err = framesBetween(ctx, p.segment, from, end, p.lsn, func(f found) bool {
		if f.whole && f.offset+f.header.Size() <= end {
			h.end, h.to, link, resumed = f.offset, f.header.FirstLSN-1, f.header.PrevLink, true
		}
		return !resumed
	})
	return link, resumed, err
}

// joint checks that the follower continues what was read, and looks behind the
// declared end.
func (s *survey) joint(ctx context.Context, c *cursor, follower *wal.Segment) error {
	if err := c.followedBy(follower); err != nil {
		var damage *CorruptionError
		if !errors.As(err, &damage) {
			return err
		}
		if err := s.hole(&hole{err: damage, end: -1, from: c.next, to: follower.Header.Prev.LastLSN, joint: true}); err != nil {
			return err
		}
	}
	behind, err := c.segment.DataEnd(ctx, c.off)
	if shrunk(c.segment, err) {
		behind, err = c.segment.DataEnd(ctx, c.off)
	}
	if err == nil && behind > c.off {
		err = s.ignored(Place{c.segment.Name(), c.off, behind - c.off})
	}
	return err
}

// lsns is the hole in words.
func (h *hole) lsns() string {
	switch {
	case h.lossless():
		return "no record is lost with it"
	case h.forged && h.to < h.from:
		return fmt.Sprintf("LSN %d, or what follows it, is not what was written", h.from-1)
	case h.open && h.from <= 1:
		return "all that it held is lost with it"
	case h.open:
		return fmt.Sprintf("what was behind LSN %d is lost with it", h.from-1)
	case h.to < h.from:
		return "what follows belongs to another history"
	case h.to == h.from:
		return fmt.Sprintf("LSN %d is lost with it", h.from)
	}
	return fmt.Sprintf("LSN %d to %d are lost with it", h.from, h.to)
}
