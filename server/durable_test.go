package server

import (
	"errors"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func gatedServer(t *testing.T) (*vfstest.Gate, *Server) {
	t.Helper()
	g := vfstest.NewGate(memfs.New())
	return g, serveGated(t, g, &engine.Options{}, Options{})
}

func serveGated(t *testing.T, g *vfstest.Gate, o *engine.Options, so Options) *Server {
	t.Helper()
	o.FS, o.IdleMark, o.SweepEvery, o.Compaction.Disabled = g, -1, -1, true
	db, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	so.SweepEvery = -1
	s, err := New(db, so)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(t.Context()); _ = db.Close() })
	return s
}

// replies reads n replies in the background.
func (c *client) replies(n int) <-chan string {
	out := make(chan string, n)
	go func() {
		for range n {
			r, err := readReply(c.rd)
			if err != nil {
				r = err.Error()
			}
			out <- r
		}
	}()
	return out
}

// TestNoReplyBeforeDurable: while the disk holds a write up, its client hears
// nothing of it, not of reads behind it either, and nobody else sees it; others
// who build on it wait with it.
func TestNoReplyBeforeDurable(t *testing.T) {
	g, s := gatedServer(t)
	a, b, w := dial(t, s), dial(t, s), dial(t, s)
	a.want("set k old", "OK")
	g.Shut()
	// With reads behind the write, and a PING, which is part of no transaction.
	a.sendAll("set k new", "ping", "get k", "append k er", "strlen k")
	fromA := a.replies(5)
	<-g.Waiting // its sync is under way
	b.want("get k", `"old"`, "exists k", "1", "ping", "PONG")

	// A write of another connection that builds on it, and a WATCH of it.
	b.send("getset", "k", "newest")
	fromB := b.replies(1)
	w.send("watch", "k")
	fromW := w.replies(1)
	b2 := dial(t, s)
	b2.want("get k", `"old"`)

	select {
	case r := <-fromA:
		t.Fatalf("a reply before its commit is durable: %s", r)
	case r := <-fromB:
		t.Fatalf("a reply that tells of a write that is not durable: %s", r)
	case r := <-fromW:
		t.Fatalf("WATCH of a key whose value is not published: %s", r)
	default:
	}
	g.Release(nil)
	for _, want := range []string{"OK", "PONG", `"new"`, "5", "5"} {
		if got := <-fromA; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	<-fromW
	if got := <-fromB; got != `"newer"` {
		t.Errorf("got %s", got)
	}
}

// TestFailedLog: a write whose sync fails is answered with MISCONF, as are later
// ones; what was there is still read.
func TestFailedLog(t *testing.T) {
	g, s := gatedServer(t)
	a := dial(t, s)
	a.want("set k old", "OK")
	g.Shut()
	a.send("set", "k", "new")
	r := a.replies(1)
	<-g.Waiting
	g.Release(errors.New("disk on fire"))
	prefix := "-MISCONF"
	if got := <-r; got[:len(prefix)] != prefix {
		t.Errorf("the write under way: %s", got)
	}
	if got := a.do("set", "k", "newer"); got[:len(prefix)] != prefix {
		t.Errorf("a later write: %s", got)
	}
	if got := a.do("multi"); got != "OK" {
		t.Error(got)
	}
	a.do("incr", "n")
	if got := a.do("exec"); got[:len(prefix)] != prefix {
		t.Errorf("a later EXEC: %s", got)
	}
	a.want("get k", `"old"`, "exists n", "0", "ping", "PONG", "mget k n", `["old" nil]`)
}

// TestMemoryLimit: over the limit writes get OOM, each for itself, and deletes
// and reads go on.
func TestMemoryLimit(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1, MemoryLimit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, serveDB(t, db, Options{SweepEvery: -1}))
	big := string(make([]byte, 2<<20))
	oom := "-OOM command not allowed when used memory > 'maxmemory'."
	c.want("set small 1", "OK")
	if got := c.do("set", "big", big); got != oom {
		t.Error(got)
	}
	// In one pipeline: its neighbours are not undone.
	go func() {
		for _, args := range [][]string{{"set", "a", "1"}, {"set", "b", big}, {"incr", "a"}, {"hset", "h", "f", "v"}} {
			_, _ = c.nc.Write(request(args...))
		}
	}()
	for _, want := range []string{"OK", oom, "2", "1"} {
		if got := c.reply(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	c.want("exists b", "0", "del small", "1", "get a", `"2"`)
}
