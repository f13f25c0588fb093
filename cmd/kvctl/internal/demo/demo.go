package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Options configure a demonstration.
type Options struct {
	FS      vfs.FS
	Dir     string // of the store; it is empty or does not exist
	Seed    uint64 // picks the data and the moments of the kills
	Writers int
	// Command makes the child's process: it calls Write with this directory,
	// seed and number of writers, its events going to standard output.
	Command func(ctx context.Context) *exec.Cmd
	Now     func() time.Time
}

// Demo is a store that is written to, killed and recovered, round by round.
type Demo struct {
	o      Options
	rng    *rand.Rand
	ledger *ledger
}

// New prepares a demonstration.
func New(o Options) *Demo {
	return &Demo{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0)), ledger: newLedger(o.Writers)}
}

// Round is what one kill and one recovery came to.
type Round struct {
	Ran       time.Duration // from the first acknowledgement to the kill
	Aimed     bool          // the kill waited for the log to grow
	New       int64         // commits acknowledged in this round
	Judgement *Judgement
	Verdict   recovery.Severity // of a look at the store as the kill left it; 0 = sound
	Report    *recovery.Report
	Around    []Record // the log just before its end, as the kill left it
	Took      time.Duration
}

// Record is one commit of the log, in words that a reader can use.
type Record struct {
	LSN     uint64
	Segment uint64
	Offset  int64 // of the frame
	Ops     []record.Mutation
}

// Least and most time that the child writes, from its first acknowledgement on.
const (
	leastRun = 150 * time.Millisecond
	mostRun  = 700 * time.Millisecond
)

// Round runs the child, kills it at a random moment, recovers the store and
// judges it. An aimed kill waits from that moment until the log is seen to grow,
// which is when a write is under way: most of the time is spent in syncs, where a
// kill tears nothing.
func (d *Demo) Round(ctx context.Context, aimed bool) (*Round, error) {
	r := &Round{Aimed: aimed}
	before := d.ledger.acked()
	run := leastRun + time.Duration(d.rng.Int64N(int64(mostRun-leastRun)))
	ran, err := d.runChild(ctx, run, aimed)
	if err != nil {
		return nil, err
	}
	r.Ran = ran
	r.New = d.ledger.acked() - before

	// A look before anything is mended: what did the kill leave?
	found, err := recovery.Verify(ctx, d.o.FS, d.o.Dir, recovery.VerifyOptions{})
	if err != nil {
		return nil, err
	}
	r.Verdict = found.Worst()
	if r.Around, err = d.around(ctx); err != nil {
		return nil, err
	}

	begin := d.o.Now()
	db, err := engine.Open(d.o.Dir, nil)
	if err != nil {
		return nil, fmt.Errorf("recovery after the kill failed: %w", err)
	}
	r.Took = d.o.Now().Sub(begin)
	r.Report = db.RecoveryReport()
	r.Judgement, err = judge(db, d.ledger, d.o.Seed)
	return r, errors.Join(err, db.Close())
}

// runChild starts the child, listens, kills it so long after its first
// acknowledgement, and returns how long that was.
func (d *Demo) runChild(ctx context.Context, run time.Duration, aimed bool) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := d.o.Command(ctx) // when ctx ends, the child gets SIGKILL
	var stderr strings.Builder
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var ran atomic.Int64 // not 0: it was killed as planned
	first := func() {
		since := d.o.Now()
		time.AfterFunc(run, func() {
			if aimed {
				d.aim(ctx)
			}
			ran.Store(max(1, int64(d.o.Now().Sub(since))))
			// Directly, and not by way of the context: the moment is short. An
			// error is that of a child that has ended already.
			_ = cmd.Process.Kill()
		})
	}
	if err := d.listen(bufio.NewReaderSize(pipe, 1<<16), first); err != nil {
		cancel()
		return 0, errors.Join(err, cmd.Wait())
	}
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case ran.Load() == 0 || stderr.Len() > 0: // a child that fails says why
		return 0, fmt.Errorf("%w: %w: %s", errStopped, err, strings.TrimSpace(stderr.String()))
	}
	return time.Duration(ran.Load()), nil
}

// mostAim is how long an aimed kill waits for its moment.
const mostAim = 100 * time.Millisecond

// aim returns when the newest file of the log has just grown, or after mostAim.
func (d *Demo) aim(ctx context.Context) {
	dir := vfs.Join(d.o.Dir, "wal")
	files, err := d.o.FS.List(dir)
	if err != nil || len(files) == 0 {
		return
	}
	newest := vfs.Join(dir, files[len(files)-1].Name)
	size := int64(-1)
	for until := d.o.Now().Add(mostAim); ctx.Err() == nil && d.o.Now().Before(until); {
		info, err := d.o.FS.Stat(newest)
		if err != nil || size >= 0 && info.Size > size {
			return
		}
		size = info.Size
	}
}

// listen enters events until the child is dead and the pipe empty. first is
// called at the first acknowledgement.
func (d *Demo) listen(r io.Reader, first func()) error {
	seen := false
	for {
		e, err := readEvent(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := d.ledger.add(e); err != nil {
			return err
		}
		if e.acked && !seen {
			seen = true
			first()
		}
	}
}

// shownRecords is how much of the log's end is shown.
const shownRecords = 4

// around reads the last records before the log's end, without opening the store.
func (d *Demo) around(ctx context.Context) ([]Record, error) {
	from := uint64(1)
	if n := d.ledger.newestLSN(); n > shownRecords {
		from = n - shownRecords
	}
	var last []Record
	for r, err := range recovery.Records(ctx, d.o.FS, d.o.Dir, recovery.RecordsOptions{From: from}) {
		var torn *recovery.TornError
		if errors.As(err, &torn) {
			break
		}
		if err != nil {
			return nil, err
		}
		if r.Raw == nil {
			continue
		}
		if len(last) == shownRecords {
			last = append(last[:0], last[1:]...)
		}
		last = append(last, Record{r.LSN, r.Segment, r.Offset, clone(r.Commit.Mutations)})
	}
	return last, nil
}

// clone copies operations out of the log's memory.
func clone(muts []record.Mutation) []record.Mutation {
	out := make([]record.Mutation, len(muts))
	for i, m := range muts {
		m.Key = append([]byte(nil), m.Key...)
		m.Value = append([]byte(nil), m.Value...)
		out[i] = m
	}
	return out
}
