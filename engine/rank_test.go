package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// counted is a plain map beside a bucket whose keys are counted.
type counted map[string]int64 // to the deadline, 0 for none

func (m counted) keys(s engine.Scan, now int64) (keys []string) {
	for k, dead := range m {
		if k >= string(s.From) && (s.To == nil || k < string(s.To)) && (dead == 0 || dead > now) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	if s.Reverse {
		slices.Reverse(keys)
	}
	return keys[min(s.Skip, len(keys)):]
}

func (m counted) clone() counted {
	c := counted{}
	for k, d := range m {
		c[k] = d
	}
	return c
}

// check counts and skips in a random range.
func (m counted) check(t *rapid.T, tx *engine.Tx, now int64) {
	bound := rapid.OneOf(rapid.Just([]byte(nil)), rapid.Custom(countedKey))
	s := engine.Scan{From: bound.Draw(t, "from"), To: bound.Draw(t, "to"), Reverse: rapid.Bool().Draw(t, "reverse"),
		Skip: max(0, rapid.IntRange(-20, len(m)+1).Draw(t, "skip"))}
	want := m.keys(s, now)
	b := tx.Bucket("counted")
	if n := b.Count(s); n != len(want) {
		t.Fatalf("Count of %q to %q behind %d: %d, want %d: %q", s.From, s.To, s.Skip, n, len(want), want)
	}
	var got []string
	for it := range b.Items(s) {
		got = append(got, string(it.Key))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("from %q to %q behind %d, reverse %v: %q, want %q", s.From, s.To, s.Skip, s.Reverse, got, want)
	}
}

func countedKey(t *rapid.T) []byte {
	return fmt.Appendf(nil, "key:%03d", rapid.IntRange(0, 400).Draw(t, "key"))
}

// Whatever a transaction sees (what is published, what waits for the disk, its own
// writes, deletions of single keys and of ranges, deadlines), it counts and skips as
// if it visited every key; and so does a snapshot that is held meanwhile.
func TestCountsAreThoseOfVisiting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := int64(1000)
		db, err := engine.Open("store", &engine.Options{FS: memfs.New(), SweepEvery: -1, Clock: func() time.Time { return time.UnixMilli(now) }})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		plain := rapid.IntRange(0, 2).Draw(t, "with deadlines and ranges") > 0
		model := counted{}
		if rapid.Bool().Draw(t, "filled") {
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for i := range 401 {
					if i%3 > 0 {
						k := fmt.Sprintf("key:%03d", i)
						model[k] = 0
						if err := tx.Bucket("counted").Set(ctx, []byte(k), nil); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var held []func(*rapid.T)
		var stop []func()
		defer func() {
			for _, f := range stop {
				f()
			}
		}()
		transaction := func(t *rapid.T) {
			var opts []engine.CommitOption
			waits := rapid.Bool().Draw(t, "waits")
			if !waits {
				opts = append(opts, engine.WillWait()) // and does not: it stays staged
			}
			c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
				b := tx.Bucket("counted")
				for range rapid.IntRange(0, 12).Draw(t, "writes") {
					k := countedKey(t)
					switch op := rapid.IntRange(0, 19).Draw(t, "write"); {
					case op == 0 && !plain:
						to := countedKey(t)
						if err := b.DeleteRange(ctx, k, to); err != nil {
							return err
						}
						for key := range model {
							if key >= string(k) && key < string(to) {
								delete(model, key)
							}
						}
					case op == 1 && !plain:
						model[string(k)] = now + int64(rapid.IntRange(1, 5).Draw(t, "ttl"))
						if err := b.Set(ctx, k, nil, engine.Deadline(time.UnixMilli(model[string(k)]))); err != nil {
							return err
						}
					case op < 10:
						delete(model, string(k))
						if err := b.Delete(ctx, k); err != nil {
							return err
						}
					default:
						model[string(k)] = 0
						if err := b.Set(ctx, k, nil); err != nil {
							return err
						}
					}
					model.check(t, tx, now)
				}
				model.check(t, tx, now)
				return nil
			}, opts...)
			if err != nil {
				t.Fatal(err)
			}
			if waits {
				if err := c.Wait(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"transaction": transaction,
			"another":     transaction,
			"sync": func(t *rapid.T) {
				if err := db.Sync(ctx); err != nil {
					t.Fatal(err)
				}
				if err := db.View(func(tx *engine.Tx) error { model.check(t, tx, now); return nil }); err != nil {
					t.Fatal(err)
				}
			},
			"sweep": func(t *rapid.T) {
				now++
				if _, err := db.SweepExpired(ctx); err != nil {
					t.Fatal(err)
				}
				for k, dead := range model {
					if dead != 0 && dead <= now {
						delete(model, k)
					}
				}
			},
			"hold": func(t *rapid.T) {
				if len(held) > 3 || db.Sync(ctx) != nil {
					t.Skip("enough")
				}
				was, at := model.clone(), now
				tx, end := holdView(db)
				stop = append(stop, end)
				held = append(held, func(t *rapid.T) { was.check(t, tx, at) })
			},
			"": func(t *rapid.T) {
				for _, check := range held {
					check(t)
				}
			},
		})
	})
}

// holdView begins a View and returns its transaction, for one goroutine at a time,
// and what ends it.
func holdView(db *engine.DB) (tx *engine.Tx, end func()) {
	begun, over, done := make(chan *engine.Tx), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = db.View(func(tx *engine.Tx) error {
			begun <- tx
			<-over
			return nil
		})
	}()
	return <-begun, func() {
		close(over)
		<-done
	}
}

// Pairs of keys come and go together, in one transaction. So a reader always counts
// an even number, and as many as it visits.
func TestCountsBesideAWriter(t *testing.T) {
	db, err := engine.Open("store", &engine.Options{FS: memfs.New(), SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const pairs = 2000
	var done atomic.Bool
	read := func(rng *rand.Rand) {
		for !done.Load() {
			from := fmt.Appendf(nil, "a%06d", rng.IntN(pairs))
			_ = db.View(func(tx *engine.Tx) error {
				half := tx.Count(engine.Scan{From: from, To: []byte("b")})
				rest := tx.Count(engine.Scan{To: from})
				other := tx.Count(engine.Scan{From: []byte("b")})
				if half+rest != other {
					t.Errorf("%d and %d keys are not %d", half, rest, other)
					done.Store(true)
				}
				skip := rng.IntN(half + 1)
				visited := 0
				for range tx.Items(engine.Scan{From: from, To: []byte("b"), Skip: skip, Reverse: rng.IntN(2) == 0}) {
					visited++
				}
				if visited != half-skip {
					t.Errorf("%d keys behind %d of %d", visited, skip, half)
					done.Store(true)
				}
				return nil
			})
		}
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { read(rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	rng := rand.New(rand.NewPCG(9, 9))
	rounds := 3000
	if testing.Short() {
		rounds = 500
	}
	for range rounds {
		if done.Load() {
			break
		}
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range rng.IntN(40) {
				i := rng.IntN(pairs)
				goes := rng.IntN(5) < 2
				for _, c := range "ab" {
					key := fmt.Appendf(nil, "%c%06d", c, i)
					var err error
					if goes {
						err = tx.Delete(ctx, key)
					} else {
						err = tx.Set(ctx, key, nil)
					}
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	wg.Wait()
}
