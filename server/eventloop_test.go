package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
	"pgregory.net/rapid"
)

// loopServer is a server whose syncs can be held up, and which has an event loop.
func loopServer(t *testing.T) (*vfstest.Gate, *Server) {
	t.Helper()
	g, s := gatedServer(t)
	if s.loop == nil {
		t.Skip("no event loop on this system")
	}
	return g, s
}

// gathered returns once n connections wait for the worker.
func (l *eventLoop) gathered(n int) {
	for {
		l.mu.Lock()
		waiting := len(l.writing)
		l.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// hasWorker returns once there is one.
func (l *eventLoop) hasWorker() {
	for {
		l.mu.Lock()
		working := l.working
		l.mu.Unlock()
		if working {
			return
		}
		runtime.Gosched()
	}
}

// TestWritesOfManyConnectionsShareARecord: what arrives while a sync is under way
// is one record of the log and waits for one sync.
func TestWritesOfManyConnectionsShareARecord(t *testing.T) {
	g, s := loopServer(t)
	first := dialTCP(t, s)
	first.want("set k 0", "OK")
	var clients []*client
	for range 20 {
		clients = append(clients, dialTCP(t, s))
	}
	g.Shut()
	first.send("set", "k", "1")
	<-g.Waiting
	before := s.db.LSN() + 1
	for i, c := range clients {
		c.sendAll(fmt.Sprintf("set k%d %d", i, i), fmt.Sprintf("incr k%d", i), "incr together")
	}
	s.loop.gathered(len(clients))
	g.Release(nil)
	for i, c := range clients {
		if a, b := c.reply(), c.reply(); a != "OK" || b != fmt.Sprint(i+1) {
			t.Errorf("client %d: %s, %s", i, a, b)
		}
		c.reply()
	}
	if n := s.db.LSN() - before; n != 1 {
		t.Errorf("%d records", n)
	}
	first.reply()
	first.want("get together", `"20"`)
}

// TestNoReadWaitsForTheWritesOfOthers, nor for a long transaction: not even after
// a time in which nobody read, when the loop commits what it has gathered itself.
func TestNoReadWaitsForTheWritesOfOthers(t *testing.T) {
	g, s := loopServer(t)
	a, b := dialTCP(t, s), dialTCP(t, s)
	a.want("set k old", "OK")
	b.want("get k", `"old"`)
	g.Shut()
	a.send("set", "k", "new")
	<-g.Waiting
	b.want("get k", `"old"`, "ping", "PONG", "mget k none", `["old" nil]`)
	g.Release(nil)
	if got := a.reply(); got != "OK" {
		t.Error(got)
	}

	for range 2 * calmRounds {
		a.want("set k calm", "OK")
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- s.db.Update(t.Context(), func(*engine.Tx) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	a.send("set", "k", "later")
	s.loop.hasWorker() // which waits for its turn now
	b.want("get k", `"calm"`)
	close(leave)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := a.reply(); got != "OK" {
		t.Error(got)
	}
	b.want("get k", `"later"`)
}

// TestNoReplyBeforeDurableWithoutReaders: when the loop waits for the disk itself,
// too, its clients hear nothing before.
func TestNoReplyBeforeDurableWithoutReaders(t *testing.T) {
	g, s := loopServer(t)
	a := dialTCP(t, s)
	for range 2 * calmRounds {
		a.want("incr n", fmt.Sprint(s.db.LSN()+1))
	}
	g.Shut()
	a.send("incr", "n")
	r := a.replies(1)
	<-g.Waiting
	select {
	case got := <-r:
		t.Errorf("%s before its commit is durable", got)
	default:
	}
	g.Release(nil)
	if got, want := <-r, fmt.Sprint(2*calmRounds+1); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPanicAmongTheWritesOfOthers: a handler that panics in a transaction of many
// connections costs its own, and the others have what they asked for.
func TestPanicAmongTheWritesOfOthers(t *testing.T) {
	g, s := loopServer(t)
	s.table.byName["panic"] = &Command{Name: "panic", Arity: 1, Flags: Write, quick: true, Run: func(c *Call) {
		c.Space().Set([]byte("half"), []byte("done"), 0)
		panic("a mistake")
	}}
	first, a, b, c := dialTCP(t, s), dialTCP(t, s), dialTCP(t, s), dialTCP(t, s)
	first.want("set k 0", "OK")
	g.Shut()
	first.send("set", "k", "1")
	<-g.Waiting
	a.sendAll("incr a", "incr a")
	s.loop.gathered(1)
	b.sendAll("set before 1", "panic")
	s.loop.gathered(2)
	c.send("incr", "a")
	s.loop.gathered(3)
	g.Release(nil)
	if x, y, z := a.reply(), a.reply(), c.reply(); x != "1" || y != "2" || z != "3" {
		t.Errorf("%s, %s and %s", x, y, z)
	}
	if all, _ := io.ReadAll(b.rd); len(all) != 0 {
		t.Errorf("%q", all)
	}
	c.want("exists half before", "0")
	if n := s.Counters().Panics; n != 1 {
		t.Errorf("%d panics counted", n)
	}
}

// TestRefusedAmongTheWritesOfOthers: a write over the memory limit fails alone.
func TestRefusedAmongTheWritesOfOthers(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	s := serveGated(t, g, &engine.Options{MemoryLimit: 1 << 20}, Options{})
	if s.loop == nil {
		t.Skip("no event loop on this system")
	}
	first, a, b := dialTCP(t, s), dialTCP(t, s), dialTCP(t, s)
	first.want("set k 0", "OK")
	g.Shut()
	first.send("set", "k", "1")
	<-g.Waiting
	a.send("set", "big", string(make([]byte, 2<<20)))
	b.send("set", "small", "1")
	s.loop.gathered(2)
	g.Release(nil)
	if got := a.reply(); got != "-"+string(ErrOOM) {
		t.Error(got)
	}
	if got := b.reply(); got != "OK" {
		t.Error(got)
	}
	first.reply()
	// Both have run twice, together and alone; each is one call.
	if info := first.do("info", "commandstats"); !strings.Contains(info, "cmdstat_set:calls=4,") || !strings.Contains(info, "failed_calls=1") {
		t.Error(info)
	}
}

// TestHalfClosedClientGetsItsReplies: who says at once that nothing more will come
// is answered all the same, and then forgotten.
func TestHalfClosedClientGetsItsReplies(t *testing.T) {
	s := newServer(t)
	for _, lines := range [][]string{{"set a 1", "get a"}, {"ping"}, {"get a", "multi", "incr a", "exec"}, {}} {
		c := dialTCP(t, s)
		c.sendAll(lines...)
		if err := c.nc.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(c.rd)
		if n := strings.Count(string(all), "\r\n"); err != nil || len(lines) > 0 && n < len(lines) {
			t.Errorf("%v: %q %v", lines, all, err)
		}
	}
	for len(s.connections()) > 0 {
		runtime.Gosched()
	}
}

// TestClientsMoveBetweenLoopAndGoroutines: whatever mixture of requests clients send
// in pipelines, each gets the replies of its own requests, in order, as if it were
// alone on keys of its own.
func TestClientsMoveBetweenLoopAndGoroutines(t *testing.T) {
	kinds := []struct {
		request string
		reply   func(n *int) string
	}{
		{"incr N", func(n *int) string { *n++; return fmt.Sprint(*n) }},
		{"get N", func(n *int) string {
			if *n == 0 {
				return "nil"
			}
			return fmt.Sprintf(`"%d"`, *n)
		}},
		{"ping", func(*int) string { return "PONG" }},
		{"echo hello", func(*int) string { return `"hello"` }},
		{"strlen none", func(*int) string { return "0" }},
		{"multi\nincr N\nincrby N 2\nexec", func(n *int) string {
			*n += 3
			return fmt.Sprintf("OK\nQUEUED\nQUEUED\n[%d %d]", *n-2, *n)
		}},
		{"keys nothing", func(*int) string { return "[]" }},
		{"rpush L x\nblpop L 0", func(*int) string { return "1\n[\"L\" \"x\"]" }},
		{"blpop L 0.001", func(*int) string { return "nil" }},
		{"client reply skip\nincr N", func(n *int) string { *n++; return "" }},
		{"select 0", func(*int) string { return "OK" }},
		{"nonsense", func(*int) string {
			return "-ERR unknown command 'nonsense', with args beginning with: "
		}},
		{"get N N", func(*int) string { return "-ERR wrong number of arguments for 'get' command" }},
		{"watch N\nunwatch", func(*int) string { return "OK\nOK" }},
		{"subscribe C\nunsubscribe C", func(*int) string { return ">2" }},
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := newRapidServer(rt)
		type state struct {
			*client
			n    int
			name string
		}
		var clients []*state
		for i := range rapid.IntRange(1, 6).Draw(rt, "clients") {
			clients = append(clients, &state{client: dialTCP(t, s), name: fmt.Sprint(i)})
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			var want [][]string
			var sent []*state
			for _, c := range clients {
				if !rapid.Bool().Draw(rt, "takes part") {
					continue
				}
				var lines, replies []string
				for range rapid.IntRange(1, 8).Draw(rt, "requests") {
					k := kinds[rapid.IntRange(0, len(kinds)-1).Draw(rt, "kind")]
					lines = append(lines, strings.Split(strings.NewReplacer("N", "n"+c.name, "L", "l"+c.name, "C", "c"+c.name).Replace(k.request), "\n")...)
					switch reply := k.reply(&c.n); reply {
					case "":
					case ">2":
						replies = append(replies, fmt.Sprintf(`["subscribe" "c%s" 1]`, c.name), fmt.Sprintf(`["unsubscribe" "c%s" 0]`, c.name))
					default:
						replies = append(replies, strings.Split(strings.ReplaceAll(reply, "\"L\"", `"l`+c.name+`"`), "\n")...)
					}
				}
				c.sendAll(lines...)
				want, sent = append(want, replies), append(sent, c)
			}
			for i, c := range sent {
				for j, w := range want[i] {
					if got, err := readReply(c.rd); err != nil || got != w {
						rt.Fatalf("client %s, reply %d: %s %v, want %s", c.name, j, got, err, w)
					}
				}
			}
		}
	})
}

// TestShutdownEndsConnectionsAtRest and lets those finish whose writes are on their
// way: with all the time in the world nothing is cut off.
func TestShutdownEndsConnectionsAtRest(t *testing.T) {
	g, s := loopServer(t)
	idle, busy, fresh := dialTCP(t, s), dialTCP(t, s), dialTCP(t, s)
	idle.want("ping", "PONG", "set a 1", "OK", "multi", "OK", "exec", "[]")
	busy.want("get a", `"1"`)
	fresh.want("get a", `"1"`)
	g.Shut()
	busy.send("set", "a", "2")
	<-g.Waiting
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	if _, err := idle.rd.ReadByte(); err != io.EOF {
		t.Errorf("an idle connection: %v", err)
	}
	select {
	case <-ended:
		t.Error("Shutdown returns before a write is durable")
	default:
	}
	g.Release(nil)
	if got := busy.reply(); got != "OK" {
		t.Error(got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := fresh.rd.ReadByte(); err != io.EOF {
		t.Errorf("another: %v", err)
	}
}
