package wal

import (
	"context"
	"sync/atomic"
)

// batch is what one frame will hold: the records that were appended while an
// earlier frame was on its way. Until it is taken from the queue, the log's
// mutex guards it; from then on the goroutine that took it owns it.
type batch struct {
	// What waiters look at comes first, and at a distance from what every Append
	// changes, so that the two do not fight over a cache line.
	log  *Log
	done chan struct{} // closed when the batch was delivered or has failed
	err  error         // set before done is closed
	// heir is set by the first to care about the batch, who has thereby taken on
	// to see it committed: by leading, or by leaving a goroutine that does.
	heir atomic.Bool
	_    [64]byte

	first uint64 // LSN of its first record
	count int    // records
	size  int64  // bytes of records, what counts against MaxStaged
	sync  bool   // to be delivered after a sync
	taken bool   // by a leader, who commits it; the token's holder's
	buffers

	prev *batch   // the batch before, until this one is finished
	upTo position // behind its frame, once written
}

// buffers are what a batch leaves to a later one.
type buffers struct {
	frame []byte // room for the frame's header, then the records
	items []any
}

const (
	spareBuffers = 3       // batches building, in flight and being delivered
	spareBytes   = 8 << 20 // a larger buffer goes to the garbage collector
	spareItems   = 1 << 16
)

func (b *batch) last() uint64 { return b.first + uint64(b.count) - 1 }

// end lets everybody go who waits for the batch.
func (b *batch) end(err error) {
	b.err = err
	b.prev = nil
	close(b.done)
}

// Append queues a record, one well-formed CBOR item, and returns at once with
// its LSN: LSNs follow the order of the calls, without a hole. The bytes are
// copied; item is handed to Options.Durable with the record's batch. It blocks
// only while more than MaxStaged bytes wait, and only until ctx ends.
//
// The caller then calls Wait, or, when it is not going to wait at once, Start.
// A record with neither is committed together with the next one that has.
//
// Errors: ErrClosed, *LogError (ErrFailed), *RecordSizeError, ErrBadRecord, ctx's
// error; none of them leaves anything behind.
func (l *Log) Append(ctx context.Context, record []byte, item any, d Durability) (Pending, error) {
	if len(record) > l.o.MaxRecord {
		return Pending{}, &RecordSizeError{Size: len(record), Limit: l.o.MaxRecord}
	}
	if itemLen(record) != len(record) || len(record) == 0 {
		return Pending{}, ErrBadRecord
	}
	l.mu.Lock()
	if err := l.makeRoom(ctx, int64(len(record))); err != nil {
		l.mu.Unlock()
		return Pending{}, err
	}
	b := l.building(len(record))
	b.frame = append(b.frame, record...)
	b.items = append(b.items, item)
	b.count++
	b.size += int64(len(record))
	b.sync = b.sync || d == Durable
	lsn := l.next
	l.next++
	l.staged += int64(len(record))
	l.pending++
	l.mu.Unlock()
	return Pending{batch: b, lsn: lsn}, nil
}

// makeRoom waits until n more bytes may be staged. A record larger than all of
// MaxStaged waits until it is alone. mu is held, and given up while waiting.
func (l *Log) makeRoom(ctx context.Context, n int64) error {
	for {
		if err := l.refusal(); err != nil {
			return err
		}
		if l.staged == 0 || l.staged+n <= l.o.MaxStaged && l.pending < maxRecords {
			return nil
		}
		if l.room == nil {
			l.room = make(chan struct{})
		}
		room, queue := l.room, l.queue
		var newest *batch
		if len(queue) > 0 {
			newest = queue[len(queue)-1]
		}
		l.mu.Unlock()
		// Perhaps nobody waits for what is queued. Whoever leads for the newest
		// batch commits all of them.
		if newest != nil {
			newest.start()
		}
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		l.mu.Lock()
		if err != nil {
			return err
		}
	}
}

// building returns the batch that takes a record of n bytes. mu is held.
func (l *Log) building(n int) *batch {
	if len(l.queue) > 0 {
		b := l.queue[len(l.queue)-1]
		if b.size+int64(n) <= int64(l.o.MaxFrame) && b.count < maxRecords/2 {
			return b
		}
	}
	b := &batch{log: l, first: l.next, sync: l.o.Mode == Always, done: make(chan struct{})}
	if n := len(l.spare); n > 0 {
		b.buffers, l.spare = l.spare[n-1], l.spare[:n-1]
	}
	b.frame = append(b.frame[:0], make([]byte, FrameHeaderSize)...)
	l.queue = append(l.queue, b)
	return b
}

// unstage gives back what the batch counted for, and its buffers: nobody writes
// from them or reads them any more. mu is held.
func (l *Log) unstage(b *batch) {
	l.staged -= b.size
	l.pending -= b.count
	clear(b.items)
	b.items = b.items[:0]
	if len(l.spare) < spareBuffers && cap(b.frame) <= spareBytes && cap(b.items) <= spareItems {
		l.spare = append(l.spare, b.buffers)
	}
	b.buffers = buffers{}
	l.wakeRoom()
}

// wakeRoom lets those go who wait in makeRoom. mu is held.
func (l *Log) wakeRoom() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

// Pending is a record on its way; a small value, free to copy.
type Pending struct {
	batch *batch
	lsn   uint64
}

// LSN is the record's number.
func (p Pending) LSN() uint64 { return p.lsn }

// Done is closed when Wait would return without waiting.
func (p Pending) Done() <-chan struct{} { return p.batch.done }

// Start has the record committed by a goroutine of the log, unless somebody is
// going to do it anyway. It never blocks.
func (p Pending) Start() { p.batch.start() }

func (b *batch) start() {
	if b.claim() {
		go b.lead(context.Background())
	}
}

// claim makes the caller the batch's heir, unless it has one.
func (b *batch) claim() bool { return !b.heir.Load() && b.heir.CompareAndSwap(false, true) }

// Wait waits until the record is durable (in the lazier modes: written, unless it
// asked for Durable) and was delivered to Options.Durable. It may itself commit
// what is queued, the records of others included. Any number of goroutines may
// wait, any number of times.
//
// An error is always an *OutcomeError: of the log's failure, or of ctx, which
// ends the wait and not the commit. A commit that the caller has already begun
// itself is finished first.
func (p Pending) Wait(ctx context.Context) error {
	b := p.batch
	err := error(nil)
	if b.claim() {
		err = b.lead(ctx)
	} else if ctx.Done() == nil {
		<-b.done // a select costs twice as much, and there is one for every record
	} else {
		select {
		case <-b.done:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err == nil {
		err = b.err
	}
	if err != nil {
		return &OutcomeError{LSN: p.lsn, Err: err}
	}
	return nil
}
