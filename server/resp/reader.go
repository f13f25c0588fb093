package resp

import (
	"bytes"
	"fmt"
	"io"
)

// Limits bounds what one request may be. A zero field stands for its default.
type Limits struct {
	// Inline is the longest inline line, and the longest line that a length is
	// written on, in bytes. Default 64 KiB.
	Inline int
	// Args is the most arguments of a request. Default 1,048,576.
	Args int
	// Bulk is the longest argument, in bytes. Default 512 MiB.
	Bulk int64
	// Request is the most bytes that all of a request may take. Default 1 GiB.
	Request int64
}

const (
	defaultInline  = 64 << 10
	defaultArgs    = 1 << 20
	defaultBulk    = 512 << 20
	defaultRequest = 1 << 30
)

func (l Limits) resolved() Limits {
	if l.Inline <= 0 {
		l.Inline = defaultInline
	}
	if l.Args <= 0 {
		l.Args = defaultArgs
	}
	if l.Bulk <= 0 {
		l.Bulk = defaultBulk
	}
	if l.Request <= 0 {
		l.Request = defaultRequest
	}
	return l
}

// ProtocolError is a request that breaks the protocol or a limit. Its text is
// what the client is told, without the "ERR " in front. The Reader is of no use
// afterwards: where the next request begins is not known.
type ProtocolError struct{ Msg string }

func (e *ProtocolError) Error() string { return "Protocol error: " + e.Msg }

const (
	startBuffer = 4 << 10  // of a connection that has sent little
	keepBuffer  = 64 << 10 // the largest kept when it is empty
)

// Reader reads requests from r. The zero Reader is not ready; use NewReader.
type Reader struct {
	r      io.Reader
	limits Limits

	buf        []byte
	begin      int // of the request being parsed
	pos        int // of what is to be parsed next
	end        int // of what has been received
	lastFilled bool

	// The request being parsed: what is known of it so far. Places are relative
	// to begin, because the buffer moves.
	multi   bool
	missing int     // arguments still to come
	bulk    int     // length of the argument whose head was read; -1 before it
	places  []place // arguments found

	args [][]byte // room for the arguments of several requests
}

type place struct{ from, to int }

// NewReader returns a Reader with these limits.
func NewReader(r io.Reader, l Limits) *Reader {
	return &Reader{r: r, limits: l.resolved(), bulk: -1}
}

// SetLimits changes the limits for the requests that follow. A connection that
// has not authenticated gets narrow ones.
func (r *Reader) SetLimits(l Limits) { r.limits = l.resolved() }

// Buffered is the number of bytes received and not yet handed out.
func (r *Reader) Buffered() int { return r.end - r.begin }

// Size is the memory of the buffers, in bytes.
func (r *Reader) Size() int { return cap(r.buf) + 16*cap(r.places) + 24*cap(r.args) }

// Full reports whether the last Fill got all that it had room for, so that more
// is probably waiting.
func (r *Reader) Full() bool { return r.lastFilled }

// Fill receives more, at least one byte, and waits for it. It ends the validity
// of all that Next has returned, of the lists of arguments too.
func (r *Reader) Fill() error {
	if cap(r.args) > 1<<10 {
		r.args = nil
	}
	r.args = r.args[:0]
	if r.begin == r.end {
		r.pos -= r.begin
		r.begin, r.end = 0, 0
		if cap(r.buf) > keepBuffer {
			r.buf = nil
		}
	} else if r.begin > 0 {
		copy(r.buf, r.buf[r.begin:r.end])
		r.pos -= r.begin
		r.end -= r.begin
		r.begin = 0
	}
	if int64(r.end) >= r.limits.Request {
		return &ProtocolError{"too big request"}
	}
	if r.end == len(r.buf) {
		r.grow()
	}
	n, err := r.r.Read(r.buf[r.end:])
	r.end += n
	r.lastFilled = r.end == len(r.buf)
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// grow doubles the buffer. It is full of received bytes when it does, so memory
// follows what was sent and not what was announced.
func (r *Reader) grow() {
	size := max(startBuffer, 2*len(r.buf))
	buf := make([]byte, size)
	copy(buf, r.buf[:r.end])
	r.buf = buf
}

// Next returns the next request, without waiting for any: ok is false when what
// is in the buffer holds no further whole one. The arguments lie in the buffer
// and are valid until the next Fill. An empty request (a blank line, an empty
// array) is skipped, as Redis does.
func (r *Reader) Next() (args [][]byte, ok bool, err error) {
	for {
		done, err := r.parse()
		if err != nil || !done {
			return nil, false, err
		}
		n := len(r.places)
		base := r.buf[r.begin:]
		start := len(r.args)
		for _, p := range r.places {
			r.args = append(r.args, base[p.from:p.to:p.to])
		}
		args = r.args[start : start+n : start+n]
		r.begin = r.pos
		r.places = r.places[:0]
		if cap(r.places) > 1<<10 {
			r.places = nil
		}
		r.multi = false
		if n > 0 {
			return args, true, nil
		}
	}
}

// parse goes on with the present request; done is true when it is whole.
func (r *Reader) parse() (done bool, err error) {
	if !r.multi {
		if r.pos == r.end {
			return false, nil
		}
		if r.buf[r.pos] != '*' {
			return r.inline()
		}
		n, ok, err := r.length("too big mbulk count string", "invalid multibulk length")
		if err != nil || !ok {
			return false, err
		}
		if n > int64(r.limits.Args) {
			return false, &ProtocolError{"invalid multibulk length"}
		}
		if n <= 0 {
			return true, nil // nothing follows
		}
		r.multi, r.missing, r.bulk = true, int(n), -1
	}
	for r.missing > 0 {
		if r.bulk < 0 {
			if r.pos == r.end {
				return false, nil
			}
			if c := r.buf[r.pos]; c != '$' {
				return false, &ProtocolError{fmt.Sprintf("expected '$', got '%c'", printable(c))}
			}
			n, ok, err := r.length("too big bulk count string", "invalid bulk length")
			if err != nil || !ok {
				return false, err
			}
			if n < 0 || n > r.limits.Bulk {
				return false, &ProtocolError{"invalid bulk length"}
			}
			r.bulk = int(n)
		}
		if r.end-r.pos < r.bulk+2 {
			return false, nil
		}
		from := r.pos - r.begin
		r.places = append(r.places, place{from, from + r.bulk})
		r.pos += r.bulk + 2
		r.bulk = -1
		r.missing--
	}
	return true, nil
}

func printable(c byte) rune {
	if c < ' ' || c > '~' {
		return '?'
	}
	return rune(c)
}

// length reads a line of a type byte and a number.
func (r *Reader) length(tooLong, invalid string) (n int64, ok bool, err error) {
	line := r.buf[r.pos:r.end]
	i := bytes.IndexByte(line, '\r')
	if i < 0 {
		if len(line) > r.limits.Inline {
			return 0, false, &ProtocolError{tooLong}
		}
		return 0, false, nil
	}
	if i+1 >= len(line) {
		return 0, false, nil // its \n is on the way
	}
	n, valid := ParseInt(line[1:i])
	if !valid {
		return 0, false, &ProtocolError{invalid}
	}
	r.pos += i + 2
	return n, true, nil
}

// inline reads a line of words.
func (r *Reader) inline() (done bool, err error) {
	line := r.buf[r.pos:r.end]
	i := bytes.IndexByte(line, '\n')
	if i < 0 || i > r.limits.Inline {
		if len(line) > r.limits.Inline {
			return false, &ProtocolError{"too big inline request"}
		}
		return false, nil
	}
	text := line[:i]
	if i > 0 && text[i-1] == '\r' {
		text = text[:i-1]
	}
	var ok bool
	// Words with escapes are written over the line itself: they only get shorter.
	r.places, ok = splitWords(text, r.pos-r.begin, r.places)
	if !ok {
		return false, &ProtocolError{"unbalanced quotes in request"}
	}
	r.pos += i + 1
	return true, nil
}
