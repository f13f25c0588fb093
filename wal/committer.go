package wal

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// The committer
//
// Every batch that somebody cares about has one heir: the first to wait for it,
// or a goroutine that Start made. The heir waits for two things at once, that
// the batch is done and that the token is free, and commits when it gets the
// token. So a batch can be forgotten in no interleaving: either the heir sees
// it done, or the heir does it. The others wait for done alone, which keeps them
// off the token's queue.
//
// A leader commits the batches before its own, which are at most MaxStaged bytes,
// and its own; then it hands the token on, and only then delivers its batch to
// Options.Durable. Applying thus overlaps the next sync. Deliveries are kept in
// order by each batch waiting for the one before it.

// lead sees the batch done. The caller is its heir. Only an error of ctx is
// returned, and then somebody else sees to it: a goroutine that has become the
// heir, or the leader who took the batch.
func (b *batch) lead(ctx context.Context) error {
	l := b.log
	select {
	case l.token <- struct{}{}:
	default:
		select {
		case l.token <- struct{}{}:
		case <-b.done:
			return nil
		case <-ctx.Done():
			go b.lead(context.Background())
			return ctx.Err()
		}
	}
	// From here on ctx counts for nothing: what is begun is finished.
	for !b.taken {
		l.gather()
		next := l.commitNext()
		if next == nil {
			break
		}
		if next == b {
			l.release()
			l.finish(b)
			return nil
		}
		go l.finish(next) // its heir is asleep: do not keep its waiters
	}
	// Another leader took the batch, or it failed with the log.
	l.release()
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitNext takes the first batch from the queue, writes its frame and, as the
// mode has it, syncs. It returns the batch, to be finished by the caller, or nil
// when there was none or it failed. The token is held.
func (l *Log) commitNext() *batch {
	b := l.take()
	if b == nil {
		return nil
	}
	err := l.tail.commit(l, b)
	if err == nil {
		return b
	}
	cause := l.fail(err)
	l.mu.Lock()
	l.unstage(b)
	l.mu.Unlock()
	b.end(cause)
	return nil
}

// gather lets goroutines run that were just let go and are about to append again,
// so that they go into this frame and not into the one after it: without that,
// the first of them would sync alone while the others queue. A lone writer never
// yields.
//
// It yields only while that brings records, up to as many as the last frame
// held, and for half as long as the last sync took: what the disk loses by
// standing still for so long is less than what a sync that is saved gains. A
// processor that is busy with other things ends it at once.
//
// Where a sync takes longer than a delivery, the writers of the batch that is just
// being delivered are waited for as well. Else two groups form for ever, each of
// which is delivered while the other is synced, and each sync carries half of what
// it could.
func (l *Log) gather() {
	target := l.tail.group
	n := l.waiting()
	if last := l.undelivered(); last != nil && 2*time.Duration(l.delivery.Load()) < l.tail.took {
		<-last.done
		target = n + last.count
		n = l.waiting()
	}
	if n >= target {
		return
	}
	begun := l.o.Now()
	for range gatherYields {
		runtime.Gosched()
		m := l.waiting()
		if m == n || m >= target || l.o.Now().Sub(begun) > l.tail.took/2 {
			return
		}
		n = m
	}
}

// gatherYields bounds gather where the clock stands still.
const gatherYields = 16

// waiting is the number of records in the queue's first batch.
func (l *Log) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return 0
	}
	return l.queue[0].count
}

// undelivered returns the batch that was committed last, if it is not delivered yet.
func (l *Log) undelivered() *batch {
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	if last != nil {
		select {
		case <-last.done:
			return nil
		default:
		}
	}
	return last
}

// take removes the first batch from the queue; from now on it takes no records.
func (l *Log) take() *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil
	}
	// Moved up rather than sliced off, so that the array is used again; it is
	// short.
	b := l.queue[0]
	n := copy(l.queue, l.queue[1:])
	l.queue[n] = nil
	l.queue = l.queue[:n]
	b.taken = true
	b.prev, l.last = l.last, b
	return b
}

// finish delivers a committed batch, after the one before it, and lets its
// waiters go. The token is not held: the next frame is on its way meanwhile.
func (l *Log) finish(b *batch) {
	if b.prev != nil {
		<-b.prev.done
		if b.prev.err != nil {
			b.end(b.prev.err) // never delivered out of order
			return
		}
	}
	delivered := false
	defer func() {
		if !delivered {
			// The callback panicked. What it left undone nobody knows, so
			// nothing may be delivered after it; and nobody may wait for ever.
			b.end(l.fail(&LogError{Op: "deliver", File: l.o.Dir, Err: errPanicked}))
		}
	}()
	if l.o.Durable != nil {
		begun := l.o.Now()
		l.o.Durable(Batch{First: b.first, Last: b.last(), Items: b.items})
		l.delivery.Store(int64(l.o.Now().Sub(begun)))
	}
	delivered = true
	l.mu.Lock()
	l.applied, l.delivered = b.upTo, b.last()
	l.unstage(b)
	l.wakeReaders()
	l.mu.Unlock()
	b.end(nil)
}

var errPanicked = errors.New("Options.Durable panicked")
