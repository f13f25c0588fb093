package clienttest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/server/difftest"
)

// Requests that no client should send: huge and negative lengths, deep nesting,
// frames that stop in the middle, a million arguments, lines without an end,
// noise. The server goes on answering others, and its memory stays bounded.
func TestMalformed(t *testing.T) {
	const limit = 300 << 20
	s := serve(t, t.TempDir(), "--max-request", "64MiB", "--log-level", "error")
	million := "*1000000\r\n" + strings.Repeat("$1\r\na\r\n", 1000000)
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	cases := []struct{ name, send string }{
		{"a bulk of 512 MB announced", "*2\r\n$3\r\nGET\r\n$536870912\r\n"},
		{"a bulk longer than any", "*2\r\n$3\r\nGET\r\n$9223372036854775807\r\n"},
		{"a negative bulk", "*2\r\n$3\r\nGET\r\n$-5\r\n"},
		{"a negative array", "*-7\r\n"},
		{"an array of two billion", "*2147483647\r\n"},
		{"an array of a million announced", "*1000000\r\n"},
		{"a length that is no number", "*x\r\n"},
		{"a bulk that is no bulk", "*1\r\n:5\r\n"},
		{"deep nesting", strings.Repeat("*1\r\n", 100000)},
		{"a million arguments", million},
		{"a million arguments in MULTI", "*1\r\n$5\r\nMULTI\r\n" + million},
		{"an inline line of 1 MB without an end", strings.Repeat("x", 1<<20)},
		{"a length line without an end", "*" + strings.Repeat("1", 1<<20)},
		{"unbalanced quotes", "SET \"a b\r\n"},
		{"zeros", strings.Repeat("\x00", 1<<20)},
		{"noise", string(noise)},
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("a", 500)},
		{"HTTP", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"},
		{"half a frame", "*2\r\n$3\r\nGE"},
		{"60 MB of an argument", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$62914560\r\n" + strings.Repeat("b", 60<<20)},
		{"80 MB of an argument", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$83886080\r\n" + strings.Repeat("b", 80<<20)},
	}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	var peak int64
	for range rounds {
		for _, c := range cases {
			nc, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			go func() { // the server may close while this is being sent
				io.WriteString(nc, c.send)
				nc.(*net.TCPConn).CloseWrite()
			}()
			nc.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.Copy(io.Discard, nc); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("%s: the connection stays open after its end", c.name)
			}
			nc.Close()
			peak = max(peak, s.rss())
			ping(t, s.addr, c.name)
		}
	}
	// Many connections that stop in the middle, all at once.
	var open []net.Conn
	for i := range 200 {
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(nc, "*2\r\n$4\r\nECHO\r\n$%d\r\nabc", 1+i*1000000)
		open = append(open, nc)
	}
	ping(t, s.addr, "200 connections with half a frame")
	peak = max(peak, s.rss())
	for _, nc := range open {
		nc.Close()
	}
	if peak > limit {
		t.Errorf("resident memory went up to %d MiB, more than %d", peak>>20, int64(limit)>>20)
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Errorf("a command panicked:\n%s", s.log)
	}
	t.Logf("%d hostile connections; resident memory at most %d MiB", rounds*len(cases)+200, peak>>20)
	s.terminate()
}

func ping(t *testing.T, addr, after string) {
	t.Helper()
	c, err := difftest.Dial(addr)
	if err != nil {
		t.Fatalf("after %s: %v", after, err)
	}
	defer c.Close()
	if r, err := c.Do("PING"); err != nil || r.Text != "PONG" {
		t.Fatalf("after %s: %v %v", after, r, err)
	}
}
