package server

import (
	"context"
	"errors"

	"github.com/redis-lite/redis-lite/engine"
)

// multiState is a connection's transaction between MULTI and EXEC.
type multiState struct {
	active bool
	broken bool // a command was refused: EXEC will not run
	queue  []*pending
	bytes  int // of the queued arguments
}

// maxQueued bounds what one connection may queue, in bytes of arguments.
const maxQueued = 128 << 20

// passes reports whether a command runs although MULTI is open.
func (m *multiState) passes(cmd *Command) bool {
	switch cmd.Name {
	case "exec", "discard", "multi", "watch", "quit", "reset":
		return cmd.parent == nil
	}
	return false
}

// transactionCommands are MULTI and what belongs to it.
func transactionCommands() []*Command {
	const flags = NoScript | Loading | Stale | Fast | AllowBusy
	return []*Command{
		{Name: "multi", Arity: 1, Flags: flags, Group: GroupTransactions, Since: "1.2.0", Complexity: "O(1)",
			Summary: "Starts a transaction.", Run: runMulti},
		{Name: "exec", Arity: 1, Flags: NoScript | Loading | Stale | SkipSlowlog, Group: GroupTransactions, Since: "1.2.0",
			Complexity: "Depends on commands in the transaction", Summary: "Executes all commands in a transaction.", Run: runExec},
		{Name: "discard", Arity: 1, Flags: flags, Group: GroupTransactions, Since: "2.0.0", Complexity: "O(N), when N is the number of queued commands",
			Summary: "Discards a transaction.", Run: runDiscard},
		{Name: "watch", Arity: -2, Flags: flags, First: 1, Last: -1, Step: 1, Group: GroupTransactions, Since: "2.2.0",
			Complexity: "O(1) for every key.", Summary: "Monitors changes to keys to determine the execution of a transaction.", Run: runWatch},
		{Name: "unwatch", Arity: 1, Flags: flags, Group: GroupTransactions, Since: "2.2.0", Complexity: "O(1)",
			Summary: "Forgets about watched keys of a transaction.", Run: runUnwatch},
	}
}

func runMulti(c *Call) {
	if c.Conn.multi.active {
		c.Failf("MULTI calls can not be nested")
		return
	}
	c.Conn.multi.active = true
	c.OK()
}

func runDiscard(c *Call) {
	if !c.Conn.multi.active {
		c.Failf("DISCARD without MULTI")
		return
	}
	c.Conn.endMulti()
	c.Conn.unwatch()
	c.OK()
}

// endMulti forgets what was queued.
func (c *Conn) endMulti() {
	for _, p := range c.multi.queue {
		c.release(p)
	}
	c.multi = multiState{}
}

// enqueue keeps a command for EXEC.
func (c *Conn) enqueue(cmd *Command, args [][]byte) {
	if cmd.is(NoMulti) {
		c.refuse(cmd, "ERR Command not allowed inside a transaction")
		return
	}
	n := 0
	for _, a := range args {
		n += len(a)
	}
	if c.multi.bytes += n; c.multi.bytes > maxQueued {
		c.refuse(cmd, string(ErrTooLarge))
		return
	}
	from := c.w.Len()
	c.multi.queue = append(c.multi.queue, c.newPending(cmd, cloneArgs(args, n)))
	c.w.Status("QUEUED")
	c.replied(from)
}

// cloneArgs copies arguments of n bytes together out of the read buffer.
func cloneArgs(args [][]byte, n int) [][]byte {
	buf := make([]byte, 0, n)
	out := make([][]byte, len(args))
	for i, a := range args {
		from := len(buf)
		buf = append(buf, a...)
		out[i] = buf[from:len(buf):len(buf)]
	}
	return out
}

// errDirty ends the transaction of an EXEC whose watched keys have changed.
var errDirty = errors.New("server: a watched key has changed")

// runExec runs the queued commands as one record of the log: all of them or none
// is there after a crash, and no other client sees a state in between.
func runExec(c *Call) {
	conn := c.Conn
	if !conn.multi.active {
		c.Failf("EXEC without MULTI")
		return
	}
	defer conn.unwatch()
	defer conn.endMulti()
	if conn.multi.broken {
		c.Fail(ErrExecAbort)
		return
	}
	from := c.Len()
	db := conn.db
	err := conn.exec(c)
	switch {
	case err == errDirty:
		c.Truncate(from)
		conn.db = db
		c.NullArray()
	case err != nil:
		c.Truncate(from)
		conn.db = db
		c.Fail(err)
	}
}

// exec runs the queue in a transaction that reads or writes, as needed.
func (c *Conn) exec(call *Call) error {
	writes, caches := false, false
	for _, p := range c.multi.queue {
		writes = writes || p.Cmd.is(Write)
		// Who begins to track in here reads behind all that was written before.
		caches = caches || p.Cmd.is(keepsCache) || p.Cmd.parent != nil && p.Cmd.parent.Name == "client"
		p.tracked = c.track.wants(p.Cmd)
	}
	c.trackBatch(c.multi.queue)
	from := c.w.Len()
	var tx *Tx
	body := func(t *Tx) error {
		tx, t.by = t, c.id
		c.w.Truncate(from)
		if !c.unchanged(t) {
			return errDirty
		}
		c.w.Array(len(c.multi.queue))
		for _, p := range c.multi.queue {
			p.Tx, p.Multi = t, true
			if !p.tracked && c.track.wants(p.Cmd) { // since a command of this transaction
				p.tracked = true
				c.trackBatch([]*pending{p})
			}
			c.execute(&p.Call)
			if t.err != nil {
				return t.err
			}
		}
		return nil
	}
	// Watched keys are looked at in the writer's state: the published one may be
	// older than what this connection has seen.
	if !writes && !caches && len(c.watching) == 0 && c.lastLSN <= c.srv.db.LSN() {
		return c.srv.viewTx(body)
	}
	commit, err := c.srv.update(context.Background(), body)
	if !writes && caches && refused(err) {
		settle(nil, []unit{{commit: c.last.commit}})
		return c.srv.viewTx(body)
	}
	if !writes && errors.Is(err, engine.ErrLogFailed) {
		return c.srv.viewTx(body)
	}
	if err != nil {
		return err
	}
	c.committed(unit{from: from, to: c.w.Len(), replies: 1, commit: commit, told: tx.told()})
	return nil
}
