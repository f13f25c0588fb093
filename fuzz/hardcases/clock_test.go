package hardcases_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// clock is a clock that a test sets, in Unix milliseconds.
type clock struct{ ms atomic.Int64 }

func (c *clock) option(o *engine.Options) {
	o.Clock = func() time.Time { return time.UnixMilli(c.ms.Load()) }
}

func (c *clock) set(t time.Time)     { c.ms.Store(t.UnixMilli()) }
func (c *clock) add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// The clock runs backwards, or jumps a year. Order comes from LSNs alone, so no
// write is lost to an older one; a deadline hides a key while the clock is past
// it, and only the sweeper, which asks again inside its own transaction, makes
// that final.
//
// Guards: nothing but the LSN orders commits, on disk and in the map; snapshots
// keep keys whose deadline has passed; the sweeper's second look.
func TestHardCase17_TheClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	start := time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)

	// Every commit is earlier than the one before, then a year later, then at the
	// beginning of time; reopened under yet another clock.
	t.Run("commits, segments and snapshots", func(t *testing.T) {
		fsys := newDisk()
		c := &clock{}
		l := &ledger{states: []keys{{}}}
		var db *engine.DB
		n := 0
		life := func() {
			db = open(t, fsys, c.option)
			for range 20 {
				l.set(t, db, "the same key", fmt.Sprint(n))
				l.set(t, db, fmt.Sprint("k", n%3), full(n))
				n++
				c.add(-time.Hour)
			}
			c.add(2 * year)
			compact(t, db)
			l.set(t, db, "the same key", "after the jump")
			c.set(time.UnixMilli(1))
			compact(t, db)
			l.set(t, db, "the same key", "at the beginning of time")
		}
		c.set(start)
		life()
		closeDB(t, db)
		c.set(start.Add(-10 * year))
		life()
		after := fsys.Crash(crashfs.LoseAll)
		_ = db.Close()
		for _, at := range []time.Time{time.UnixMilli(0), time.UnixMilli(-1), start, start.AddDate(1000, 0, 0)} {
			c.set(at)
			img := copyOf(after)
			db := open(t, img, c.option)
			wantKeys(t, db, l.states[l.acked])
			if r := db.RecoveryReport(); r.LastLSN != uint64(l.acked) || r.Cut != nil || r.Duration < 0 {
				t.Fatalf("at %v: %v", at, r)
			}
			closeDB(t, db)
			wantUsable(t, img, l.states[l.acked], c.option)
		}
	})

	t.Run("deadlines", func(t *testing.T) {
		fsys := newDisk()
		c := &clock{}
		c.set(start)
		db := open(t, fsys, c.option)
		put(t, db, "for ever", "1")
		if err := db.Set(ctx, []byte("an hour"), []byte("2"), engine.TTL(time.Hour)); err != nil {
			t.Fatal(err)
		}
		all, some := keys{"for ever": "1", "an hour": "2"}, keys{"for ever": "1"}
		wantKeys(t, db, all)
		c.add(year)
		wantKeys(t, db, some)
		// What is written to disk under the wrong clock keeps the key: neither a
		// snapshot nor recovery may drop what the next minute may show again.
		compact(t, db)
		compact(t, db)
		closeDB(t, db)
		db = open(t, fsys, c.option)
		wantKeys(t, db, some)
		c.add(-year)
		wantKeys(t, db, all)
		c.add(-year) // even further back nothing else changes
		wantKeys(t, db, all)
		if n, err := db.SweepExpired(ctx); n != 0 || err != nil {
			t.Fatalf("swept %d, %v", n, err)
		}
		// Swept is gone for good: that is a commit like any other.
		c.add(3 * year)
		if n, err := db.SweepExpired(ctx); n != 1 || err != nil {
			t.Fatalf("swept %d, %v", n, err)
		}
		c.set(start)
		wantKeys(t, db, some)
		closeDB(t, db)
		db = open(t, fsys, c.option)
		wantKeys(t, db, some)
		closeDB(t, db)
	})

	// The clock jumps ahead while the sweeper looks for what is due, and is back
	// when its transaction runs.
	t.Run("a jump under the sweeper", func(t *testing.T) {
		fsys := newDisk()
		jumps := 0
		db := open(t, fsys, func(o *engine.Options) {
			o.Clock = func() time.Time {
				if jumps > 0 {
					jumps--
					return start.Add(year)
				}
				return start
			}
		})
		if err := db.Set(ctx, []byte("k"), []byte("v"), engine.TTL(time.Hour)); err != nil {
			t.Fatal(err)
		}
		jumps = 1
		if n, err := db.SweepExpired(ctx); n != 0 || err != nil || jumps != 0 {
			t.Fatalf("swept %d, %v", n, err)
		}
		wantKeys(t, db, keys{"k": "v"})
		if _, err := db.Get([]byte("gone")); !errors.Is(err, engine.ErrNotFound) {
			t.Fatal(err)
		}
	})

	// Timers go by the monotonic clock: a wall clock that stands still, or went
	// back a year, does not keep the last commit from being marked.
	t.Run("marks come all the same", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fsys := newDisk()
			c := &clock{}
			c.set(start)
			db := open(t, fsys, c.option, func(o *engine.Options) { o.IdleMark = 50 * time.Millisecond })
			for i := range 3 {
				put(t, db, fmt.Sprint("k", i), "x")
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if f := last(t, fsys, seg(1)); !f.Mark() {
					t.Errorf("10 s after commit %d the last frame is %+v", i, f)
				}
				c.add(-year)
			}
		})
	})
}
