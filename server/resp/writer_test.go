package resp

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWriter(t *testing.T) {
	for _, c := range []struct {
		write func(*Writer)
		two   string
		three string
	}{
		{func(w *Writer) { w.OK() }, "+OK ", "+OK "},
		{func(w *Writer) { w.Error("ERR a\r\nb") }, "-ERR a  b ", "-ERR a  b "},
		{func(w *Writer) { w.Int(-5) }, ":-5 ", ":-5 "},
		{func(w *Writer) { w.Bulk(nil) }, "$0  ", "$0  "},
		{func(w *Writer) { w.BulkInt(12) }, "$2 12 ", "$2 12 "},
		{func(w *Writer) { w.Null() }, "$-1 ", "_ "},
		{func(w *Writer) { w.NullArray() }, "*-1 ", "_ "},
		{func(w *Writer) { w.Map(2) }, "*4 ", "%2 "},
		{func(w *Writer) { w.Set(2) }, "*2 ", "~2 "},
		{func(w *Writer) { w.Push(2) }, "*2 ", ">2 "},
		{func(w *Writer) { w.Bool(true) }, ":1 ", "#t "},
		{func(w *Writer) { w.Double(1.5) }, "$3 1.5 ", ",1.5 "},
		{func(w *Writer) { w.Double(math.Inf(-1)) }, "$4 -inf ", ",-inf "},
		{func(w *Writer) { w.BigNumber("123") }, "$3 123 ", "(123 "},
		{func(w *Writer) { w.Verbatim("txt", "hi") }, "$2 hi ", "=6 txt:hi "},
	} {
		for proto, want := range map[int]string{2: c.two, 3: c.three} {
			w := &Writer{}
			w.SetProto(proto)
			c.write(w)
			if got := strings.ReplaceAll(string(w.Bytes()), "\r\n", " "); got != want {
				t.Errorf("RESP%d: %q, want %q", proto, got, want)
			}
		}
	}
}

// TestDouble: numbers are written as C's %.17g writes them, and read back the same.
func TestDouble(t *testing.T) {
	for f, want := range map[float64]string{
		3.14: "3.1400000000000001", 0: "0", 100: "100", 1e15: "1000000000000000", 1e17: "1e+17",
		1e-5: "1.0000000000000001e-05", 0.0001: "0.0001", 1e100: "1e+100", -2.5: "-2.5",
		123456789012345680: "1.2345678901234568e+17", 12345678901234567: "12345678901234568", 0.1: "0.10000000000000001",
	} {
		if got := string(AppendDouble(nil, f)); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		var back float64
		if _, err := fmt.Sscan(string(AppendDouble(nil, f)), &back); err != nil || back != f {
			t.Fatalf("%v is read back as %v: %v", f, back, err)
		}
	})
}

func TestParseInt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		if got, ok := ParseInt(fmt.Append(nil, n)); !ok || got != n {
			t.Fatalf("%d: %d %v", n, got, ok)
		}
	})
	for _, s := range []string{"", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-9223372036854775809", "99999999999999999999"} {
		if n, ok := ParseInt([]byte(s)); ok {
			t.Errorf("%q: %d", s, n)
		}
	}
}
