package hardcases_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/wal"
)

// The edges of size: a frame that no segment has room for, a record at the limit
// and one byte over it; and rot in a MARK, which holds nothing.
//
// Guards: the reach in a segment's header grows with the frame that it is made
// for (else a tear of that frame is taken for damage); the limit is checked
// before anything is staged; a torn MARK is a tear.
func TestHardCase23_Sizes(t *testing.T) {
	t.Run("a frame larger than a segment", func(t *testing.T) {
		fsys := newDisk()
		l := &ledger{states: []keys{{}}}
		db := open(t, fsys)
		l.set(t, db, "a", "1")
		l.set(t, db, "b", "2")
		points := l.watch(fsys)
		l.set(t, db, "big", strings.Repeat("B", 40<<10)) // a segment has 16 KiB
		l.set(t, db, "c", "3")
		l.set(t, db, "d", "4")
		if size := len(read(t, fsys, seg(2))); size < 44<<10 {
			t.Errorf("the large frame has no segment of its own: %d bytes", size)
		}
		torn := 0
		points.each(t, crashfs.Bound{Exhaustive: 6, Pairs: 1, Random: 6}, func(img *crashfs.FS, at moment) {
			db, err := engine.Open(dir, options(img))
			if err != nil {
				t.Fatalf("%v: %v", at, err)
			}
			if c := db.RecoveryReport().Cut; c != nil {
				torn++
			}
			n := at.check(t, db)
			_ = db.Close()
			wantUsable(t, img, l.states[n])
		})
		if torn == 0 {
			t.Error("the large frame was never torn")
		}
	})

	// Larger than what a segment usually lets stand unsynced, too: its header
	// declares more.
	t.Run("a frame larger than the reach", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		usual := header(t, fsys, seg(1)).Reach
		put(t, db, "big", strings.Repeat("B", int(usual)+1))
		closeDB(t, db)
		name := seg(2)
		h := header(t, fsys, name)
		if h.Reach <= usual {
			t.Fatalf("the reach is %d, was %d", h.Reach, usual)
		}
		list := frames(t, fsys, name)
		big := list[0]
		whole := copyOf(fsys)
		// As a crash before its sync leaves it: the middle is missing, and
		// nothing follows.
		truncate(t, fsys, name, big.end)
		zero(t, fsys, name, big.off+8192, big.off+16384)
		db = open(t, fsys)
		wantKeys(t, db, keys{"a": "1"})
		r := db.RecoveryReport()
		if r.Cut == nil || r.Cut.File != name || r.Cut.Offset != wal.HeaderBlock || r.Cut.Records != 1 || r.Cut.Bytes < usual {
			t.Fatalf("cut %+v", r.Cut)
		}
		closeDB(t, db)
		wantUsable(t, fsys, keys{"a": "1"})
		// With the MARK behind it, the same hole is damage.
		zero(t, whole, name, big.off+8192, big.off+16384)
		wantDamage(t, refused(t, whole), damage{name, big.off, 2, "proves that this was durable"})
	})

	t.Run("a record at the limit and over it", func(t *testing.T) {
		const limit = 20000
		fsys := newDisk()
		db := open(t, fsys, func(o *engine.Options) { o.MaxTxSize = limit })
		put(t, db, "a", "1")
		// The largest value that fits is found by what is refused.
		lsn, size := db.LSN(), len(read(t, fsys, seg(1)))
		n := limit
		for ; ; n-- {
			err := db.Set(ctx, []byte("k"), make([]byte, n))
			if err == nil {
				break
			}
			var too *engine.SizeError
			if !errors.Is(err, engine.ErrTxTooLarge) || !errors.As(err, &too) || too.Limit != limit || too.Size <= limit || too.Size > limit+100 {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if db.LSN() != lsn || len(read(t, fsys, seg(1))) != size {
				t.Fatal("a refused record left something")
			}
			if _, err := db.Get([]byte("k")); !errors.Is(err, engine.ErrNotFound) {
				t.Fatalf("a refused record is visible: %v", err)
			}
			if n < limit-100 {
				t.Fatalf("%d bytes do not fit into %d", n, limit)
			}
		}
		list := names(t, fsys, walDir)
		if f := last(t, fsys, seg(uint64(len(list)))); f.BodyLen != limit {
			t.Errorf("the largest record has %d bytes, the limit is %d", f.BodyLen, limit)
		}
		if db.LSN() != lsn+1 {
			t.Errorf("LSN %d behind %d", db.LSN(), lsn)
		}
		want := keys{"a": "1", "k": string(make([]byte, n))}
		after := fsys.Crash(crashfs.LoseAll)
		_ = db.Close()
		db = open(t, after)
		wantKeys(t, db, want)
		closeDB(t, db)
		// A smaller limit of a later open refuses new ones, and reads old ones.
		db = open(t, after, func(o *engine.Options) { o.MaxTxSize = 1000 })
		wantKeys(t, db, want)
		if err := db.Set(ctx, []byte("x"), make([]byte, 1000)); !errors.Is(err, engine.ErrTxTooLarge) {
			t.Errorf("Set: %v", err)
		}
		closeDB(t, db)
		wantUsable(t, after, want)
	})

	// Nothing that a MARK says is needed to read what is before it.
	t.Run("rot in a MARK", func(t *testing.T) {
		disk := newDisk()
		db := open(t, disk)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		closeDB(t, db)
		mark := last(t, disk, seg(1))
		if !mark.Mark() {
			t.Fatalf("Close left %+v", mark)
		}
		for off := mark.off; off < mark.end; off++ {
			fsys := copyOf(disk)
			flip(t, fsys, seg(1), off)
			tail := read(t, fsys, seg(1))[mark.off:]
			db := open(t, fsys)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			wantCut(t, fsys, db.RecoveryReport(), seg(1), mark.off, 3, tail)
			closeDB(t, db)
		}
		// Gone altogether, it is not missed.
		zero(t, disk, seg(1), mark.off, mark.end)
		db = open(t, disk)
		if r := db.RecoveryReport(); r.Cut != nil || r.Rewritten == 0 {
			t.Fatalf("%v, rewritten %d", r, r.Rewritten)
		}
		closeDB(t, db)
		wantUsable(t, disk, keys{"a": "1", "b": "2"})
	})

	// Behind a MARK the same rot is rot mid-log: what was written since proves
	// that the MARK was there.
	t.Run("rot in a MARK with frames behind it", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		closeDB(t, db)
		mark := last(t, fsys, seg(1))
		db = open(t, fsys)
		put(t, db, "b", "2")
		closeDB(t, db)
		flip(t, fsys, seg(1), mark.off+20)
		wantDamage(t, refused(t, fsys), damage{seg(1), mark.off, 2, "proves that this was durable"})
	})
}
