package difftest

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is the RESP type of a reply: its first byte on the wire. The two nulls of
// RESP2 have kinds of their own, because clients tell them apart.
type Kind byte

// The types of both versions of the protocol.
const (
	Simple    Kind = '+'
	Error     Kind = '-'
	Integer   Kind = ':'
	Bulk      Kind = '$'
	Array     Kind = '*'
	Null      Kind = '_'
	NullBulk  Kind = 'n' // $-1
	NullArray Kind = 'N' // *-1
	Double    Kind = ','
	Boolean   Kind = '#'
	BigNumber Kind = '('
	Verbatim  Kind = '='
	Map       Kind = '%'
	Set       Kind = '~'
	Push      Kind = '>'
	BulkError Kind = '!'
)

// Reply is one reply. Text holds what a scalar says, as it was on the wire;
// Elems the elements of an aggregate, the keys and values of a map in turn.
type Reply struct {
	Kind  Kind
	Text  string
	Elems []Reply
}

// aggregate reports whether a type has elements.
func (k Kind) aggregate() bool { return strings.IndexByte("*%~>", byte(k)) >= 0 }

// Equal reports whether two replies are the same in type and content.
func (r Reply) Equal(s Reply) bool {
	return r.Kind == s.Kind && r.Text == s.Text && slices.EqualFunc(r.Elems, s.Elems, Reply.Equal)
}

// IsError reports whether r is an error that begins with prefix.
func (r Reply) IsError(prefix string) bool {
	return (r.Kind == Error || r.Kind == BulkError) && strings.HasPrefix(r.Text, prefix)
}

// IsNull reports whether r is any of the three nulls.
func (r Reply) IsNull() bool { return r.Kind == Null || r.Kind == NullBulk || r.Kind == NullArray }

// Int is the value of an integer reply.
func (r Reply) Int() (int64, bool) {
	n, err := strconv.ParseInt(r.Text, 10, 64)
	return n, err == nil && r.Kind == Integer
}

// Sorted is r with its elements (of a map: its pairs) in an order of their own.
func (r Reply) Sorted() Reply {
	if !r.Kind.aggregate() {
		return r
	}
	width := 1
	if r.Kind == Map {
		width = 2
	}
	runs := slices.Collect(slices.Chunk(r.Elems, width))
	slices.SortFunc(runs, func(a, b []Reply) int {
		return strings.Compare(Reply{Kind: Array, Elems: a}.String(), Reply{Kind: Array, Elems: b}.String())
	})
	r.Elems = slices.Concat(runs...)
	return r
}

// String is r on one line, with its types.
func (r Reply) String() string {
	var b strings.Builder
	r.write(&b)
	return b.String()
}

func (r Reply) write(b *strings.Builder) {
	switch {
	case r.Kind == NullBulk:
		b.WriteString("$null")
	case r.Kind == NullArray:
		b.WriteString("*null")
	case r.Kind == Null:
		b.WriteString("_null")
	case r.Kind.aggregate():
		b.WriteByte(byte(r.Kind))
		b.WriteByte('[')
		for i, e := range r.Elems {
			if i > 0 {
				b.WriteByte(' ')
			}
			e.write(b)
		}
		b.WriteByte(']')
	case r.Kind == Integer:
		b.WriteString(":" + r.Text)
	default:
		b.WriteByte(byte(r.Kind))
		b.WriteString(strconv.Quote(r.Text))
	}
}
