package server

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/netpoll"
)

// output is what a connection has to send. Most of it is written by the
// connection's own goroutine, as soon as it is durable. A goroutine of its own
// does it only while there is cause:
//
//   - the client does not take what is sent: the connection goes on reading, up
//     to Options.MaxOutput, so that a client that writes a long pipeline before
//     it reads a reply does not lock up with the server;
//   - a message arrives from elsewhere (Push);
//   - more requests are waiting than the buffer holds, and the next ones should
//     run while these wait for the disk.
type output struct {
	c *Conn

	// apart has every byte written by the goroutine: a Write of TLS cannot be
	// interrupted and go on later.
	apart bool

	mu      sync.Mutex
	queue   []outgoing
	queued  int           // bytes in queue
	writing bool          // somebody is inside Write, or the goroutine runs
	room    chan struct{} // closed when queued has fallen; nil while nobody waits
	failed  bool          // the connection is of no more use
	idle    sync.Cond     // signalled when writing ends

	// since is when the connection's own goroutine went into Write, Unix ms, 0
	// outside. The watchdog reads it.
	since int64
	kick  bool // the watchdog has interrupted that Write

	progress atomic.Int64 // when a client was last seen to take something, Unix ms
	over     int64        // since when PubSubLimit.Soft is passed, Unix ms; 0: it is not
}

// outgoing is a run of replies with the commits that they wait for.
type outgoing struct {
	b     []byte
	units []unit
}

// stall is how long a client may keep the connection's own goroutine in Write.
const stall = 100 * time.Millisecond

func (o *output) init(c *Conn) { o.c = c; o.idle.L = &o.mu }

// push queues a message from elsewhere.
func (o *output) push(b []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed || int64(o.queued) > o.c.srv.opts.PubSubLimit.Hard {
		return false
	}
	o.add(outgoing{b: b})
	return true
}

// force queues what must not be left out, whatever waits already.
func (o *output) force(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.failed {
		o.add(outgoing{b: b})
	}
}

func (o *output) add(g outgoing) {
	o.queue = append(o.queue, g)
	o.queued += len(g.b)
	if !o.writing {
		o.writing = true
		go o.drain()
	}
}

// hand queues replies whose commits are still under way, and waits while too much
// is queued.
func (o *output) hand(g outgoing) {
	o.mu.Lock()
	for o.queued > o.c.srv.opts.MaxOutput && !o.failed {
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		<-room
		o.mu.Lock()
	}
	o.add(g)
	o.mu.Unlock()
}

// write sends replies that may go out now. It returns once they are sent, or
// queued because others are before them or the client does not take them. With
// wait it waits while too much is queued. b is the caller's again afterwards.
func (o *output) write(b []byte, wait bool) {
	o.mu.Lock()
	if o.apart || o.writing || len(o.queue) > 0 {
		if g := (outgoing{b: append([]byte(nil), b...)}); wait {
			o.mu.Unlock()
			o.hand(g)
		} else {
			if !o.failed {
				o.add(g)
			}
			o.mu.Unlock()
		}
		return
	}
	o.writing = true
	pc := o.c.pc
	if pc == nil {
		o.since = o.c.srv.opts.Clock().UnixMilli()
	}
	o.mu.Unlock()

	var n int
	var err error
	if pc != nil {
		n, err = pc.TryWrite(b)
		o.c.srv.stats.out.Add(int64(n))
	} else {
		n, err = o.c.nc.Write(b)
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = 0
	left := err == netpoll.ErrWait
	if o.kick {
		o.kick = false
		_ = o.c.nc.SetWriteDeadline(time.Time{})
		var ne net.Error
		left = errors.As(err, &ne) && ne.Timeout()
	}
	if left {
		err = nil
		o.queue = append([]outgoing{{b: append([]byte(nil), b[n:]...)}}, o.queue...)
		o.queued += len(b) - n
	}
	if err != nil {
		o.fail()
	}
	if len(o.queue) > 0 && !o.failed {
		go o.drain()
		return
	}
	o.writing = false
	o.idle.Broadcast()
}

// drain writes the queue until it is empty.
func (o *output) drain() {
	o.mu.Lock()
	for len(o.queue) > 0 && !o.failed {
		g := o.queue[0]
		o.queue[0] = outgoing{}
		o.queue = o.queue[1:]
		o.mu.Unlock()
		b := settle(g.b, g.units)
		err := o.send(b)
		o.mu.Lock()
		o.queued -= len(g.b)
		if o.room != nil {
			close(o.room)
			o.room = nil
		}
		if err != nil {
			o.fail()
		}
	}
	o.writing = false
	o.idle.Broadcast()
	o.mu.Unlock()
}

// send writes in pieces, so that a client that takes some can be told from one
// that takes nothing.
func (o *output) send(b []byte) error {
	for len(b) > 0 {
		n, err := o.c.nc.Write(b[:min(len(b), sendPiece)])
		if err != nil {
			return err
		}
		b = b[n:]
		o.progress.Store(o.c.srv.opts.Clock().UnixMilli())
	}
	return nil
}

// sendPiece is how much send writes at once.
const sendPiece = 256 << 10

// fail gives the connection up.
func (o *output) fail() {
	o.failed = true
	o.queue, o.queued = nil, 0
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	o.c.Close()
}

// finish waits until everything queued is written or given up.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing {
		o.idle.Wait()
	}
	o.failed = true
}

// busy reports whether anything waits to be sent, or is being sent.
func (o *output) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writing || len(o.queue) > 0
}

// pendingBytes is what waits to be sent.
func (o *output) pendingBytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queued
}

// watchOutputs interrupts connections whose client does not take what they write.
func (s *Server) watchOutputs(ctx context.Context) {
	tick := time.NewTicker(stall)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.opts.Clock().UnixMilli()
		s.mu.Lock()
		for _, c := range s.conns {
			c.out.interrupt(now)
			c.limit(now)
		}
		s.mu.Unlock()
		s.rate.tick(now, s.stats.commands.Load())
	}
}

func (o *output) interrupt(now int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since != 0 && !o.kick && now-o.since >= stall.Milliseconds() {
		o.kick = true
		_ = o.c.nc.SetWriteDeadline(time.Unix(1, 0))
	}
}

// unit is a run of replies of one transaction.
type unit struct {
	from, to int // in the bytes of the replies
	replies  int
	commit   *engine.Commit
	told     <-chan struct{} // closed when subscribers have heard of it; may be nil
}

// settle waits for the commits behind replies. Those of a commit that failed
// become errors: what they said is not so, or is not known.
func settle(b []byte, units []unit) []byte {
	for i, u := range units {
		if u.commit == nil {
			continue
		}
		if err := u.commit.Wait(context.Background()); err != nil {
			return failUnits(b, units[i:], err)
		}
		if u.told != nil {
			<-u.told // who published hears "done" after those who listen heard the message
		}
	}
	return b
}

// failUnits replaces the replies of all units that have a commit; the first is
// the one that failed with err.
func failUnits(b []byte, units []unit, err error) []byte {
	out := append([]byte(nil), b[:units[0].from]...)
	at := units[0].from
	for i, u := range units {
		out = append(out, b[at:u.from]...)
		at = u.to
		if u.commit == nil || i > 0 && u.commit.Wait(context.Background()) == nil {
			out = append(out, b[u.from:u.to]...)
			continue
		}
		for range u.replies {
			out = append(out, '-')
			out = append(out, errorText(err)...)
			out = append(out, '\r', '\n')
		}
	}
	return append(out, b[at:]...)
}
