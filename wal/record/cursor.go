package record

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// cursor reads deterministic CBOR from b. Its methods report failure by a
// false ok and leave the error in err: an error value on the way of every
// field would cost more than the field.
type cursor struct {
	b   []byte
	off int
	err error
}

func (c *cursor) fail(at int, reason string) {
	if c.err == nil {
		c.err = &MalformedError{Offset: at, Reason: reason}
	}
}

// head reads an initial byte and its argument. The argument of major type 7 is
// not a number; callers that may meet one look at the byte first.
func (c *cursor) head() (major byte, arg uint64, ok bool) {
	if c.off >= len(c.b) {
		c.fail(c.off, "ends early")
		return 0, 0, false
	}
	ib := c.b[c.off]
	if low := ib & 31; low < 24 {
		c.off++
		return ib &^ 31, uint64(low), true
	}
	return c.longHead(ib)
}

// longHead reads an argument that does not fit the initial byte, and refuses
// one that would have fitted a shorter form.
func (c *cursor) longHead(ib byte) (major byte, arg uint64, ok bool) {
	low := ib & 31
	if low > 27 {
		reason := "reserved length"
		if low == 31 {
			reason = "indefinite length"
		}
		c.fail(c.off, reason)
		return 0, 0, false
	}
	rest := c.b[c.off+1:]
	width := 1 << (low - 24)
	if len(rest) < width {
		c.fail(c.off, "ends early")
		return 0, 0, false
	}
	var least uint64
	switch width {
	case 1:
		arg, least = uint64(rest[0]), 24
	case 2:
		arg, least = uint64(binary.BigEndian.Uint16(rest)), math.MaxUint8+1
	case 4:
		arg, least = uint64(binary.BigEndian.Uint32(rest)), math.MaxUint16+1
	default:
		arg, least = binary.BigEndian.Uint64(rest), math.MaxUint32+1
	}
	if arg < least {
		c.fail(c.off, "not the shortest form")
		return 0, 0, false
	}
	c.off += 1 + width
	return ib &^ 31, arg, true
}

// array reads the head of an array.
func (c *cursor) array() (n uint64, ok bool) { return c.want(majorArray, "expected an array") }

// uint reads an unsigned number.
func (c *cursor) uint() (n uint64, ok bool) { return c.want(majorUint, "expected an unsigned number") }

// want reads a head of one major type.
func (c *cursor) want(major byte, reason string) (arg uint64, ok bool) {
	at := c.off
	m, arg, ok := c.head()
	if !ok {
		return 0, false
	}
	if m != major {
		c.fail(at, reason)
		return 0, false
	}
	return arg, true
}

// bytes reads a byte string without copying it. The capacity ends with it, so
// that appending to the result cannot overwrite what follows in the buffer. An
// empty string is not nil.
func (c *cursor) bytes() (v []byte, ok bool) {
	// Lengths below 256, without a call; keys and values are most of what is
	// read, and nearly all of them are that short.
	if at := c.off; len(c.b)-at >= 2 {
		n, start := int(c.b[at]-majorBytes), at+1 // wraps for other types
		if n == 24 {
			if n, start = int(c.b[at+1]), at+2; n < 24 {
				n = len(c.b) // not the shortest form: leave it to the slow way
			}
		} else if n > 24 {
			n = len(c.b)
		}
		if n <= len(c.b)-start {
			c.off = start + n
			return c.b[start:c.off:c.off], true
		}
	}
	n, ok := c.want(majorBytes, "expected a byte string")
	if !ok {
		return nil, false
	}
	return c.take(n)
}

// take cuts n bytes off, when they are there.
func (c *cursor) take(n uint64) (v []byte, ok bool) {
	if n > uint64(len(c.b)-c.off) {
		c.fail(c.off, "string longer than what is left")
		return nil, false
	}
	end := c.off + int(n)
	v = c.b[c.off:end:end]
	c.off = end
	return v, true
}

// bucket reads a bucket's name. Names repeat from record to record: one equal
// to either guess is not allocated again.
func (c *cursor) bucket(guess, guess2 string) (name string, ok bool) {
	at := c.off
	n, ok := c.want(majorText, "expected a text string")
	if !ok {
		return "", false
	}
	if n > MaxBucket {
		c.fail(at, "bucket name too long")
		return "", false
	}
	v, ok := c.take(n)
	if !ok {
		return "", false
	}
	if string(v) == guess { // does not allocate
		return guess, true
	}
	if string(v) == guess2 {
		return guess2, true
	}
	if !utf8.Valid(v) {
		c.fail(at, "bucket name is not UTF-8")
		return "", false
	}
	return string(v), true
}

// deadline reads a deadline that is present, hence not 0.
func (c *cursor) moment() (ms int64, ok bool) {
	at := c.off
	major, arg, ok := c.head()
	switch {
	case !ok:
		return 0, false
	case major != majorUint && major != majorNeg:
		c.fail(at, "expected a number")
	case arg > math.MaxInt64:
		c.fail(at, "number out of range")
	case major == majorNeg:
		return ^int64(arg), true
	case arg == 0:
		c.fail(at, "a deadline or time of 0 is written by leaving it out")
	default:
		return int64(arg), true
	}
	return 0, false
}
