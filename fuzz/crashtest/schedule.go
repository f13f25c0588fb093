package crashtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// seedEnv names a seed of Schedule to run alone.
const seedEnv = "CRASHTEST_SEED"

// Schedule runs several clients of one store at once, seeds times, each time in
// another order that the seed decides: inside a testing/synctest bubble every
// file-system call, and every operation before it begins, waits until it is
// picked. The same seed gives the same order, as far as the store itself does
// not toss coins (a select with two ready cases). Now and then the bubble's
// clock moves, so that timers fire in between.
//
// Afterwards the power goes before every step, as in Exhaust. What may be found
// is the model after any order of the operations that agrees with what the
// clients saw: an operation that was answered before another was begun comes
// first.
//
// With Options.Readers more clients look at everything in between. Before any
// crash the answers of all clients must agree with one order of the operations
// (the run is linearizable); with Options.ReadsLast no crash may take back what
// a reader was shown.
//
// There may be 64 operations in all, reads included.
//
// The store must hold no mutex across a file-system call: a goroutine that
// waits for such a mutex keeps the bubble from coming to rest, and the test
// hangs.
func Schedule[Op any](t *testing.T, sys System[Op], clients [][]Op, seeds int, o Options) Result {
	t.Helper()
	first := 0
	if s := os.Getenv(seedEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("crashtest: %s=%q: %v", seedEnv, s, err)
		}
		first, seeds = n, 1
	}
	if n := countOps(clients) + o.Readers*readsEach; n > maxConcurrent {
		t.Fatalf("crashtest: %d operations in one schedule, more than %d", n, maxConcurrent)
	}
	x := newExaminer(sys, o).worker()
	var f *Failure
	for seed := first; seed < first+seeds && f == nil; seed++ {
		for _, mode := range o.modes() {
			x.tally.histories.Add(1)
			if f = x.scheduled(t, clients, uint64(seed), mode); f != nil {
				f.Replay = fmt.Sprintf("%s=%d go test -run '^%s$'", seedEnv, seed, t.Name())
				break
			}
		}
	}
	r := x.result(f)
	finish(t, r, o)
	return r
}

func countOps[Op any](clients [][]Op) int {
	n := 0
	for _, ops := range clients {
		n += len(ops)
	}
	return n
}

// scheduled is one run and its crashes.
func (x *examiner[Op]) scheduled(t *testing.T, clients [][]Op, seed uint64, mode crashfs.Mode) (f *Failure) {
	d := &drive[Op]{sys: x.sys, o: x.o, fs: crashfs.New(crashfs.Options{Mode: mode, Atom: x.o.Atom})}
	synctest.Test(t, func(t *testing.T) { f = d.concurrently(clients, seed) })
	if x.o.Live != nil {
		x.o.Live(seed, d.ledger.events())
	}
	for i := 0; f == nil && i < len(d.moments); i++ {
		f = x.moment(d.moments[i])
	}
	if f == nil {
		f = x.deepen()
	}
	return f
}

// concurrently runs the clients in the order of the seed.
func (d *drive[Op]) concurrently(clients [][]Op, seed uint64) *Failure {
	d.ledger = newLedger(d.sys, State{})
	d.hit = -1
	if d.o.Created {
		if f := d.create(); f != nil {
			return f
		}
	}
	for _, f := range d.o.Faults {
		d.faults = append(d.faults, d.fs.Inject(f))
	}
	s := newScheduler(seed)
	d.fs.SetHook(func(c *crashfs.Call) {
		s.park(c.String())
		if c.Op&crashfs.OpChanges != 0 {
			d.look()
		}
	})
	var failed *Failure
	s.run(func() { failed = d.open("opening the store") })
	if failed != nil || d.store == nil {
		return failed
	}
	var work []func()
	for id, ops := range clients {
		work = append(work, func() {
			for n, op := range ops {
				s.park(fmt.Sprintf("client %d operation %d", id+1, n))
				i := d.ledger.issue(id+1, op)
				d.ledger.answer(i, guard(func() error { return d.store.Do(op) }))
			}
		})
	}
	for id := range d.o.Readers {
		work = append(work, func() {
			for n := range readsEach {
				s.park(fmt.Sprintf("reader %d look %d", id+1, n))
				i := d.ledger.issueRead(len(clients) + id + 1)
				saw, err := dump(d.store)
				d.ledger.answerRead(i, saw, err, d.o.ReadsLast)
			}
		})
	}
	s.run(work...)
	d.look()
	for _, r := range d.ledger.ops {
		var p *panicError
		if errors.As(r.err, &p) {
			failed = d.fail(RecoveryFailed, nil, r.err)
		}
	}
	if failed == nil && !d.ledger.linearizable() {
		failed = d.fail(NotLinearizable, nil, nil)
	}
	s.run(func() {
		err := guard(d.store.Close)
		if err != nil && failed == nil && len(d.o.Faults) == 0 && !d.ledger.anyFailed() {
			failed = d.fail(HarnessBroken, nil, fmt.Errorf("close: %w", err))
		}
	})
	d.look()
	s.open()
	return failed
}

// scheduler lets one goroutine at a time go on.
type scheduler struct {
	rand    *rand.Rand
	arrived chan struct{} // something was parked, or a worker ended

	mu     sync.Mutex
	parked []*parked
	seq    int
	free   bool // nobody is held any more
}

// parked is a goroutine that waits to be picked.
type parked struct {
	what string // tells goroutines apart, whichever came first
	seq  int    // does so for two that do the same
	turn chan struct{}
}

func newScheduler(seed uint64) *scheduler {
	return &scheduler{rand: rand.New(rand.NewPCG(seed, 0x7363686564)), arrived: make(chan struct{}, 1)}
}

// park holds the caller until it is picked.
func (s *scheduler) park(what string) {
	s.mu.Lock()
	if s.free {
		s.mu.Unlock()
		return
	}
	s.seq++
	p := &parked{what: what, seq: s.seq, turn: make(chan struct{})}
	s.parked = append(s.parked, p)
	s.mu.Unlock()
	s.notify()
	<-p.turn
}

func (s *scheduler) notify() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// run starts workers and picks who goes on until all have ended.
func (s *scheduler) run(workers ...func()) {
	var mu sync.Mutex
	left := len(workers)
	for _, w := range workers {
		go func() {
			defer func() {
				mu.Lock()
				left--
				mu.Unlock()
				s.notify()
			}()
			w()
		}()
	}
	for {
		synctest.Wait() // everybody is parked, or waits for somebody
		mu.Lock()
		done := left == 0
		mu.Unlock()
		if done {
			return
		}
		p := s.pick()
		if p == nil {
			<-s.arrived // the clock moves on to the next timer
			continue
		}
		close(p.turn)
	}
}

// pick takes one of the parked away; nil when there is none, or when time is to
// pass first.
func (s *scheduler) pick() *parked {
	if s.rand.IntN(24) == 0 {
		time.Sleep([]time.Duration{time.Millisecond, 100 * time.Millisecond}[s.rand.IntN(2)])
		synctest.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.parked) == 0 {
		return nil
	}
	slices.SortFunc(s.parked, func(a, b *parked) int {
		if a.what != b.what {
			if a.what < b.what {
				return -1
			}
			return 1
		}
		return a.seq - b.seq
	})
	i := s.rand.IntN(len(s.parked))
	p := s.parked[i]
	s.parked = slices.Delete(s.parked, i, i+1)
	return p
}

// open lets everybody go, now and later.
func (s *scheduler) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = true
	for _, p := range s.parked {
		close(p.turn)
	}
	s.parked = nil
}
