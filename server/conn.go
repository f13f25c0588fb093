package server

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/server/netpoll"
	"github.com/redis-lite/redis-lite/server/resp"
)

// Conn is a client's connection. Its own goroutine reads requests, runs them in
// order and writes the replies; the fields without a note belong to that
// goroutine, or to the event loop while that looks after the connection.
type Conn struct {
	srv *Server
	nc  net.Conn
	id  int64

	rd  *resp.Reader
	w   resp.Writer // replies not yet handed to out
	out output

	db    int // selected database
	multi multiState
	// watching is what WATCH registered.
	watching []*watch

	batch   []*pending // commands that wait to run together
	batched int        // bytes of their arguments
	reads   int        // of them, those that read a collection
	units   []unit     // what has run since the last flush
	lastLSN uint64     // of the newest commit of this connection
	last    unit       // its commit, and what the newest one with messages has to tell
	free    []*pending
	closing bool // ends after the present flush

	// What the event loop knows of the connection; see eventLoop.
	loop   *eventLoop    // nil: the connection's goroutine does all
	pc     *netpoll.Conn // nc, when there is a loop
	polled bool          // the loop looks after it, or a worker of the loop's
	mark   int           // where the replies of the present transaction begin
	stay   int           // requests for which it keeps its goroutine, after one that needed it
	left   int           // of them
	quiet  int           // requests since then that needed none
	turn   atomic.Uint32 // who owns the connection
	hangup atomic.Bool   // the client has closed its half: reading comes to the end

	authenticated bool // has given the password
	// subs are what the connection listens to: see subscriptions.
	subs subscriptions
	// track is what CLIENT TRACKING made of the connection: see tracked.
	track tracked

	// replies: "on", or what CLIENT REPLY made of it.
	replies replyMode

	mu         sync.Mutex // guards what CLIENT LIST shows of other connections
	name       string
	libName    string
	libVersion string

	created    time.Time
	lastActive atomic.Int64           // Unix ms
	waiter     atomic.Pointer[waiter] // while a command blocks
	lastCmd    atomic.Pointer[Command]
	closed     atomic.Bool
	awake      atomic.Bool // wake was called
	commands   atomic.Int64
	resp3      atomic.Bool // the version that messages are sent in
	noEvict    atomic.Bool // said so; nothing is ever evicted
	shown      shown
}

type replyMode byte

const (
	replyOn replyMode = iota
	replyOff
	replySkipNext // the next command's reply is left out
	replySkip     // this command's
)

func newConn(s *Server, id int64, nc net.Conn) *Conn {
	c := &Conn{srv: s, nc: counted{nc, &s.stats}, id: id, created: s.opts.Clock()}
	limits := s.opts.Limits
	if s.password() != "" {
		limits = unauthenticated
	}
	if pc, ok := nc.(*netpoll.Conn); ok {
		c.loop, c.pc, c.polled = s.loop, pc, true
	}
	c.rd = resp.NewReader(requests{c}, limits)
	_, c.out.apart = nc.(*tls.Conn)
	c.shown.multi.Store(-1)
	c.out.init(c)
	c.lastActive.Store(c.created.UnixMilli())
	return c
}

// ID is the connection's number, never used twice in a server's life.
func (c *Conn) ID() int64 { return c.id }

// Close ends the connection at once. Any goroutine may call it.
func (c *Conn) Close() {
	if c.closed.CompareAndSwap(false, true) {
		_ = c.nc.Close()
		if c.loop != nil {
			c.loop.remind(c)
		}
	}
}

// wake ends a wait for the next request; the connection sees that the server is
// closing, or that somebody wants it to look.
func (c *Conn) wake() {
	c.awake.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	if c.loop != nil {
		c.loop.remind(c)
	}
}

// Push sends a message that answers no request, whole, between two replies. It
// never waits; ok is false when the connection has more waiting than its limit,
// or is closed. Any goroutine may call it. The bytes are the connection's from
// here on.
func (c *Conn) Push(msg []byte) (ok bool) { return c.out.push(msg) }

// teardown frees what others know of the connection.
func (c *Conn) teardown() {
	c.unwatch()
	c.srv.hub.removeAll(c)
	c.srv.tracking.disable(c)
	c.srv.monitors.remove(c)
	c.out.finish()
	c.Close()
}

// setProto changes the version of the protocol, for replies and for messages.
func (c *Conn) setProto(v int) {
	c.w.SetProto(v)
	c.resp3.Store(v == 3)
}
