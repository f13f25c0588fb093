package inspect

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Field is a run of bytes in a file with a name and a meaning.
type Field struct {
	Name   string
	Depth  int // 0 for a part of the unit, 1 for what is in it, and so on
	Offset int64
	Size   int64

	// Value is what the bytes say, for people; long keys and values are shortened.
	Value string

	// Checked fields are held to something: Expected is what it should be, Found
	// what the file says. Bad is set where they differ. Of a checksum, Expected is
	// computed over the bytes that are there.
	Checked         bool
	Expected, Found string
	Bad             bool
}

// annotator names the bytes of a unit one after the other.
type annotator struct {
	b     []byte // the unit's bytes, from base on in the file
	base  int64
	depth int
	yield func(Field) bool
	over  bool // the consumer has seen enough
	cut   bool // the bytes ended in the middle of something
}

// done reports whether there is nothing more to be named.
func (a *annotator) done() bool { return a.over || a.cut }

func (a *annotator) emit(f Field) {
	if f.Depth == 0 {
		f.Depth = a.depth
	}
	f.Offset += a.base
	if !a.over && !a.yield(f) {
		a.over = true
	}
}

// field names n bytes at off.
func (a *annotator) field(name string, off, n int, value string) {
	a.emit(Field{Name: name, Offset: int64(off), Size: int64(n), Value: value})
}

// checked is a field that is held to something.
func (a *annotator) checked(name string, off, n int, expected, found, value string) {
	if value == "" {
		value = found
	}
	a.emit(Field{Name: name, Offset: int64(off), Size: int64(n), Value: value,
		Checked: true, Expected: expected, Found: found, Bad: expected != found})
}

// magic is a checked text.
func (a *annotator) magic(off int, want string) {
	found := strconv.Quote(string(a.b[off : off+len(want)]))
	a.checked("magic", off, len(want), strconv.Quote(want), found, "")
}

// rest names what is left of the bytes when nothing more can be told.
func (a *annotator) rest(name string, off int) {
	if n := len(a.b) - off; n > 0 {
		a.field(name, off, n, show(a.b[off:]))
	}
}

// zeros is a field that must hold nothing else.
func (a *annotator) zeros(name string, off, n int) {
	if n <= 0 {
		return
	}
	found := "zeros"
	if wal.LenWithoutZeros(a.b[off:off+n]) > 0 {
		found = "other bytes"
	}
	a.checked(name, off, n, "zeros", found, "")
}

func (a *annotator) u32(off int) uint32 { return binary.LittleEndian.Uint32(a.b[off:]) }
func (a *annotator) u64(off int) uint64 { return binary.LittleEndian.Uint64(a.b[off:]) }

// shown is how much of a string a field's value has.
const shown = 64

// show is bytes for people: text as it is where it is harmless, else a Go string
// literal; cut, with its length, when it is long.
func show(b []byte) string {
	cut := b[:min(len(b), shown)]
	for len(cut) < len(b) && len(cut) > shown-4 && !utf8.Valid(cut) {
		cut = cut[:len(cut)-1] // not in the middle of a rune
	}
	if len(cut) < len(b) && !utf8.Valid(cut) {
		cut = b[:shown]
	}
	s := strconv.Quote(string(cut))
	if len(cut) < len(b) {
		s += fmt.Sprintf("… (%d bytes)", len(b))
	}
	return s
}

func uuid(b []byte) string {
	if len(b) != 16 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// moment is a time in milliseconds, as all files have it.
func moment(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return strconv.FormatInt(ms, 10) + " ms"
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// item is one CBOR item's head.
type item struct {
	major byte // 0 to 7
	arg   uint64
	head  int // bytes of the head
}

// itemAt reads the head of an item; ok is false where none is.
func itemAt(b []byte) (it item, ok bool) {
	if len(b) == 0 {
		return it, false
	}
	it.major, it.head = b[0]>>5, 1
	info := b[0] & 31
	if info < 24 {
		it.arg = uint64(info)
		return it, true
	}
	width := 1 << (info - 24)
	if info > 27 || len(b) < 1+width {
		return it, false
	}
	it.head += width
	for _, c := range b[1 : 1+width] {
		it.arg = it.arg<<8 | uint64(c)
	}
	return it, true
}

// signed is a number item's value; ok is false for another item.
func (it item) signed() (int64, bool) {
	switch it.major {
	case 0:
		return int64(it.arg), true
	case 1:
		return ^int64(it.arg), true
	}
	return 0, false
}

// itemLen is the length of the whole item at the start of b; 0 where none is.
func itemLen(b []byte) int {
	one, _, err := record.Next(b)
	if err != nil {
		return 0
	}
	return len(one)
}

// value is an item for people; as says what its bytes or its number mean.
func value(b []byte, as string) string {
	it, ok := itemAt(b)
	if !ok {
		return show(b)
	}
	body := b[min(it.head, len(b)):]
	n, number := it.signed()
	switch {
	case as == "uuid" && it.major == 2:
		return uuid(body)
	case as == "hex" && it.major == 2:
		return fmt.Sprintf("%x", body)
	case as == "time" && number:
		return moment(n)
	case as == "link" && it.major == 0:
		return link(it.arg)
	case number && it.major == 0:
		return strconv.FormatUint(it.arg, 10)
	case number:
		return strconv.FormatInt(n, 10)
	case it.major == 2 || it.major == 3:
		return show(body)
	}
	return record.Diagnose(b)
}
