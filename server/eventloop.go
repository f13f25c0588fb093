package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/server/netpoll"
	"github.com/redis-lite/redis-lite/server/resp"
)

// eventLoop serves short requests of many connections without a goroutine for
// each. Its goroutine reads from every connection that has something, answers
// what only reads, and passes what writes on to a worker, which runs the writes
// of all of them in one transaction, waits for its commit and sends the replies.
// So neither a sync nor a long transaction is in the way of a read.
//
// While nobody reads the loop does the worker's work itself, which saves two
// changes of goroutine for each commit. The first who reads again may have to wait
// for one sync. The loop never waits for the writer slot or for room in the log:
// then the worker does.
//
// It knows the plain case alone: see Conn.quick. A connection that asks for
// anything else, does not take its replies, or breaks the protocol is handed to a
// goroutine of its own (Conn.serve), as it stands between two requests, and comes
// back later. What serve does is what a connection is; this is a shorter way to
// the same replies.
//
// Whoever has claimed a connection owns it, and nobody else touches the fields
// without a note: the loop, a worker, or its goroutine. Conn.turn says whether it
// is claimed.
type eventLoop struct {
	srv    *Server
	poller *netpoll.Poller
	atOnce context.Context // over: for a transaction that shall not wait to begin
	conns  atomic.Int64    // that the loop has to see to their end, or may have to

	mu      sync.Mutex
	look    []*Conn // claimed, and to be looked at although no event tells of them
	asleep  bool    // in Wait, or about to be
	writing []*Conn // claimed, with a batch that waits for the worker
	working bool    // there is a worker

	// The loop's own.
	now   int64   // Unix ms
	batch []*Conn // with a batch that writes, of this round
	calm  int     // rounds since somebody read
}

// The values of Conn.turn.
const (
	atRest   uint32 = iota // nobody's: whoever claims it may
	claimed                // somebody's
	reminded               // somebody's, and there is more to look at afterwards
)

const (
	// calmRounds is for how many rounds nobody must have read before the loop waits
	// for commits.
	calmRounds = 64
	// maxStay is the most requests for which a connection keeps its goroutine
	// after the last one that needed it.
	maxStay = 1 << 10
)

// newEventLoop returns nil where there is no poller.
func newEventLoop(s *Server) (*eventLoop, error) {
	p, err := netpoll.New()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	atOnce, cancel := context.WithCancel(context.Background())
	cancel()
	return &eventLoop{srv: s, poller: p, atOnce: atOnce}, nil
}

// serve takes a connection that was accepted, and ends it.
func (l *eventLoop) serve(pc *netpoll.Conn) {
	l.conns.Add(1) // first: the loop may be ending
	c, refusal := l.srv.register(pc)
	if c == nil {
		l.srv.refuse(pc, refusal)
		_ = pc.Close()
		l.left()
		return
	}
	if err := l.poller.Add(pc, c); err != nil {
		l.srv.opts.Logger.Error("cannot wait for a connection; it is closed", "client", c.id, "error", err)
		c.Close()
	}
	l.remind(c) // it may have been closed, or the server, before the poller knew it
}

// claim takes a connection that is at rest. If it is not, its owner will look
// again before it puts it down.
func (c *Conn) claim() bool {
	for {
		switch {
		case c.turn.CompareAndSwap(atRest, claimed):
			return true
		case c.turn.CompareAndSwap(claimed, reminded), c.turn.Load() == reminded:
			return false
		}
	}
}

// remind has the loop look at a connection.
func (l *eventLoop) remind(c *Conn) {
	if c.claim() {
		l.lookAt(c)
	}
}

// putDown ends a claim.
func (l *eventLoop) putDown(c *Conn) {
	if !c.turn.CompareAndSwap(claimed, atRest) {
		c.turn.Store(claimed)
		l.lookAt(c)
	}
}

// lookAt has the loop look at a connection that the caller has claimed for it.
func (l *eventLoop) lookAt(c *Conn) {
	l.mu.Lock()
	l.look = append(l.look, c)
	wake := l.asleep
	l.asleep = false
	l.mu.Unlock()
	if wake {
		l.poller.Wake()
	}
}

// run is the loop. It ends when the server is closing and the last connection is
// gone.
func (l *eventLoop) run(ctx context.Context) {
	defer l.poller.Close()
	events := make([]netpoll.Event, 256)
	var ready []*Conn
	for ctx.Err() == nil || l.conns.Load() > 0 {
		l.mu.Lock()
		l.asleep = len(l.look) == 0
		poll := !l.asleep
		l.mu.Unlock()
		n, err := l.poller.Wait(events, poll)
		if err != nil {
			panic(fmt.Sprintf("server: waiting for connections: %v", err)) // a sound descriptor gives no error
		}
		l.now = l.srv.opts.Clock().UnixMilli()
		l.mu.Lock()
		l.asleep = false
		ready = append(ready[:0], l.look...)
		clear(l.look)
		l.look = l.look[:0]
		l.mu.Unlock()
		for _, e := range events[:n] {
			c := e.Owner.(*Conn)
			if e.Hangup {
				c.hangup.Store(true)
			}
			if c.claim() {
				ready = append(ready, c)
			}
		}
		for _, c := range ready {
			l.attend(c)
		}
		l.submit()
		clear(ready)
	}
}

// attend takes what a connection has sent and sees to it, or has somebody see to it.
func (l *eventLoop) attend(c *Conn) {
	switch {
	case c.closed.Load(), l.srv.isClosing():
		l.end(c)
		return
	case !c.plain():
		l.hand(c, nil, nil)
		return
	}
	hangup := c.hangup.Load()
	switch err := c.rd.Fill(); {
	case err == netpoll.ErrWait:
		l.putDown(c)
		return
	case errors.As(err, new(*resp.ProtocolError)):
		l.hand(c, nil, err)
		return
	case err != nil:
		l.end(c)
		return
	}
	c.lastActive.Store(l.now)
	if c.rd.Full() || hangup {
		c.turn.Store(reminded) // no further event will tell of what is there already
	}
	writes, ok := l.gather(c)
	switch {
	case !ok: // it is its goroutine's
	case writes:
		l.batch = append(l.batch, c)
	default:
		if len(c.batch) > 0 {
			l.calm = 0
		}
		if c.guarded(c.runBatch) {
			c.send(false)
			l.putDown(c)
		} else {
			l.end(c)
		}
	}
}

// gather makes a batch of the requests that a connection has sent, and says
// whether it needs a transaction that writes. Without ok the connection was handed
// on.
func (l *eventLoop) gather(c *Conn) (writes, ok bool) {
	for {
		args, more, err := c.rd.Next()
		if err != nil {
			l.hand(c, nil, err)
			return false, false
		}
		if !more {
			break
		}
		cmd := c.quick(args)
		if cmd == nil {
			l.hand(c, args, nil)
			return false, false
		}
		c.commands.Add(1)
		c.lastCmd.Store(cmd)
		p := c.newPending(cmd, args)
		if !cmd.transactional() {
			c.runAlone(p)
			continue
		}
		writes = writes || cmd.is(Write)
		if full := c.join(p); full || c.w.Len() >= runAhead {
			l.hand(c, nil, nil)
			return false, false
		}
	}
	c.show()
	c.quiet++
	if c.quiet >= maxStay { // it has asked for nothing else for long: forget that it did
		c.quiet, c.stay = 0, c.stay/2
	}
	return writes || len(c.batch) > 0 && c.lastLSN > l.srv.db.LSN(), true
}

// plain reports whether nothing about the connection's state needs its goroutine.
func (c *Conn) plain() bool {
	return c.replies == replyOn && !c.multi.active && !c.track.on && !c.track.caching && !c.subs.any() && !c.shown.monitor.Load() && !c.out.busy()
}

// quick returns the command of a request that the loop may run, nil for one that
// is to be seen by take. It waits for nothing, and if it only reads it is soon
// done. With nothing gathered yet the loop also answers PING and ECHO.
func (c *Conn) quick(args [][]byte) *Command {
	cmd := c.srv.table.find(args[0])
	switch {
	case cmd == nil, !cmd.quick && !cmd.sized, !cmd.transactional() && len(c.batch) > 0, c.srv.pause.on.Load(), c.gate(cmd, args) != "",
		cmd.sized && !c.short(cmd, args):
		return nil
	}
	return cmd
}

// isQuick says so of a command of the table. A write's length does not matter:
// writes have to wait for each other however they are run.
func isQuick(c *Command) bool {
	switch {
	case c.is(Blocking | keepsCache), len(c.Subs) > 0:
		return false
	case c.is(Write), c.is(ReadOnly) && c.is(Fast):
		return true
	}
	return c.Name == "ping" || c.Name == "echo"
}

// hand gives a connection to a goroutine of its own, with the request or the error
// that the loop cannot deal with.
func (l *eventLoop) hand(c *Conn, args [][]byte, failed error) {
	c.quiet, c.stay = 0, min(max(1, 2*c.stay), maxStay)
	c.left = c.stay / 2
	c.polled = false
	go func() {
		if c.serve(args, failed) {
			l.putDown(c)
		} else {
			l.end(c)
		}
	}()
}

// mayRest reports, at each wait for a request, whether the loop shall wait for it.
func (c *Conn) mayRest() bool {
	if c.loop == nil {
		return false
	}
	c.left--
	if c.left >= 0 || !c.plain() {
		return false
	}
	c.polled = true
	return true
}

// end sees a claimed connection off. It stays claimed for ever.
func (l *eventLoop) end(c *Conn) {
	go func() { // which may have to wait for what is being sent
		l.srv.unregister(c)
		l.left()
	}()
}

// left counts a connection that is gone.
func (l *eventLoop) left() {
	if l.conns.Add(-1) == 0 {
		l.poller.Wake() // the loop may be waiting for this
	}
	l.srv.work.Done()
}

// requests is where a connection's Reader reads: with waiting in its goroutine,
// without in the loop.
type requests struct{ c *Conn }

func (r requests) Read(b []byte) (int, error) {
	if !r.c.polled {
		return r.c.nc.Read(b)
	}
	n, err := r.c.pc.TryRead(b)
	r.c.srv.stats.in.Add(int64(n))
	return n, err
}
