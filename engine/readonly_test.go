package engine_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// A reader beside a writer sees, after a Refresh, a state that the writer had
// made durable: never a torn one, never one that goes back; and when the writer
// falls idle, all of it. Rotation and compaction pass underneath.
func TestReadingBesideAWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &crashMachine{machine: machine{now: 1_000_000, want: model{}}}
		fsys := memfs.New()
		o := m.options()
		o.FS = fsys
		db, err := engine.Open(storeDir, o)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		m.db = db
		defer m.close()
		history := map[uint64]string{0: ""}
		note := func() { history[db.LSN()] = m.want.dump(0) }

		ro := *o
		ro.ReadOnly = true
		ro.Clock = func() time.Time { return time.UnixMilli(0) }
		reader, err := engine.Open(storeDir, &ro)
		if err != nil {
			t.Fatalf("read-only Open: %v", err)
		}
		defer func() { _ = reader.Close() }()
		var last uint64
		look := func(t *rapid.T) {
			lsn, err := reader.Refresh(ctx)
			if err != nil {
				t.Fatalf("Refresh: %v", err)
			}
			if lsn < last || lsn > db.LSN() {
				t.Fatalf("the reader went from LSN %d to %d, the writer is at %d", last, lsn, db.LSN())
			}
			last = lsn
			want, known := history[lsn]
			if got := dumpDB(t, reader); known && got != want {
				t.Fatalf("at LSN %d the reader sees\n%swant\n%s", lsn, got, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"":             look,
			"set":          func(t *rapid.T) { m.set(t); note() },
			"delete":       func(t *rapid.T) { m.delete(t); note() },
			"delete range": func(t *rapid.T) { m.deleteRange(t); note() },
			"transaction":  func(t *rapid.T) { m.transaction(t); note() },
			"compact":      m.compact,
			"many": func(t *rapid.T) {
				for range 10 {
					m.set(t)
					note()
				}
				m.compact(t)
				m.compact(t)
			},
			"idle": func(t *rapid.T) {
				if err := db.Sync(ctx); err != nil {
					t.Fatalf("Sync: %v", err)
				}
				look(t)
				if last != db.LSN() {
					t.Fatalf("after a Sync the reader is at LSN %d, the writer at %d", last, db.LSN())
				}
			},
			"open anew": func(t *rapid.T) {
				if err := reader.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				if reader, err = engine.Open(storeDir, &ro); err != nil {
					t.Fatalf("read-only Open: %v", err)
				}
				last = 0
				look(t)
			},
		})
	})
}

// A view that is open while the reader starts again from a snapshot keeps what
// it sees.
func TestAReaderThatFellBehindKeepsItsViews(t *testing.T) {
	fsys := memfs.New()
	db := mustOpen(t, fsys)
	set(t, db, "a", "1")
	if err := db.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	o := quiet(fsys)
	o.ReadOnly = true
	reader, err := engine.Open("/store", o)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Set(ctx, []byte("a"), nil); !errors.Is(err, engine.ErrReadOnly) {
		t.Fatalf("a write: %v", err)
	}
	err = reader.View(func(tx *engine.Tx) error {
		for i := range 3 { // the log that the reader stands on goes
			set(t, db, fmt.Sprint(i), "x")
			mustCompact(t, db)
		}
		if err := db.Delete(ctx, []byte("a")); err != nil {
			return err
		}
		if err := db.Sync(ctx); err != nil {
			return err
		}
		if lsn, err := reader.Refresh(ctx); err != nil || lsn != db.LSN() {
			t.Errorf("refreshed to LSN %d of %d, %v", lsn, db.LSN(), err)
		}
		if v, err := tx.Get([]byte("a")); string(v) != "1" {
			t.Errorf("the open view sees %q, %v", v, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := dumpDB(t, reader), dumpDB(t, db); got != want {
		t.Fatalf("the reader sees\n%swant\n%s", got, want)
	}
}

// With RefreshEvery the reader follows by itself, as soon as the idle writer has
// marked its log.
func TestAReaderFollowsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := memfs.New()
		o := quiet(fsys)
		o.IdleMark = 50 * time.Millisecond
		db, err := engine.Open("/store", o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ro := *o
		ro.ReadOnly, ro.RefreshEvery = true, 10*time.Millisecond
		reader, err := engine.Open("/store", &ro)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		set(t, db, "a", "1")
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if v := get(t, reader, "a"); v != "1" {
			t.Fatalf("100 ms after the commit the reader sees %q", v)
		}
	})
}

// Opening nothing read-only is an empty store or an error, and creates nothing.
func TestReadOnlyCreatesNothing(t *testing.T) {
	fsys := memfs.New()
	o := quiet(fsys)
	o.ReadOnly = true
	if db, err := engine.Open("/nothing", o); err == nil {
		if n := countKeys(t, db); n != 0 {
			t.Errorf("%d keys", n)
		}
		_ = db.Close()
	}
	if _, err := fsys.Stat("/nothing"); err == nil {
		t.Error("a read-only open made the directory")
	}
}
