package server

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// block sends a command that will wait, and returns once it does: the PING before
// it is answered then.
func (c *client) block(command string) {
	c.t.Helper()
	if _, err := c.nc.Write(append(request("ping"), request(strings.Fields(command)...)...)); err != nil {
		c.t.Fatal(err)
	}
	if got := c.reply(); got != "PONG" {
		c.t.Fatalf("got %s, want PONG", got)
	}
}

func (c *client) wantReply(want string) {
	c.t.Helper()
	if got := c.reply(); got != want {
		c.t.Fatalf("got %s, want %s", got, want)
	}
}

// Elements go to those who wait in the order of their waiting, also when one push
// brings several, and each is popped once.
func TestBlockedClientsAreServedInOrder(t *testing.T) {
	s := newServer(t)
	a, b, d, c := dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	a.block("blpop k other 0")
	b.block("brpop k 0")
	d.block("blmpop 0 1 k left count 5")
	c.want("rpush k 1", "1", "llen k", "0")
	a.wantReply(`["k" "1"]`)
	c.want("rpush k 2 3 4", "3")
	b.wantReply(`["k" "4"]`)
	d.wantReply(`["k" ["2" "3"]]`)
	c.want("exists k", "0")
}

func TestBlockedMoves(t *testing.T) {
	s := newServer(t)
	a, b, c := dial(t, s), dial(t, s), dial(t, s)
	a.block("blmove k next left left 0")
	b.block("brpoplpush next last 0")
	c.want("rpush k v", "1")
	a.wantReply(`"v"`)
	b.wantReply(`"v"`) // what the one moved served the other
	c.want("lrange last 0 -1", `["v"]`, "exists k", "0", "exists next", "0")

	c.want("set string x", "OK")
	a.block("blmove k string left left 0")
	c.want("rpush k v", "1")
	a.wantReply("-WRONGTYPE Operation against a key holding the wrong kind of value")
	c.want("lrange k 0 -1", `["v"]`)
}

// A key of another type serves nobody and disturbs nobody.
func TestBlockedOnAnotherType(t *testing.T) {
	s := newServer(t)
	a, c := dial(t, s), dial(t, s)
	a.block("blpop k 0")
	c.want("set k v", "OK", "del k", "1", "sadd k m", "1", "del k", "1", "rpush other v", "1", "rename other k", "OK")
	a.wantReply(`["k" "v"]`)
	a.want("ping", "PONG")
}

func TestBlockingTimesOut(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"blpop k 0.001", "nil",
		"brpop k other 0.001", "nil",
		"blmove k other left left 0.001", "nil",
		"brpoplpush k other 0.0001", "nil",
		"blmpop 0.001 1 k left", "nil",
		"ping", "PONG",
	)
}

// Inside MULTI nobody waits, not even for ever.
func TestNothingBlocksInsideMulti(t *testing.T) {
	c := dial(t, newServer(t))
	c.want(
		"multi", "OK",
		"blpop k 0", "QUEUED",
		"blmove k other left left 0", "QUEUED",
		"blmpop 0 1 k left", "QUEUED",
		"rpush k a b", "QUEUED",
		"brpop k 0", "QUEUED",
		"exec", `[nil nil nil 2 ["k" "b"]]`,
	)
}

// What a transaction pushes is served when all of it has run, from the key that it
// pushed to first.
func TestBlockedClientSeesWholeTransaction(t *testing.T) {
	s := newServer(t)
	a, c := dial(t, s), dial(t, s)
	a.block("blpop k1 k2 0")
	c.want("multi", "OK", "rpush k2 x", "QUEUED", "rpush k1 y", "QUEUED", "rpush k2 z", "QUEUED", "lpop k2", "QUEUED")
	c.want("exec", `[1 1 2 "x"]`)
	a.wantReply(`["k2" "z"]`)
	c.want("lrange k1 0 -1", `["y"]`)
}

// A pipeline is no transaction: the client that waits comes before its next
// command.
func TestBlockedClientComesBeforeThePipeline(t *testing.T) {
	s := newServer(t)
	a, c := dial(t, s), dial(t, s)
	a.block("blpop k 0")
	go func() {
		_, _ = c.nc.Write(append(append(request("rpush", "k", "x"), request("lpop", "k")...), request("rpush", "k", "y")...))
	}()
	c.wantReply("1")
	c.wantReply("nil")
	c.wantReply("1")
	a.wantReply(`["k" "x"]`)
}

// What is pushed after a waiting client has left stays for the next.
func TestNothingIsPoppedForAClientThatLeft(t *testing.T) {
	s := newServer(t)
	a, b, c := dial(t, s), dial(t, s), dial(t, s)
	a.block("blpop k 0")
	b.block("blpop k 0")
	if n := s.blocked.n.Load(); n != 2 {
		t.Fatalf("%d clients are blocked, want 2", n)
	}
	_ = a.nc.Close()
	for s.blocked.n.Load() != 1 {
		runtime.Gosched()
	}
	c.want("rpush k v", "1")
	b.wantReply(`["k" "v"]`)
}

// A key named twice is one key: its element is popped once.
func TestBlockingTwiceOnAKey(t *testing.T) {
	s := newServer(t)
	a, c := dial(t, s), dial(t, s)
	a.block("blpop k k k 0")
	c.want("rpush k 1 2 3", "3", "lrange k 0 -1", `["2" "3"]`)
	a.wantReply(`["k" "1"]`)
}

// A client that waited has its element only when the push and the pop are on the
// disk; until then nobody sees either.
func TestServedWhenDurable(t *testing.T) {
	g, s := gatedServer(t)
	a, b, c := dial(t, s), dial(t, s), dial(t, s)
	a.block("blpop k 0")
	g.Shut()
	b.send("rpush", "k", "x", "y")
	fromA, fromB := a.replies(1), b.replies(1)
	<-g.Waiting
	c.want("lrange k 0 -1", "[]")
	select {
	case r := <-fromA:
		t.Fatalf("an element before its push is durable: %s", r)
	case r := <-fromB:
		t.Fatalf("a reply before its push is durable: %s", r)
	default:
	}
	g.Release(nil)
	if got := <-fromA; got != `["k" "x"]` {
		t.Errorf("got %s", got)
	}
	if got := <-fromB; got != "2" {
		t.Errorf("got %s", got)
	}
	c.want("lrange k 0 -1", `["y"]`)
}

// When the disk fails under a push, neither side is told that it took place.
func TestServedOverAFailedDisk(t *testing.T) {
	g, s := gatedServer(t)
	a, b := dial(t, s), dial(t, s)
	a.block("blpop k 0")
	g.Shut()
	b.send("rpush", "k", "x")
	fromA, fromB := a.replies(1), b.replies(1)
	<-g.Waiting
	g.Release(errors.New("the disk is gone"))
	for _, r := range []string{<-fromA, <-fromB} {
		if !strings.HasPrefix(r, "-MISCONF") {
			t.Errorf("got %s", r)
		}
	}
	b.want("exists k", "0")
}

func TestClientUnblock(t *testing.T) {
	s := newServer(t)
	a, c := dial(t, s), dial(t, s)
	id := a.do("client", "id")
	c.want("client unblock "+id, "0")
	a.block("blpop k 0")
	if info := c.do("info", "clients"); !strings.Contains(info, `blocked_clients:1\r\n`) {
		t.Errorf("INFO: %s", info)
	}
	c.want("client unblock "+id, "1")
	a.wantReply("nil")
	a.block("blmove k other left left 0")
	c.want("client unblock "+id+" error", "1")
	a.wantReply("-UNBLOCKED client unblocked via CLIENT UNBLOCK")
	a.want("ping", "PONG")
	c.want("rpush k v", "1", "llen k", "1", "client unblock "+id, "0")
	if info := c.do("info", "clients"); !strings.Contains(info, `blocked_clients:0\r\n`) {
		t.Errorf("INFO: %s", info)
	}
}

// A pipeline too large for one transaction runs as several. Whom it served in the
// attempt is served once.
func TestServedOnceThoughTheTransactionFails(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1, MaxTxSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	s := serveDB(t, db, Options{})
	a, b, c := dial(t, s), dial(t, s), dial(t, s)
	a.block("blpop k 0")
	b.block("blpop k 0")
	replies := c.replies(3)
	large := strings.Repeat("v", 600)
	_, _ = c.nc.Write(slices.Concat(request("rpush", "k", "x"), request("set", "s1", large), request("set", "s2", large)))
	for _, want := range []string{"1", "OK", "OK"} {
		if got := <-replies; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	a.wantReply(`["k" "x"]`)
	c.want("exists k s1 s2", "2", "rpush k y", "1")
	b.wantReply(`["k" "y"]`)
}
