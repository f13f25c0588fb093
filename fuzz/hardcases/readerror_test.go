package hardcases_test

import (
	"errors"
	"fmt"
	"maps"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
)

// The disk says EIO when it is read. That is an error: neither the end of the log
// nor a tear, no reason to reject a snapshot, nor to start an empty store. The
// open fails, and the same open works once the disk does.
//
// Guards: a scan passes read errors on instead of ending there; the search for a
// snapshot ends with them; so does the look behind X.
func TestHardCase18_ReadErrors(t *testing.T) {
	// Everything that recovery can read: MANIFEST, two snapshots, the log behind
	// them in several segments, a torn tail.
	disk := newDisk()
	db := open(t, disk)
	want := keys{}
	for i := range 40 {
		put(t, db, fmt.Sprint("k", i), full(i))
		want[fmt.Sprint("k", i)] = full(i)
		if i == 5 || i == 10 {
			compact(t, db)
		}
	}
	disk = copyOf(disk)
	list := names(t, disk, walDir)
	active := vfs.Join(walDir, list[len(list)-1])
	torn := last(t, disk, active)
	zero(t, disk, active, torn.end-100, torn.end)
	delete(want, "k39")

	rotten := copyOf(disk)
	flip(t, rotten, snap(11), 100)

	for name, disk := range map[string]*crashfs.FS{"torn": disk, "torn, and a rotten snapshot": rotten} {
		for _, op := range []crashfs.Op{crashfs.OpRead, crashfs.OpOpen, crashfs.OpSize, crashfs.OpList, crashfs.OpStat} {
			t.Run(name+", "+op.String(), func(t *testing.T) {
				calls := 0
				for n := 1; ; n++ {
					fsys := copyOf(disk)
					before := image(t, fsys)
					fsys.SetHook(func(c *crashfs.Call) {
						if c.Op == op {
							calls++
						}
					})
					in := fsys.Inject(crashfs.Fault{On: op, Nth: n, Do: crashfs.Fail})
					db, err := engine.Open(dir, options(fsys))
					fsys.SetHook(nil)
					if in.Fired() == 0 {
						if err != nil {
							t.Fatal(err)
						}
						closeDB(t, db)
						break
					}
					in.Remove()
					if err == nil {
						// It was not needed: nothing else may have come of it.
						wantKeys(t, db, want)
						wantRejected(t, db, name)
						if db.RecoveryReport().Cut == nil {
							t.Fatalf("call %d: the tear went unnoticed", n)
						}
						closeDB(t, db)
						wantUsable(t, fsys, want)
						continue
					}
					if !errors.Is(err, syscall.EIO) || errors.Is(err, recovery.ErrCorrupt) ||
						errors.Is(err, recovery.ErrNotAStore) || errors.Is(err, recovery.ErrVersion) {
						t.Fatalf("call %d: %v", n, err)
					}
					// What was there is there: recovery adds at most a copy to
					// quarantine, and cuts what it has copied.
					after := image(t, fsys)
					for file, content := range before {
						if _, there := after[file]; !there && name == "torn" {
							t.Fatalf("call %d: %s is gone (%v)", n, file, err)
						}
						if vfs.Dir(file) == walDir && file != active && after[file] != content {
							t.Fatalf("call %d: %s changed (%v)", n, file, err)
						}
					}
					db = open(t, fsys)
					wantKeys(t, db, want)
					closeDB(t, db)
					wantUsable(t, fsys, want)
				}
				t.Log(calls, "calls")
			})
		}
	}

	// The evidence that tells damage from a tear cannot be read: no reason to
	// call it a tear.
	t.Run("rot mid-log", func(t *testing.T) {
		damaged := history(t, "1", "2", "3", "4")
		f := frames(t, damaged, seg(1))[1]
		flip(t, damaged, seg(1), f.off+45)
		for n := 1; ; n++ {
			fsys := copyOf(damaged)
			in := fsys.Inject(crashfs.Fault{On: crashfs.OpRead | crashfs.OpSize | crashfs.OpOpen, Nth: n, Do: crashfs.Fail})
			_, err := engine.Open(dir, options(fsys))
			if in.Fired() == 0 {
				wantDamage(t, err, damage{seg(1), f.off, 2, "proves that this was durable"})
				break
			}
			if !errors.Is(err, syscall.EIO) && !errors.Is(err, recovery.ErrCorrupt) {
				t.Fatalf("call %d: Open said %v", n, err)
			}
			in.Remove()
			wantDamage(t, refused(t, fsys), damage{seg(1), f.off, 2, "proves that this was durable"})
		}
	})

	// A reader beside a writer: the refresh fails, what it shows stays, and the
	// next refresh goes on where it was.
	t.Run("in a reader", func(t *testing.T) {
		for n := 1; ; n++ {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			write := func(from, to int) {
				for i := from; i < to; i++ {
					l.set(t, db, fmt.Sprint("k", i), full(i))
				}
			}
			write(0, 3)
			reader := open(t, fsys, readOnly)
			write(3, 14) // a rotation
			compact(t, db)
			write(14, 18)
			compact(t, db) // what the reader stands on is gone
			write(18, 21)
			before := l.now().sees(t, reader)
			in := fsys.Inject(crashfs.Fault{On: crashfs.OpRead | crashfs.OpOpen | crashfs.OpSize | crashfs.OpList | crashfs.OpStat, Nth: n, Do: crashfs.Fail})
			_, err := reader.Refresh(ctx)
			fired := in.Fired() > 0
			in.Remove()
			if fired && err != nil && (!errors.Is(err, syscall.EIO) || errors.Is(err, recovery.ErrCorrupt)) || !fired && err != nil {
				t.Fatalf("call %d: Refresh: %v", n, err)
			}
			if after := l.now().sees(t, reader); after < before {
				t.Fatalf("call %d: the reader went back from commit %d to %d", n, before, after)
			}
			closeDB(t, db)
			if _, err := reader.Refresh(ctx); err != nil {
				t.Fatalf("call %d: the next Refresh: %v", n, err)
			}
			wantKeys(t, reader, l.states[l.acked])
			closeDB(t, reader)
			if !fired {
				if n < 20 {
					t.Errorf("the reader made %d calls", n)
				}
				break
			}
		}
	})

	// In use: reads come from memory, and what is read from the disk (a snapshot
	// by a compaction) fails that compaction and nothing else.
	t.Run("in a compaction", func(t *testing.T) {
		for n := 1; ; n++ {
			fsys := newDisk()
			db := open(t, fsys)
			all := keys{}
			for i := range 3 {
				put(t, db, fmt.Sprint("k", i), full(i))
				all[fmt.Sprint("k", i)] = full(i)
				if i < 2 {
					compact(t, db)
				}
			}
			before := maps.Clone(image(t, fsys))
			in := fsys.Inject(crashfs.Fault{On: crashfs.OpRead | crashfs.OpOpen | crashfs.OpSize | crashfs.OpStat, Nth: n, Do: crashfs.Fail})
			_, err := db.Compact(ctx)
			if in.Fired() == 0 {
				if err != nil || n < 5 {
					t.Fatalf("%v after %d calls", err, n)
				}
				closeDB(t, db)
				break
			}
			in.Remove()
			if !errors.Is(err, syscall.EIO) {
				t.Fatalf("call %d: %v", n, err)
			}
			after := image(t, fsys)
			for file := range before {
				if _, there := after[file]; !there {
					t.Errorf("call %d: %s is gone (%v)", n, file, err)
				}
			}
			for file := range after {
				if file != quarantine+"/" && vfs.Dir(file) == quarantine {
					t.Errorf("call %d: a sound snapshot was set aside as %s (%v)", n, file, err)
				}
			}
			wantKeys(t, db, all)
			if db.Metrics().Failed == nil {
				put(t, db, "more", "x")
				all["more"] = "x"
				compact(t, db)
			}
			next := fsys.Kill()
			_ = db.Close()
			wantClean(t, next, all)
		}
	})
}

func wantRejected(t *testing.T, db *engine.DB, name string) {
	t.Helper()
	n := 0
	if name != "torn" {
		n = 1
	}
	if r := db.RecoveryReport(); len(r.Rejected) != n {
		t.Fatalf("rejected %+v", r.Rejected)
	}
}

// wantClean opens a store that may have leavings, and then holds it to the usual.
func wantClean(t *testing.T, fsys *crashfs.FS, want keys) {
	t.Helper()
	db := open(t, fsys)
	wantKeys(t, db, want)
	if r := db.RecoveryReport(); len(r.Rejected) > 0 || r.Cut != nil {
		t.Fatalf("%v, rejected %+v", r, r.Rejected)
	}
	closeDB(t, db)
	wantUsable(t, fsys, want)
}
