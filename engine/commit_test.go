package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func get(t *testing.T, db *engine.DB, key string) string {
	t.Helper()
	v, err := db.Get([]byte(key))
	if errors.Is(err, engine.ErrNotFound) {
		return "-"
	}
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return string(v)
}

func set(t *testing.T, db *engine.DB, key, value string) {
	t.Helper()
	if err := db.Set(ctx, []byte(key), []byte(value)); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

// Nothing that is not durable is visible to readers, while the next transaction
// already builds on it.
func TestReadersSeeOnlyWhatIsDurable(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	set(t, db, "a", "old")
	g.Shut()
	c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error { return tx.Set(ctx, []byte("a"), []byte("new")) })
	if err != nil {
		t.Fatal(err)
	}
	<-g.Waiting
	if v := get(t, db, "a"); v != "old" {
		t.Fatalf("a reader sees %q before the sync", v)
	}
	d, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
		v, err := tx.Get([]byte("a"))
		if string(v) != "new" || err != nil {
			t.Errorf("the next transaction sees %q, %v", v, err)
		}
		return tx.Set(ctx, []byte("b"), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Release(nil)
	if err := errors.Join(c.Wait(ctx), d.Wait(ctx)); err != nil {
		t.Fatal(err)
	}
	if a, b := get(t, db, "a"), get(t, db, "b"); a != "new" || b != "new" {
		t.Fatalf("after the sync: a = %q, b = %q", a, b)
	}
}

// A transaction that has read what is not durable yet does not return before it
// is, whichever way it ends.
func TestNoTransactionLeaksWhatACrashCanUndo(t *testing.T) {
	errNo := errors.New("no")
	ends := map[string]func(db *engine.DB) error{
		"nothing written": func(db *engine.DB) error {
			return db.Update(ctx, func(tx *engine.Tx) error { _, err := tx.Get([]byte("a")); return err })
		},
		"found by a range": func(db *engine.DB) error {
			return db.Update(ctx, func(tx *engine.Tx) error {
				for range tx.Range(nil, nil) {
				}
				return nil
			})
		},
		"error": func(db *engine.DB) error {
			err := db.Update(ctx, func(tx *engine.Tx) error { tx.Get([]byte("a")); return errNo })
			if !errors.Is(err, errNo) {
				return fmt.Errorf("the function's error is lost: %v", err)
			}
			if errors.Is(err, syscall.EIO) {
				return err
			}
			return nil
		},
		"panic": func(db *engine.DB) (err error) {
			defer func() { recover() }()
			return db.Update(ctx, func(tx *engine.Tx) error { tx.Get([]byte("a")); panic("no") })
		},
		"missing because of a staged delete": func(db *engine.DB) error {
			return db.Update(ctx, func(tx *engine.Tx) error { _, _ = tx.Get([]byte("gone")); return nil })
		},
		"delete of what a staged delete removed": func(db *engine.DB) error {
			return db.Delete(ctx, []byte("gone"))
		},
		"compare and swap that did not": func(db *engine.DB) error {
			_, err := db.CompareAndSwap(ctx, []byte("a"), []byte("not it"), nil)
			return err
		},
	}
	for name, end := range ends {
		for _, syncErr := range []error{nil, syscall.EIO} {
			run := func(t *testing.T) {
				g := vfstest.NewGate(memfs.New())
				db := mustOpen(t, g)
				set(t, db, "gone", "x")
				g.Shut()
				_, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
					return errors.Join(tx.Set(ctx, []byte("a"), []byte("1")), tx.Delete(ctx, []byte("gone")))
				})
				if err != nil {
					t.Fatal(err)
				}
				<-g.Waiting
				returned := make(chan error, 1)
				go func() { returned <- end(db) }()
				synctest.Wait() // it has run, and waits for something
				select {
				case err := <-returned:
					t.Fatalf("returned (%v) before what it read was durable", err)
				default:
				}
				g.Release(syncErr)
				err = <-returned
				if name == "panic" {
					return
				}
				if (err == nil) != (syncErr == nil) {
					t.Fatalf("the sync said %v, the transaction %v", syncErr, err)
				}
			}
			t.Run(fmt.Sprint(name, " ", syncErr), func(t *testing.T) { synctest.Test(t, run) })
		}
	}
}

// The first error of the log ends writing: those who wait do not know, those
// who come later are refused before their function runs, reads go on, and only
// a reopen clears it.
func TestAFailedSyncEndsTheLog(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	set(t, db, "a", "1")
	g.Shut()
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[i] = db.Set(ctx, fmt.Appendf(nil, "k%d", i), []byte("x"))
		}()
	}
	<-g.Waiting
	g.Release(syscall.EIO)
	wait.Wait()
	for i, err := range errs {
		unknown := errors.Is(err, engine.ErrOutcomeUnknown)
		refused := errors.Is(err, engine.ErrLogFailed)
		if !unknown && !refused || !errors.Is(err, syscall.EIO) {
			t.Errorf("writer %d: %v, want outcome unknown or log failed, and EIO", i, err)
		}
	}
	g.Release(nil) // the disk is fine again; the log must not trust it
	ran := false
	err := db.Update(ctx, func(tx *engine.Tx) error { ran = true; return nil })
	if ran || !errors.Is(err, engine.ErrLogFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("later transaction: ran %v, error %v", ran, err)
	}
	if v := get(t, db, "a"); v != "1" {
		t.Errorf("reads see %q", v)
	}
	if err := db.Metrics().Failed; !errors.Is(err, syscall.EIO) {
		t.Errorf("metrics: %v", err)
	}
	if err := db.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close: %v", err)
	}
	again := mustOpen(t, g)
	set(t, again, "a", "2")
	if v := get(t, again, "a"); v != "2" {
		t.Errorf("after a reopen: %q", v)
	}
}

func TestCancellingAWaitIsNotCancellingTheCommit(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	set(t, db, "x", "0")
	g.Shut()
	c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error { return tx.Set(ctx, []byte("a"), []byte("1")) })
	if err != nil {
		t.Fatal(err)
	}
	<-g.Waiting
	short, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Wait(short); !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled wait: %v", err)
	}
	g.Release(nil)
	if err := c.Wait(ctx); err != nil {
		t.Errorf("waited again: %v", err)
	}
	if v := get(t, db, "a"); v != "1" {
		t.Errorf("a = %q", v)
	}
}

func TestACommitThatNobodyWaitsForIsMade(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	for i := range 100 {
		if _, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
			return tx.Set(ctx, fmt.Appendf(nil, "%03d", i), []byte("x"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := countKeys(t, mustOpen(t, g)); n != 100 {
		t.Fatalf("%d keys after a reopen, want 100", n)
	}
}

func countKeys(t *testing.T, db *engine.DB) (n int) {
	t.Helper()
	if err := db.View(func(tx *engine.Tx) error { n = tx.Count(engine.Scan{}); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// Concurrent increments of one counter lose nothing: transactions are serial.
func TestConcurrentTransactionsAreSerial(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	const writers, each = 16, 50
	var wait sync.WaitGroup
	for range writers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range each {
				err := db.Update(ctx, func(tx *engine.Tx) error {
					v, err := tx.Get([]byte("n"))
					if err != nil && !errors.Is(err, engine.ErrNotFound) {
						return err
					}
					return tx.Set(ctx, []byte("n"), append(v, '.'))
				})
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wait.Wait()
	if n := len(get(t, db, "n")); n != writers*each {
		t.Fatalf("%d increments, want %d", n, writers*each)
	}
	if m := db.Metrics(); m.PublishedLSN != writers*each || m.DurableLSN != m.PublishedLSN {
		t.Fatalf("metrics: %+v", m)
	}
}

func TestAPanicRollsBackAndTheEngineStaysUsable(t *testing.T) {
	db := mustOpen(t, vfstest.NewGate(memfs.New()))
	func() {
		defer func() {
			if r := recover(); r != "boom" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = db.Update(ctx, func(tx *engine.Tx) error {
			_ = tx.Set(ctx, []byte("a"), []byte("1"))
			panic("boom")
		})
	}()
	if v := get(t, db, "a"); v != "-" {
		t.Errorf("a = %q", v)
	}
	set(t, db, "a", "2")
}

// TestWillWait: who promised to wait commits himself, and what was begun before it
// is committed with it.
func TestWillWait(t *testing.T) {
	g := vfstest.NewGate(memfs.New())
	db := mustOpen(t, g)
	set := func(key string) *engine.Commit {
		c, err := db.UpdateAsync(context.Background(), func(tx *engine.Tx) error {
			return tx.Set(context.Background(), []byte(key), []byte("v"))
		}, engine.WillWait())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := g.Syncs()
	a, b := set("a"), set("b")
	if n := g.Syncs(); n != before {
		t.Fatalf("%d syncs before anybody waits", n-before)
	}
	if err := b.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Get([]byte("a")); err != nil {
		t.Error(err)
	}
	if err := a.Wait(context.Background()); err != nil {
		t.Error(err)
	}
}
