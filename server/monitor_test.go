package server

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// newConnForTest is a connection that nobody serves.
func (s *Server) newConnForTest() *Conn {
	near, _ := net.Pipe()
	return newConn(s, 0, near)
}

var monitorStamp = regexp.MustCompile(`^[0-9]+\.[0-9]{6} \[([0-9]+) [^ ]+\] `)

// shown reads what a monitor is shown next, without the time and the address.
func (c *client) shown() string {
	c.t.Helper()
	line := c.reply()
	if !monitorStamp.MatchString(line) {
		c.t.Fatalf("not a line of MONITOR: %s", line)
	}
	return monitorStamp.ReplaceAllString(line, "$1 ")
}

func (c *client) wantShown(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got := c.shown(); got != w {
			c.t.Fatalf("shown %s, want %s", got, w)
		}
	}
}

// A monitor is shown what Redis 7.0 shows, in its order and with its quotes.
func TestMonitor(t *testing.T) {
	s := newServer(t)
	m, c := dial(t, s), dial(t, s)
	m.want("monitor", "OK")
	c.do("SET", "k", "a\x00\r\n\"\\\x7f\xffz\t\a\b")
	m.wantShown(`0 "SET" "k" "a\x00\r\n\"\\\x7f\xffz\t\a\b"`)
	c.want("get k", c.do("get", "k"))
	m.wantShown(`0 "get" "k"`, `0 "get" "k"`)

	// The transaction's commands as they run, then EXEC.
	c.want("multi", "OK", "set a 1", "QUEUED", "blpop q 1", "QUEUED", "monitor", "QUEUED",
		"exec", "[OK nil -ERR MONITOR isn't allowed for DENY BLOCKING client]")
	m.wantShown(`0 "multi"`, `0 "set" "a" "1"`, `0 "blpop" "q" "1"`, `0 "exec"`)

	// Secrets are not shown, nor is what operators do, what does not exist, or what
	// has the wrong number of arguments.
	c.do("auth", "x")
	c.do("AUTH", "default", "x")
	c.do("hello", "2", "auth", "default", "x", "setname", "me")
	for _, hidden := range []string{"config get save", "config set requirepass secret", "slowlog len", "nosuch", "get", "client list", "latency latest"} {
		c.do(strings.Fields(hidden)...)
	}
	c.do("config", "set", "requirepass", "")
	c.do("select", "3")
	c.do("ping")
	m.wantShown(`0 "auth" "(redacted)"`, `0 "AUTH" "(redacted)" "(redacted)"`,
		`0 "hello" "2" "auth" "(redacted)" "(redacted)" "setname" "me"`, `3 "select" "3"`, `3 "ping"`)

	// A command that waits is shown when it comes, not again when it is served.
	c.block("blpop q 0")
	d := dial(t, s)
	d.want("select 3", "OK", "lpush q v", "1")
	c.wantReply(`["q" "v"]`)
	m.wantShown(`3 "ping"`, `3 "blpop" "q" "0"`, `3 "select" "3"`, `3 "lpush" "q" "v"`)
}

// A monitor may not touch keys, is marked in CLIENT LIST, and ends with RESET.
func TestMonitorMode(t *testing.T) {
	s := newServer(t)
	m, c := dial(t, s), dial(t, s)
	m.want("monitor", "OK",
		"get k", "-ERR Replica can't interact with the keyspace",
		"publish a b", "-ERR Replica can't interact with the keyspace")
	if list := c.do("client", "list"); !strings.Contains(list, "flags=O") {
		t.Errorf("%s", list)
	}
	m.want("reset", "RESET", "get k", "nil")
	if n := s.monitors.n.Load(); n != 0 {
		t.Errorf("%d monitors after RESET", n)
	}
	m.want("monitor", "OK")
	_ = m.nc.Close()
	for s.monitors.n.Load() > 0 {
		c.do("ping")
	}
}

// A monitor that does not read is cut off, and nobody waits for it.
func TestAMonitorThatDoesNotRead(t *testing.T) {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := serveDB(t, db, Options{PubSubLimit: OutputLimit{Hard: 100 << 10}})
	m, c := dialPipe(t, s), dial(t, s) // a pipe holds nothing
	m.want("monitor", "OK")
	value := strings.Repeat("x", 10<<10)
	for range 30 {
		c.want("set k "+value, "OK")
	}
	if n := s.stats.outputLimit.Load(); n != 1 {
		t.Errorf("%d connections were cut off", n)
	}
	m = dialPipe(t, s)
	m.want("monitor", "OK")
	c.want("set k "+strings.Repeat(value, 11), "OK") // larger than may wait at all
	if n := s.stats.outputLimit.Load(); n != 2 {
		t.Errorf("%d connections were cut off", n)
	}
}
