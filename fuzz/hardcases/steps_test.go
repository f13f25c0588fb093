package hardcases_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// needy are disks on which recovery has all of its work to do. What it may find
// there is one of states; what it serves is the last of them, and that must come
// back whatever happens from then on. No LSN below next may be given away.
var needy = []struct {
	name  string
	build func(t *testing.T) (disk *crashfs.FS, states []keys, next uint64)
}{
	{"a torn tail, a rotten snapshot, strays", func(t *testing.T) (*crashfs.FS, []keys, uint64) {
		disk, want, _, newer := compacted(t, 3)
		flip(t, disk, snap(newer), 120)
		place(t, disk, snap(newer+1), []byte("published, never listed"))
		place(t, disk, vfs.Join(walDir, ".0000000000000099.wal.tmp"), []byte("x"))
		place(t, disk, vfs.Join(snapDir, ".0000000000000099.snap.tmp"), []byte("x"))
		place(t, disk, vfs.Join(dir, ".MANIFEST.tmp"), []byte("x"))
		// Without the MARK of Close, the last commit can be torn.
		list := names(t, disk, walDir)
		active := vfs.Join(walDir, list[len(list)-1])
		all := frames(t, disk, active)
		lost, mark := all[len(all)-2], all[len(all)-1]
		zero(t, disk, active, mark.off, mark.end)
		zero(t, disk, active, lost.end-20, lost.end)
		delete(want, "behind")
		return disk, []keys{want}, lost.FirstLSN + jump
	}},
	{"an interrupted rotation", func(t *testing.T) (*crashfs.FS, []keys, uint64) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		var p *crashfs.Point
		once(fsys, crashfs.OpCreateTemp, "MANIFEST", func() { p = fsys.Point() })
		compact(t, db)
		return p.Crash(crashfs.KeepAll), []keys{{"a": "1"}}, 2
	}},
	{"frames that nothing proves", func(t *testing.T) (*crashfs.FS, []keys, uint64) {
		fsys := newDisk()
		db := open(t, fsys, durability(engine.Never))
		states := []keys{{}}
		for i := range 5 {
			put(t, db, fmt.Sprint("k", i), full(i))
			states = append(states, with(states[i], fmt.Sprint("k", i), full(i)))
		}
		return fsys.Kill(), states, 0
	}},
}

// The power goes at every step of a compaction and at every step of a recovery,
// and again at every step of the recovery after that.
//
// Guards: the order of recovery's steps, each of which a crash may separate from
// the next (the LSN's floor in MANIFEST before the cut, the copy in quarantine
// before it too), and of compaction's (files go last).
func TestHardCase15_EveryStep(t *testing.T) {
	t.Run("of compaction", func(t *testing.T) {
		t.Parallel()
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys)
		points := l.watch(fsys)
		for i := range 3 {
			l.set(t, db, fmt.Sprint("k", i), full(i))
			l.set(t, db, "again", fmt.Sprint(i))
			compact(t, db)
		}
		points.each(t, crashfs.Bound{Exhaustive: 6, Pairs: 1, Random: 2}, func(img *crashfs.FS, at moment) {
			verdict(t, img, at)
		})
	})

	// A store comes into being: before its first commit is acknowledged nothing
	// is owed but that a later open works.
	t.Run("of creation", func(t *testing.T) {
		t.Parallel()
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		points := l.watch(fsys)
		db := open(t, fsys)
		l.set(t, db, "a", "1")
		l.set(t, db, "b", "2")
		closeDB(t, db)
		begun := 0
		points.each(t, crashfs.Bound{Exhaustive: 8, Pairs: 1, Random: 4}, func(img *crashfs.FS, at moment) {
			db, err := engine.Open(dir, options(img))
			if err != nil {
				t.Fatalf("%v: %v", at, err)
			}
			if db.RecoveryReport().New {
				begun++
				if at.acked > 0 {
					t.Fatalf("%v: an empty store was begun", at)
				}
			}
			n := at.check(t, db)
			_ = db.Close()
			wantUsable(t, img, l.states[n])
		})
		if begun < 5 {
			t.Errorf("%d creations were started again", begun)
		}
	})

	for _, c := range needy {
		t.Run("of recovery: "+c.name, func(t *testing.T) {
			t.Parallel()
			disk, states, next := c.build(t)
			// found opens what a crash left; that must end as if there had been none.
			found := func(img *crashfs.FS, at moment, when string) (n int) {
				at.call += when
				db, err := engine.Open(dir, options(img))
				if err != nil {
					t.Fatalf("%v: %v", at, err)
				}
				defer db.Close()
				n = at.check(t, db)
				if r := db.RecoveryReport(); r.NextLSN < next || next != 0 && r.NextLSN > next+1<<16 {
					t.Fatalf("%v: the next LSN is %d, want %d", at, r.NextLSN, next)
				}
				if cut := db.RecoveryReport().Cut; cut != nil {
					wantCut(t, img, db.RecoveryReport(), cut.File, cut.Offset, cut.LSN, read(t, img, cut.Quarantine))
				}
				return n
			}
			fsys := disk.Kill() // as it is, what is pending too
			l := &ledger{states: states}
			points := l.watch(fsys)
			db := open(t, fsys)
			wantKeys(t, db, states[len(states)-1])
			l.promise() // it was served
			closeDB(t, db)
			nested := 0
			points.each(t, crashfs.Bound{Exhaustive: 5, Pairs: 1, Random: 2}, func(img *crashfs.FS, at moment) {
				for k := 1 + nested%3; ; k += 2 + nested%4 {
					again := copyOf(img)
					again.CrashAt(k)
					if db, err := engine.Open(dir, options(again)); err == nil {
						_ = db.Close()
						break
					}
					nested++
					found(again.Crash(crashfs.LoseAll), at, fmt.Sprintf(", and again %d steps into the next recovery", k))
				}
				wantUsable(t, img, states[found(img, at, "")])
			})
			t.Log(nested, "crashes in the second recovery")
			// Whatever was cut is still there to look at: the tail, the rotten
			// snapshot, and the stray one that no compaction can have left.
			if kept := names(t, fsys, quarantine); strings.Contains(c.name, "torn") && len(kept) != 3 {
				t.Errorf("quarantine holds %q", kept)
			}
		})
	}
}

// The lazier modes: several frames stand unsynced, and a rotation, a snapshot, a
// commit that wants to be durable come among them. The power goes at every
// point: what comes back is a prefix, with everything that was promised, and no
// tear is taken for damage.
//
// Guards: a frame says SYNCED only when all before it is durable; the log is
// synced before a segment is left, and up to its LSN before a snapshot counts.
func TestHardCase22_LazyModes(t *testing.T) {
	// Commits that a crash takes back without leaving a byte had been seen, by
	// their LSNs: those must not come to mean other commits.
	for _, mode := range []engine.Durability{engine.Never, engine.Interval(time.Hour)} {
		t.Run("no LSN twice, "+mode.String(), func(t *testing.T) {
			t.Parallel()
			fsys := newDisk()
			db := open(t, fsys, durability(mode))
			put(t, db, "a", "1")
			closeDB(t, db)
			db = open(t, fsys, durability(mode))
			put(t, db, "b", "2")
			seen := db.LSN()
			after := fsys.Crash(crashfs.LoseAll)
			_ = db.Close()
			db = open(t, after)
			wantKeys(t, db, keys{"a": "1"})
			if r := db.RecoveryReport(); r.Cut != nil || r.NextLSN <= seen {
				t.Errorf("LSN %d was seen, and %d is next (cut: %v)", seen, r.NextLSN, r.Cut)
			}
			put(t, db, "c", "3")
			if db.LSN() <= seen {
				t.Errorf("LSN %d was given again", db.LSN())
			}
		})
	}
	for _, mode := range []engine.Durability{engine.Never, engine.Interval(10 * time.Millisecond)} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			// A bubble, so that the interval's timer fires when the test says so.
			synctest.Test(t, func(t *testing.T) {
				fsys := newDisk()
				l := &ledger{states: []keys{{}}}
				var db *engine.DB
				inClock := func() {}
				lazy := []option{durability(mode), segments(8 << 10), func(o *engine.Options) {
					clock := o.Clock
					o.Clock = func() time.Time { inClock(); return clock() }
				}}
				db = open(t, fsys, lazy...)
				points := l.watch(fsys)
				n := 0
				some := func(count int) {
					for range count {
						l.lazily(t, db, fmt.Sprint("k", n%4), strings.Repeat(fmt.Sprint(n%10), 300+n))
						n++
					}
				}
				some(3)
				// One commit among them wants to be durable.
				l.set2(t, db, "durable", "1", engine.Durably())
				some(2)
				time.Sleep(20 * time.Millisecond)
				synctest.Wait()
				if mode != engine.Never {
					l.promise() // "may lose the last 10 ms"
				}
				some(12) // a rotation or two
				if db.Metrics().Segments < 2 {
					t.Error("the log never rotated")
				}
				if err := db.Sync(ctx); err != nil {
					t.Fatal(err)
				}
				l.promise()
				some(2)
				// A snapshot: compaction leaves the segment first, which syncs it;
				// then it reads the clock for the image. A commit right there is
				// in the image and stands unsynced in the new segment.
				left := false
				fsys.SetHook(chain(points.note, func(c *crashfs.Call) {
					left = left || c.Op == crashfs.OpSyncDir && c.Name == dir // MANIFEST knows
				}))
				inClock = func() {
					if left {
						inClock = func() {}
						some(1)
					}
				}
				info := compact(t, db)
				if info.LSN != uint64(n)+1 { // "durable" is one more
					t.Errorf("the image is of LSN %d of %d", info.LSN, n+1)
				}
				l.promise()
				some(3)
				compact(t, db)
				l.promise()
				some(3)
				closeDB(t, db)
				l.promise()
				points.each(t, crashfs.Bound{Exhaustive: 5, Pairs: 1, Random: 3}, func(img *crashfs.FS, at moment) {
					verdict(t, img, at, lazy[1]) // in Always now
				})
			})
		})
	}
}
