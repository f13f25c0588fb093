package recovery

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// cursor follows the chain of frames through a segment.
type cursor struct {
	segment *wal.Segment
	off     int64
	link    uint64 // of the last frame
	next    uint64 // LSN
	sealed  bool   // the last frame is a SEAL
	marked  bool   // no record stands behind the last MARK or SEAL
	frames  int64  // in this segment

	// synced is where the last SYNCED frame begins: all before it is durable.
	synced stretch

	commit record.Commit // decoded into, again and again
}

// stretch is a run of frames, with what a scan needs to begin there.
type stretch struct {
	from, to int64
	link     uint64 // of the frame before from
	lsn      uint64 // the first
}

func newCursor(s *wal.Segment) *cursor {
	h := &s.Header
	c := &cursor{segment: s, off: wal.HeaderBlock, link: h.Prev.Link, next: h.FirstLSN, marked: true}
	c.synced = c.here()
	return c
}

func (c *cursor) here() stretch {
	return stretch{from: c.off, to: c.off, link: c.link, lsn: c.next}
}

// pass moves behind a frame.
func (c *cursor) pass(f *wal.Frame) {
	if f.Header.Synced() {
		c.synced = c.here()
	}
	c.off, c.link, c.next = f.End(), f.Header.Link(), f.Header.NextLSN()
	c.sealed = f.Header.Seal()
	c.marked = f.Header.Mark() || c.sealed
	c.frames++
}

func (c *cursor) tail() wal.Tail {
	return wal.Tail{
		Seq: c.segment.Header.Seq, Header: c.segment.Header,
		Offset: c.off, NextLSN: c.next, Link: c.link, Sealed: c.sealed, Marked: c.marked,
		Filled: max(c.segment.Size(), c.off),
	}
}

// walk scans from the cursor to X or to limit (0 = the end of the file), and
// calls visit for every frame, while the cursor still stands before it. It
// returns why the log does not go on at the cursor, or the error that kept it
// from finding out.
func (c *cursor) walk(ctx context.Context, limit int64, visit func(*wal.Frame) error) (*wal.InvalidError, error) {
	sc := c.segment.ScanAhead(c.off, c.link, c.next)
	defer sc.Close()
	if limit > 0 {
		sc.Limit(limit)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := sc.Next()
		if err != nil {
			if x := asInvalid(err); x != nil {
				return x, nil
			}
			return nil, translate(err, c.segment.Name(), c.off, c.next)
		}
		if err := visit(&f); err != nil {
			return nil, err
		}
		c.pass(&f)
	}
}

// asInvalid tells "the log does not go on here" from every other error.
func asInvalid(err error) *wal.InvalidError {
	var invalid *wal.InvalidError
	errors.As(err, &invalid)
	return invalid
}

// records decodes the records of a frame, one after the other. Behind a valid
// checksum a record that is malformed is damage (or a bug) and one that is
// unknown a newer program's: neither is ever cut off.
func (c *cursor) records(f *wal.Frame, yield func(lsn uint64, raw []byte, commit *record.Commit) error) error {
	body := f.Body
	for i := range f.Header.Count {
		lsn := f.Header.FirstLSN + uint64(i)
		rest, err := record.DecodeInto(&c.commit, body)
		if err != nil {
			return c.undecodable(f, lsn, err)
		}
		if err := yield(lsn, body[:len(body)-len(rest)], &c.commit); err != nil {
			return err
		}
		body = rest
	}
	if len(body) > 0 {
		return &CorruptionError{File: c.segment.Name(), Offset: f.Offset, LSN: f.Header.LastLSN(),
			Reason: fmt.Sprintf("%d bytes behind the last of the frame's %d records", len(body), f.Header.Count)}
	}
	return nil
}

func (c *cursor) undecodable(f *wal.Frame, lsn uint64, err error) error {
	var unknown *record.UnknownError
	if errors.As(err, &unknown) {
		return &VersionError{File: c.segment.Name(), Err: err,
			What: fmt.Sprintf("record %s %d (LSN %d, frame at offset %d)", unknown.What, unknown.Value, lsn, f.Offset)}
	}
	return &CorruptionError{File: c.segment.Name(), Offset: f.Offset, LSN: lsn,
		Reason: "a record that cannot be decoded, in a frame whose checksum holds: " + err.Error(), Err: err}
}

// place is what there is to judge where a walk ended.
func (c *cursor) place(x *wal.InvalidError, declared int64, covered uint64) *place {
	return &place{segment: c.segment, at: c.off, lsn: c.next, header: x.Header, reason: x.Reason,
		declared: declared, covered: covered, sealed: c.sealed}
}

// followedBy checks that a segment continues exactly what the cursor has read.
func (c *cursor) followedBy(next *wal.Segment) error {
	prev := &next.Header.Prev
	seq := c.segment.Header.Seq
	reason := ""
	switch {
	case prev.Seq != seq:
		reason = fmt.Sprintf("it follows segment %d, and not segment %d", prev.Seq, seq)
	case prev.Link != c.link:
		reason = fmt.Sprintf("it follows frame %016x, but segment %d ends with frame %016x", prev.Link, seq, c.link)
	case prev.LastLSN != c.next-1:
		reason = fmt.Sprintf("it follows LSN %d, but segment %d ends with LSN %d", prev.LastLSN, seq, c.next-1)
	default:
		return nil
	}
	return &CorruptionError{File: next.Name(), Offset: 0, LSN: next.Header.FirstLSN, Reason: reason}
}
