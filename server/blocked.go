package server

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/resp"
)

// blocked are the clients that wait for a key: BLPOP and its relatives.
//
// A client begins to wait inside the transaction that found nothing for it. Who
// changes a key serves those who wait for it at the end of the same transaction,
// the longest waiting first: its command runs once more, in that transaction, and
// its reply goes out when the commit is durable. So an element is popped by
// exactly one client, in the order of waiting, and a crash keeps the push and the
// pop or neither.
type blocked struct {
	n    atomic.Int64
	mu   sync.Mutex
	keys map[Key][]*waiter // in order of arrival
}

// blockRequest is a command's wish to wait.
type blockRequest struct {
	keys    []Key
	timeout time.Duration // 0 for ever
	expired func(*Call)   // writes the reply of a wait that ended in vain
}

// waiter is a command that waits.
type waiter struct {
	call Call
	req  *blockRequest
	done bool // no longer in the lists; guarded by blocked.mu

	w      resp.Writer   // the reply, once served
	ready  chan struct{} // closed when it was served and commit is set
	commit *engine.Commit

	gone    atomic.Bool   // the client has left; what comes now is not for it
	again   chan struct{} // a token when what served it has failed, and it waits as before
	unblock chan string   // from who has taken it out: "" for as if the time were up, else an error
}

func (b *blocked) any() bool { return b.n.Load() > 0 }

// Block has the command wait until one of the keys is changed, and then run again.
// It returns false inside EXEC, where nothing waits: the caller then answers as if
// the time were up. Otherwise the caller returns without a reply; when the time
// (0 for ever) is up, expired writes it. Only commands with the flags Blocking and
// Write may call it.
func (c *Call) Block(keys [][]byte, timeout time.Duration, expired func(*Call)) bool {
	if c.Multi {
		return false
	}
	req := &blockRequest{timeout: timeout, expired: expired}
	for _, k := range keys {
		if key := (Key{c.Conn.db, string(k)}); !slices.Contains(req.keys, key) {
			req.keys = append(req.keys, key)
		}
	}
	c.block = req
	return true
}

// newWaiter makes a command that asked to wait into one that does.
func newWaiter(c *Call) *waiter {
	n := 0
	for _, a := range c.Args {
		n += len(a)
	}
	x := &waiter{call: *c, req: c.block, ready: make(chan struct{}), unblock: make(chan string, 1), again: make(chan struct{}, 1)}
	x.call.Args = cloneArgs(c.Args, n) // the connection reads on
	x.call.Tx = nil
	return x
}

// enter puts a waiter at the end of the lists, or, when it was served in vain, at
// their beginning. It runs inside the writer slot.
func (b *blocked) enter(x *waiter, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys = make(map[Key][]*waiter)
	}
	for _, k := range x.req.keys {
		if first {
			b.keys[k] = append([]*waiter{x}, b.keys[k]...)
		} else {
			b.keys[k] = append(b.keys[k], x)
		}
	}
	x.done = false
	b.n.Add(1)
}

// leave takes a waiter out, and reports whether it was in.
func (b *blocked) leave(x *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if x.done {
		return false
	}
	x.done = true
	for _, k := range x.req.keys {
		list := b.keys[k]
		if i := slices.Index(list, x); i >= 0 {
			list = slices.Concat(list[:i], list[i+1:])
		}
		if len(list) == 0 {
			delete(b.keys, k)
		} else {
			b.keys[k] = list
		}
	}
	b.n.Add(-1)
	return true
}

func (b *blocked) waiting(k Key) []*waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.keys[k])
}

// inDB returns the keys of some databases that clients wait for.
func (b *blocked) inDB(dbs ...int) (keys []Key) {
	if !b.any() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.keys {
		if slices.Contains(dbs, k.DB) {
			keys = append(keys, k)
		}
	}
	return keys
}

// serveBlocked runs the commands of those who wait for what the transaction has
// changed since it was last called. What one of them changes (BLMOVE) may serve the
// next.
func (s *Server) serveBlocked(t *Tx) {
	if !s.blocked.any() {
		t.offered = len(t.touched)
		return
	}
	for ; t.offered < len(t.touched) && t.err == nil; t.offered++ {
		k := t.touched[t.offered]
		for _, x := range s.blocked.waiting(k) {
			kind := t.Space(k.DB).Kind([]byte(k.Key))
			if kind == KindNone {
				break // the rest wait on
			}
			if kind != x.kind() || x.gone.Load() {
				continue
			}
			x.w = resp.Writer{}
			x.w.SetProto(x.call.Conn.w.Proto())
			call := x.call
			call.Writer, call.Tx, call.block, call.woken = &x.w, t, nil, []byte(k.Key)
			call.Cmd.Run(&call)
			if t.err != nil {
				return
			}
			if call.block == nil {
				s.blocked.leave(x)
				t.served = append(t.served, x)
			}
		}
	}
}

// kind is the type of key that a command waits for.
func (x *waiter) kind() Kind {
	if x.call.Cmd.Group == GroupSortedSet {
		return KindZset
	}
	return KindList
}

// release tells those who were served in a transaction how it went: they have
// their reply, or wait on, at the place that they had.
func (b *blocked) release(served []*waiter, commit *engine.Commit, err error) {
	for _, x := range slices.Backward(served) {
		if err != nil {
			b.enter(x, true)
			select {
			case x.again <- struct{}{}:
			default: // one is enough
			}
			continue
		}
		x.commit = commit
		close(x.ready)
	}
}

// leaveBlocked takes a waiter out whose wait ends for another reason. It does so
// inside the writer slot, where nobody is just being served.
func (s *Server) leaveBlocked(x *waiter) (left bool) {
	_, err := s.db.UpdateAsync(context.Background(), func(*engine.Tx) error {
		left = s.blocked.leave(x)
		return nil
	})
	if err != nil { // no transaction runs any more, so none serves anybody
		left = s.blocked.leave(x)
	}
	return left
}

// unblock ends a connection's wait for a key as if its time were up, or with an
// error. It reports whether it waited: who is just being served does not. t is the
// transaction that the caller is in, if any.
func (c *Conn) unblock(t *Tx, reason string) bool {
	x := c.waiter.Load()
	if x == nil {
		return false
	}
	left := c.srv.blocked.leave
	if t == nil || !t.write {
		left = c.srv.leaveBlocked
	}
	if !left(x) {
		return false
	}
	x.unblock <- reason
	return true
}

// wait has the connection wait for what its command asked for. It goes on reading
// meanwhile, to see the client leave: what is pushed must not be popped for one
// that is gone.
func (c *Conn) wait(x *waiter) {
	c.waiter.Store(x) // before anybody can know that the command has come so far
	c.flush(false)
	defer c.waiter.Store(nil)
	reason, out, gone := c.await(x)
	for !out && !x.isServed() {
		if c.srv.leaveBlocked(x) {
			break
		}
		select { // somebody was faster
		case <-x.ready:
		case reason = <-x.unblock:
			out = true
		case <-x.again:
		}
	}
	from := c.w.Len()
	switch {
	case x.commit != nil:
		c.w.Raw(x.w.Bytes())
		c.replied(from)
		c.committed(unit{from: from, to: c.w.Len(), replies: min(1, c.w.Len()-from), commit: x.commit})
	case gone:
		c.closing = true
	case reason != "":
		c.w.Error(reason)
		c.replied(from)
	default:
		call := x.call
		call.Writer = &c.w
		x.req.expired(&call)
		c.replied(from)
	}
}

func (x *waiter) isServed() bool {
	select {
	case <-x.ready:
		return true
	default:
		return false
	}
}

// await returns when the waiter is served, its time is up, somebody has unblocked
// it (and with that taken it out of the lists) or the client is gone.
func (c *Conn) await(x *waiter) (reason string, out, gone bool) {
	var timeUp <-chan time.Time
	if x.req.timeout > 0 {
		timer := time.NewTimer(x.req.timeout)
		defer timer.Stop()
		timeUp = timer.C
	}
	left := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-x.ready:
		case <-timeUp:
		case reason = <-x.unblock:
			out = true
		case <-c.srv.closing:
		case <-left:
			return
		}
		_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // ends Fill below
	}()
	for {
		if c.rd.Buffered() >= maxBufferedBlocked {
			break // enough; whether the client leaves is seen later
		}
		err := c.rd.Fill()
		if err == nil {
			continue
		}
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() {
			gone = true
			x.gone.Store(true)
			close(left)
		}
		break
	}
	<-ended
	_ = c.nc.SetReadDeadline(time.Time{})
	return reason, out, gone
}

// maxBufferedBlocked is how many bytes of further requests a connection takes in
// while it waits.
const maxBufferedBlocked = 1 << 20
