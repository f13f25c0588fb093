package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/server/resp"
)

const (
	keepReplies = 64 << 10 // reply buffer that a connection keeps
	// runAhead is how many bytes of replies are built before those that are
	// ready are handed over.
	runAhead = 256 << 10
)

// serve is the life of a connection, from a request on that was read, or an error
// in one, if there is any. It returns at the end, or when the event loop shall
// wait for the next request.
func (c *Conn) serve(args [][]byte, failed error) (rests bool) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
			rests = false
		}
	}()
	for !c.closing {
		if args != nil {
			c.take(args)
			args = nil
		}
		if failed == nil {
			failed = c.takeAll()
		} else {
			c.runBatch()
		}
		if failed != nil {
			c.broken(failed)
			c.closing = true
		}
		c.show() // before the replies: who has one finds its doings in CLIENT LIST
		c.flush(c.rd.Full() && !c.closing)
		if c.closing || c.closed.Load() {
			return false
		}
		if c.mayRest() {
			return true
		}
		if err := c.receive(); err != nil {
			if c.broken(err) {
				c.flush(false)
			}
			return false
		}
	}
	return false
}

// panicked closes the connection whose command has panicked.
func (c *Conn) panicked(p any) {
	c.srv.stats.panics.Add(1)
	c.srv.opts.Logger.Error("a command panicked; its connection is closed",
		"client", c.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	c.Close()
	for _, u := range c.units {
		_ = u.commit.Wait(context.Background()) // it was promised to the engine
	}
}

// guarded runs fn, and reports whether it has come to its end without a panic.
func (c *Conn) guarded(fn func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
			ok = false
		}
	}()
	fn()
	return true
}

// takeAll runs every request that the buffer holds whole.
func (c *Conn) takeAll() error {
	for !c.closing {
		args, ok, err := c.rd.Next()
		if err != nil {
			c.runBatch()
			return err
		}
		if !ok {
			break
		}
		c.take(args)
		if c.w.Len() >= runAhead {
			c.runBatch()
			c.flush(true)
		}
	}
	c.runBatch()
	return nil
}

// receive waits for more of the client's bytes.
func (c *Conn) receive() error {
	for {
		if c.srv.isClosing() {
			return ErrServerClosed
		}
		err := c.rd.Fill()
		if err == nil {
			c.lastActive.Store(c.srv.opts.Clock().UnixMilli())
			return nil
		}
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() && c.awake.CompareAndSwap(true, false) && !c.closed.Load() {
			_ = c.nc.SetReadDeadline(time.Time{})
			continue
		}
		return err
	}
}

// broken answers an error of the protocol, and reports whether it was one.
func (c *Conn) broken(err error) bool {
	var pe *resp.ProtocolError
	if !errors.As(err, &pe) {
		return false
	}
	c.srv.stats.protocol.Add(1)
	c.srv.opts.Logger.Debug("a client broke the protocol; its connection is closed", "client", c.id, "address", c.address(), "error", err)
	c.w.Error("ERR " + pe.Error())
	return true
}

// take deals with one request: refuses it, runs it, or lets it wait for its
// neighbours.
func (c *Conn) take(args [][]byte) {
	c.commands.Add(1)
	if c.replies == replySkipNext {
		c.replies = replySkip
	}
	if c.track.caching && !equalFold(args[0], "client") {
		defer func() { // CLIENT CACHING was about this one, or this transaction
			if !c.multi.active {
				c.setCaching(false)
			}
		}()
	}
	cmd := c.srv.table.find(args[0])
	if cmd != nil && len(cmd.Subs) > 0 && len(args) > 1 {
		if sub := cmd.sub(args[1]); sub != nil {
			cmd = sub
		} else {
			c.refuse(nil, fmt.Sprintf("ERR unknown subcommand '%.128s'. Try %s HELP.", printableWord(args[1]), upper(cmd.Name)))
			return
		}
	}
	if text := c.gate(cmd, args); text != "" {
		c.refuse(cmd, text)
		return
	}
	c.lastCmd.Store(cmd)
	if c.srv.pause.on.Load() {
		c.waitPause(cmd)
	}
	if c.multi.active && !c.multi.passes(cmd) {
		c.runBatch()
		c.enqueue(cmd, args)
		return
	}
	p := c.newPending(cmd, args)
	p.tracked = c.track.wants(cmd)
	if !cmd.transactional() {
		c.runBatch()
		c.runAlone(p)
		return
	}
	if full := c.join(p); full || cmd.is(Blocking) {
		c.runBatch()
	}
}

// refuse answers a request that does not run.
func (c *Conn) refuse(cmd *Command, text string) {
	c.runBatch()
	if cmd != nil {
		cmd.denied.Add(1)
	}
	if cmd != nil && cmd.parent == nil && cmd.Name == "exec" {
		c.endMulti()
		c.unwatch()
		text = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(text, "ERR ")
	}
	if c.multi.active {
		c.multi.broken = true
	}
	from := c.w.Len()
	c.w.Error(text)
	c.srv.noteError(c.w.Bytes()[from:])
	c.replied(from)
}

// replied ends a reply that began at from: it leaves it out if the client wants
// none.
func (c *Conn) replied(from int) {
	if c.replies == replyOn || from > c.w.Len() { // the command has sent what was there
		return
	}
	switch c.replies {
	case replyOff:
		c.w.Truncate(from)
	case replySkip:
		c.w.Truncate(from)
		c.replies = replyOn
	}
}

// runAlone runs a command that is no part of a transaction.
func (c *Conn) runAlone(p *pending) {
	from := c.w.Len()
	c.execute(&p.Call)
	c.replied(from)
	c.release(p)
}

// execute runs a handler and counts it.
func (c *Conn) execute(call *Call) {
	began := time.Now()
	from := c.w.Len()
	call.Cmd.Run(call)
	c.srv.account(call, from, time.Since(began))
}

// settled waits until everything that the connection has written is durable and
// told to those who listen. Commits and their messages come in order, so that the
// last one is enough.
func (c *Conn) settled() {
	settle(nil, []unit{c.last})
	c.last = unit{}
}

// flush sends the replies that have been built, after the commits behind them.
// With ahead the connection does not wait for these: more requests are there.
func (c *Conn) flush(ahead bool) {
	if ahead && c.w.Len() > 0 {
		c.out.hand(outgoing{b: c.w.Take(), units: c.units})
		c.units = nil
	} else {
		c.send(true)
	}
	c.trackDone()
}

// send is flush here and now. With wait it waits for a client that leaves too much
// unread.
func (c *Conn) send(wait bool) {
	replies := settle(c.w.Bytes(), c.units) // with CLIENT REPLY OFF nothing to say, but a promise to keep
	if len(replies) > 0 {
		c.out.write(replies, wait)
	}
	clear(c.units)
	c.units = c.units[:0]
	c.w.Reset(keepReplies)
}
