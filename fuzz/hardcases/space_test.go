package hardcases_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
)

// full disk, so that the n-th matching call fails.
func noSpace(on crashfs.Op, pattern string, n int, short int64) crashfs.Fault {
	return crashfs.Fault{On: on, Name: pattern, Nth: n, Short: short, Do: crashfs.Fail, Err: syscall.ENOSPC}
}

// The disk is full: in the middle of a frame, at a rotation, in a snapshot, in
// MANIFEST, while a tear is mended. Nothing acknowledged is lost, nothing is
// written behind a hole, and what can be read is read.
//
// Guards: the error of a short write ends the log; a failed compaction removes
// its temporary file and ends nothing; recovery opens read-only when it cannot
// keep what it would cut.
func TestHardCase11_DiskFull(t *testing.T) {
	t.Run("in the middle of a frame", func(t *testing.T) {
		value := strings.Repeat("3", 1000)
		for _, short := range []int64{0, 1, 39, 40, 41, 100, 511, 512, 513, 1000, 1 << 20} {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			l.set(t, db, "a", "1")
			l.set(t, db, "b", "2")
			in := fsys.Inject(noSpace(crashfs.OpWrite, "*.wal", 1, short))
			err := l.try("c", value, func() error { return db.Set(ctx, []byte("c"), []byte(value)) })
			if !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, syscall.ENOSPC) || in.Fired() != 1 {
				t.Fatalf("%d bytes fitted: %v", short, err)
			}
			// A smaller frame would fit now. It must not be tried: it would lie
			// behind a hole.
			before := read(t, fsys, seg(1))
			wantLogFailed(t, db, syscall.ENOSPC, l.states[l.acked])
			if err := db.Close(); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Close: %v", err)
			}
			if after := read(t, fsys, seg(1)); string(before) != string(after) {
				t.Fatal("the failed log was written to")
			}
			at := l.now()
			at.call = fmt.Sprintf("a reopen, %d bytes of the frame fitted", short)
			for img := range fsys.Point().States(crashfs.Bound{Exhaustive: 6, Random: 8}) {
				verdict(t, img, at)
			}
			next := fsys.Kill()
			db = open(t, next)
			n := at.check(t, db)
			if cut := db.RecoveryReport().Cut; (cut != nil) != (short > 0 && short < 1<<20) {
				t.Errorf("%d bytes of the frame fitted: cut %+v", short, cut)
			}
			closeDB(t, db)
			wantUsable(t, next, l.states[n])
		}
	})

	// The zeros found no room, wholly or in part; the frames do. Zeros are a
	// convenience: to lose the log over them would be to refuse writes that fit.
	t.Run("filling ahead", func(t *testing.T) {
		for _, short := range []int64{0, 1, 700} {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			l.set(t, db, "a", "1")
			in := fsys.Inject(noSpace(crashfs.OpZeroFill, "*.wal", 1, short))
			ps := l.watch(fsys)
			for i := range 12 { // through the place where the zeros would be, and out of it
				l.set(t, db, "b", strings.Repeat(fmt.Sprint(i%10), 300))
			}
			if in.Fired() != 1 {
				t.Fatalf("%d bytes fitted: %d faults", short, in.Fired())
			}
			closeDB(t, db)
			ps.each(t, crashfs.Bound{Exhaustive: 5, Pairs: -1, Random: 4}, func(img *crashfs.FS, at moment) { verdict(t, img, at) })
			wantUsable(t, fsys.Kill(), l.states[l.acked])
		}
	})

	// Another error of the same call is a failing disk, and ends the log.
	t.Run("filling ahead, and the disk fails", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys)
		l.set(t, db, "a", "1")
		f := noSpace(crashfs.OpZeroFill, "*.wal", 1, 0)
		f.Err = syscall.EIO
		fsys.Inject(f)
		err := l.try("b", "2", func() error { return db.Set(ctx, []byte("b"), []byte("2")) })
		if !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, syscall.EIO) {
			t.Fatalf("Set: %v", err)
		}
		wantLogFailed(t, db, syscall.EIO, keys{"a": "1"})
		at := l.now()
		for img := range fsys.Point().States(crashfs.Bound{}) {
			verdict(t, img, at)
		}
		verdict(t, fsys.Kill(), at)
	})

	// Every call of a rotation that can need room fails in turn.
	t.Run("at a rotation", func(t *testing.T) {
		small := segments(8 << 10)
		failed := map[string]bool{}
		for n := 1; ; n++ {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys, small)
			i := 0
			next := func() error {
				k, v := fmt.Sprint("k", i), full(i)
				i++
				return l.try(k, v, func() error { return db.Set(ctx, []byte(k), []byte(v)) })
			}
			for i < 2 { // the next one does not fit
				if err := next(); err != nil {
					t.Fatal(err)
				}
			}
			what := ""
			fsys.SetHook(func(c *crashfs.Call) { what = c.Op.String() + " " + c.Name })
			in := fsys.Inject(noSpace(crashfs.OpWrites&^crashfs.OpZeroFill|crashfs.OpCreateTemp|crashfs.OpPublish|crashfs.OpSyncDir, "", n, 20))
			var err error
			for err == nil && db.Metrics().Segments < 2 {
				if err = next(); in.Fired() > 0 {
					break
				}
			}
			if in.Fired() == 0 {
				break // the rotation is over
			}
			if err == nil {
				t.Fatalf("no room for %s, and the commit was acknowledged", what)
			}
			failed[what] = true
			if !errors.Is(err, engine.ErrOutcomeUnknown) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%s: %v", what, err)
			}
			in.Remove()
			wantLogFailed(t, db, syscall.ENOSPC, l.states[l.acked])
			at := l.now()
			at.call = "a reopen, no room for " + what
			for _, fate := range fates {
				verdict(t, fsys.Point().Crash(fate), at, small)
			}
			verdict(t, fsys.Kill(), at, small)
		}
		if len(failed) < 6 {
			t.Fatalf("only these failed: %v", failed)
		}
	})

	// Every call of a compaction that can need room fails in turn, and every
	// failed compaction is one of two kinds: dropped, with nothing left behind;
	// or, at MANIFEST, the end of writing. In neither is anything deleted too
	// early.
	t.Run("in a snapshot or MANIFEST", func(t *testing.T) {
		dropped, ended := 0, 0
		for n := 1; ; n++ {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			for i := range 2 {
				l.set(t, db, fmt.Sprint("k", i), full(i))
				compact(t, db)
			}
			l.set(t, db, "k2", full(2))
			what := ""
			fsys.SetHook(func(c *crashfs.Call) { what = c.Op.String() + " " + c.Name })
			in := fsys.Inject(noSpace(crashfs.OpWrites|crashfs.OpCreateTemp|crashfs.OpPublish|crashfs.OpSyncDir, "", n, 20))
			_, err := db.Compact(ctx)
			if in.Fired() == 0 {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			in.Remove()
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%s: Compact said %v", what, err)
			}
			wantKeys(t, db, l.states[3])
			if m := db.Metrics(); m.Failed == nil {
				dropped++
				if m.CompactionFailures != 1 || !errors.Is(m.CompactionErr, syscall.ENOSPC) {
					t.Errorf("%s: metrics %+v", what, m)
				}
				for _, sub := range []string{dir, snapDir, walDir} {
					for _, name := range names(t, fsys, sub) {
						if strings.HasPrefix(name, ".") {
							t.Errorf("%s: %s was left in %s", what, name, sub)
						}
					}
				}
				l.set(t, db, "k3", full(3)) // writing goes on
				if info := compact(t, db); info.LSN != db.LSN() {
					t.Errorf("%s: the retry made %+v", what, info)
				}
			} else {
				ended++
				wantLogFailed(t, db, syscall.ENOSPC, l.states[3])
			}
			at := l.now()
			at.call = "a reopen, no room for " + what
			for _, fate := range fates {
				verdict(t, fsys.Point().Crash(fate), at)
			}
			verdict(t, fsys.Kill(), at)
		}
		if dropped < 3 || ended < 3 {
			t.Fatalf("%d compactions were dropped, %d ended writing", dropped, ended)
		}
	})

	// A torn tail is to be cut, and there is no room to keep it.
	t.Run("while mending a tear", func(t *testing.T) {
		disk := history(t, "1", "2", strings.Repeat("3", 900))
		torn := last(t, disk, seg(1))
		zero(t, disk, seg(1), torn.end-300, torn.end)
		want := keys{"a": "1", "b": "2"}
		readOnly := 0
		for n := 1; ; n++ {
			fsys := copyOf(disk)
			what := ""
			in := fsys.Inject(noSpace(crashfs.OpWrites|crashfs.OpCreateTemp|crashfs.OpPublish|crashfs.OpMkdir, "", n, 10))
			db, err := engine.Open(dir, options(fsys))
			if in.Fired() == 0 {
				if err != nil {
					t.Fatal(err)
				}
				_ = db.Close()
				break
			}
			in.Remove()
			if err != nil {
				// Behind the mending, when the log is begun: nothing is lost.
				if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, recovery.ErrCorrupt) {
					t.Fatalf("%s: %v", what, err)
				}
				closeDB(t, open(t, fsys))
				wantUsable(t, fsys, want)
				continue
			}
			readOnly++
			r := db.RecoveryReport()
			var reason *recovery.DiskFullError
			if !errors.As(r.ReadOnlyReason, &reason) || !errors.Is(r.ReadOnlyReason, syscall.ENOSPC) {
				t.Fatalf("opened with %v", r.ReadOnlyReason)
			}
			what = reason.Op
			got := dump(t, db)
			if what == "write the end of the log again" {
				// "b" may stand in memory only, and is not shown.
				if got["a"] != "1" || len(got) > 2 {
					t.Fatalf("%s: %v", what, got)
				}
			} else {
				wantKeys(t, db, want)
			}
			err = db.Set(ctx, []byte("x"), nil)
			if !errors.Is(err, engine.ErrReadOnly) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%s: a write got %v", what, err)
			}
			closeDB(t, db)
			// There is room again.
			db = open(t, fsys)
			wantKeys(t, db, want)
			if r := db.RecoveryReport(); r.NextLSN < 3+jump {
				t.Fatalf("%s: next LSN %d", what, r.NextLSN)
			}
			closeDB(t, db)
			wantUsable(t, fsys, want)
		}
		if readOnly < 4 {
			t.Fatalf("%d opens were read-only", readOnly)
		}
	})

	// Really full, not one failing call: all that is there can be read.
	t.Run("not a byte free", func(t *testing.T) {
		fsys := history(t, "1", "2", strings.Repeat("3", 900))
		torn := last(t, fsys, seg(1))
		zero(t, fsys, seg(1), torn.end-300, torn.end)
		fsys.SetFree(0)
		db := open(t, fsys)
		wantKeys(t, db, keys{"a": "1", "b": "2"})
		r := db.RecoveryReport()
		if !r.ReadOnly || !errors.Is(r.ReadOnlyReason, syscall.ENOSPC) {
			t.Fatalf("opened with %v", r.ReadOnlyReason)
		}
		if size := int64(len(read(t, fsys, seg(1)))); size < torn.end {
			t.Fatal("the tail was cut although there is no copy of it")
		}
		closeDB(t, db)
		fsys.SetFree(-1)
		db = open(t, fsys)
		if c := db.RecoveryReport().Cut; c == nil || c.Offset != torn.off {
			t.Fatalf("with room again, cut %+v", c)
		}
		closeDB(t, db)
		wantUsable(t, fsys, keys{"a": "1", "b": "2"})
	})

	t.Run("trimming at Close", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		in := fsys.Inject(noSpace(crashfs.OpTruncate, "*.wal", 1, 0))
		if err := db.Close(); !errors.Is(err, syscall.ENOSPC) || in.Fired() != 1 {
			t.Fatalf("Close: %v", err)
		}
		for _, img := range []*crashfs.FS{fsys.Point().Crash(crashfs.LoseAll), fsys.Kill()} {
			db := open(t, img)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			if r := db.RecoveryReport(); r.Cut != nil {
				t.Errorf("zeros behind a MARK were cut: %+v", r.Cut)
			}
			closeDB(t, db)
			wantUsable(t, img, keys{"a": "1", "b": "2"})
		}
	})
}
