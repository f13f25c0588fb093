package jsonl

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// However a stream is cut into reads, the lines are those between its newlines.
func TestReaderCutsAtNewlines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[a-z]{0,5}`)).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		var src io.Reader = strings.NewReader(text)
		switch rapid.IntRange(0, 2).Draw(t, "reads") {
		case 1:
			src = iotest.OneByteReader(src)
		case 2:
			src = iotest.DataErrReader(src)
		}
		r := NewReader(src)
		r.buf = make([]byte, 2) // so that it has to grow and to move
		want := lines
		if text == "" {
			want = nil
		} else if lines[len(lines)-1] == "" {
			want = lines[:len(lines)-1]
		}
		for i, w := range want {
			got, err := r.Next()
			if err != nil || string(got) != w || r.Line() != int64(i+1) {
				t.Fatalf("line %d (%d): %q, %v; want %q", i+1, r.Line(), got, err, w)
			}
		}
		if got, err := r.Next(); err != io.EOF {
			t.Fatalf("behind the end: %q, %v", got, err)
		}
		if r.Offset() != int64(len(text)) {
			t.Fatalf("offset %d of %d", r.Offset(), len(text))
		}
	})
}

// An error of the stream is not its end: what came before a broken-off line is
// not taken for a line.
func TestReaderHandsErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("one\ntw"), iotest.ErrReader(broken)))
	if got, err := r.Next(); string(got) != "one" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if got, err := r.Next(); err != broken {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestReaderGrowsForLongLines(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 3<<20)
	r := NewReader(bytes.NewReader(append(append([]byte("a\n"), long...), "\nb"...)))
	for _, want := range [][]byte{[]byte("a"), long, []byte("b")} {
		if got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; want %d", len(got), err, len(want))
		}
	}
}
