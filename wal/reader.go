package wal

import (
	"context"
	"errors"
	"math"
)

// Reader streams the log's records in order while it is being written: those
// that are durable and were delivered, and then each further one as it becomes
// so. It is used by one goroutine.
type Reader struct {
	log  *Log
	from uint64
	seq  uint64 // the segment that it is in; guarded by the log's mutex
	end  int64  // where that segment ends, or how far it is readable

	left    Predecessor // the segment that it was in before, if any
	segment *Segment
	scan    *Scanner
	body    []byte // records of the current frame still to be returned
	lsn     uint64 // of the next one in body
	closed  bool
}

// Reader returns a reader of the records from LSN from on. Those that do not
// exist yet are waited for. While it is open, no segment from its position on is
// removed. It returns a *TruncatedError when from is gone already.
func (l *Log) Reader(from uint64) (*Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return nil, ErrClosed
	}
	// In the last segment that is known to begin at from or before.
	at := -1
	for i, s := range l.segments {
		if s.Err == nil && s.FirstLSN <= from {
			at = i
		}
	}
	if at < 0 {
		return nil, &TruncatedError{LSN: from, First: l.segments[0].FirstLSN}
	}
	r := &Reader{log: l, from: from, seq: l.segments[at].Seq}
	l.readers[r] = struct{}{}
	return r, nil
}

// Next returns the next record, waiting for it when there is none yet; its bytes
// are valid until the next call. Errors: ctx's; ErrClosed when the reader or, at
// the end of what is durable, the log is closed; the log's *LogError at that
// end; and whatever reading meets, an *InvalidError among them: durable bytes
// that are not valid are damage.
func (r *Reader) Next(ctx context.Context) (lsn uint64, record []byte, err error) {
	if r.closed {
		return 0, nil, ErrClosed
	}
	for {
		for len(r.body) > 0 {
			record, rest, ok := NextRecord(r.body)
			if !ok {
				return 0, nil, &FormatError{File: r.segment.Name(), Offset: r.scan.off, Reason: "frame's body is no CBOR sequence"}
			}
			lsn, r.body, r.lsn = r.lsn, rest, r.lsn+1
			if lsn >= r.from {
				return lsn, record, nil
			}
		}
		if err := r.nextFrame(ctx); err != nil {
			return 0, nil, err
		}
	}
}

// nextFrame moves to the next frame that has records, across segments.
func (r *Reader) nextFrame(ctx context.Context) error {
	for {
		if r.segment == nil {
			if err := r.open(); err != nil {
				return err
			}
		}
		if r.scan.off < r.end || r.scan.taken < len(r.scan.run.frames) {
			f, err := r.scan.Next()
			if err != nil {
				return err
			}
			if f.Header.Count > 0 && f.Header.LastLSN() >= r.from {
				r.body, r.lsn = f.Body, f.Header.FirstLSN
				return nil
			}
			continue
		}
		if err := r.goOn(ctx); err != nil {
			return err
		}
	}
}

// open opens the segment that the reader is in. What it may read is decided by
// goOn.
func (r *Reader) open() error {
	s, err := OpenSegment(r.log.o.FS, r.log.path(r.seq))
	if err != nil {
		return err
	}
	if s.Header.Store != r.log.o.Store || s.Header.Seq != r.seq {
		return errors.Join(&FormatError{File: s.Name(), Reason: "segment belongs to another log or place"}, s.Close())
	}
	if r.left.Seq != 0 && r.left != s.Header.Prev {
		return errors.Join(&FormatError{File: s.Name(), Reason: "segment does not follow the one before it"}, s.Close())
	}
	r.segment = s
	r.scan = s.Scan(HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
	r.scan.limit, r.end = HeaderBlock, HeaderBlock
	return nil
}

// goOn is called at the end of what was readable: it finds out how far the
// segment may be read now, moves to the next one, or waits.
func (r *Reader) goOn(ctx context.Context) error {
	l := r.log
	l.mu.Lock()
	end, over := l.readable(r.seq)
	if end > r.end {
		l.mu.Unlock()
		r.end = end
		r.scan.resume(end)
		return nil
	}
	if over {
		r.seq = l.following(r.seq)
		l.mu.Unlock()
		r.left = Predecessor{Seq: r.segment.Header.Seq, End: r.end, LastLSN: r.scan.next - 1, Link: r.scan.link}
		err := r.segment.Close()
		r.segment, r.scan = nil, nil
		return err
	}
	var err error
	if failed := l.failed.Load(); failed != nil && l.caughtUp() {
		err = failed
	} else if l.ended {
		err = ErrClosed
	}
	if l.progress == nil {
		l.progress = make(chan struct{})
	}
	progress := l.progress
	l.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-progress:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readable says up to where a segment may be read, and whether that is all of
// it: up to what is both durable and delivered. mu is held.
func (l *Log) readable(seq uint64) (end int64, over bool) {
	visible := l.synced
	if !l.caughtUp() {
		visible = l.applied
	}
	switch {
	case seq < visible.seq:
		return l.sizeOf(seq), true
	case seq == visible.seq:
		return visible.off, false
	}
	return 0, false
}

// caughtUp reports whether everything durable was delivered. mu is held.
func (l *Log) caughtUp() bool { return l.delivered >= l.durable.Load() }

func (l *Log) sizeOf(seq uint64) int64 {
	for _, s := range l.segments {
		if s.Seq == seq {
			return s.Size
		}
	}
	return math.MaxInt64 // not reached: a reader's segment stays listed
}

// following is the number of the segment after seq. mu is held.
func (l *Log) following(seq uint64) uint64 {
	for _, s := range l.segments {
		if s.Seq > seq {
			return s.Seq
		}
	}
	return seq + 1
}

// wakeReaders lets those go who wait for progress. mu is held.
func (l *Log) wakeReaders() {
	if l.progress != nil {
		close(l.progress)
		l.progress = nil
	}
}

// Close gives the reader's segments free. Closing again does nothing.
func (r *Reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.log.mu.Lock()
	delete(r.log.readers, r)
	r.log.mu.Unlock()
	if r.segment == nil {
		return nil
	}
	return r.segment.Close()
}
