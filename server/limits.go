package server

import (
	"bytes"
	"cmp"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// counter counts.
type counter = atomic.Int64

// errProtected is what a client from another machine hears while there is no
// password. Redis's first words, which clients look for.
const errProtected = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. To accept others, set a password " +
	"(kvctl serve --password-file, or CONFIG SET requirepass from this machine), or turn the protection off (kvctl serve --unprotected)."

// protects reports whether protected mode refuses a connection.
func (s *Server) protects(nc net.Conn) bool {
	if s.opts.Unprotected || s.password() != "" {
		return false
	}
	a, ok := nc.RemoteAddr().(*net.TCPAddr)
	return ok && !a.IP.IsLoopback()
}

// refuse tells a connection why it is not served, and closes it.
func (s *Server) refuse(nc net.Conn, text string) {
	if text != "" {
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write([]byte("-" + text + "\r\n"))
	}
}

// limit closes a connection that is idle for too long, takes nothing of what it
// is sent, or lets too many messages wait. now is in Unix ms.
func (c *Conn) limit(now int64) {
	if idle := c.srv.limits.idle.Load(); idle > 0 && now-c.lastActive.Load() > idle*1000 && c.waiter.Load() == nil && !c.listens() {
		c.srv.stats.idle.Add(1)
		c.Close()
		return
	}
	if why := c.out.overdue(now); why != "" {
		c.srv.stats.outputLimit.Add(1)
		c.srv.opts.Logger.Warn("a client that does not read is cut off", "client", c.id, "address", c.address(), "reason", why)
		c.Close()
	}
}

// overdue says why a connection is to be given up; "" while it is not.
func (o *output) overdue(now int64) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.writing {
		o.progress.Store(0)
		o.over = 0
		return ""
	}
	// The first look at a Write that does not end starts the clock.
	o.progress.CompareAndSwap(0, now)
	if stall := o.c.srv.opts.StallTimeout; stall > 0 && now-o.progress.Load() > stall.Milliseconds() {
		return "it takes nothing"
	}
	limit := o.c.srv.opts.PubSubLimit
	if int64(o.queued) <= limit.Soft || !o.c.listens() {
		o.over = 0
		return ""
	}
	if o.over == 0 {
		o.over = now
	}
	if now-o.over > limit.SoftTime.Milliseconds() {
		return "it has been over the soft limit for too long"
	}
	return ""
}

// counted counts the bytes of a connection.
type counted struct {
	net.Conn
	stats *stats
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.stats.in.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.stats.out.Add(int64(n))
	return n, err
}

// noteError counts an error reply by its first word.
func (s *Server) noteError(reply []byte) {
	s.stats.errors.Add(1)
	word := reply[min(1, len(reply)):]
	if i := bytes.IndexAny(word, " \r"); i >= 0 {
		word = word[:i]
	}
	if len(word) > 32 {
		word = word[:32]
	}
	n, ok := s.errorKinds.Load(string(word))
	if !ok {
		n, _ = s.errorKinds.LoadOrStore(string(word), new(counter))
	}
	n.(*counter).Add(1)
}

// rate is how many commands run in a second.
type rate struct {
	perSecond    atomic.Int64
	last, lastAt int64 // the watchdog's own
}

// tick is called now and then; now is in Unix ms.
func (r *rate) tick(now, commands int64) {
	if r.lastAt == 0 {
		r.last, r.lastAt = commands, now
	}
	if took := now - r.lastAt; took >= 1000 {
		r.perSecond.Store(max(0, commands-r.last) * 1000 / took)
		r.last, r.lastAt = commands, now
	}
}

// port is that of the first TCP listener, 0 for none.
func (s *Server) port() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			return number(int64(a.Port))
		}
	}
	return "0"
}

// clientBytes is the memory of all connections' buffers.
func (s *Server) clientBytes() (n int64) {
	for _, c := range s.connections() {
		n += c.shown.size.Load() + int64(c.out.pendingBytes())
	}
	return n
}

func sortConns(list []*Conn) {
	slices.SortFunc(list, func(a, b *Conn) int { return cmp.Compare(a.id, b.id) })
}
