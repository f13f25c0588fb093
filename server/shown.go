package server

import (
	"sync"
	"sync/atomic"
	"time"
)

// shown is what other connections see of one in CLIENT LIST. Its own goroutine
// brings it up to date when it has done what it had to do.
type shown struct {
	db, multi      atomic.Int32 // multi: commands queued, -1 outside
	buffered, size atomic.Int64 // bytes of requests; of all buffers
	multiBytes     atomic.Int64
	monitor        atomic.Bool // it is shown every command
}

// show updates what others see.
func (c *Conn) show() {
	multi := int32(-1)
	if c.multi.active {
		multi = int32(len(c.multi.queue))
	}
	c.shown.db.Store(int32(c.db))
	c.shown.multi.Store(multi)
	c.shown.buffered.Store(int64(c.rd.Buffered()))
	replies := min(cap(c.w.Bytes()), keepReplies) // what is left once they are sent
	c.shown.size.Store(int64(c.rd.Size() + replies + c.multi.bytes))
	c.shown.multiBytes.Store(int64(c.multi.bytes))
}

// subscribed reports whether the connection listens to anything.
func (c *Conn) subscribed() bool {
	c.srv.hub.mu.RLock()
	defer c.srv.hub.mu.RUnlock()
	return c.subs.any()
}

// listens reports whether the connection is sent what it does not ask for.
func (c *Conn) listens() bool { return c.shown.monitor.Load() || c.subscribed() }

// connections are those that are open, by their number.
func (s *Server) connections() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		if !c.closed.Load() {
			out = append(out, c)
		}
	}
	sortConns(out)
	return out
}

// connection finds one by its number; nil for none, or one that was closed and
// whose end its own goroutine has yet to see.
func (s *Server) connection(id int64) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.conns[id]; c != nil && !c.closed.Load() {
		return c
	}
	return nil
}

// pause is CLIENT PAUSE: until a moment, commands wait, all of them or those that
// may write.
type pause struct {
	on    atomic.Bool
	mu    sync.Mutex
	until time.Time
	all   bool
	over  chan struct{} // closed when the pause ends early or changes
}

// begin starts a pause, or prolongs one. As in Redis, a stronger one stays: the
// later end and the wider mode win.
func (p *pause) begin(until time.Time, writesOnly bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		close(p.over)
	}
	p.over = make(chan struct{})
	if !p.on.Load() {
		p.until, p.all = until, false
	}
	p.all = p.all || !writesOnly
	if until.After(p.until) {
		p.until = until
	}
	p.on.Store(true)
}

// end ends a pause.
func (p *pause) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		close(p.over)
		p.over = nil
	}
	p.on.Store(false)
}

// waitPause waits while a pause concerns a command.
func (c *Conn) waitPause(cmd *Command) {
	p := &c.srv.pause
	for p.on.Load() {
		p.mu.Lock()
		left, all, over := p.until.Sub(c.srv.opts.Clock()), p.all, p.over
		p.mu.Unlock()
		if left <= 0 {
			p.end()
			return
		}
		if !p.concerns(c, cmd, all) {
			return
		}
		c.runBatch()
		c.flush(false)
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-over:
		case <-c.srv.closing:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// concerns reports whether a command has to wait. CLIENT itself never does, so
// that somebody can end the pause.
func (p *pause) concerns(c *Conn, cmd *Command, all bool) bool {
	if cmd.parent != nil && cmd.parent.Name == "client" {
		return false
	}
	if all {
		return true
	}
	if cmd.Name == "exec" && cmd.parent == nil {
		for _, q := range c.multi.queue {
			if q.Cmd.is(Write | MayReplicate) {
				return true
			}
		}
		return false
	}
	return cmd.is(Write|MayReplicate) && !c.multi.active
}
