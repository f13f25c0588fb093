package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that is read, in bytes: the largest value that a
// store takes, with each byte escaped, fits.
const MaxLine = 1 << 30

// ErrLineTooLong says that a line is longer than MaxLine; most likely the file
// is not JSON Lines.
var ErrLineTooLong = errors.New("the line is longer than 1 GiB")

// Reader cuts a stream into lines, and knows when asking for the next would wait
// for the stream.
type Reader struct {
	r      io.Reader
	buf    []byte
	begin  int // of what was not handed out yet
	end    int
	line   int64 // number of the line handed out last
	offset int64 // bytes handed out
	err    error // the stream's, after which only the rest of buf is left
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r, buf: make([]byte, 256<<10)} }

// Line is the number of the line that Next returned last; the first is 1.
func (r *Reader) Line() int64 { return r.line }

// Offset is the number of bytes that Next has passed.
func (r *Reader) Offset() int64 { return r.offset }

// Buffered reports whether Next can go on without the stream.
func (r *Reader) Buffered() bool {
	return bytes.IndexByte(r.buf[r.begin:r.end], '\n') >= 0 || r.err != nil
}

// Next returns the next line without its newline, valid until the call after.
// At the end it returns io.EOF, and the stream's error when that was another.
func (r *Reader) Next() ([]byte, error) {
	searched := 0
	for {
		rest := r.buf[r.begin:r.end]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			return r.take(searched+i, 1), nil
		}
		searched = len(rest)
		if r.err != nil {
			if errors.Is(r.err, io.EOF) && len(rest) > 0 {
				return r.take(len(rest), 0), nil
			}
			return nil, r.err
		}
		if len(rest) > MaxLine {
			return nil, fmt.Errorf("line %d: %w", r.line+1, ErrLineTooLong)
		}
		r.fill()
	}
}

func (r *Reader) take(n, newline int) []byte {
	line := r.buf[r.begin : r.begin+n]
	r.begin += n + newline
	r.offset += int64(n + newline)
	r.line++
	return line
}

// fill reads once, after making room: what was handed out is dropped, and the
// buffer doubles when a single line fills it.
func (r *Reader) fill() {
	if r.begin > 0 {
		r.end = copy(r.buf, r.buf[r.begin:r.end])
		r.begin = 0
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for range 100 { // a reader may return nothing without an error, but not for ever
		n, err := r.r.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	r.err = io.ErrNoProgress
}
