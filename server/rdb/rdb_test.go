package rdb

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestChecksum(t *testing.T) {
	if got := checksum([]byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%#x", got)
	}
}

func TestRoundTrip(t *testing.T) {
	elem := rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 0, 100),
		rapid.Map(rapid.Int64(), decimal),
		rapid.Just(bytes.Repeat([]byte("x"), 20_000)))
	rapid.Check(t, func(t *rapid.T) {
		v := Value{Type: Type(rapid.IntRange(0, 4).Draw(t, "type"))}
		n := rapid.IntRange(1, 100).Draw(t, "n")
		switch v.Type {
		case String:
			n = 1
		case Hash:
			n *= 2
		}
		for range n {
			v.Elems = append(v.Elems, elem.Draw(t, "element"))
			if v.Type == Zset {
				v.Scores = append(v.Scores, rapid.Float64().Draw(t, "score"))
			}
		}
		p := Append(nil, v)
		got, err := Decode(p)
		if err != nil || got.Type != v.Type || !slices.EqualFunc(got.Elems, v.Elems, bytes.Equal) || !slices.Equal(got.Scores, v.Scores) {
			t.Fatalf("%v: %v", err, got)
		}
		p[rapid.IntRange(0, len(p)-1).Draw(t, "place")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := Decode(p); err == nil {
			t.Fatal("a changed bit went unnoticed")
		}
	})
}

// FuzzDecode: whatever is in a payload, Decode comes back, with a value that can
// be written again or with an error.
func FuzzDecode(f *testing.F) {
	for _, v := range []Value{
		{Type: String, Elems: [][]byte{[]byte("hello")}},
		{Type: List, Elems: [][]byte{[]byte("1"), []byte("100000")}},
		{Type: Zset, Elems: [][]byte{[]byte("a")}, Scores: []float64{math.Inf(1)}},
		{Type: Hash, Elems: [][]byte{[]byte("a"), []byte("b")}},
	} {
		p := Append(nil, v)
		f.Add(p[0], p[1:len(p)-footer])
	}
	for t := range byte(21) {
		f.Add(t, []byte{0x0f, 14, 0, 0, 0, 2, 0, 1, 1, 0x81, 'a', 2, 0xff})
		f.Add(t, []byte{0xc3, 4, 10, 0, 'a', 0xe0, 1, 0})
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		d := &decoder{b: body}
		v := d.value(kind)
		if d.failed || len(d.b) > 0 || !sound(v) {
			return
		}
		got, err := Decode(Append(nil, v))
		if err != nil || !slices.EqualFunc(got.Elems, v.Elems, bytes.Equal) {
			t.Fatalf("%v: %v is read back as %v", err, v, got)
		}
	})
}
