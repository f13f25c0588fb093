package hardcases_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/wal"
)

// Zeros: behind the end they are what a power cut leaves of space that was made
// ready; in the middle, or where something says that there was more, they are
// missing data.
//
// Guards: rule 3 of recovery/classify.go, that zeros end the log only when
// nothing lies behind them, rule 2.
func TestHardCase05_Zeros(t *testing.T) {
	// The commit "c" is lost whole; the file keeps its length.
	lost := func(t *testing.T, change ...option) *crashfs.FS {
		fsys := newDisk()
		db := open(t, fsys, change...)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		var p *crashfs.Point
		once(fsys, crashfs.OpDataSync, "*.wal", func() { p = fsys.Point() })
		put(t, db, "c", strings.Repeat("3", 2000))
		return p.Crash(func(_ int, e *crashfs.Effect) crashfs.Fate {
			if e.Kind == crashfs.Size {
				return crashfs.Keep
			}
			return crashfs.Lose
		})
	}
	appending := func(o *engine.Options) { o.FillStep = -1 }
	for name, change := range map[string][]option{"filled ahead": nil, "appended": {appending}} {
		t.Run("a zero tail after a power cut, "+name, func(t *testing.T) {
			fsys := lost(t, change...)
			if size := int64(len(read(t, fsys, seg(1)))); size < last(t, fsys, seg(1)).end+2000 {
				t.Fatalf("there is no zero tail: %d bytes", size)
			}
			db := open(t, fsys)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			r := db.RecoveryReport()
			if r.Cut != nil || len(r.Quarantined) > 0 || r.LastLSN != 2 || r.NextLSN != 3 {
				t.Fatalf("a clean end was mended: %v", r)
			}
			// The log goes on in place.
			put(t, db, "d", "4")
			if got := names(t, fsys, walDir); len(got) != 1 || db.LSN() != 3 {
				t.Fatalf("the next commit has LSN %d, segments %q", db.LSN(), got)
			}
			closeDB(t, db)
			wantUsable(t, fsys, keys{"a": "1", "b": "2", "d": "4"})
		})
	}

	t.Run("in the middle", func(t *testing.T) {
		disk := history(t, "1", strings.Repeat("2", 1500), "3")
		list := frames(t, disk, seg(1))
		whole := read(t, disk, seg(1))
		for _, z := range []struct {
			name     string
			from, to int64
		}{
			{"a whole frame", list[1].off, list[1].end},
			{"a frame's header", list[1].off, list[1].off + wal.FrameHeaderSize},
			{"a sector of a value", list[1].off&^511 + 512, list[1].off&^511 + 1024},
			{"all but the last frame", wal.HeaderBlock, list[2].off},
		} {
			t.Run(z.name, func(t *testing.T) {
				fsys := copyOf(disk)
				zero(t, fsys, seg(1), z.from, z.to)
				at := list[1]
				if z.from < at.off {
					at = list[0]
				}
				wantDamage(t, refused(t, fsys), damage{seg(1), at.off, at.FirstLSN, "proves that this was durable"})
				// What was there makes it whole again: nothing else was touched.
				poke(t, fsys, seg(1), z.from, whole[z.from:z.to])
				wantUsable(t, fsys, keys{"a": "1", "b": strings.Repeat("2", 1500), "c": "3"})
			})
		}
	})

	// A snapshot of LSN 3 is published only when the log is durable up to 3.
	t.Run("where a snapshot says there was more", func(t *testing.T) {
		for _, rotten := range []bool{false, true} {
			b := recoverytest.New(t, newDisk(), dir)
			s := b.Segment()
			s.Frame(wal.FlagSynced, set("a", "1"))
			s.Frame(wal.FlagSynced, set("b", "2"))
			f := s.Frame(wal.FlagSynced, set("c", "3"))
			b.Snapshot(3, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2), recoverytest.Entry("c", "3", 3))
			s.Zero(f.Offset, f.End-f.Offset)
			s.Fill(4096)
			b.Write()
			if rotten { // it proves it all the same, and nothing else has "c" now
				flip(t, b.FS, snap(3), 150)
			}
			wantDamage(t, refused(t, b.FS), damage{seg(1), f.Offset, 3, "a snapshot proves that the log was durable up to LSN 3"})
		}
	})
}

// The sectors of one frame that was never synced reach the disk in any order. A
// whole valid record inside a torn frame is no sign of damage, and is not
// replayed either: every combination gives the frame whole or not at all, and
// says which. etcd refused to start on such a tail when it began to write its log
// into space that was made ready before (etcd-io/etcd#5230).
//
// Guards: the checksum over the body; that the sectors within the header's reach
// are no proof (rule 5 knows how much may stand unsynced).
func TestHardCase06_SectorsOutOfOrder(t *testing.T) {
	appending := func(o *engine.Options) { o.FillStep = -1 }
	for name, change := range map[string][]option{"into zeros": nil, "appended": {appending}} {
		t.Run(name, func(t *testing.T) {
			fsys := newDisk()
			db := open(t, fsys, change...)
			before := keys{"a": "1", "b": "2"}
			put(t, db, "a", "1")
			put(t, db, "b", "2")
			var p *crashfs.Point
			once(fsys, crashfs.OpDataSync, "*.wal", func() { p = fsys.Point() })
			// One record of several small mutations and a large one.
			after := keys{"a": "1", "b": "2"}
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for _, k := range []string{"v", "w", "x", "y"} {
					after[k] = strings.Repeat(k, 600)
					if err := tx.Set(ctx, []byte(k), []byte(after[k])); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			f := last(t, fsys, seg(1))
			whole := read(t, fsys, seg(1))[f.off:f.end]
			torn, clean, full := 0, 0, 0
			for img := range p.States(crashfs.Bound{Exhaustive: 9}) {
				there := make([]byte, len(whole))
				content := read(t, img, seg(1))
				copy(there, content[min(f.off, int64(len(content))):])
				db := open(t, img, change...)
				r := db.RecoveryReport()
				switch {
				case bytes.Equal(there, whole):
					full++
					wantKeys(t, db, after)
					if r.Cut != nil || r.Rewritten == 0 {
						t.Fatalf("the whole frame: %v, %d rewritten", r, r.Rewritten)
					}
				case len(bytes.Trim(there, "\x00")) == 0:
					clean++
					wantKeys(t, db, before)
					if r.Cut != nil || r.NextLSN != 3 {
						t.Fatalf("none of the frame: %v", r)
					}
				default:
					torn++
					wantKeys(t, db, before)
					wantCut(t, img, r, seg(1), f.off, 3, there)
				}
				closeDB(t, db)
			}
			if full == 0 || clean == 0 || torn < 30 {
				t.Fatalf("%d states with the whole frame, %d with nothing, %d torn", full, clean, torn)
			}
		})
	}
}

// Recover, append, crash again. What was cut never comes back, not behind what
// was appended since and not in its place; and a log that was closed in order,
// reopened and appended to can be torn like any other. A log that appends behind
// a tail that it did not cut never sees those records again
// (amelielabs/amelie#17).
//
// Guards: the cut itself (untrimmed, the tail is still there), the new segment
// and the jump of the LSNs behind a cut (no LSN that anybody saw is given again),
// and that a MARK ends nothing.
func TestHardCase07_AppendBehindATear(t *testing.T) {
	t.Run("no stale suffix", func(t *testing.T) {
		// "c" is torn so that its end is on the disk: frames could follow on it.
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		var p *crashfs.Point
		once(fsys, crashfs.OpDataSync, "*.wal", func() { p = fsys.Point() })
		put(t, db, "c", strings.Repeat("3", 3000))
		torn := p.Crash(crashfs.LoseOnly(0))
		lostLSN := uint64(3)

		// A second life that recovers and appends, cut short at every step.
		l := &ledger{states: []keys{{"a": "1", "b": "2"}}}
		points := l.watch(torn)
		db = open(t, torn)
		l.set(t, db, "d", "4")
		l.set(t, db, "e", strings.Repeat("5", 700))
		if db.LSN() < lostLSN+jump {
			t.Errorf("LSN %d for a commit behind one that was cut at %d", db.LSN(), lostLSN)
		}
		points.each(t, crashfs.Bound{Exhaustive: 7, Random: 16}, func(img *crashfs.FS, at moment) {
			db, err := engine.Open(dir, options(img))
			if err != nil {
				t.Fatalf("%v: %v", at, err)
			}
			r := db.RecoveryReport()
			n := at.check(t, db)
			put(t, db, "f", "6")
			if len(r.Ignored) > 0 || db.LSN() < lostLSN+jump {
				t.Errorf("%v: ignored %v, next commit at LSN %d", at, r.Ignored, db.LSN())
			}
			closeDB(t, db)
			wantUsable(t, img, with(l.states[n], "f", "6"))
		})
	})

	t.Run("clean close, reopen, append, tear", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		closeDB(t, db)
		mark := last(t, fsys, seg(1))
		if size := int64(len(read(t, fsys, seg(1)))); !mark.Mark() || size != mark.end {
			t.Fatalf("Close left %+v, %d bytes", mark, size)
		}
		db = open(t, fsys)
		var p *crashfs.Point
		once(fsys, crashfs.OpDataSync, "*.wal", func() { p = fsys.Point() })
		put(t, db, "b", strings.Repeat("2", 1500))
		torn := 0
		for img := range p.States(crashfs.Bound{}) {
			db := open(t, img)
			r := db.RecoveryReport()
			if r.Cut != nil {
				torn++
				if r.Cut.Offset != mark.end || r.Cut.LSN != 2 {
					t.Fatalf("cut at %d, LSN %d", r.Cut.Offset, r.Cut.LSN)
				}
				wantKeys(t, db, keys{"a": "1"})
			} else if r.LastLSN == 1 {
				wantKeys(t, db, keys{"a": "1"})
			} else {
				wantKeys(t, db, keys{"a": "1", "b": strings.Repeat("2", 1500)})
			}
			want := dump(t, db)
			closeDB(t, db)
			wantUsable(t, img, want)
		}
		if torn == 0 {
			t.Fatal("no state was torn")
		}
	})
}
