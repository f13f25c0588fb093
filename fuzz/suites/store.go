package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/redis-lite/redis-lite/engine"
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

// Store drives one engine.DB through operations. Nothing in it runs in the
// background, so that a history always makes the same calls.
type Store struct {
	fs   vfs.FS
	mode engine.Durability
	now  int64
	db   *engine.DB
}

// Open opens the store on a file system, recovering what is there.
func Open(fsys vfs.FS, mode engine.Durability) (*Store, error) {
	s := &Store{fs: fsys, mode: mode, now: early}
	return s, s.open()
}

// The clock: reads happen early, when nothing has expired; a sweep happens late,
// when everything with a deadline has.
const (
	early    = 1_000
	deadline = 2_000
	late     = 3_000
)

func (s *Store) open() (err error) {
	seed := uint64(1)
	s.db, err = engine.Open(Dir, &engine.Options{
		FS:          s.fs,
		Durability:  s.mode,
		Clock:       func() time.Time { return time.UnixMilli(s.now) },
		Rand:        func() uint64 { seed = seed*6364136223846793005 + 1442695040888963407; return seed },
		SegmentSize: segmentSize,
		FillStep:    fillStep,
		IdleMark:    -1,
		SweepEvery:  -1,
		Compaction:  engine.CompactionOptions{Disabled: true},
	})
	return err
}

// Do runs one operation; nil means acknowledged.
func (s *Store) Do(o Op) error {
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
	case Reopen:
		if err := s.db.Close(); err != nil {
			return err
		}
		return s.open()
	}
	return fmt.Errorf("suites: no operation %d", o.Kind)
}

// State reads everything that readers see.
func (s *Store) State() (State, error) {
	defer func(now int64) { s.now = now }(s.now)
	s.now = early // also in the middle of a sweep
	state := State{}
	err := s.db.View(func(tx *engine.Tx) error {
		for it := range tx.Items(engine.Scan{}) {
			state[string(it.Key)] = string(it.Value)
		}
		return nil
	})
	return state, err
}

// Close closes the store.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}
