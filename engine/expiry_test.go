package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// A key is gone at its deadline to the millisecond, for every way of reading,
// swept or not, and the deadline survives a reopen.
func TestExpiry(t *testing.T) {
	fsys := memfs.New()
	now := time.UnixMilli(1_000_000)
	o := quiet(fsys)
	o.Clock = func() time.Time { return now }
	db, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(ctx, []byte("a"), []byte("1"), engine.TTL(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = engine.Open("/store", o); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now = now.Add(49 * time.Millisecond)
	if v := get(t, db, "a"); v != "1" {
		t.Fatalf("a millisecond before its deadline: %q", v)
	}
	now = now.Add(time.Millisecond)
	if v := get(t, db, "a"); v != "-" {
		t.Fatalf("at its deadline: %q", v)
	}
	if n := countKeys(t, db); n != 0 {
		t.Fatalf("a view counts %d keys", n)
	}
	before := db.LSN()
	if n, err := db.SweepExpired(ctx); n != 1 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if db.LSN() != before+1 {
		t.Fatalf("sweeping logged %d commits, want 1", db.LSN()-before)
	}
	now = now.Add(-time.Hour)
	if v := get(t, db, "a"); v != "-" {
		t.Fatalf("the clock ran back, and the deleted key is %q", v)
	}
}

// The sweeper deletes what it found due, not what took its place meanwhile.
func TestSweepingSparesAKeyThatWasWrittenAgain(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	o := quiet(memfs.New())
	o.Clock = func() time.Time { return now }
	db, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Set(ctx, []byte("a"), []byte("1"), engine.TTL(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	set(t, db, "a", "2")
	if n, err := db.SweepExpired(ctx); n != 0 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if v := get(t, db, "a"); v != "2" {
		t.Fatalf("a = %q", v)
	}
}

// The background sweeps by itself, on the ticks of real time.
func TestTheBackgroundSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quiet(memfs.New())
		o.SweepEvery = time.Second
		db, err := engine.Open("/store", o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Set(ctx, []byte("a"), []byte("1"), engine.TTL(3*time.Second)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if m := db.Metrics(); m.Keys != 0 || m.PublishedLSN != 2 {
			t.Fatalf("after the deadline: %d keys, LSN %d", m.Keys, m.PublishedLSN)
		}
		if _, err := db.Get([]byte("a")); !errors.Is(err, engine.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

// A jump of the clock by a year, or back, decides what is visible, never the
// order of commits or what a reopen finds.
func TestTheClockIsNotTrusted(t *testing.T) {
	fsys := memfs.New()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	o := quiet(fsys)
	o.Clock = func() time.Time { return now }
	for _, jump := range []time.Duration{0, -365 * 24 * time.Hour, 2 * 365 * 24 * time.Hour, -time.Hour} {
		now = now.Add(jump)
		db, err := engine.Open("/store", o)
		if err != nil {
			t.Fatal(err)
		}
		last := db.LSN()
		set(t, db, "a", jump.String())
		if db.LSN() != last+1 {
			t.Fatalf("LSN went from %d to %d", last, db.LSN())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = engine.Open("/store", o); err != nil {
			t.Fatal(err)
		}
		if v := get(t, db, "a"); v != jump.String() {
			t.Fatalf("after a jump of %v a reopen finds %q", jump, v)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
