package kernel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/redis-lite/redis-lite/engine"
)

// The exit codes of a child.
const (
	ExitDone   = 0 // it has done its work
	ExitUsage  = 2 // it was told nonsense
	ExitFailed = 3 // an operation of the store failed; a line says which
	ExitOpen   = 4 // the store did not open
)

// Child is the life of the process that is going to be killed: it reads a
// Config from in, opens the store, writes to it, and reports on out. It returns
// the process's exit code. It ends with its work, with the first error of the
// store, or when in ends, because then its parent is gone.
//
// A test binary calls it from TestMain, kvctl from a hidden command.
func Child(in io.Reader, out io.Writer) int {
	r := &reporter{w: out}
	br := bufio.NewReader(in)
	first, err := br.ReadBytes('\n')
	var c Config
	if err == nil {
		err = json.Unmarshal(first, &c)
	}
	if err != nil {
		r.line("error %s %v", kindOther, err)
		return ExitUsage
	}
	if c.OneThread {
		runtime.LockOSThread()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		io.Copy(io.Discard, br)
		cancel()
	}()
	return c.live(ctx, r)
}

// live opens, writes and closes, as often as the configuration says.
func (c *Config) live(ctx context.Context, r *reporter) int {
	for {
		db, err := engine.Open(c.Dir, c.options())
		if err != nil {
			r.error(kindOpen, err)
			return ExitOpen
		}
		found, err := position{}, error(nil)
		err = db.View(func(tx *engine.Tx) error {
			found, err = readPosition(tx)
			return err
		})
		cut := int64(0)
		if report := db.RecoveryReport(); report != nil {
			if report.Cut != nil {
				cut = report.Cut.Bytes
			}
			r.machine(report.ReadOnlyReason)
		}
		r.line("open %d %d %d", found.N, found.Round, cut)
		var again bool
		if err == nil {
			again, err = c.write(ctx, db, r)
		}
		if cerr := db.Close(); err == nil && cerr != nil {
			r.error(kindClose, cerr)
			return ExitFailed
		}
		switch {
		case ctx.Err() != nil: // its parent is gone; nobody reads what it says
			return ExitDone
		case err != nil:
			return ExitFailed
		}
		r.line("close")
		if !again {
			r.line("done")
			return ExitDone
		}
	}
}

// write runs the clients until the limit or the first error. again says that
// the store is to be opened once more.
func (c *Config) write(ctx context.Context, db *engine.DB, r *reporter) (again bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	stop := func(e error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil && e != nil {
			err = e
		}
		cancel()
	}
	for i := 1; i < c.Clients; i++ {
		wg.Go(func() {
			_, e := c.client(ctx, db, r, i)
			stop(e)
		})
	}
	again, e := c.client(ctx, db, r, 0) // here: on the main thread, should that matter
	stop(e)
	wg.Wait()
	return again, err
}

// client commits one transaction after the other. Its contexts end only with
// the process, so that every error it sees is one of the store.
func (c *Config) client(ctx context.Context, db *engine.DB, r *reporter, id int) (again bool, err error) {
	random := rand.New(rand.NewPCG(c.Seed^uint64(id), c.Round))
	always := context.WithoutCancel(ctx)
	begun := func(p position) { r.line("begin %d", p.N) }
	for i := uint64(1); ctx.Err() == nil; i++ {
		if c.AbortEvery > 0 && random.Uint64N(c.AbortEvery) == 0 {
			if _, err := c.commit(always, db, true, begun); !errors.Is(err, errAborted) {
				return false, c.failed(r, err)
			}
		}
		opts, durable := c.commitOptions(i)
		p, err := c.commit(always, db, false, begun, opts...)
		switch {
		case err != nil:
			return false, c.failed(r, err)
		case durable:
			r.line("sync %d", p.N)
		default:
			r.line("ack %d", p.N)
		}
		if id == 0 && c.CompactEvery > 0 && i%c.CompactEvery == 0 {
			if _, err := db.Compact(always); err != nil {
				r.error(kindCompact, err)
				if db.Metrics().Failed != nil {
					return false, err
				}
			} else {
				r.line("compact")
			}
		}
		switch {
		case c.Limit > 0 && p.N >= c.Limit:
			return false, nil
		case id == 0 && c.ReopenEvery > 0 && i%c.ReopenEvery == 0:
			return true, nil
		}
	}
	return false, nil
}

// failed reports the error of a commit by what a caller can tell of it.
func (c *Config) failed(r *reporter, err error) error {
	kind := kindOther
	switch {
	case errors.Is(err, engine.ErrOutcomeUnknown):
		kind = kindUnknown
	case errors.Is(err, engine.ErrLogFailed):
		kind = kindFailed
	case errors.Is(err, engine.ErrReadOnly):
		kind = kindReadOnly
	}
	if err == nil {
		err = fmt.Errorf("a transaction that was to be aborted was committed")
	}
	r.error(kind, err)
	return err
}
