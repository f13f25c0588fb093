package wal

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
)

// DefaultPoll is how often a Follower looks for more.
const DefaultPoll = 20 * time.Millisecond

// FollowOptions configure a Follower. FS, Dir and Store are required.
type FollowOptions struct {
	FS    vfs.FS
	Dir   string   // the directory of the segments
	Store [16]byte // the store's UUID; other segments are refused
	From  uint64   // the first LSN wanted; 0: the first there is
	Poll  time.Duration
}

// Follower streams the records of a log that another process may be writing. It
// takes no lock and writes nothing.
//
// It returns only what something later proves durable: a frame that a valid
// SYNCED frame follows (a MARK is one), or that lies before the end which the
// next segment declares. So a record that it returned cannot be undone by a
// crash of the writer. The last frame of a busy log becomes visible with the
// one after it, the last one of an idle log with its MARK.
//
// What it cannot read yet it takes for unfinished, never for damage: the writer
// may be at it. Only proven bytes that are still invalid when read again are
// reported. It is used by one goroutine.
type Follower struct {
	o FollowOptions

	segment *Segment
	scan    *Scanner // over the proven part
	body    []byte   // records of the current frame still to be returned
	lsn     uint64   // of the next one in body
	ahead   *Scanner // over what may prove more
	proven  int64    // everything before is durable
	closed  bool
}

// Follow opens the log. It returns a *TruncatedError when From is gone already,
// and fs.ErrNotExist when there is no segment at all.
func Follow(o FollowOptions) (*Follower, error) {
	setDefault(&o.Poll, DefaultPoll)
	if o.FS == nil || o.Dir == "" {
		return nil, errors.New("wal: FollowOptions.FS and Dir are required")
	}
	f := &Follower{o: o}
	var err error
	for range followAttempts {
		// Segments that vanish while they are being looked at were truncated
		// away: look again.
		if err = f.find(); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

const followAttempts = 10

// find opens the segment where the records from o.From on begin: the last one
// whose first LSN is not behind it.
func (f *Follower) find() error {
	numbers, err := f.list()
	if err != nil {
		return err
	}
	for i := len(numbers) - 1; i >= 0; i-- {
		s, err := f.openSegment(numbers[i])
		if err != nil {
			return err
		}
		if s.Header.FirstLSN <= f.o.From || f.o.From == 0 && i == 0 {
			f.enter(s)
			return nil
		}
		first := s.Header.FirstLSN
		if err := s.Close(); err != nil {
			return err
		}
		if i == 0 {
			return &TruncatedError{LSN: f.o.From, First: first}
		}
	}
	return &fs.PathError{Op: "follow", Path: f.o.Dir, Err: fs.ErrNotExist}
}

func (f *Follower) list() ([]uint64, error) {
	entries, err := f.o.FS.List(f.o.Dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		if seq, ok := ParseSegmentName(e.Name); ok {
			numbers = append(numbers, seq)
		}
	}
	return numbers, nil
}

func (f *Follower) openSegment(seq uint64) (*Segment, error) {
	name := vfs.Join(f.o.Dir, SegmentName(seq))
	s, err := OpenSegment(f.o.FS, name)
	if err != nil {
		return nil, err
	}
	if s.Header.Seq != seq || s.Header.Store != f.o.Store {
		return nil, errors.Join(&FormatError{File: name, Reason: "segment belongs to another log or place"}, s.Close())
	}
	return s, nil
}

func (f *Follower) enter(s *Segment) {
	f.segment = s
	f.proven = HeaderBlock
	h := &s.Header
	f.scan = s.Scan(HeaderBlock, h.Prev.Link, h.FirstLSN)
	f.scan.limit = HeaderBlock
	f.ahead = s.Scan(HeaderBlock, h.Prev.Link, h.FirstLSN)
	f.ahead.chunk = followChunk
}

// followChunk is less than a Scanner reads otherwise: most of what lies ahead of
// a follower is zeros.
const followChunk = 32 << 10

// Next returns the next record, waiting for it when it is not there or not
// proven yet; its bytes are valid until the next call. Besides ctx's error it
// returns what TryNext does.
func (f *Follower) Next(ctx context.Context) (lsn uint64, record []byte, err error) {
	for {
		lsn, record, ok, err := f.TryNext()
		if ok || err != nil {
			return lsn, record, err
		}
		timer := time.NewTimer(f.o.Poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, nil, ctx.Err()
		}
	}
}

// TryNext returns the next record if it is proven now. Errors: ErrClosed;
// *TruncatedError when the writer has removed what comes next; *VersionError;
// *InvalidError and *FormatError for proven bytes that are damaged; and read
// errors.
func (f *Follower) TryNext() (lsn uint64, record []byte, ok bool, err error) {
	if f.closed {
		return 0, nil, false, ErrClosed
	}
	for {
		for len(f.body) > 0 {
			record, rest, ok := NextRecord(f.body)
			if !ok {
				return 0, nil, false, &FormatError{File: f.segment.Name(), Offset: f.scan.off, Reason: "frame's body is no CBOR sequence"}
			}
			lsn, f.body, f.lsn = f.lsn, rest, f.lsn+1
			if lsn >= f.o.From {
				return lsn, record, true, nil
			}
		}
		if more, err := f.advance(); err != nil || !more {
			return 0, nil, false, err
		}
	}
}

// advance moves to the next proven frame; more is false when there is none now.
func (f *Follower) advance() (more bool, err error) {
	for {
		if f.scan.off < f.proven || f.scan.taken < len(f.scan.run.frames) {
			frame, err := f.provenFrame()
			if err != nil {
				return false, err
			}
			f.body, f.lsn = frame.Body, frame.Header.FirstLSN
			return true, nil
		}
		before := f.proven
		if err := f.prove(); err != nil {
			return false, err
		}
		if f.proven > before {
			continue
		}
		if moved, err := f.moveOn(); err != nil || !moved {
			return false, err
		}
	}
}

// provenFrame reads the next frame of the proven part. When it does not verify,
// the place is read once more before that is called damage: it may have been
// read while it was being written.
func (f *Follower) provenFrame() (Frame, error) {
	used := f.scan.taken == len(f.scan.run.frames)
	if used && f.scan.limit < f.proven {
		f.scan.resume(f.proven)
	}
	frame, err := f.scan.Next()
	if err != nil {
		f.scan.resume(f.proven)
		frame, err = f.scan.Next()
	}
	return frame, err
}

// prove looks for valid frames further on: each one with FlagSynced proves all
// before it.
func (f *Follower) prove() error {
	if err := f.segment.Refresh(); err != nil {
		return err
	}
	f.ahead.resume(f.segment.Size())
	for {
		frame, err := f.ahead.Next()
		if unfinished(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if frame.Header.Synced() {
			f.proven = frame.Offset
		}
	}
}

// unfinished reports whether an error may just mean that the writer is not done:
// no valid frame yet, or a file that was trimmed between two calls.
func unfinished(err error) bool {
	var invalid *InvalidError
	return errors.As(err, &invalid) || errors.Is(err, io.ErrUnexpectedEOF)
}

// moveOn looks for the segment behind this one. Its header declares where this
// one ends, and it was only made when everything up to there was durable.
func (f *Follower) moveOn() (moved bool, err error) {
	seq := f.segment.Header.Seq
	next, err := f.openSegment(seq + 1)
	if errors.Is(err, fs.ErrNotExist) {
		return false, f.checkTruncated(seq)
	}
	if err != nil {
		return false, err
	}
	prev := next.Header.Prev
	if prev.Seq != seq || prev.End < f.scan.off || prev.LastLSN+1 < f.scan.next {
		return false, errors.Join(&FormatError{File: next.Name(), Reason: "segment does not follow the one before it"}, next.Close())
	}
	if prev.End > f.scan.off {
		// All of it is proven now. If it is not there, it is damage.
		f.proven = prev.End
		return true, next.Close()
	}
	if prev.Link != f.scan.link || prev.LastLSN+1 != f.scan.next {
		return false, errors.Join(&FormatError{File: next.Name(), Reason: "segment does not follow the one before it"}, next.Close())
	}
	err = f.segment.Close()
	f.enter(next)
	return true, err
}

// checkTruncated tells a log that has not gone on from one whose front has been
// removed up to behind the follower's place.
func (f *Follower) checkTruncated(seq uint64) error {
	numbers, err := f.list()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n <= seq+1 {
			continue
		}
		s, err := f.openSegment(n)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it is gone as well: look again later
		}
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := f.o.FS.Stat(vfs.Join(f.o.Dir, SegmentName(seq+1))); err == nil {
			return nil // it appeared between the two looks
		}
		return &TruncatedError{LSN: f.scan.next, First: s.Header.FirstLSN}
	}
	return nil
}

// Close closes the follower. Closing again does nothing.
func (f *Follower) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return f.segment.Close()
}
