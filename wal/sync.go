package wal

import (
	"time"

	"github.com/redis-lite/redis-lite/vfs"
)

// extent is what a sync makes durable: what had been written when it began.
type extent struct {
	upTo    position
	last    uint64 // LSN
	bytes   int64  // unsynced
	records int
}

func (t *tail) extent() extent {
	return extent{position{t.header.Seq, t.off}, t.next - 1, t.unsynced, t.records}
}

// sync makes everything written durable. Once it has failed it is not tried
// again: the kernel may have dropped the pages and would report success.
func (t *tail) sync(l *Log) error {
	if err := t.land(l); err != nil || t.unsynced == 0 {
		return err
	}
	begun := l.o.Now()
	if err := t.file.DataSync(); err != nil {
		return t.failure("sync", err)
	}
	t.synced(l, t.extent(), l.o.Now().Sub(begun))
	return nil
}

// synced notes that an extent is durable.
func (t *tail) synced(l *Log, e extent, took time.Duration) {
	t.unsynced -= e.bytes
	t.took = took
	t.records -= e.records
	l.durable.Store(e.last)
	l.mu.Lock()
	l.synced = e.upTo
	l.metrics.sync(took)
	l.wakeReaders()
	l.mu.Unlock()
}

// flight is a sync that runs without the token, so that the writers of the
// lazier modes need not wait for it. Only one sync runs at a time, of either
// kind, so that its error is not reported to another one.
type flight struct {
	file    vfs.File
	extent  extent
	err     error
	took    time.Duration
	arrived chan struct{} // closed when the sync has ended
}

// depart begins a flight. The token is held, and no flight is under way.
func (t *tail) depart() *flight {
	t.flight = &flight{file: t.file, extent: t.extent(), arrived: make(chan struct{})}
	return t.flight
}

// run does the sync. It needs no token.
func (f *flight) run(l *Log) {
	begun := l.o.Now()
	f.err = f.file.DataSync()
	f.took = l.o.Now().Sub(begun)
	close(f.arrived)
}

// land waits for the flight, if there is one, and notes what it made durable:
// nothing of what was written since it began. The token is held.
func (t *tail) land(l *Log) error {
	f := t.flight
	if f == nil {
		return nil
	}
	<-f.arrived
	t.flight = nil
	if f.err != nil {
		return t.failure("sync", f.err)
	}
	t.synced(l, f.extent, f.took)
	return nil
}
