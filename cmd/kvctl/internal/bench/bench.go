// Package bench measures what a disk and this engine on it give, in a store of its own.
//
// A disk's speed changes from minute to minute, so nothing is measured alone: the
// engine and the bare loop that it is held against (a floor: the same bytes, written
// and synced with nothing around them) take turns, and it is the ratio that says
// something.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/diskfloor"
)

// Options say what is measured. All are needed.
type Options struct {
	FS      vfs.FS
	Dir     string        // is made, and not removed
	Writers int           // of the tests with many
	Value   int           // size of a value, in bytes
	For     time.Duration // of all together, about
	Now     func() time.Time
	Step    func(test string) // is told what begins; may be nil
}

// Result is what one test came to.
type Result struct {
	Test    string
	Writers int
	Ops     int64
	Per     float64       // operations a second, the median of the rounds
	Median  time.Duration // of an operation; of a transaction, where one has many
	P99     time.Duration
	Floor   string  // the test that this one is held against, "" for none
	Ratio   float64 // of the operations a second, the median of the rounds
}

// rounds is how often each test takes its turn.
const rounds = 3

// batch is how many sets are in a transaction, and how many gets between two looks at
// the clock.
const batch = 100

// keys is how many different keys are written and read.
const keys = 10_000

type test struct {
	name, floor string
	workers     int
	per         int  // operations in a call
	apart       bool // which are timed as if each were one
	call        func(ctx context.Context, rng *rand.Rand) error

	rates   []float64
	samples []time.Duration
	ops     int64
}

// Run measures. When ctx ends it returns its error.
func Run(ctx context.Context, o Options) (results []Result, err error) {
	if err := vfs.MkdirAll(o.FS, o.Dir); err != nil {
		return nil, err
	}
	db, err := engine.Open(vfs.Join(o.Dir, "store"), &engine.Options{FS: o.FS})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	single, err := diskfloor.Zeroed(o.FS, vfs.Join(o.Dir, "floor"), 64<<20)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, single.Close()) }()
	shared, err := diskfloor.Zeroed(o.FS, vfs.Join(o.Dir, "floor-of-many"), 64<<20)
	if err != nil {
		return nil, err
	}
	group := diskfloor.IdealGroup(shared)
	defer func() { err = errors.Join(err, group.Close()) }()

	value := make([]byte, o.Value)
	for i := range value {
		value[i] = byte(rand.Uint32()) // nothing that could be compressed
	}
	record := make([]byte, o.Value+64) // about what a set writes
	key := func(rng *rand.Rand) []byte { return fmt.Appendf(nil, "key:%012d", rng.IntN(keys)) }
	set := func(ctx context.Context, rng *rand.Rand) error { return db.Set(ctx, key(rng), value) }

	// What is read is there before anything is measured.
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		for i := range keys {
			if err := tx.Set(ctx, fmt.Appendf(nil, "key:%012d", i), value); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	tests := []*test{
		{name: "write and sync", workers: 1, per: 1, call: func(context.Context, *rand.Rand) error { return single.Write(record) }},
		{name: "set", floor: "write and sync", workers: 1, per: 1, call: set},
		{name: "write and sync, in groups", workers: o.Writers, per: 1, call: func(context.Context, *rand.Rand) error { return group.Write(record) }},
		{name: "set, many writers", floor: "write and sync, in groups", workers: o.Writers, per: 1, call: set},
		{name: fmt.Sprintf("set, %d in a transaction", batch), workers: 1, per: batch, call: func(ctx context.Context, rng *rand.Rand) error {
			return db.Update(ctx, func(tx *engine.Tx) error {
				for range batch {
					if err := tx.Set(ctx, key(rng), value); err != nil {
						return err
					}
				}
				return nil
			})
		}},
		// Looking at the clock takes longer than to get a value.
		{name: "get", workers: 1, per: batch, apart: true, call: func(_ context.Context, rng *rand.Rand) error {
			for range batch {
				if _, err := db.Get(key(rng)); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	each := o.For / time.Duration(rounds*len(tests))
	for range rounds {
		for _, t := range tests {
			if o.Step != nil {
				o.Step(t.name)
			}
			if err := t.run(ctx, each, o.Now); err != nil {
				return nil, err
			}
		}
	}
	byName := make(map[string]*test)
	for _, t := range tests {
		byName[t.name] = t
		results = append(results, t.result(byName[t.floor]))
	}
	return results, nil
}

// run has the workers call for a while.
func (t *test) run(ctx context.Context, d time.Duration, now func() time.Time) error {
	const most = 1 << 14 // samples that a worker keeps of a round
	began := now()
	samples, ops, errs := make([][]time.Duration, t.workers), make([]int64, t.workers), make([]error, t.workers)
	var wg sync.WaitGroup
	for w := range t.workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), uint64(t.ops)))
			for last := began; last.Sub(began) < d; {
				if errs[w] = ctx.Err(); errs[w] != nil {
					return
				}
				if errs[w] = t.call(ctx, rng); errs[w] != nil {
					return
				}
				at := now()
				took := at.Sub(last)
				if t.apart {
					took /= time.Duration(t.per)
				}
				if len(samples[w]) < most {
					samples[w] = append(samples[w], took)
				} else {
					samples[w][rng.IntN(most)] = took
				}
				last = at
				ops[w] += int64(t.per)
			}
		})
	}
	wg.Wait()
	took := now().Sub(began)
	sum := int64(0)
	for w := range t.workers {
		sum += ops[w]
		t.samples = append(t.samples, samples[w]...)
	}
	t.ops += sum
	t.rates = append(t.rates, float64(sum)/took.Seconds())
	return errors.Join(errs...)
}

func (t *test) result(floor *test) Result {
	slices.Sort(t.samples)
	r := Result{Test: t.name, Writers: t.workers, Ops: t.ops, Per: median(t.rates),
		Median: t.samples[len(t.samples)/2], P99: t.samples[len(t.samples)*99/100]}
	if floor != nil {
		var ratios []float64
		for i, rate := range t.rates {
			ratios = append(ratios, rate/floor.rates[i])
		}
		r.Floor, r.Ratio = floor.name, median(ratios)
	}
	return r
}

func median(f []float64) float64 {
	f = slices.Sorted(slices.Values(f))
	return f[len(f)/2]
}
