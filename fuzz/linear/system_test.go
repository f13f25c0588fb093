package linear_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// kind is what a transaction does.
type kind uint8

const (
	put     kind = iota + 1 // key = value
	add                     // key += value, read and written in one transaction
	move                    // value from key to other, if key has that much
	drop                    // deletes key
	wipe                    // deletes everything, as one range
	compact                 // a snapshot and a shorter log: nobody sees it
)

type op struct {
	kind       kind
	key, other string
	value      int
}

func (o op) String() string {
	switch o.kind {
	case put:
		return fmt.Sprintf("%s = %d", o.key, o.value)
	case add:
		return fmt.Sprintf("%s += %d", o.key, o.value)
	case move:
		return fmt.Sprintf("%d from %s to %s", o.value, o.key, o.other)
	case drop:
		return "delete " + o.key
	case wipe:
		return "delete all"
	}
	return "compact"
}

// apply is the model: what each transaction does when it is alone.
func (o op) apply(get func(string) int, set func(string, int), del func(string), all func()) {
	switch o.kind {
	case put:
		set(o.key, o.value)
	case add:
		set(o.key, get(o.key)+o.value)
	case move:
		if have := get(o.key); have >= o.value {
			set(o.key, have-o.value)
			set(o.other, get(o.other)+o.value)
		}
	case drop:
		del(o.key)
	case wipe:
		all()
	}
}

// system is the engine with nothing in the background and nothing random.
type system struct{ durability engine.Durability }

func (s system) Open(fsys vfs.FS) (crashtest.Store[op], error) {
	seed := uint64(1)
	db, err := engine.Open("/store", &engine.Options{
		FS:          fsys,
		Durability:  s.durability,
		Clock:       func() time.Time { return time.UnixMilli(1_000) },
		Rand:        func() uint64 { seed = seed*6364136223846793005 + 1442695040888963407; return seed },
		SegmentSize: 8 << 10,
		FillStep:    1 << 10,
		IdleMark:    -1,
		SweepEvery:  -1,
		Compaction:  engine.CompactionOptions{Disabled: true},
	})
	return store{db}, err
}

func (system) Apply(s crashtest.State, o op) {
	o.apply(
		func(k string) int { n, _ := strconv.Atoi(s[k]); return n },
		func(k string, n int) { s[k] = strconv.Itoa(n) },
		func(k string) { delete(s, k) },
		func() { clear(s) },
	)
}

func (s system) Durable(op) bool { return s.durability == engine.Always }

type store struct{ db *engine.DB }

func (s store) Do(o op) error {
	ctx := context.Background()
	if o.kind == compact {
		_, err := s.db.Compact(ctx)
		return err
	}
	return s.db.Update(ctx, func(tx *engine.Tx) error {
		var errs []error
		o.apply(
			func(k string) int {
				v, err := tx.Get([]byte(k))
				if errors.Is(err, engine.ErrNotFound) {
					return 0
				}
				n, bad := strconv.Atoi(string(v))
				errs = append(errs, err, bad)
				return n
			},
			func(k string, n int) { errs = append(errs, tx.Set(ctx, []byte(k), []byte(strconv.Itoa(n)))) },
			func(k string) { errs = append(errs, tx.Delete(ctx, []byte(k))) },
			func() { errs = append(errs, tx.DeleteRange(ctx, nil, nil)) },
		)
		return errors.Join(errs...)
	})
}

func (s store) Dump() (crashtest.State, error) {
	state := crashtest.State{}
	err := s.db.View(func(tx *engine.Tx) error {
		for it := range tx.Items(engine.Scan{}) {
			state[string(it.Key)] = string(it.Value)
		}
		return nil
	})
	return state, err
}

func (s store) Close() error { return s.db.Close() }
