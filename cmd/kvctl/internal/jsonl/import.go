package jsonl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

// How lines are put into transactions. Large ones, because a record costs a
// frame's header, and a sync at worst; and not too large, because a kill undoes
// those under way. There are maxPending of them at most, so that memory is
// bounded whatever the input's size.
const (
	batchLines = 1000
	batchBytes = 1 << 20
	maxPending = 8
)

// Options configure Import.
type Options struct {
	Bucket   string // for lines that name none
	FromLine int64  // lines before this one are passed over unread; 0 and 1: none

	// ReportEvery makes transactions of at most so many lines, so that Durable is
	// called that often; 0: as large as is good.
	ReportEvery int64

	// Durable is called, from a goroutine of Import's, each time further lines are
	// known to be on the disk: the last of them, and the bytes of input up to
	// there. nil: nobody is told.
	Durable func(line, offset int64)
}

// Summary is what an import did. It holds after an error too.
type Summary struct {
	Lines       int64  // read, blank ones not counted
	Imported    int64  // keys written, durably
	Expired     int64  // of these, with a deadline that had passed already
	LastDurable int64  // every line up to this one is on the disk; 0 = none
	LastLSN     uint64 // of the last durable commit; 0 = none
	Bytes       int64  // of input read
}

// LineError says which line could not be imported, and why. Every line before it
// is durable, and nothing of it or of a later one was written.
type LineError struct {
	Line int64
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// Import reads JSON Lines and sets their keys, in order. Lines become durable in
// order too: whatever ends an import, a prefix of the lines is in the store.
// When ctx ends, Import stops reading, waits for what it has handed over, and
// returns the context's error; the summary then says how far it came.
func Import(ctx context.Context, db *engine.DB, r io.Reader, o Options) (Summary, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	im := &importer{
		// Not to be cut short by a signal: a line that was read goes in.
		ctx: ctx, stop: stop, commits: context.WithoutCancel(ctx),
		// A stream that is silent holds up neither a signal nor the bad news
		// of a failed commit.
		db: db, o: o, lines: NewReader(cli.Interruptible(ctx, r)),
		queue:  make(chan pending, maxPending-1),
		broken: make(chan struct{}),
		done:   make(chan struct{}),
	}
	im.sum.LastDurable = max(0, o.FromLine-1)
	go im.wait()
	err := im.read()
	// What was read before the trouble goes in. An error of that concerns an
	// earlier line than the one that ended the reading, and so goes before it.
	if ferr := im.flush(); ferr != nil {
		err = ferr
	}
	close(im.queue)
	<-im.done
	if im.waitErr != nil {
		err = im.waitErr
	}
	im.sum.Bytes = im.lines.Offset()
	var broken *LineError
	switch {
	case errors.As(err, &broken): // blank lines before it have nothing to make durable
		im.sum.LastDurable = broken.Line - 1
	case err == nil: // of lines that are not there nothing can be said
		im.sum.LastDurable = min(im.sum.LastDurable, im.lines.Line())
	}
	return im.sum, err
}

type importer struct {
	ctx     context.Context // of reading
	stop    func()          // ends it
	commits context.Context
	db      *engine.DB
	o       Options
	lines   *Reader
	sum     Summary // Lines is the reader's, the rest the waiter's until it is done

	batch []numbered
	arena []byte // what the batch's keys and values point to
	size  int

	// The waiter follows the commits to the disk, so that a line is reported when
	// it is durable and not when the next one arrives.
	queue   chan pending
	broken  chan struct{} // closed when a commit has failed: waitErr says how
	done    chan struct{}
	waitErr error
}

type numbered struct {
	Line
	number int64
}

// pending is a transaction that is on its way to the disk.
type pending struct {
	commit  *engine.Commit
	last    int64 // the last line in it
	offset  int64
	keys    int64
	expired int64
}

// read takes lines until there are none, or one is broken, or ctx ends.
func (im *importer) read() error {
	for {
		if err := im.ctx.Err(); err != nil {
			return err
		}
		// A stream that has nothing to say yet must not keep what it said before
		// from the disk.
		if !im.lines.Buffered() {
			if err := im.flush(); err != nil {
				return err
			}
		}
		b, err := im.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if im.lines.Line() == 1 { // a byte order mark, as some editors write, is no part of it
			b = bytes.TrimPrefix(b, []byte("\ufeff"))
		}
		if im.lines.Line() < im.o.FromLine || blank(b) {
			continue
		}
		im.sum.Lines++
		if err := im.add(b); err != nil {
			return err
		}
		if len(im.batch) >= im.lineLimit() || im.size >= batchBytes {
			if err := im.flush(); err != nil {
				return err
			}
		}
	}
}

func (im *importer) lineLimit() int {
	if n := im.o.ReportEvery; n > 0 && n < batchLines {
		return int(n)
	}
	return batchLines
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// add parses a line into the batch. The reader's buffer moves on, so the batch
// keeps a copy of the line and lets keys and values point into it.
func (im *importer) add(b []byte) error {
	n := numbered{number: im.lines.Line()}
	// The line is copied to memory that never moves: an arena that had to grow
	// is left to those that point into it.
	if cap(im.arena)-len(im.arena) < len(b) {
		im.arena = make([]byte, 0, max(2*batchBytes, 2*len(b)))
	}
	start := len(im.arena)
	im.arena = append(im.arena, b...)
	own := im.arena[start:len(im.arena):len(im.arena)]
	decoded, err := Parse(&n.Line, own, nil)
	if err != nil {
		return &LineError{n.number, err}
	}
	if !n.HasBucket {
		n.Bucket = im.o.Bucket
	}
	im.batch = append(im.batch, n)
	im.size += len(b) + len(decoded)
	return nil
}

// flush hands the batch over as one transaction. A line that the engine refuses
// ends the transaction before it, not the whole of it.
func (im *importer) flush() error {
	if len(im.batch) == 0 {
		return nil
	}
	var refused error
	p := pending{offset: im.lines.Offset()}
	commit, err := im.db.UpdateAsync(im.commits, func(tx *engine.Tx) error {
		for i := range im.batch {
			n := &im.batch[i]
			if err := set(im.commits, tx, &n.Line); err != nil {
				refused = &LineError{n.number, err}
				return nil
			}
			p.last = n.number
			p.keys++
			if n.Deadline != 0 && n.Deadline <= tx.Time().UnixMilli() {
				p.expired++
			}
		}
		return nil
	})
	im.batch, im.arena, im.size = im.batch[:0], im.arena[:0], 0
	if err != nil {
		return err
	}
	if p.keys == 0 {
		return refused
	}
	p.commit = commit
	select {
	case im.queue <- p:
		return refused
	case <-im.broken:
		return im.waitErr
	}
}

func set(ctx context.Context, tx *engine.Tx, l *Line) error {
	if l.Deadline == 0 {
		return tx.Bucket(l.Bucket).Set(ctx, l.Key, l.Value)
	}
	return tx.Bucket(l.Bucket).Set(ctx, l.Key, l.Value, engine.Deadline(time.UnixMilli(l.Deadline)))
}

// wait follows the commits in their order. Behind one that failed no other can
// have become durable.
func (im *importer) wait() {
	defer close(im.done)
	for p := range im.queue {
		if im.waitErr != nil {
			continue
		}
		if err := p.commit.Wait(im.commits); err != nil {
			im.waitErr = err
			close(im.broken)
			im.stop()
			continue
		}
		im.sum.Imported += p.keys
		im.sum.Expired += p.expired
		im.sum.LastDurable = p.last
		im.sum.LastLSN = p.commit.LSN()
		if im.o.Durable != nil {
			im.o.Durable(p.last, p.offset)
		}
	}
}
