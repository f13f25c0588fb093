package snapshot

import (
	"context"
	"runtime"
	"sync"

	"github.com/redis-lite/redis-lite/wal/record"
)

// Load reads all blocks with read-ahead, checks and decodes them on several
// workers (0 = one for each processor), and hands them to fn in order, on the
// caller's goroutine. The entries, and what they refer to, are valid during the
// call only. Load returns the first error in file order, or fn's.
//
// Everything but the digest is checked; the tree of checksums that ends in the
// footer proves the bytes.
func (r *Reader) Load(ctx context.Context, workers int, fn func(block int, entries []record.Entry) error) error {
	l := loader{r: r}
	return l.run(ctx, workers, func(t *task) error {
		for i, end := range t.ends {
			start := 0
			if i > 0 {
				start = t.ends[i-1]
			}
			if err := fn(t.first+i, t.entries[start:end:end]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bounds of a load. One goroutine reads, in file order and in pieces that let
// the system read ahead; a task is such a piece.
const (
	taskStored = 256 << 10 // bytes of the file in a task, unless one block is more
	taskRaw    = 1 << 20   // the same, decompressed
	inFlight   = 16 << 20  // bytes of all tasks under way, unless one task is more
)

// task is a run of neighbouring blocks on its way from the disk to the consumer.
type task struct {
	first, n int // blocks
	cost     int // bytes of memory, for the bound on what is in flight

	stored  []byte // as read
	raw     []byte // decompressed
	entries []record.Entry
	ends    []int // for each block, the end of its entries
	sum     []byte

	err  error
	done chan struct{} // gets one value when a worker is through
}

// loader runs the pipeline reader -> workers -> consumer. Order is kept by
// sending every task down two channels: to the workers, and in order to the
// consumer, which waits for each task in turn.
type loader struct {
	r      *Reader
	digest bool // let the workers encode the digest's input too
}

func (l *loader) run(ctx context.Context, workers int, consume func(*task) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	tasks := workers + 2
	ctx, cancel := context.WithCancel(ctx)
	work := make(chan *task, tasks)
	order := make(chan *task, tasks)
	free := make(chan *task, tasks)
	for range tasks {
		free <- &task{done: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	// Nobody may touch the file after Load has returned.
	defer wg.Wait()
	defer cancel()

	wg.Go(func() {
		defer close(order)
		defer close(work)
		l.read(ctx, free, work, order)
	})
	for range workers {
		wg.Go(func() {
			for t := range work {
				if t.err == nil && ctx.Err() == nil {
					t.err = l.decode(t)
				}
				t.done <- struct{}{}
			}
		})
	}
	for t := range order {
		<-t.done
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.err != nil {
			return t.err
		}
		if err := consume(t); err != nil {
			return err
		}
		free <- t
	}
	return ctx.Err()
}

// read cuts the file into tasks and reads them. All channels have room for all
// tasks there are, so only waiting for a free one can block.
func (l *loader) read(ctx context.Context, free <-chan *task, work, order chan<- *task) {
	index := l.r.index
	var idle []*task
	held := 0 // bytes in flight
	total := cap(free)
	for first := 0; first < len(index); {
		n, cost := l.cut(first)
		// Wait for a task, and for room unless nothing at all is in flight.
		for len(idle) == 0 || (held+cost > inFlight && len(idle) < total) {
			select {
			case t := <-free:
				held -= t.cost
				t.recycle()
				idle = append(idle, t)
			case <-ctx.Done():
				return
			}
		}
		t := idle[len(idle)-1]
		idle = idle[:len(idle)-1]
		t.first, t.n, t.cost = first, n, cost
		held += cost
		start, end := index[first].offset, index[first+n-1].end()
		t.stored = grow(t.stored, int(end-start))
		err := l.r.readAt(t.stored, start)
		t.err = err
		order <- t
		work <- t // t is the worker's, then the consumer's, until it is free again
		first += n
		if err != nil {
			return
		}
	}
}

// cut decides how many blocks make the next task, and what it costs in memory.
func (l *loader) cut(first int) (n, cost int) {
	stored, raw := 0, 0
	for i := first; i < len(l.r.index); i++ {
		ref := &l.r.index[i]
		s, w := blockHead+int(ref.stored), int(ref.raw)
		if n > 0 && (stored+s > taskStored || raw+w > taskRaw) {
			break
		}
		n, stored, raw = n+1, stored+s, raw+w
	}
	return n, stored + raw
}

func (l *loader) decode(t *task) error {
	raw := 0
	for i := range t.n {
		if ref := &l.r.index[t.first+i]; ref.stored < ref.raw {
			raw += int(ref.raw)
		}
	}
	// All at once, for entries alias it and it must not move.
	t.raw = grow(t.raw, raw)[:0]
	start := l.r.index[t.first].offset
	for i := range t.n {
		ref := &l.r.index[t.first+i]
		body, err := l.r.body(t.first+i, t.stored[ref.offset-start:ref.end()-start], t.raw)
		if err != nil {
			return err
		}
		if ref.stored < ref.raw {
			t.raw = t.raw[:len(t.raw)+len(body)]
		}
		if t.entries, err = l.r.entries(t.first+i, body, t.entries); err != nil {
			return err
		}
		t.ends = append(t.ends, len(t.entries))
	}
	if l.digest {
		for i := range t.entries {
			t.sum = record.AppendDigestEntry(t.sum, &t.entries[i])
		}
	}
	return nil
}

// recycle empties a task, and lets go of what one large block has grown.
func (t *task) recycle() {
	if cap(t.stored)+cap(t.raw)+cap(t.sum) > 4*taskRaw {
		t.stored, t.raw, t.sum = nil, nil, nil
		clear(t.entries) // stale ones would pin what they alias
	}
	t.sum, t.entries, t.ends, t.cost, t.err = t.sum[:0], t.entries[:0], t.ends[:0], 0, nil
}
