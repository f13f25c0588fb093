package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func read(text string) (Reply, error) {
	return readReply(bufio.NewReaderSize(strings.NewReader(text), maxLine), 0)
}

func TestReplies(t *testing.T) {
	r, err := read("*5\r\n+OK\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*1\r\n-ERR no\r\n")
	if err != nil || len(r.Items) != 5 || r.Items[1].Int != -7 || string(r.Items[2].Text) != "a\r\n" || !r.Items[3].Nil ||
		r.Items[4].Items[0].Err().Error() != "ERR no" {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, bad := range []string{
		"HTTP/1.1 400\r\n", "\r\n", "$x\r\n", "$-2\r\n", "$2\r\nabc\r\n", "*99999999999\r\n", "+OK\n", ":1.5\r\n",
		"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", strings.Repeat("+", 2*maxLine) + "\r\n",
	} {
		var foreign *ProtocolError
		if _, err := read(bad); !errors.As(err, &foreign) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
	for _, short := range []string{"+O", "$3\r\nab", "*2\r\n:1\r\n"} {
		if _, err := read(short); err != io.ErrUnexpectedEOF && err != io.EOF {
			t.Errorf("%q: %v", short, err)
		}
	}
}

// Lengths that are only stated cost nothing.
func TestStatedLengths(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, text := range []string{"$1000000000\r\nab", "*1000000000\r\n:1\r\n"} {
		if _, err := read(text); err == nil {
			t.Error("no error")
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes", n)
	}
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{"+OK\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "$-1\r\n", "-ERR x\r\n", "*-1\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readReply(bufio.NewReaderSize(bytes.NewReader(b), maxLine), 0)
		if err == nil && (r.Kind == '$' && !r.Nil && len(r.Text) > len(b) || len(r.Items) > len(b)) {
			t.Fatal("more than there was")
		}
	})
}
