package inspect

import (
	"errors"
	"fmt"
	"iter"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Frame is one stretch of a segment: a frame when Verdict.Kind is Valid, else
// bytes that are none.
type Frame struct {
	Segment uint64 // number
	File    string // path
	Offset  int64  // 0 when the segment as a whole is meant
	Size    int64  // bytes that it covers in the file; may be 0

	// Header is the frame's. In a span it is what stands at Offset when that much
	// verifies (of a torn frame, say), and nil otherwise.
	Header *wal.FrameHeader

	// LSN is the first record's; of an empty frame or a span, the one expected.
	LSN uint64

	// Proven means that something later proves the frame durable: a SYNCED frame,
	// a MARK, the next segment, a snapshot. The newest frame of a live log is
	// unproven until the next one.
	Proven bool

	Verdict Verdict

	// Body holds the records of a valid frame, without padding. It is valid until
	// the next step of the iteration, unless Clone copied it.
	Body []byte

	want place  // what a frame at Offset has to say
	salt uint64 // of the segment
}

// Valid reports whether it is a frame.
func (f *Frame) Valid() bool { return f.Verdict.Kind == Valid }

// End is the offset behind it.
func (f *Frame) End() int64 { return f.Offset + f.Size }

// Count is the number of records in a valid frame, else 0.
func (f *Frame) Count() int {
	if !f.Valid() {
		return 0
	}
	return int(f.Header.Count)
}

// Empty names a valid frame without records: "mark" or "seal"; else "".
func (f *Frame) Empty() string {
	switch {
	case !f.Valid() || f.Header.Count > 0:
		return ""
	case f.Header.Seal():
		return "seal"
	}
	return "mark"
}

// upTo is the last LSN that the frame or span concerns.
func (f *Frame) upTo() uint64 {
	switch lost := &f.Verdict.Lost; {
	case f.Valid() && f.Header.Count > 0:
		return f.Header.LastLSN()
	case lost.Open:
		return ^uint64(0)
	case !lost.Empty():
		return lost.To
	}
	return f.LSN
}

// Clone copies the frame with its Body, to be kept beyond the step.
func (f *Frame) Clone() *Frame {
	c := *f
	c.Body = append([]byte(nil), f.Body...)
	return &c
}

// Record is one record of the log; or, when Raw is nil, a frame that has none and
// a span that is no frame. Frame tells which.
type Record struct {
	Frame *Frame // that holds it; valid until the next step
	Index int    // in the frame, from 0
	LSN   uint64
	At    int64  // offset in the file of the record itself; Frame.Offset when Raw is nil
	Raw   []byte // its bytes; valid until the next step

	// Commit is what Raw says, valid until the next step. Err is why it could not
	// be decoded, behind a checksum that holds: a *record.UnknownError is a newer
	// program's, a *record.MalformedError damage.
	Commit record.Commit
	Err    error
}

// Records splits the frame into its records; a span has none. When the body does
// not split into as many as the header says, the last one has Err set.
func (f *Frame) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		var commit record.Commit
		f.each(func(r *Record) bool {
			r.Err = r.decode(&commit)
			return yield(*r)
		})
	}
}

// each cuts the body into records without decoding them.
func (f *Frame) each(yield func(*Record) bool) {
	rest, at := f.Body, f.Offset+wal.FrameHeaderSize
	for i := range f.Count() {
		r := Record{Frame: f, Index: i, LSN: f.Header.FirstLSN + uint64(i), At: at}
		raw, behind, ok := wal.NextRecord(rest)
		if !ok {
			r.Raw, r.Err = rest, &record.MalformedError{Reason: "the frame's body ends before its last record"}
			yield(&r)
			return
		}
		if i == f.Count()-1 && len(behind) > 0 {
			raw = rest // and decode says that something is behind it
		}
		r.Raw = raw
		if !yield(&r) {
			return
		}
		at += int64(len(raw))
		rest = behind
	}
}

// decode fills in Commit, whose slices commit lends.
func (r *Record) decode(commit *record.Commit) error {
	if r.Err != nil {
		return r.Err
	}
	rest, err := record.DecodeInto(commit, r.Raw)
	if err == nil && len(rest) > 0 {
		err = &record.MalformedError{Offset: len(r.Raw) - len(rest), Reason: "bytes behind the frame's last record"}
	}
	r.Commit = *commit
	return err
}

// Verdict is the record's: what is to be said of its frame or span, and, of a
// record that cannot be decoded, that.
func (r *Record) Verdict() Verdict {
	if r.Err == nil {
		return r.Frame.Verdict
	}
	v := Verdict{Kind: Damaged, Reason: "a record that cannot be decoded, in a frame whose checksum holds: " + r.Err.Error(),
		Lost: LSNs{From: r.LSN, To: r.LSN}}
	var newer *record.UnknownError
	if errors.As(r.Err, &newer) {
		v.Kind, v.Check, v.Found = Unsupported, "record "+newer.What, number(newer.Value)
		v.Reason = fmt.Sprintf("written by a newer program: %s %s is unknown here", v.Check, v.Found)
	}
	return v
}
