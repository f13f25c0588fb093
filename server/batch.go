package server

import (
	"context"
	"errors"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

const (
	maxBatch      = 1024    // commands in one transaction
	maxBatchBytes = 4 << 20 // of their arguments, together
)

// pending is a command that was read, found allowed, and waits to run with its
// neighbours.
type pending struct {
	Call
	waiter  *waiter // when it blocks
	tracked bool    // the connection may keep a copy of its keys
}

func (c *Conn) newPending(cmd *Command, args [][]byte) *pending {
	var p *pending
	if n := len(c.free); n > 0 {
		p, c.free = c.free[n-1], c.free[:n-1]
	} else {
		p = new(pending)
	}
	p.Call = Call{Writer: &c.w, Server: c.srv, Conn: c, Cmd: cmd, Args: args}
	return p
}

func (c *Conn) release(p *pending) {
	*p = pending{}
	if len(c.free) < 64 {
		c.free = append(c.free, p)
	}
}

// join lets a command wait with its neighbours, and reports whether they are as many
// as one transaction takes.
func (c *Conn) join(p *pending) (full bool) {
	c.batch = append(c.batch, p)
	if p.Cmd.sized {
		c.reads++
	}
	for _, a := range p.Args {
		c.batched += len(a)
	}
	return len(c.batch) >= maxBatch || c.batched >= maxBatchBytes
}

// runBatch runs the commands that wait. Those that only read, with nothing of
// this connection on its way to the disk, see what is published. All others share
// one transaction, in which each sees those before it, and everything of other
// connections that comes before them in the log.
func (c *Conn) runBatch() {
	if len(c.batch) == 0 {
		return
	}
	batch := c.taken()
	writes, caches := false, false
	for _, p := range batch {
		writes = writes || p.Cmd.is(Write)
		caches = caches || p.Cmd.is(keepsCache)
	}
	c.trackBatch(batch)
	var err error
	published := c.lastLSN <= c.srv.db.LSN()
	if published && len(batch) == 1 && c.direct(batch[0]) {
		c.drop(batch)
		return
	}
	if !writes && !caches && published {
		err = c.view(batch)
	} else {
		err = c.update(batch)
		if !writes && errors.Is(err, engine.ErrLogFailed) {
			c.lastLSN = 0 // what it wrote will never be published
			err = c.view(batch)
		} else if !writes && caches && refused(err) {
			err = c.viewOwn(batch)
		}
	}
	if err != nil {
		c.answerAll(batch, err)
	}
	for _, p := range batch {
		if p.waiter != nil {
			c.wait(p.waiter)
		}
	}
	c.drop(batch)
}

// taken returns the commands that wait; from here on none do.
func (c *Conn) taken() []*pending {
	batch := c.batch
	c.batch, c.batched, c.reads = batch[:0], 0, 0
	return batch
}

// drop ends with commands that were taken.
func (c *Conn) drop(batch []*pending) {
	for i, p := range batch {
		c.release(p)
		batch[i] = nil
	}
}

// refused reports whether an error is one of writing more than there is room for.
func refused(err error) bool {
	return errors.Is(err, engine.ErrMemoryLimit) || errors.Is(err, engine.ErrReadOnly)
}

// viewOwn is view once everything that the connection wrote is published.
func (c *Conn) viewOwn(batch []*pending) error {
	settle(nil, []unit{{commit: c.last.commit}})
	return c.view(batch)
}

// direct answers a lone command without a transaction, if it knows how to.
func (c *Conn) direct(p *pending) bool {
	if p.Cmd.direct == nil {
		return false
	}
	began, from := time.Now(), c.w.Len()
	if !p.Cmd.direct(&p.Call) {
		return false
	}
	c.srv.account(&p.Call, from, time.Since(began))
	c.replied(from)
	return true
}

// view runs commands that only read on a snapshot.
func (c *Conn) view(batch []*pending) error {
	return c.srv.viewTx(func(t *Tx) error { return c.runIn(t, batch) })
}

// update runs commands in one writing transaction. Should it be refused (by the
// memory limit, by its size) each runs in one of its own, so that only those fail
// that must.
func (c *Conn) update(batch []*pending) error {
	from := c.w.Len()
	var tx *Tx
	commit, err := c.srv.update(context.Background(), func(t *Tx) error {
		tx = t
		c.w.Truncate(from) // nothing, unless the engine should run it again
		return c.runIn(t, batch)
	})
	if err == nil {
		c.committed(unit{from: from, to: c.w.Len(), replies: countReplies(batch), commit: commit, told: tx.told()})
		return nil
	}
	c.w.Truncate(from)
	if last := batch[len(batch)-1]; last.waiter != nil {
		c.srv.blocked.leave(last.waiter)
		last.waiter = nil
	}
	if len(batch) == 1 || errors.Is(err, engine.ErrLogFailed) || errors.Is(err, engine.ErrClosed) {
		return err
	}
	for i := range batch {
		one := batch[i : i+1]
		err := c.update(one)
		if one[0].Cmd.is(keepsCache) && refused(err) {
			err = c.viewOwn(one)
		}
		if err != nil {
			c.answerAll(one, err)
		}
	}
	return nil
}

// runIn runs commands one after the other in a transaction.
func (c *Conn) runIn(t *Tx, batch []*pending) error {
	t.by = c.id
	for _, p := range batch {
		p.Tx, p.block, p.waiter = t, nil, nil
		from := c.w.Len()
		c.execute(&p.Call)
		if t.err != nil {
			return t.err
		}
		if p.block == nil {
			c.replied(from)
			c.srv.serveBlocked(t) // before the next command, which might take it away
			continue
		}
		p.waiter = newWaiter(&p.Call)
		c.srv.blocked.enter(p.waiter, false)
	}
	return nil
}

func countReplies(batch []*pending) (n int) {
	for _, p := range batch {
		if p.block == nil && p.Conn.replies == replyOn {
			n++
		}
	}
	return n
}

// committed notes a transaction whose replies are in the buffer.
func (c *Conn) committed(u unit) {
	c.lastLSN = max(c.lastLSN, u.commit.LSN())
	c.units = append(c.units, u)
	c.last.commit = u.commit
	if u.told != nil {
		c.last.told = u.told
	}
}

// answerAll answers commands whose transaction did not take place.
func (c *Conn) answerAll(batch []*pending, err error) {
	text := errorText(err)
	for _, p := range batch {
		p.Cmd.failed.Add(1)
		from := c.w.Len()
		c.w.Error(text)
		c.replied(from)
	}
}
