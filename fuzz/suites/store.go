package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// Dir is where the suites keep their store on a simulated disk.
const Dir = "/store"

// Sizes so small that a history of three operations rotates, fills and
// compacts.
const (
	segmentSize = 8 << 10
	fillStep    = 1 << 10
	rotateSize  = 5 << 10
)

// System is the engine as crashtest sees it.
type System struct {
	Durability engine.Durability
}

var (
	_ crashtest.System[Op]   = System{}
	_ crashtest.Prober[Op]   = System{}
	_ crashtest.Durabler[Op] = System{}
)

// Open opens the store, recovering what is there. Nothing runs in the background
// and nothing is random, so that a history always makes the same calls.
func (sys System) Open(fsys vfs.FS) (crashtest.Store[Op], error) {
	s := &store{now: early}
	seed := uint64(1)
	db, err := engine.Open(Dir, &engine.Options{
		FS:          fsys,
		Durability:  sys.Durability,
		Clock:       func() time.Time { return time.UnixMilli(s.now) },
		Rand:        func() uint64 { seed = seed*6364136223846793005 + 1442695040888963407; return seed },
		SegmentSize: segmentSize,
		FillStep:    fillStep,
		IdleMark:    -1,
		SweepEvery:  -1,
		Compaction:  engine.CompactionOptions{Disabled: true},
	})
	s.db = db
	return s, err
}

// Apply is the model.
func (System) Apply(s crashtest.State, o Op) { apply(s, o) }

// Durable: in the lazier modes no acknowledgement promises anything.
func (sys System) Durable(Op) bool { return sys.Durability == engine.Always }

// Probe is what a recovered store must still be able to do.
func (System) Probe() Op { return Op{Kind: Set, Key: "probe", Value: "p"} }

// store drives one engine.DB.
type store struct {
	db  *engine.DB
	now int64
}

// The clock: reads happen early, when nothing has expired; a sweep happens late,
// when everything with a deadline has.
const (
	early    = 1_000
	deadline = 2_000
	late     = 3_000
)

// Do runs one operation; nil means acknowledged.
func (s *store) Do(o Op) error {
	ctx := context.Background()
	switch o.Kind {
	case Set, Rotate:
		return s.db.Set(ctx, []byte(o.Key), []byte(o.Value))
	case Expire:
		return s.db.Set(ctx, []byte(o.Key), []byte(o.Value+expiring), engine.Deadline(time.UnixMilli(deadline)))
	case Delete:
		return s.db.Delete(ctx, []byte(o.Key))
	case Tx:
		return s.db.Update(ctx, func(tx *engine.Tx) error {
			if err := tx.Set(ctx, []byte(o.Key), []byte(o.Value)); err != nil {
				return err
			}
			return tx.Delete(ctx, []byte(o.Other))
		})
	case Clear:
		return s.db.DeleteRange(ctx, nil, nil)
	case Sweep:
		s.now = late
		defer func() { s.now = early }()
		_, err := s.db.SweepExpired(ctx)
		return err
	case Compact:
		_, err := s.db.Compact(ctx)
		return err
	}
	return fmt.Errorf("suites: no operation %d", o.Kind)
}

// Dump reads everything that readers see.
func (s *store) Dump() (crashtest.State, error) {
	defer func(now int64) { s.now = now }(s.now)
	s.now = early // also in the middle of a sweep
	state := crashtest.State{}
	err := s.db.View(func(tx *engine.Tx) error {
		for it := range tx.Items(engine.Scan{}) {
			state[string(it.Key)] = string(it.Value)
		}
		return nil
	})
	return state, err
}

// Close closes the store.
func (s *store) Close() error { return s.db.Close() }
