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

// full is a value that fills a segment of these tests with a few others.
func full(n int) string { return strings.Repeat(fmt.Sprint(n%10), 1500) }

// A segment is a file, and its name is durable only when its directory was
// synced. An acknowledged commit must never lie in a file that a power cut makes
// vanish, and MANIFEST must never name one. LevelDB, and MongoDB on RocksDB, did
// not sync the directory of a new log (google/leveldb#196,
// mongodb-partners/mongo-rocks#35).
//
// Guards: the directory sync behind the publication of a segment; the adoption of
// a segment that MANIFEST does not know yet, which publishes its name once more
// instead of trusting a sync that may have failed.
func TestHardCase10_NewSegment(t *testing.T) {
	small := segments(8 << 10)
	// run writes until the log has moved on to its second segment and a bit.
	run := func(t *testing.T, db *engine.DB, l *ledger) {
		for i := 0; db.Metrics().Segments < 2; i++ {
			l.set(t, db, fmt.Sprint("k", i), full(i))
		}
		l.set(t, db, "behind", "1")
		l.set(t, db, "the end", "2")
	}

	t.Run("a power cut at every step", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys, small)
		points := l.watch(fsys)
		run(t, db, l)
		adopted := 0
		points.each(t, crashfs.Bound{Exhaustive: 7, Random: 8}, func(img *crashfs.FS, at moment) {
			db, err := engine.Open(dir, options(img, small))
			if err != nil {
				t.Fatalf("%v: %v", at, err)
			}
			if db.RecoveryReport().Adopted != 0 {
				adopted++
			}
			n := at.check(t, db)
			_ = db.Close()
			wantUsable(t, img, l.states[n], small)
		})
		if adopted == 0 {
			t.Error("no crash left a segment that MANIFEST did not know")
		}
	})

	// before runs until the n-th call of that kind in the rotation is about to
	// happen, and hands over the disk at that moment.
	before := func(t *testing.T, op crashfs.Op, pattern string) (*crashfs.Point, moment) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys, small)
		var p *crashfs.Point
		var at moment
		once(fsys, op, pattern, func() { p, at = fsys.Point(), l.now() })
		run(t, db, l)
		if p == nil {
			t.Fatalf("no %v of %s", op, pattern)
		}
		at.call = fmt.Sprintf("%v of %s", op, pattern)
		return p, at
	}

	t.Run("before the directory's sync", func(t *testing.T) {
		p, at := before(t, crashfs.OpSyncDir, "wal")
		for name, fate := range fates {
			img := p.Crash(fate)
			db := open(t, img, small)
			n := at.check(t, db)
			adopted := uint64(0)
			if name == "all kept" {
				adopted = 2
			}
			if r := db.RecoveryReport(); r.Adopted != adopted {
				t.Errorf("%s: adopted segment %d, want %d", name, r.Adopted, adopted)
			}
			closeDB(t, db)
			wantUsable(t, img, at.ledger.states[n], small)
		}
	})

	t.Run("before MANIFEST", func(t *testing.T) {
		p, at := before(t, crashfs.OpCreateTemp, "MANIFEST")
		for _, fate := range fates { // the name is durable either way
			img := p.Crash(fate)
			db := open(t, img, small)
			n := at.check(t, db)
			if r := db.RecoveryReport(); r.Adopted != 2 {
				t.Errorf("adopted segment %d, want 2", r.Adopted)
			}
			closeDB(t, db)
			wantUsable(t, img, at.ledger.states[n], small)
		}
	})

	t.Run("after MANIFEST, before the first frame", func(t *testing.T) {
		p, at := before(t, crashfs.OpWrite, "0000000000000002.wal")
		for _, fate := range fates {
			img := p.Crash(fate)
			if got := names(t, img, walDir); len(got) != 2 {
				t.Fatalf("segments %q", got)
			}
			db := open(t, img, small)
			n := at.check(t, db)
			if r := db.RecoveryReport(); r.Adopted != 0 || r.Cut != nil {
				t.Errorf("%v, adopted segment %d", r, r.Adopted)
			}
			closeDB(t, db)
			wantUsable(t, img, at.ledger.states[n], small)
		}
	})

	// The process is killed between publishing the name and syncing it. The next
	// one sees the name, goes on in that segment, acknowledges; then the power
	// goes, and takes what was never synced.
	t.Run("killed before the directory's sync", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys, small)
		var next *crashfs.FS
		once(fsys, crashfs.OpSyncDir, "wal", func() { next = fsys.Kill() })
		var err error
		for i := 0; err == nil && i < 20; i++ {
			k := fmt.Sprint("k", i)
			err = l.try(k, full(i), func() error { return db.Set(ctx, []byte(k), []byte(full(i))) })
		}
		at := l.now()
		at.call = "a reopen"
		db = open(t, next, small)
		n := at.check(t, db)
		if r := db.RecoveryReport(); r.Adopted != 2 {
			t.Errorf("adopted segment %d, want 2", r.Adopted)
		}
		put(t, db, "acknowledged", "1")
		after := next.Crash(crashfs.LoseAll)
		_ = db.Close()
		wantUsable(t, after, with(l.states[n], "acknowledged", "1"), small)
	})

	// The sync of the directory fails: nobody knows whether the name is durable,
	// so nothing is written into the segment.
	for _, c := range []struct {
		name string
		dir  string // where the name lies
		do   crashfs.Action
	}{
		{"the directory's sync: fail", walDir, crashfs.Fail},
		{"the directory's sync: fail after", walDir, crashfs.FailAfter},
		{"MANIFEST's directory's sync: fail", dir, crashfs.Fail},
		{"MANIFEST's directory's sync: fail after", dir, crashfs.FailAfter},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys, small)
			fsys.Inject(crashfs.Fault{On: crashfs.OpSyncDir, Name: c.dir, Do: c.do})
			var err error
			for i := 0; err == nil && i < 20; i++ {
				k := fmt.Sprint("k", i)
				err = l.try(k, full(i), func() error { return db.Set(ctx, []byte(k), []byte(full(i))) })
			}
			if !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, syscall.EIO) {
				t.Fatalf("the commit that rotated: %v", err)
			}
			wantLogFailed(t, db, syscall.EIO, l.states[l.acked])
			at := l.now()
			at.call = "a reopen"
			for img := range fsys.Point().States(crashfs.Bound{}) {
				verdict(t, img, at, small)
			}
			next := fsys.Kill()
			db = open(t, next, small)
			n := at.check(t, db)
			put(t, db, "acknowledged", "1")
			after := next.Crash(crashfs.LoseAll)
			_ = db.Close()
			wantUsable(t, after, with(l.states[n], "acknowledged", "1"), small)
		})
	}
}

// Renames and unlinks become durable on their own, in any order, unless somebody
// syncs the directory between them: a snapshot's name that never became durable,
// a log that was deleted on the strength of it, a MANIFEST that went back.
//
// Guards: the directory sync behind the snapshot's rename, and the one behind
// MANIFEST's, both before any unlink.
func TestHardCase14_RenameAndUnlink(t *testing.T) {
	// Two rounds of compaction, so that log and snapshots are unlinked.
	life := func(t *testing.T, fsys *crashfs.FS, l *ledger) *engine.DB {
		db := open(t, fsys)
		for i := range 3 {
			l.set(t, db, fmt.Sprint("k", i), full(i))
			compact(t, db)
		}
		return db
	}
	// keepOnly keeps the pending effects of one kind and loses all others.
	keepOnly := func(kinds ...crashfs.Kind) crashfs.Chooser {
		return func(_ int, e *crashfs.Effect) crashfs.Fate {
			for _, k := range kinds {
				if e.Kind == k {
					return crashfs.Keep
				}
			}
			return crashfs.Lose
		}
	}

	for _, c := range []struct {
		name string
		fate crashfs.Chooser
	}{
		{"the unlinks are durable, the renames are not", keepOnly(crashfs.Unlink)},
		{"the renames are durable, the unlinks are not", keepOnly(crashfs.Rename, crashfs.Link)},
		{"neither", crashfs.LoseAll},
		{"names only, no data", keepOnly(crashfs.Rename, crashfs.Link, crashfs.Unlink, crashfs.Size)},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			closeDB(t, db)
			points := l.watch(fsys)
			life(t, fsys, l)
			seen := map[crashfs.Kind]int{}
			for _, p := range points.list {
				for _, e := range p.Pending() {
					seen[e.Kind]++
				}
				verdict(t, p.Crash(c.fate), p.moment)
			}
			if seen[crashfs.Rename] == 0 || seen[crashfs.Unlink] == 0 {
				t.Fatalf("pending at the crashes: %v", seen)
			}
		})
	}

	// The unlinks are not durable: the files are back, and are swept, and do not
	// count.
	t.Run("what comes back is swept", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := life(t, fsys, l)
		img := fsys.Point().Crash(crashfs.LoseAll)
		_ = db.Close()
		before := len(names(t, img, walDir)) + len(names(t, img, snapDir))
		db = open(t, img)
		r := db.RecoveryReport()
		if len(r.Swept) == 0 || r.SnapshotLSN != 3 || len(r.Rejected) > 0 {
			t.Fatalf("%v, swept %q", r, r.Swept)
		}
		if after := len(names(t, img, walDir)) + len(names(t, img, snapDir)); after != before-len(r.Swept) {
			t.Errorf("%d files, then %d, %d swept", before, after, len(r.Swept))
		}
		closeDB(t, db)
		wantUsable(t, img, l.states[3])
	})

	// A rename is believed only when it was synced: recovery itself replaces
	// MANIFEST even when nothing changed, because the one that it read may be a
	// rename that no disk has seen. It leans on it when it removes files.
	t.Run("killed before MANIFEST is durable", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := life(t, fsys, l)
		l.set(t, db, "k9", full(9))
		var next *crashfs.FS
		syncs := 0
		fsys.SetHook(func(c *crashfs.Call) {
			// The directory's syncs of MANIFEST in a compaction: of the
			// rotation, of the snapshot, of the log's new beginning.
			if c.Op == crashfs.OpSyncDir && c.Name == dir && next == nil {
				if syncs++; syncs == 3 {
					next = fsys.Kill()
				}
			}
		})
		if _, err := db.Compact(ctx); err == nil {
			t.Fatal("the compaction of a killed process worked")
		}
		db = open(t, next)
		if r := db.RecoveryReport(); len(r.Swept) == 0 {
			t.Fatalf("nothing was swept: %v", r)
		}
		wantKeys(t, db, l.states[4])
		after := next.Crash(func(_ int, e *crashfs.Effect) crashfs.Fate {
			if e.Kind == crashfs.Unlink {
				return crashfs.Keep
			}
			return crashfs.Lose
		})
		_ = db.Close()
		wantUsable(t, after, l.states[4])
	})
}
