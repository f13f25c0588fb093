package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// dialTCP is a connection with the buffers of a real one.
// listen has a server accept on loopback, and returns the address.
func listen(t testing.TB, s *Server) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		return l.Addr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	go func() { _ = s.Serve(l) }()
	return l.Addr().String()
}

func dialTCP(t testing.TB, s *Server) *client {
	t.Helper()
	nc, err := net.Dial("tcp", listen(t, s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &client{t: t, nc: nc, rd: bufio.NewReader(nc)}
}

// TestLongPipeline: a client may write a long pipeline to its end before it reads
// the first reply, though the replies are far more than the sockets hold.
func TestLongPipeline(t *testing.T) {
	c := dialTCP(t, newServer(t))
	value := strings.Repeat("x", 4096)
	if got := c.do("set", "k", value); got != "OK" {
		t.Fatal(got)
	}
	const n = 5000 // 20 MB of replies
	var b []byte
	for i := range n {
		b = append(b, request("incr", "n")...)
		b = append(b, request("get", "k")...)
		if i%100 == 0 {
			b = append(b, request("ping", fmt.Sprint(i))...)
		}
	}
	if _, err := c.nc.Write(b); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if got, want := c.reply(), fmt.Sprint(i+1); got != want {
			t.Fatalf("reply %d: %.50s", i, got)
		}
		if got := c.reply(); len(got) != len(value)+2 {
			t.Fatalf("reply %d: %d bytes", i, len(got))
		}
		if i%100 == 0 {
			if got, want := c.reply(), fmt.Sprintf("%q", fmt.Sprint(i)); got != want {
				t.Fatalf("reply %d: %.50s", i, got)
			}
		}
	}
}

// TestQuitAnswersWhatCameBefore: the replies to all that was sent before QUIT
// arrive, then the end, and nothing behind QUIT runs.
func TestQuitAnswersWhatCameBefore(t *testing.T) {
	s := newServer(t)
	c := dialTCP(t, s)
	c.sendAll("set a 1", "get a", "quit", "set a 2")
	all, err := io.ReadAll(c.rd)
	if err != nil || string(all) != "+OK\r\n$1\r\n1\r\n+OK\r\n" {
		t.Errorf("%q %v", all, err)
	}
	dial(t, s).want("get a", `"1"`)
}

// TestProtocolErrorClosesAfterReplies: what came before a broken frame is answered,
// the frame gets Redis's error, and the connection ends.
func TestProtocolErrorClosesAfterReplies(t *testing.T) {
	c := dialTCP(t, newServer(t))
	if _, err := c.nc.Write([]byte("SET a 1\r\n*1\r\nfoo\r\n")); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c.rd)
	if err != nil || string(all) != "+OK\r\n-ERR Protocol error: expected '$', got 'f'\r\n" {
		t.Errorf("%q %v", all, err)
	}
}

// TestPanicCostsOneConnection: a handler that panics ends its connection, undoes
// its transaction, and nothing else.
func TestPanicCostsOneConnection(t *testing.T) {
	s := newServer(t)
	s.table.byName["panic"] = &Command{Name: "panic", Arity: 1, Flags: Write, Run: func(c *Call) {
		c.Space().Set([]byte("half"), []byte("done"), 0)
		panic("a mistake")
	}}
	a, b := dialTCP(t, s), dial(t, s)
	a.sendAll("set before 1", "panic")
	if all, _ := io.ReadAll(a.rd); len(all) != 0 {
		t.Errorf("%q", all) // the batch was undone as a whole, and nothing of it was acknowledged
	}
	b.want("exists half before", "0", "set k v", "OK", "get k", `"v"`)
}

// TestScanMissesNothing: a key that is there from the first call of a scan to the
// last is found exactly once, whatever is written and deleted meanwhile.
func TestScanMissesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newRapidServer(rt)
		c := dial(t, s)
		stays := rapid.SliceOfNDistinct(rapid.IntRange(0, 999), 1, 60, rapid.ID).Draw(rt, "stays")
		for i, n := range stays {
			key := fmt.Sprintf("key:%03d", n)
			if i%3 == 0 {
				c.do("hset", key, "f", "v")
			} else {
				c.do("set", key, "v")
			}
		}
		seen := map[string]int{}
		cursor := "0"
		for calls := 0; ; calls++ {
			if calls > 2000 {
				rt.Fatal("the scan does not end")
			}
			r := c.do("scan", cursor, "count", fmt.Sprint(rapid.IntRange(1, 10).Draw(rt, "count")))
			next, keys, _ := strings.Cut(strings.Trim(r, "[]"), " [")
			for _, k := range strings.Fields(keys) {
				seen[strings.Trim(k, `"`)]++
			}
			if cursor = strings.Trim(next, `"`); cursor == "0" {
				break
			}
			// Keys that stay may change their type.
			if same := fmt.Sprintf("key:%03d", stays[rapid.IntRange(0, len(stays)-1).Draw(rt, "same")]); calls%2 == 0 {
				c.do("set", same, "now a string")
			} else {
				c.do("multi")
				c.do("del", same)
				c.do("sadd", same, "now a set")
				c.do("exec")
			}
			other := rapid.IntRange(0, 999).Draw(rt, "other")
			if calls < 500 && !slices.Contains(stays, other) {
				c.do([]string{"set", "del", "sadd"}[calls%3], fmt.Sprintf("key:%03d", other), "v")
			}
		}
		for _, n := range stays {
			if k := fmt.Sprintf("key:%03d", n); seen[k] != 1 {
				rt.Fatalf("%s was found %d times", k, seen[k])
			}
		}
	})
}
