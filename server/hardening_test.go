package server

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

func memoryServer(t *testing.T, o Options) *Server {
	t.Helper()
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	return serveDB(t, db, o)
}

func TestPassword(t *testing.T) {
	s := memoryServer(t, Options{Password: "secret"})
	c := dial(t, s)
	c.want("get a", "-NOAUTH Authentication required.", "ping", "-NOAUTH Authentication required.",
		"auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.",
		"auth nobody secret", "-WRONGPASS invalid username-password pair or user is disabled.",
		"auth secret", "OK", "ping", "PONG", "reset", "RESET", "ping", "-NOAUTH Authentication required.",
		"auth default secret", "OK", "config set requirepass other", "OK", "ping", "PONG")
	d := dial(t, s)
	if got := d.do("hello", "3"); !strings.HasPrefix(got, "-NOAUTH HELLO must be called") {
		t.Error(got)
	}
	if got := d.do("hello", "3", "auth", "default", "other"); !strings.Contains(got, `"proto" 3`) {
		t.Error(got)
	}
	if n := s.Counters().AuthFailures; n != 2 {
		t.Errorf("%d wrong passwords counted", n)
	}
	// Who has not given it cannot send much.
	e := dial(t, s)
	e.send("auth", "other", "and", "more", "arguments", "than", "anybody", "would", "send", "for", "this", "command")
	if got := e.reply(); !strings.Contains(got, "Protocol error") {
		t.Error(got)
	}
	if _, err := e.rd.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
}

// from is a connection from some address.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// turnedAway serves a connection from an address and returns the first line that it
// gets, or "" when it is served.
func turnedAway(t *testing.T, s *Server, ip string) string {
	t.Helper()
	near, far := net.Pipe()
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.ServeConn(from{far, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1234}})
	}()
	t.Cleanup(func() { _ = near.Close() })
	c := &client{t: t, nc: near, rd: bufio.NewReader(near)}
	go func() { _, _ = near.Write(request("ping")) }()
	if got := c.reply(); got != "PONG" {
		return got
	}
	return ""
}

func TestProtectedMode(t *testing.T) {
	s := memoryServer(t, Options{})
	if got := turnedAway(t, s, "192.0.2.7"); !strings.HasPrefix(got, "-DENIED Redis is running in protected mode") {
		t.Error(got)
	}
	for _, ip := range []string{"127.0.0.1", "::1", "127.8.8.8"} {
		if got := turnedAway(t, s, ip); got != "" {
			t.Error(ip, got)
		}
	}
	if got := turnedAway(t, memoryServer(t, Options{Unprotected: true}), "192.0.2.7"); got != "" {
		t.Error(got)
	}
	if got := turnedAway(t, memoryServer(t, Options{Password: "x"}), "192.0.2.7"); got != "-NOAUTH Authentication required." {
		t.Error(got)
	}
}

func TestMaxClients(t *testing.T) {
	s := memoryServer(t, Options{MaxClients: 2})
	a, b := dial(t, s), dial(t, s)
	a.want("ping", "PONG")
	b.want("ping", "PONG")
	if got := turnedAway(t, s, "127.0.0.1"); got != "-ERR max number of clients reached" {
		t.Error(got)
	}
	a.want("config set maxclients 3", "OK")
	if got := turnedAway(t, s, "127.0.0.1"); got != "" {
		t.Error(got)
	}
}

func TestIdleTimeout(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := memoryServer(t, Options{IdleTimeout: time.Minute, Clock: func() time.Time { return now }})
	idle, listener := dial(t, s), dial(t, s)
	idle.want("ping", "PONG")
	listener.want("subscribe c", `["subscribe" "c" 1]`)
	later := now.Add(2 * time.Minute).UnixMilli()
	for _, c := range s.connections() {
		c.limit(later)
	}
	if _, err := idle.rd.ReadByte(); err == nil {
		t.Error("an idle connection stays")
	}
	listener.want("ping", `["pong" ""]`)
}

// A panic in a command ends its own connection; its transaction is undone, and
// others go on.
func TestPanic(t *testing.T) {
	s := memoryServer(t, Options{})
	s.table.byName["explode"] = &Command{Name: "explode", Arity: 1, Flags: Write, Run: func(c *Call) {
		c.Space().Set([]byte("a"), []byte("half"), 0)
		panic("on purpose")
	}}
	c, other := dial(t, s), dial(t, s)
	c.send("explode")
	if _, err := c.rd.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	other.want("get a", "nil", "set a 1", "OK")
	if n := s.Counters().Panics; n != 1 {
		t.Errorf("%d panics counted", n)
	}
}

func TestPause(t *testing.T) {
	s := memoryServer(t, Options{})
	c, op := dial(t, s), dial(t, s)
	op.want("client pause 100000 write", "OK")
	c.want("get a", "nil") // reads go on
	c.send("set", "a", "1")
	op.want("get a", "nil", "client unpause", "OK")
	if got := c.reply(); got != "OK" {
		t.Error(got)
	}
	op.want("client pause 100000", "OK")
	c.send("ping")
	op.want("client unpause", "OK")
	if got := c.reply(); got != "PONG" {
		t.Error(got)
	}
	// A pause does not keep the server from ending.
	op.want("client pause 100000", "OK")
	c.send("ping")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go func() { _, _ = c.rd.ReadString('\n') }()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// SHUTDOWN is the business of the program around the server.
func TestShutdownCommand(t *testing.T) {
	dial(t, memoryServer(t, Options{})).want("shutdown bad", "-ERR syntax error", "shutdown abort", "-ERR No shutdown in progress.",
		"shutdown nosave", "-ERR Errors trying to SHUTDOWN. This server is part of a program that ends by itself.")
	asked := make(chan struct{})
	c := dial(t, memoryServer(t, Options{OnShutdown: func() { close(asked) }}))
	c.send("shutdown")
	<-asked
}
