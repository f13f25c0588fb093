package server

import "context"

// submit sees to the batches that write of this round.
func (l *eventLoop) submit() {
	if len(l.batch) == 0 {
		return
	}
	l.calm++
	l.mu.Lock()
	mine := l.calm > calmRounds && !l.working
	l.mu.Unlock()
	left := l.batch
	for n := 0; mine && len(left) > 0; left = left[n:] {
		if n = fitting(left); !l.commit(l.atOnce, left[:n]) {
			break
		}
	}
	if len(left) > 0 {
		l.mu.Lock()
		l.writing = append(l.writing, left...)
		if !l.working {
			l.working = true
			go l.work()
		}
		l.mu.Unlock()
	}
	clear(l.batch)
	l.batch = l.batch[:0]
}

// work commits what waits, until nothing does.
func (l *eventLoop) work() {
	var mine []*Conn
	for {
		clear(mine)
		mine = mine[:0]
		l.mu.Lock()
		if len(l.writing) == 0 {
			l.working = false
			l.mu.Unlock()
			return
		}
		mine = append(mine, l.writing[:fitting(l.writing)]...)
		rest := copy(l.writing, l.writing[len(mine):])
		clear(l.writing[rest:])
		l.writing = l.writing[:rest]
		l.mu.Unlock()
		l.commit(context.Background(), mine)
	}
}

// fitting is how many of the connections' batches go into one transaction: at
// least the first.
func fitting(conns []*Conn) int {
	n, bytes := 0, 0
	for i, c := range conns {
		n, bytes = n+len(c.batch), bytes+c.batched
		if i > 0 && (n > maxBatch || bytes > maxBatchBytes) {
			return i
		}
	}
	return len(conns)
}

// commit runs the batches of connections and answers them. One transaction holds
// all; should it fail, each has its own. With a ctx that is over, as atOnce is, it
// returns false instead.
//
// Whose a change was is lost, which nobody needs: who tracks keys without being
// told of its own changes is not plain, and not here.
func (l *eventLoop) commit(ctx context.Context, conns []*Conn) bool {
	shared := l.together(ctx, conns)
	if !shared && ctx.Err() != nil {
		return false
	}
	for _, c := range conns {
		if !shared && !c.guarded(c.runBatch) {
			c.closing = true
		}
	}
	for _, c := range conns {
		if !c.closing {
			c.send(false)
		}
		if c.closing || c.closed.Load() {
			l.end(c)
		} else {
			l.putDown(c)
		}
	}
	return true
}

// together runs the batches of connections in one transaction. Without success it
// has left no trace, and all batches are as they were; if that is because a
// command panicked its connection is closed.
func (l *eventLoop) together(ctx context.Context, conns []*Conn) (ok bool) {
	var running *Conn
	var tx *Tx
	for _, c := range conns {
		c.mark = c.w.Len()
	}
	undo := func() {
		for _, c := range conns {
			c.w.Truncate(c.mark)
		}
	}
	defer func() {
		if p := recover(); p != nil {
			undo()
			running.panicked(p)
			running.drop(running.taken())
		}
	}()
	commit, err := l.srv.update(ctx, func(t *Tx) error {
		tx = t
		undo() // nothing, unless the engine should run it again
		for _, c := range conns {
			running = c
			if err := c.runIn(t, c.batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		undo()
		return false
	}
	for _, c := range conns {
		c.committed(unit{from: c.mark, to: c.w.Len(), replies: countReplies(c.batch), commit: commit, told: tx.told()})
		c.drop(c.taken())
	}
	return true
}
