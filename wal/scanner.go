package wal

import (
	"fmt"
	"math"
)

// readChunk is how much a Scanner reads at once. A larger frame is read whole.
const readChunk = 1 << 20

// Frame is one valid frame as a Scanner found it.
type Frame struct {
	Header FrameHeader
	Offset int64  // of the header, in the file
	Body   []byte // the records, without padding; see NextRecord
}

// End is the offset behind the frame.
func (f *Frame) End() int64 { return f.Offset + f.Header.Size() }

// InvalidError says that the log does not go on at an offset: what is there is
// no valid continuation. Whether that is a clean end, a torn tail or damage is
// for recovery to judge; the error carries the evidence.
type InvalidError struct {
	File   string
	Offset int64  // where a frame was expected
	LSN    uint64 // the LSN that it would have begun with
	Reason InvalidReason
	Header *FrameHeader // what is there, when its header is valid; else nil
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("wal: %s: offset %d, record %d: %v", fileOr(e.File), e.Offset, e.LSN, e.Reason)
}

// Scanner walks the frames of one segment in order and verifies each: header
// checksum, link, LSN, body checksum, padding. It is used by one goroutine.
type Scanner struct {
	segment *Segment
	limit   int64 // nothing is read from here on
	chunk   int64 // how much is read at once

	// Where the next frame of the current run, once it is used up, is expected.
	off    int64
	link   uint64
	next   uint64
	sealed bool

	run   *run
	taken int // frames of run that Next has returned
	ahead *readAhead
}

// Scan starts at offset from, where a frame is expected that follows the frame
// with link prevLink and begins with LSN nextLSN. For a whole segment that is
// HeaderBlock, Header.Prev.Link and Header.FirstLSN.
func (s *Segment) Scan(from int64, prevLink, nextLSN uint64) *Scanner {
	return &Scanner{segment: s, limit: s.size, chunk: readChunk, off: from, link: prevLink, next: nextLSN, run: &run{}}
}

// ScanAhead is Scan with a goroutine that reads and verifies ahead of the caller,
// by up to 2 MiB or two larger frames. The scanner must be closed.
func (s *Segment) ScanAhead(from int64, prevLink, nextLSN uint64) *Scanner {
	sc := s.Scan(from, prevLink, nextLSN)
	sc.ahead = &readAhead{}
	return sc
}

// Limit makes the scan end at offset end, as if the file did: the end that a
// successor's header declares. It is called before the first Next.
func (sc *Scanner) Limit(end int64) { sc.limit = min(sc.limit, end) }

// Next returns the next frame. Its Body is valid until the next call. At the
// first offset where the log does not go on it returns an *InvalidError, the end
// of the data among them; a valid frame of a newer format is a *VersionError. A
// read error comes through as it is, and is neither an end nor a tear.
// An error repeats.
func (sc *Scanner) Next() (Frame, error) {
	for sc.taken == len(sc.run.frames) {
		if sc.run.err != nil {
			return Frame{}, sc.run.err
		}
		sc.taken = 0
		if sc.ahead != nil {
			sc.run = sc.ahead.next(sc)
		} else {
			sc.load(sc.run, sc.run)
		}
	}
	sc.taken++
	return sc.run.frames[sc.taken-1], nil
}

// resume lets a scan that has ended go on up to another limit. What it had read
// and not found to be a frame is read again: it may have changed.
func (sc *Scanner) resume(limit int64) {
	sc.limit = limit
	sc.taken = 0
	sc.run.buf, sc.run.used, sc.run.frames, sc.run.err = sc.run.buf[:0], 0, sc.run.frames[:0], nil
}

// Close ends reading ahead. Without it, it does nothing.
func (sc *Scanner) Close() {
	if sc.ahead != nil {
		sc.ahead.close()
	}
}

// run is what one read brought: the whole frames in it, verified, or the error
// behind them.
type run struct {
	buf    []byte
	used   int // bytes of buf that frames take; the rest begins another frame
	frames []Frame
	err    error
}

// load fills into with the frames that follow those of from, whose unused bytes
// it takes over instead of reading them again. The two may be the same.
func (sc *Scanner) load(into, from *run) {
	carry := from.buf[from.used:]
	into.frames = into.frames[:0]
	want := int(min(max(sc.limit-sc.off, 0), sc.chunk))
	for {
		into.fill(sc, carry, want)
		if into.err != nil {
			return
		}
		need := sc.parse(into)
		if need <= want || into.err != nil {
			return
		}
		// The first frame is larger than what was read. Its header is valid and
		// the file reaches as far as it says, so that much may be allocated.
		carry, want = into.buf, need
	}
}

// fill makes buf the want bytes of the file from sc.off on, of which carry holds
// the first.
func (r *run) fill(sc *Scanner, carry []byte, want int) {
	want = max(want, len(carry))
	buf := r.buf
	if cap(buf) < want {
		buf = make([]byte, want)
	}
	buf = buf[:want]
	have := copy(buf, carry)
	r.buf, r.used, r.err = buf, 0, nil
	if have < want {
		r.err = readFull(sc.segment.file, buf[have:], sc.off+int64(have))
	}
}

// parse verifies the frames that lie wholly in r.buf. It returns how many bytes
// the first one needs when none does.
func (sc *Scanner) parse(r *run) (need int) {
	for {
		b := r.buf[r.used:]
		atEnd := sc.off+int64(len(b)) >= sc.limit
		if sc.sealed {
			r.err = sc.invalid(AfterSeal, FrameHeader{})
			return 0
		}
		if len(b) < FrameHeaderSize && !atEnd {
			return FrameHeaderSize
		}
		h, err := DecodeFrameHeader(b, sc.segment.Header.Salt)
		if err != nil {
			r.err = sc.refused(err, FrameHeader{})
			return 0
		}
		switch {
		case h.PrevLink != sc.link:
			r.err = sc.invalid(WrongLink, h)
			return 0
		case h.FirstLSN != sc.next:
			r.err = sc.invalid(WrongLSN, h)
			return 0
		case h.Size() > sc.limit-sc.off || h.Size() > math.MaxInt:
			r.err = sc.invalid(BodyBeyondEnd, h)
			return 0
		case h.Size() > int64(len(b)):
			if r.used == 0 {
				return int(h.Size())
			}
			return 0
		}
		if err := h.CheckBody(b[FrameHeaderSize:h.Size()]); err != nil {
			r.err = sc.refused(err, h)
			return 0
		}
		end := FrameHeaderSize + int(h.BodyLen)
		r.frames = append(r.frames, Frame{Header: h, Offset: sc.off, Body: b[FrameHeaderSize:end:end]})
		r.used += int(h.Size())
		sc.off += h.Size()
		sc.link, sc.next, sc.sealed = h.Link(), h.NextLSN(), h.Seal()
	}
}

func (sc *Scanner) refused(err error, h FrameHeader) error {
	if reason := Reason(err); reason != 0 {
		return sc.invalid(reason, h)
	}
	return located(err, sc.segment.Name(), sc.off)
}

// invalid makes the error that ends the scan. The header is the one that stands
// there, or zero when none that is valid does.
func (sc *Scanner) invalid(reason InvalidReason, h FrameHeader) error {
	e := &InvalidError{File: sc.segment.Name(), Offset: sc.off, LSN: sc.next, Reason: reason}
	if h.Version != 0 {
		e.Header = &h
	}
	return e
}
