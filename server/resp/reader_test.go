package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// readAll reads every request until the first error, which it returns.
func readAll(r *Reader) (requests [][]string, err error) {
	for {
		for {
			args, ok, err := r.Next()
			if err != nil {
				return requests, err
			}
			if !ok {
				break
			}
			var words []string
			for _, a := range args {
				words = append(words, string(a))
			}
			requests = append(requests, words)
		}
		if err := r.Fill(); err != nil {
			return requests, err
		}
	}
}

func encode(words []string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b
}

// TestRequests: what was sent is read, however it arrives.
func TestRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.Just(strings.Repeat("x", 5000)))
		want := rapid.SliceOfN(rapid.SliceOfN(word, 1, 5), 0, 20).Draw(t, "requests")
		var b []byte
		for _, words := range want {
			b = append(b, encode(words)...)
		}
		var in io.Reader = bytes.NewReader(b)
		if rapid.Bool().Draw(t, "dribble") {
			in = iotest.OneByteReader(in)
		}
		got, err := readAll(NewReader(in, Limits{}))
		if err != io.EOF || !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%v: %q, want %q", err, got, want)
		}
	})
}

func TestInline(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"PING\r\n", "[PING]"},
		{"  set  a\tb  \n", "[set a b]"},
		{`set "a b" 'c d' e"f g"h` + "\r\n", `-unbalanced quotes in request`},
		{`set "a\x41\n\"" 'it\'s'` + "\r\n", `[set aA` + "\n" + `" it's]`},
		{`set "a` + "\r\n", "-unbalanced quotes in request"},
		{`set 'a'b` + "\r\n", "-unbalanced quotes in request"},
		{"\r\n\r\n*0\r\n*-1\r\nPING\r\n", "[PING]"},
		{"*1\r\n$3\r\nfoo\r\nPING\n", "[foo][PING]"},
		{`e""` + "\n", "[e]"},
		{`""` + "\n", "[]"},
		{"*x\r\n", "-invalid multibulk length"},
		{"*2000000\r\n", "-invalid multibulk length"},
		{"*1\r\nfoo\r\n", "-expected '$', got 'f'"},
		{"*1\r\n$-1\r\n", "-invalid bulk length"},
		{"*1\r\n$01\r\n", "-invalid bulk length"},
		{"*1\r\n$600000000\r\n", "-invalid bulk length"},
		{"*1\r\n$99999999999999999999\r\n", "-invalid bulk length"},
		{strings.Repeat("x", 70_000), "-too big inline request"},
		{"*" + strings.Repeat("1", 70_000), "-too big mbulk count string"},
		{"*1\r\n$" + strings.Repeat("1", 70_000), "-too big bulk count string"},
	} {
		requests, err := readAll(NewReader(strings.NewReader(c.in), Limits{}))
		got := ""
		for _, r := range requests {
			got += fmt.Sprint(r)
		}
		if pe := (*ProtocolError)(nil); errors.As(err, &pe) {
			got += "-" + pe.Msg
		}
		if got != c.want {
			t.Errorf("%.60q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestDeclaredLengthsAreFree: what is announced and does not come costs nothing.
func TestDeclaredLengthsAreFree(t *testing.T) {
	for _, in := range []string{"*1\r\n$500000000\r\nabc", "*1000000\r\n$1\r\na\r\n", "*1048576\r\n"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			_, _ = readAll(NewReader(strings.NewReader(in), Limits{}))
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / 100; n > 32<<10 {
			t.Errorf("%.30q: %d bytes", in, n)
		}
	}
}

// TestRequestLimit: the whole of a request is bounded, though each part is within
// its own limit.
func TestRequestLimit(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("*1000000\r\n"), endlessReader("$3\r\nfoo\r\n"))
	_, err := readAll(NewReader(endless, Limits{Request: 1 << 20}))
	if pe := (*ProtocolError)(nil); !errors.As(err, &pe) {
		t.Error(err)
	}
}

type endlessReader string

func (e endlessReader) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		n = copy(p, e) // misaligned, and an error as well
	}
	return n, nil
}

// FuzzReader: whatever arrives, and in whatever pieces, the same requests are read
// and the same error is found, with memory in proportion to the input.
func FuzzReader(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"))
	f.Add([]byte("set \"a\\x41\" 'b'\r\n*-1\r\n*0\r\n"))
	f.Add([]byte("*1000000\r\n$1\r\na\r\n$-5\r\n"))
	f.Add([]byte("*1\r\n$536870912\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		limits := Limits{Inline: 64, Args: 16, Bulk: 256, Request: 1024}
		whole := NewReader(bytes.NewReader(in), limits)
		a, errA := readAll(whole)
		b, errB := readAll(NewReader(iotest.OneByteReader(bytes.NewReader(in)), limits))
		if !slices.EqualFunc(a, b, slices.Equal) {
			t.Fatalf("whole %q, in bytes %q", a, b)
		}
		if fmt.Sprint(errA) != fmt.Sprint(errB) && !strings.Contains(fmt.Sprint(errA, errB), "too big") {
			t.Fatalf("whole: %v, in bytes: %v", errA, errB)
		}
		if n := whole.Size(); n > 64<<10+40*len(in) {
			t.Fatalf("%d bytes of memory for %d of input", n, len(in))
		}
	})
}
