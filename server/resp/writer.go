package resp

import (
	"math"
	"strconv"
)

// Writer appends replies to a slice. The zero Writer speaks RESP2.
type Writer struct {
	buf   []byte
	proto int // 3, or else 2
}

// Bytes is what has been written. It is the Writer's own until Take.
func (w *Writer) Bytes() []byte { return w.buf }

// Len is the number of bytes written.
func (w *Writer) Len() int { return len(w.buf) }

// Take hands out what has been written and leaves the Writer empty; the caller
// owns the bytes.
func (w *Writer) Take() []byte {
	b := w.buf
	w.buf = nil
	return b
}

// Reset makes the Writer empty and keeps its memory, unless it is more than keep
// bytes.
func (w *Writer) Reset(keep int) {
	if cap(w.buf) > keep {
		w.buf = nil
	}
	w.buf = w.buf[:0]
}

// Truncate takes back everything behind the first n bytes.
func (w *Writer) Truncate(n int) { w.buf = w.buf[:n] }

// Proto is the version spoken, 2 or 3.
func (w *Writer) Proto() int {
	if w.proto == 3 {
		return 3
	}
	return 2
}

// SetProto changes the version for what follows.
func (w *Writer) SetProto(v int) { w.proto = v }

func (w *Writer) head(c byte, n int64) {
	w.buf = append(w.buf, c)
	w.buf = strconv.AppendInt(w.buf, n, 10)
	w.buf = append(w.buf, '\r', '\n')
}

// Raw appends bytes that are a reply, or part of one, already.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// OK writes +OK.
func (w *Writer) OK() { w.buf = append(w.buf, "+OK\r\n"...) }

// Status writes a simple string, which must hold no line break.
func (w *Writer) Status(s string) {
	w.buf = append(w.buf, '+')
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '\r', '\n')
}

// Error writes an error. The text begins with its code ("ERR ..."); line breaks
// in it become spaces.
func (w *Writer) Error(s string) {
	w.buf = append(w.buf, '-')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.head(':', n) }

// Flag writes 1 or 0, which is how most commands answer yes or no in both versions.
func (w *Writer) Flag(yes bool) {
	if yes {
		w.buf = append(w.buf, ":1\r\n"...)
	} else {
		w.buf = append(w.buf, ":0\r\n"...)
	}
}

// Bulk writes a bulk string.
func (w *Writer) Bulk(b []byte) {
	w.head('$', int64(len(b)))
	w.buf = append(w.buf, b...)
	w.buf = append(w.buf, '\r', '\n')
}

// BulkString writes a bulk string.
func (w *Writer) BulkString(s string) {
	w.head('$', int64(len(s)))
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '\r', '\n')
}

// BulkInt writes a number as a bulk string.
func (w *Writer) BulkInt(n int64) {
	var tmp [20]byte
	w.Bulk(strconv.AppendInt(tmp[:0], n, 10))
}

// Null writes the null of RESP3, the nil bulk of RESP2.
func (w *Writer) Null() {
	if w.proto == 3 {
		w.buf = append(w.buf, "_\r\n"...)
	} else {
		w.buf = append(w.buf, "$-1\r\n"...)
	}
}

// NullArray writes the null of RESP3, the nil array of RESP2.
func (w *Writer) NullArray() {
	if w.proto == 3 {
		w.buf = append(w.buf, "_\r\n"...)
	} else {
		w.buf = append(w.buf, "*-1\r\n"...)
	}
}

// Array begins an array: n replies follow.
func (w *Writer) Array(n int) { w.head('*', int64(n)) }

// Map begins a map of n pairs: 2n replies follow.
func (w *Writer) Map(n int) {
	if w.proto == 3 {
		w.head('%', int64(n))
	} else {
		w.head('*', 2*int64(n))
	}
}

// Set begins a set: n replies follow.
func (w *Writer) Set(n int) {
	if w.proto == 3 {
		w.head('~', int64(n))
	} else {
		w.head('*', int64(n))
	}
}

// Push begins a message that answers no request: n replies follow.
func (w *Writer) Push(n int) {
	if w.proto == 3 {
		w.head('>', int64(n))
	} else {
		w.head('*', int64(n))
	}
}

// Bool writes a boolean, in RESP2 1 or 0.
func (w *Writer) Bool(yes bool) {
	switch {
	case w.proto != 3:
		w.Flag(yes)
	case yes:
		w.buf = append(w.buf, "#t\r\n"...)
	default:
		w.buf = append(w.buf, "#f\r\n"...)
	}
}

// Double writes a floating point number, in RESP2 as a bulk string, with the 17
// digits of Redis 7.0.
func (w *Writer) Double(f float64) {
	var tmp [40]byte
	d := AppendDouble(tmp[:0], f)
	if w.proto != 3 {
		w.Bulk(d)
		return
	}
	w.buf = append(w.buf, ',')
	w.buf = append(w.buf, d...)
	w.buf = append(w.buf, '\r', '\n')
}

// AppendDouble appends a number as C's %.17g has it, with inf, -inf and nan.
func AppendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	case math.IsNaN(f):
		return append(b, "nan"...)
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		if f == 0 && math.Signbit(f) {
			return append(b, "-0"...)
		}
		return strconv.AppendInt(b, int64(f), 10)
	}
	return appendG17(b, f)
}

// appendG17 is %.17g: 17 significant digits without trailing zeros, and an
// exponent of at least two digits when it is below -4 or above 16.
func appendG17(b []byte, f float64) []byte {
	var tmp [40]byte
	e := strconv.AppendFloat(tmp[:0], f, 'e', 16, 64) // d.dddddddddddddddde[+-]dd
	i := len(e) - 1
	for e[i] != 'e' {
		i--
	}
	exp, _ := strconv.Atoi(string(e[i+1:]))
	if exp < -4 || exp >= 17 {
		mant := trimZeros(e[:i])
		b = append(b, mant...)
		return append(b, e[i:]...)
	}
	return append(b, trimZeros(strconv.AppendFloat(nil, f, 'f', 16-exp, 64))...)
}

func trimZeros(d []byte) []byte {
	for i := range d {
		if d[i] != '.' {
			continue
		}
		n := len(d)
		for d[n-1] == '0' {
			n--
		}
		if d[n-1] == '.' {
			n--
		}
		return d[:n]
	}
	return d
}

// BigNumber writes an integer of any size given as decimal digits, in RESP2 as a
// bulk string.
func (w *Writer) BigNumber(digits string) {
	if w.proto != 3 {
		w.BulkString(digits)
		return
	}
	w.buf = append(w.buf, '(')
	w.buf = append(w.buf, digits...)
	w.buf = append(w.buf, '\r', '\n')
}

// Verbatim writes a text with a format of three letters ("txt", "mkd"), in RESP2
// as a bulk string.
func (w *Writer) Verbatim(format, text string) {
	if w.proto != 3 {
		w.BulkString(text)
		return
	}
	w.head('=', int64(len(text)+4))
	w.buf = append(w.buf, format...)
	w.buf = append(w.buf, ':')
	w.buf = append(w.buf, text...)
	w.buf = append(w.buf, '\r', '\n')
}

// Attribute begins a map of n pairs that annotates the reply behind it. RESP2 has
// nothing like it: there the caller writes none.
func (w *Writer) Attribute(n int) { w.head('|', int64(n)) }
