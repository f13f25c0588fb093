package wal

import (
	"sync/atomic"
	"time"
)

// markBackoff is how far the idle delay may grow while records trickle in: after
// a MARK that stood between few records, the next one waits twice as long.
const markBackoff = 64

// idleTimer writes a MARK when the log has been idle for a while. It costs a
// busy log one look per delay: a commit only arms the timer when it is not
// armed, and the timer, when it fires, looks whether anything happened since.
type idleTimer struct {
	log   *Log
	timer *time.Timer
	armed atomic.Bool
	seen  atomic.Uint64 // commits when the timer was set
	delay atomic.Int64

	// Of the last MARK, the token's holder's.
	markAt time.Time
	marked bool
}

func (i *idleTimer) init(l *Log) {
	i.log = l
	i.delay.Store(int64(l.o.IdleMark))
	i.timer = time.AfterFunc(time.Hour, i.fire)
	i.timer.Stop()
}

func (i *idleTimer) stop() { i.timer.Stop() }

// touch is called after every commit; commits counts them. The token is held.
func (i *idleTimer) touch(commits uint64) {
	i.log.frames.Store(commits)
	if i.log.o.IdleMark < 0 || i.armed.Load() {
		return
	}
	i.adjust()
	i.armed.Store(true)
	i.set(commits)
}

func (i *idleTimer) set(commits uint64) {
	i.seen.Store(commits)
	i.timer.Reset(time.Duration(i.delay.Load()))
}

// adjust chooses the delay at the first commit after a MARK. When that comes
// soon, the MARK was wasted.
func (i *idleTimer) adjust() {
	base := int64(i.log.o.IdleMark)
	delay := i.delay.Load()
	if i.marked && i.log.o.Now().Sub(i.markAt) <= 16*time.Duration(delay) {
		delay = min(2*delay, markBackoff*base)
	} else {
		delay = base
	}
	i.marked = false
	i.delay.Store(delay)
}

// fire runs in the timer's goroutine.
func (i *idleTimer) fire() {
	l := i.log
	if now := l.frames.Load(); now != i.seen.Load() {
		i.set(now) // busy: look again later
		return
	}
	select {
	case l.token <- struct{}{}:
	case <-l.closed:
		return
	}
	defer l.release()
	l.mu.Lock()
	over := l.refusal() != nil
	busy := len(l.queue) > 0
	l.mu.Unlock()
	switch {
	case over:
	case busy || l.tail.commits != i.seen.Load():
		i.set(l.tail.commits)
	default:
		i.armed.Store(false)
		if i.marked = !l.tail.marked; i.marked {
			i.markAt = l.o.Now()
		}
		// The error reaches whoever comes next.
		_ = l.fail(l.tail.mark(l))
	}
}

// intervalTimer syncs what the lazier modes left unsynced.
type intervalTimer struct {
	log   *Log
	timer *time.Timer
	armed bool // the token's holder's
}

func (i *intervalTimer) init(l *Log) {
	i.log = l
	i.timer = time.AfterFunc(time.Hour, i.fire)
	i.timer.Stop()
}

func (i *intervalTimer) stop() { i.timer.Stop() }

// touch is called after a write that was not synced. The token is held.
func (i *intervalTimer) touch() {
	if i.log.o.Mode != Interval || i.armed {
		return
	}
	i.armed = true
	i.timer.Reset(i.log.o.Interval)
}

// fire runs in the timer's goroutine. The sync itself runs without the token:
// frames may be written meanwhile, and it counts only for those before it.
func (i *intervalTimer) fire() {
	l := i.log
	select {
	case l.token <- struct{}{}:
	case <-l.closed:
		return
	}
	defer l.release()
	i.armed = false
	l.mu.Lock()
	over := l.refusal() != nil
	l.mu.Unlock()
	if over {
		return
	}
	// The errors reach whoever comes next.
	if l.fail(l.tail.land(l)) != nil || l.tail.unsynced == 0 {
		return
	}
	f := l.tail.depart()
	l.release()
	f.run(l)
	l.token <- struct{}{}
	if l.tail.flight == f {
		_ = l.fail(l.tail.land(l))
	}
}
