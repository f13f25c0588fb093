package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// newServer serves a database in memory until the test ends.
func newServer(t testing.TB) *Server {
	t.Helper()
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	return serveDB(t, db, Options{})
}

func serveDB(t testing.TB, db *engine.DB, o Options) *Server {
	t.Helper()
	s, err := New(db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dialQuiet returns a connection to a server whose log grows by what it is sent alone.
func dialQuiet(t testing.TB) (*engine.DB, *client) {
	t.Helper()
	db, err := engine.Open("/store", &engine.Options{FS: memfs.New(), IdleMark: -1, SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	return db, dial(t, serveDB(t, db, Options{SweepEvery: -1}))
}

// client is one connection of a test.
type client struct {
	t  testing.TB
	nc net.Conn
	rd *bufio.Reader
}

// dial connects to a server, in turn over loopback, where the event loop serves,
// and in memory, where each connection has a goroutine: so every test has both, and
// both at once. Short runs begin with the other one.
func dial(t testing.TB, s *Server) *client {
	t.Helper()
	n, _ := dialled.LoadOrStore(s, new(atomic.Int64))
	if (n.(*atomic.Int64).Add(1)%2 == 1) != testing.Short() {
		return dialTCP(t, s)
	}
	return dialPipe(t, s)
}

// dialled counts the connections to each Server.
var dialled sync.Map

func dialPipe(t testing.TB, s *Server) *client {
	t.Helper()
	near, far := net.Pipe()
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.ServeConn(far)
	}()
	c := &client{t: t, nc: near, rd: bufio.NewReader(near)}
	t.Cleanup(func() { _ = near.Close() })
	return c
}

// send writes a request without reading its reply.
func (c *client) send(args ...string) {
	c.t.Helper()
	if _, err := c.nc.Write(request(args...)); err != nil {
		c.t.Fatal(err)
	}
}

// sendAll writes several requests, split at spaces, at once.
func (c *client) sendAll(lines ...string) {
	c.t.Helper()
	var b []byte
	for _, l := range lines {
		b = append(b, request(strings.Fields(l)...)...)
	}
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func request(args ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return []byte(b.String())
}

// do runs a command given as words and returns its reply as redis-cli would show
// it, on one line.
func (c *client) do(args ...string) string {
	c.t.Helper()
	c.send(args...)
	return c.reply()
}

func (c *client) reply() string {
	c.t.Helper()
	s, err := readReply(c.rd)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// want runs commands ("set k v" and the like, split at spaces) and checks each
// reply.
func (c *client) want(pairs ...string) {
	c.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if got := c.do(strings.Fields(pairs[i])...); got != pairs[i+1] {
			c.t.Fatalf("%s: got %s, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

// readReply writes a reply as text: integers and statuses bare, bulk strings
// quoted, arrays in brackets, errors behind a minus.
func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return line, nil
	case '_':
		return "nil", nil
	case '#', ',', '(':
		return line, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return "", fmt.Errorf("bad reply %q", line)
	}
	if n < 0 {
		return "nil", nil
	}
	switch kind {
	case '$', '=':
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		return strconv.Quote(string(b[:n])), nil
	case '%', '|':
		n *= 2
	}
	parts := make([]string, n)
	for i := range parts {
		if parts[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	open, end := "[", "]"
	switch kind {
	case '%':
		open, end = "{", "}"
	case '~':
		open, end = "~[", "]"
	case '>':
		open, end = ">[", "]"
	}
	return open + strings.Join(parts, " ") + end, nil
}
