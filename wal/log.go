package wal

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/vfs"
)

// Log is a log open for appending. All methods are safe for concurrent use.
//
// Two things guard its state. The token, a channel with one slot, is held by
// whoever does I/O on the segment being written; everything in tail belongs to
// its holder. The mutex guards the queue and the lists; it is never held across
// a call of the file system or of a callback, so nobody ever waits for a disk
// while holding it, and Append does not wait for the disk at all.
type Log struct {
	o Options // with its defaults filled in

	token chan struct{} // full while somebody commits
	tail  tail          // the token's holder's

	durable atomic.Uint64            // last durable LSN
	failed  atomic.Pointer[LogError] // the error that ended the log; set under mu
	written atomic.Uint64            // last LSN handed to the operating system
	frames  atomic.Uint64            // frames with records, written since the log was opened

	delivery atomic.Int64 // nanoseconds that Options.Durable took last

	mu        sync.Mutex
	queue     []*batch      // waiting to be committed; the last one takes records
	last      *batch        // the batch that was taken from the queue last
	next      uint64        // LSN of the next record appended
	staged    int64         // bytes of records queued or in flight
	pending   int           // records queued or in flight
	room      chan struct{} // closed when staged shrinks; nil while nobody waits
	spare     []buffers     // of batches that have ended
	closing   bool          // Close was called
	segments  []SegmentInfo
	readers   map[*Reader]struct{}
	synced    position      // everything before is durable
	applied   position      // everything before was delivered to Options.Durable
	delivered uint64        // last LSN before applied
	progress  chan struct{} // closed when readers may go on; nil while nobody waits
	ended     bool          // Close is over
	metrics   Metrics

	idle   idleTimer
	lazy   intervalTimer
	closed chan struct{} // closed when Close has ended
	result error         // what Close returned
}

// position is a place in the log, between two frames.
type position struct {
	seq uint64
	off int64
}

// Create makes a new log: its first segment, numbered 1, whose first record will
// have LSN firstLSN. The segment is durable when it returns; MANIFEST names it
// from the start, so Options.Rotated is not called.
func Create(o Options, firstLSN uint64) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if firstLSN == 0 {
		return nil, errors.New("wal: the first LSN must not be 0")
	}
	l := newLog(o)
	h := l.nextHeader(Tail{NextLSN: firstLSN}, firstLSN, 0)
	if err := l.tail.begin(l, h); err != nil {
		return nil, err
	}
	return l.started(Tail{})
}

// Continue goes on behind the last frame of the segment t.Seq. When t.Sealed it
// is StartAfter(o, t, t.NextLSN).
func Continue(o Options, t Tail) (*Log, error) {
	if t.Sealed {
		return StartAfter(o, t, t.NextLSN)
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := newLog(o)
	if err := l.tail.resume(l, t); err != nil {
		return nil, err
	}
	return l.started(t)
}

// StartAfter goes on in a new segment, t.Seq+1, which declares t.Offset as the
// end of its predecessor and firstLSN as its first LSN. Options.Rotated is called.
func StartAfter(o Options, t Tail, firstLSN uint64) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := newLog(o)
	if err := l.tail.begin(l, l.nextHeader(t, firstLSN, 0)); err != nil {
		return nil, err
	}
	if err := l.rotated(l.tail.header.Seq); err != nil {
		return nil, errors.Join(err, l.tail.file.Close())
	}
	return l.started(t)
}

func newLog(o Options) *Log {
	l := &Log{
		o:       o,
		token:   make(chan struct{}, 1),
		closed:  make(chan struct{}),
		readers: make(map[*Reader]struct{}),
	}
	l.idle.init(l)
	l.lazy.init(l)
	return l
}

// started sets up what the queue and the readers need; t is where the log ended
// before.
func (l *Log) started(t Tail) (*Log, error) {
	segments, err := l.listSegments(t.First)
	if err != nil {
		return nil, errors.Join(err, l.tail.file.Close())
	}
	l.segments = segments
	l.next = l.tail.next
	l.durable.Store(l.next - 1)
	l.written.Store(l.next - 1)
	l.synced = position{l.tail.header.Seq, l.tail.off}
	l.applied, l.delivered = l.synced, l.next-1
	return l, nil
}

// NextLSN is the LSN that the next record will get.
func (l *Log) NextLSN() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Durable is the last LSN that is known to be durable.
func (l *Log) Durable() uint64 { return l.durable.Load() }

// Written is the last LSN that was handed to the operating system.
func (l *Log) Written() uint64 { return l.written.Load() }

// Err is the error that the log failed with, a *LogError, or nil.
func (l *Log) Err() error {
	if err := l.failed.Load(); err != nil {
		return err
	}
	return nil
}

// refusal is why the log takes nothing more, or nil. mu is held.
func (l *Log) refusal() error {
	switch {
	case l.failed.Load() != nil:
		return l.failed.Load()
	case l.closing:
		return ErrClosed
	}
	return nil
}

// acquire takes the token. Without an error the caller releases it.
func (l *Log) acquire(ctx context.Context) error {
	select {
	case l.token <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	err := l.refusal()
	l.mu.Unlock()
	if err != nil {
		l.release()
	}
	return err
}

// release gives the token to whoever has waited for it longest: the channel
// hands it over, so nobody overtakes and no wake-up is lost.
func (l *Log) release() { <-l.token }

// rotated tells MANIFEST of a new segment.
func (l *Log) rotated(seq uint64) error {
	if l.o.Rotated == nil {
		return nil
	}
	if err := l.o.Rotated(seq); err != nil {
		return &LogError{Op: "announce", File: l.path(seq), Err: err}
	}
	return nil
}

func (l *Log) path(seq uint64) string { return vfs.Join(l.o.Dir, SegmentName(seq)) }
