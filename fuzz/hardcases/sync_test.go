package hardcases_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// fates are crashes that are not picked at random.
var fates = map[string]crashfs.Chooser{"all lost": crashfs.LoseAll, "all kept": crashfs.KeepAll}

// wantLogFailed checks what a database owes after the first error of its log:
// writing is over, before any function runs, and reading is not.
func wantLogFailed(t testing.TB, db *engine.DB, cause error, want keys) {
	t.Helper()
	err := db.Update(ctx, func(*engine.Tx) error {
		t.Error("a transaction ran although the log had failed")
		return nil
	})
	if !errors.Is(err, engine.ErrLogFailed) || !errors.Is(err, cause) {
		t.Fatalf("a later write: %v, want ErrLogFailed and %v", err, cause)
	}
	if err := db.Set(ctx, []byte("later"), nil); !errors.Is(err, engine.ErrLogFailed) || !errors.Is(err, cause) {
		t.Fatalf("a later Set: %v, want ErrLogFailed and %v", err, cause)
	}
	if m := db.Metrics(); !errors.Is(m.Failed, cause) {
		t.Fatalf("Metrics().Failed = %v", m.Failed)
	}
	wantKeys(t, db, want)
}

// An fsync fails once. Linux reports that to one caller, marks the pages clean,
// and the next fsync says "ok" without having written anything. PostgreSQL
// retried until 2018 ("fsyncgate") and lost what it then acknowledged.
//
// Guards: the first error of a sync ends the log and is never retried; recovery
// *writes again* what nothing proves durable, because after such an error the
// page cache may show what the disk does not have, clean, so that no fsync would
// ever write it.
func TestHardCase08_FailedSync(t *testing.T) {
	for _, do := range []crashfs.Action{crashfs.SyncLost, crashfs.SyncReverted, crashfs.Fail, crashfs.FailAfter} {
		t.Run(do.String(), func(t *testing.T) {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			l.set(t, db, "a", "1")
			l.set(t, db, "b", "2")
			in := fsys.Inject(crashfs.Fault{On: crashfs.OpDataSync, Name: "*.wal", Do: do})
			err := l.try("c", strings.Repeat("3", 900), func() error {
				return db.Set(ctx, []byte("c"), []byte(strings.Repeat("3", 900)))
			})
			if !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, syscall.EIO) {
				t.Fatalf("the commit whose sync failed: %v", err)
			}
			if in.Fired() != 1 {
				t.Fatalf("the fault fired %d times", in.Fired())
			}
			// From now on every sync says ok, and nobody may ask for one.
			fsys.SetHook(func(c *crashfs.Call) {
				if c.Op&(crashfs.OpSyncs|crashfs.OpWrites) != 0 && matches("*.wal", c.Name) {
					t.Errorf("the log had failed, and %v came", c)
				}
			})
			wantLogFailed(t, db, syscall.EIO, keys{"a": "1", "b": "2"})
			if err := db.Sync(ctx); !errors.Is(err, engine.ErrLogFailed) {
				t.Errorf("Sync: %v", err)
			}
			if _, err := db.Compact(ctx); !errors.Is(err, engine.ErrLogFailed) {
				t.Errorf("Compact: %v", err)
			}
			at := l.now()
			at.call = "a reopen"

			t.Run("power cut", func(t *testing.T) {
				for img := range fsys.Point().States(crashfs.Bound{}) {
					verdict(t, img, at)
				}
			})

			// The machine stays up; the program is started again and reads the
			// page cache. What it serves, and what it builds on that, must
			// survive the power cut that comes then.
			for name, fate := range fates {
				t.Run("restart, serve, append, power cut, "+name, func(t *testing.T) {
					again := fsys.Kill() // of what is pending, nothing changes
					db := open(t, again)
					n := at.check(t, db)
					want := l.states[n]
					if r := db.RecoveryReport(); r.Rewritten == 0 {
						t.Errorf("nothing was written again: %v", r)
					}
					for _, k := range []string{"d", "e"} {
						put(t, db, k, "x")
						want = with(want, k, "x")
					}
					after := again.Crash(fate)
					_ = db.Close()
					wantUsable(t, after, want)
				})
			}
		})
	}
}

// The same for the files that are published: a snapshot or a MANIFEST whose sync
// failed is never synced again and then trusted. Whoever tries again writes a new
// one.
//
// Guard: one sync for each temporary file.
func TestHardCase08_FailedSyncOfAFile(t *testing.T) {
	for _, do := range []crashfs.Action{crashfs.SyncLost, crashfs.SyncReverted, crashfs.Fail} {
		for _, file := range []string{".*.snap*", ".MANIFEST*", ".*.wal*"} {
			for nth := 1; ; nth++ {
				fsys := newDisk()
				l := &ledger{states: []keys{{}}}
				db := open(t, fsys)
				for i := range 2 {
					l.set(t, db, fmt.Sprint("k", i), full(i))
					compact(t, db)
				}
				l.set(t, db, "k2", full(2))
				in := fsys.Inject(crashfs.Fault{On: crashfs.OpSync, Name: file, Nth: nth, Do: do})
				_, err := db.Compact(ctx)
				fired := in.Fired() > 0
				in.Remove()
				if !fired {
					if nth == 1 {
						t.Fatalf("%s was not synced", file)
					}
					break
				}
				if !errors.Is(err, syscall.EIO) {
					t.Fatalf("%s, %v: Compact said %v", file, do, err)
				}
				// Again and again, as the background would.
				for i := range 3 {
					if db.Metrics().Failed == nil {
						l.set(t, db, "again", fmt.Sprint(i))
						compact(t, db)
					}
				}
				at := l.now()
				at.call = fmt.Sprintf("a reopen, %s, %v", file, do)
				for _, fate := range fates {
					verdict(t, fsys.Point().Crash(fate), at)
				}
				verdict(t, fsys.Kill(), at)
			}
		}
	}
}

// SIGKILL comes between the write and the fsync. The next process finds the
// frame in the page cache, whole; it replays it and serves it; then the power
// goes. What a reader saw must be there.
//
// Guard: the rewrite and its sync come before anything is served.
func TestHardCase09_KilledBeforeSync(t *testing.T) {
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			fsys := newDisk()
			db := open(t, fsys)
			put(t, db, "a", "1")
			put(t, db, "b", "2")
			var next *crashfs.FS
			once(fsys, crashfs.OpDataSync, "*.wal", func() { next = fsys.Kill() })
			if err := db.Set(ctx, []byte("c"), []byte("3")); !errors.Is(err, engine.ErrOutcomeUnknown) {
				t.Fatalf("the killed process was told %v", err)
			}
			db = open(t, next)
			served := dump(t, db)
			wantKeys(t, db, keys{"a": "1", "b": "2", "c": "3"})
			if r := db.RecoveryReport(); r.Rewritten == 0 || r.Cut != nil {
				t.Fatalf("%v, %d frames rewritten", r, r.Rewritten)
			}
			after := next.Crash(fate)
			_ = db.Close()
			wantUsable(t, after, served)
		})
	}

	// Killed in the middle of everything, several times, before the power goes:
	// no process trusts what another left in memory.
	t.Run("again and again", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		want := keys{"a": "1"}
		for _, k := range []string{"b", "c", "d", "e"} {
			var next *crashfs.FS
			once(fsys, crashfs.OpDataSync, "*.wal", func() { next = fsys.Kill() })
			_ = db.Set(ctx, []byte(k), []byte("x"))
			want = with(want, k, "x")
			fsys = next
			db = open(t, fsys)
			wantKeys(t, db, want)
		}
		after := fsys.Crash(crashfs.LoseAll)
		wantUsable(t, after, want)
	})

	// A reader that changes nothing cannot write again, so it shows only what is
	// proven.
	t.Run("read-only", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		var next *crashfs.FS
		once(fsys, crashfs.OpDataSync, "*.wal", func() { next = fsys.Kill() })
		_ = db.Set(ctx, []byte("c"), []byte("3"))
		ro := open(t, next, readOnly)
		wantKeys(t, ro, keys{"a": "1", "b": "2"})
		if r := ro.RecoveryReport(); r.Unproven != 1 {
			t.Fatalf("%d unproven frames, want 1", r.Unproven)
		}
	})
}
