package wal

import (
	"context"
	"errors"
	"log/slog"
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

	durable atomic.Uint64 // last durable LSN
	written atomic.Uint64 // last LSN handed to the operating system
	frames  atomic.Uint64 // frames with records, written since the log was opened

	mu        sync.Mutex
	queue     []*batch      // waiting to be committed; the last one takes records
	last      *batch        // the batch that was taken from the queue last
	next      uint64        // LSN of the next record appended
	staged    int64         // bytes of records queued or in flight
	pending   int           // records queued or in flight
	room      chan struct{} // closed when staged shrinks; nil while nobody waits
	spare     []buffers     // of batches that have ended
	failed    *LogError     // the error that ended the log
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

func (p position) before(q position) bool {
	return p.seq < q.seq || p.seq == q.seq && p.off < q.off
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	return nil
}

// refusal is why the log takes nothing more, or nil. mu is held.
func (l *Log) refusal() error {
	switch {
	case l.failed != nil:
		return l.failed
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

// Close commits what is queued, syncs, writes a MARK, trims the zeros behind it
// and closes the file. It returns the error that the log failed with, if it did.
// Closing again waits for the first Close and returns the same.
func (l *Log) Close() error {
	l.mu.Lock()
	first := !l.closing
	l.closing = true
	l.wakeRoom()
	l.mu.Unlock()
	if !first {
		<-l.closed
		return l.result
	}
	l.token <- struct{}{}
	l.result = l.shutDown()
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	l.release()
	if last != nil {
		<-last.done
	}
	l.mu.Lock()
	l.ended = true
	l.wakeReaders()
	l.mu.Unlock()
	close(l.closed)
	return l.result
}

// shutDown does what Close does to the file. The token is held, and nothing is
// appended any more.
func (l *Log) shutDown() error {
	l.idle.stop()
	l.lazy.stop()
	err := l.drain(l.next)
	if err == nil {
		// The MARK before the trim: once it is durable, nothing that a crash
		// leaves behind it can be taken for a record. The trim itself need not
		// be durable, because zeros behind a MARK are a clean end too.
		if err = l.fail(l.tail.mark(l)); err == nil {
			err = l.fail(l.tail.trim())
		}
	}
	return errors.Join(err, l.tail.file.Close())
}

// fail ends the log when err is not nil: nothing is written any more, and
// everybody who waits learns that the outcome is unknown. A sync is never tried
// again: after a failed one the kernel may report success for pages that it
// dropped.
func (l *Log) fail(err error) error {
	if err == nil {
		return nil
	}
	var cause *LogError
	if !errors.As(err, &cause) {
		cause = &LogError{Op: "use", File: l.o.Dir, Err: err}
	}
	l.mu.Lock()
	if l.failed != nil {
		cause = l.failed
	}
	l.failed = cause
	queue := l.queue
	l.queue = nil
	for _, b := range queue {
		l.unstage(b)
	}
	l.wakeReaders()
	l.mu.Unlock()
	l.o.Logger.Error("log failed", slog.String("op", cause.Op), slog.String("file", cause.File), slog.Any("error", cause.Err))
	for _, b := range queue {
		b.end(cause)
	}
	return cause
}

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
