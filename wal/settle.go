package wal

import "context"

// Sync waits until everything appended before the call is durable and was
// delivered. When that leaves the log idle, it writes a MARK.
func (l *Log) Sync(ctx context.Context) error {
	return l.settle(ctx, func() error {
		if err := l.tail.sync(l); err != nil || l.queued() {
			return err
		}
		return l.tail.mark(l)
	})
}

// Mark is Sync, and writes the MARK even when records are waiting that were
// appended since.
func (l *Log) Mark(ctx context.Context) error {
	return l.settle(ctx, func() error { return l.tail.mark(l) })
}

// Rotate commits what was appended before the call, seals the segment and goes
// on in a new one. A segment without frames is left as it is.
func (l *Log) Rotate(ctx context.Context) error {
	return l.settle(ctx, func() error {
		if l.tail.off == HeaderBlock {
			return nil
		}
		return l.tail.rotate(l, 0)
	})
}

// settle takes the token, commits what was appended before the call and then
// calls then. ctx ends the wait for the token; what was begun is finished.
func (l *Log) settle(ctx context.Context, then func() error) error {
	l.mu.Lock()
	target := l.next - 1
	l.mu.Unlock()
	if err := l.acquire(ctx); err != nil {
		return err
	}
	err := l.drain(target)
	if err == nil {
		err = l.fail(then())
	}
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	l.release()
	if err == nil && last != nil {
		<-last.done
	}
	return err
}

// drain commits the queued batches that hold records up to target. The token is
// held.
func (l *Log) drain(target uint64) error {
	for {
		l.mu.Lock()
		more := len(l.queue) > 0 && l.queue[0].first <= target
		l.mu.Unlock()
		if !more {
			break
		}
		if b := l.commitNext(); b != nil {
			go l.finish(b)
		}
	}
	return l.Err()
}

func (l *Log) queued() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}
