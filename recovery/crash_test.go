package recovery_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// needy are directories in which recovery has all of its work to do.
var needy = []struct {
	name  string
	build func(b *recoverytest.Builder)
	want  keys
	next  uint64

	proven      keys // of those in want, what is proven before recovery rewrites the rest
	quarantined int  // files that lie in quarantine afterwards
}{
	{
		name: "a rotten snapshot, unproven frames, a torn tail and leavings",
		build: func(b *recoverytest.Builder) {
			twoSnapshots(b)
			s := b.Segments[1]
			s.Frame(0, set("e", "6"))
			s.Frame(0, set("f", "7"))
			f := s.Frame(0, set("g", strings.Repeat("8", 3000)))
			s.Zero(f.Offset+1000, 512)
			s.Fill(5000)
			b.Write()
			rotBlock(b, 4)
			b.WriteFile("wal/.0000000000000003.wal1", []byte("x"))
			b.WriteFile("snap/.0000000000000009.snap1", []byte("never published"))
		},
		want: keys{"a": "4", "b": "2", "c": "3", "d": "5", "e": "6", "f": "7"},
		next: 8 + 1<<20, proven: keys{"a": "4", "b": "2", "c": "3"}, quarantined: 2,
	},
	{
		name: "an interrupted rotation, leavings of a compaction",
		build: func(b *recoverytest.Builder) {
			twoSnapshots(b)
			b.Segments[1].Seal()
			b.Segment()
			b.Manifest.Active = 2
			b.Write()
			b.Manifest.First = 2
			b.Write()
		},
		want: abcd,
		next: 6, proven: abcd,
	},
	{
		name: "a rotten snapshot",
		build: func(b *recoverytest.Builder) {
			twoSnapshots(b)
			b.Segments[1].Mark()
			b.Write()
			rotBlock(b, 4)
		},
		want: abcd,
		next: 6, proven: abcd, quarantined: 1,
	},
	{
		name: "nothing out of the ordinary",
		build: func(b *recoverytest.Builder) {
			twoSnapshots(b)
			b.Segments[1].Mark()
			b.Write()
		},
		want: abcd,
		next: 6, proven: abcd,
	},
}

// openAndStart is a life: recover, open the log, close it.
func openAndStart(faulty *faultFS) error {
	s, _, err := tryOpen(faulty)
	if err != nil {
		return err
	}
	log, err := s.StartLog(logOptions())
	if err != nil {
		return err
	}
	return log.Close()
}

// wantQuarantined counts the files in quarantine, each whole. There may be more
// than n: a crash in a truncation can leave zeros before what was to be cut, and
// then that is another tail.
func wantQuarantined(fsys vfs.FS, n int) error {
	entries, err := fsys.List(vfs.Join(dir, recovery.QuarantineDir))
	for _, e := range entries {
		if e.Size == 0 || strings.HasPrefix(e.Name, ".") {
			return fmt.Errorf("quarantine holds %s of %d bytes", e.Name, e.Size)
		}
	}
	if err == nil && (len(entries) < n || n == 0 && len(entries) > 0) {
		err = fmt.Errorf("quarantine holds %v, want %d of them", entries, n)
	}
	return err
}

// The process dies at every call of Open and StartLog, and at every call of the
// Open after that: what comes back is always the same, and so is the next LSN.
func TestDeathAtEveryCallOfOpen(t *testing.T) {
	for _, c := range needy {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			deaths := 0
			for n := 0; ; n++ {
				fsys := clone(t, b.FS)
				if err := openAndStart(dyingAt(fsys, n)); err == nil {
					break
				}
				deaths++
				half := clone(t, fsys)
				for m := 0; m < 400; m += 1 + m/8 {
					again := clone(t, half)
					died := openAndStart(dyingAt(again, m))
					s, got := mustOpen(t, again)
					wantKeys(t, got, c.want)
					if s.NextLSN != c.next {
						t.Fatalf("died at call %d, then %d: next LSN %d, want %d", n, m, s.NextLSN, c.next)
					}
					if err := wantQuarantined(again, c.quarantined); err != nil {
						t.Fatalf("died at call %d, then %d: %v", n, m, err)
					}
					if died == nil {
						break
					}
				}
				s, got := mustOpen(t, fsys)
				wantKeys(t, got, c.want)
				if s.NextLSN != c.next {
					t.Fatalf("died at call %d: next LSN %d, want %d", n, s.NextLSN, c.next)
				}
				wantUsable(t, fsys, s, c.want)
			}
			if deaths < 30 {
				t.Fatalf("only %d calls?", deaths)
			}
		})
	}
}

// dyingAt lets n calls through and none after.
func dyingAt(fsys vfs.FS, n int) *faultFS {
	return &faultFS{FS: fsys, fail: func(call int, _, _ string) error {
		if call >= n {
			return syscall.EIO
		}
		return nil
	}}
}

// One call fails, whichever: Open says so, or had no need of it. It is never
// taken for damage, and the next Open finds everything.
func TestOneFailingCall(t *testing.T) {
	for _, c := range needy {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			for n := 0; ; n++ {
				fsys := clone(t, b.FS)
				failed := ""
				faulty := &faultFS{FS: fsys, fail: func(call int, op, name string) error {
					if call == n {
						failed = op + " " + name
						return syscall.EIO
					}
					return nil
				}}
				_, got, err := tryOpen(faulty)
				switch {
				case errors.Is(err, recovery.ErrCorrupt), errors.Is(err, recovery.ErrNotAStore):
					t.Fatalf("%s: %v", failed, err)
				case err != nil && !errors.Is(err, syscall.EIO):
					t.Fatalf("%s: %v", failed, err)
				case err == nil:
					wantKeys(t, got, c.want)
				}
				if err == nil && failed != "" && !strings.HasPrefix(failed, "remove") && !strings.HasPrefix(failed, "abort") {
					t.Fatalf("%s failed and nobody minded", failed)
				}
				s, got := mustOpen(t, fsys)
				wantKeys(t, got, c.want)
				if s.NextLSN != c.next {
					t.Fatalf("%s: next LSN %d, want %d", failed, s.NextLSN, c.next)
				}
				if failed == "" {
					break
				}
			}
		})
	}
}

// The disk is full, for one kind of call after the other: the store opens
// read-only, says why, and shows everything that is durable. When there is room
// again it opens as if nothing had been.
func TestFullDisk(t *testing.T) {
	for _, c := range needy {
		for _, op := range []string{"createtemp", "write", "rename", "publish", "truncate", "sync", "syncdir"} {
			t.Run(c.name+"/"+op, func(t *testing.T) {
				b := newBuilder(t)
				c.build(b)
				fsys := clone(t, b.FS)
				hit := false
				faulty := &faultFS{FS: fsys, fail: func(_ int, o, _ string) error {
					if o == op {
						hit = true
						return syscall.ENOSPC
					}
					return nil
				}}
				s, got, err := tryOpen(faulty)
				if err != nil {
					t.Fatal(err)
				}
				if hit {
					var full *recovery.DiskFullError
					if !s.ReadOnly || !errors.As(s.ReadOnlyReason, &full) || !errors.Is(full, syscall.ENOSPC) {
						t.Fatalf("read-only %v because of %v", s.ReadOnly, s.ReadOnlyReason)
					}
					if _, err := s.StartLog(logOptions()); !errors.Is(err, recovery.ErrReadOnly) {
						t.Fatal(err)
					}
					if err := s.Manifest.Update(func(*recovery.Manifest) error { return nil }); !errors.Is(err, recovery.ErrReadOnly) {
						t.Fatal(err)
					}
				}
				if full, _ := s.ReadOnlyReason.(*recovery.DiskFullError); full != nil && strings.HasPrefix(full.Op, "write the end") {
					// The unproven end could not be made durable, so it is not shown.
					wantKeys(t, got, c.proven)
				} else {
					wantKeys(t, got, c.want)
				}
				s, got = mustOpen(t, fsys)
				wantKeys(t, got, c.want)
				if s.NextLSN != c.next {
					t.Fatalf("next LSN %d, want %d", s.NextLSN, c.next)
				}
				wantUsable(t, fsys, s, c.want)
			})
		}
	}
}

// What nothing proves durable is written again and synced before it is served;
// what is proven is not written.
func TestUnprovenFramesAreWrittenAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(s *recoverytest.Segment) (from int64, frames int64)
	}{
		{"the last frame", func(s *recoverytest.Segment) (int64, int64) {
			s.Frame(synced, set("a", "1"))
			return s.Frame(synced, set("b", "2")).Offset, 1
		}},
		{"a MARK only", func(s *recoverytest.Segment) (int64, int64) {
			s.Frame(synced, set("a", "1"))
			return s.Mark().Offset, 1
		}},
		{"everything lazily written", func(s *recoverytest.Segment) (int64, int64) {
			f := s.Frame(0, set("a", "1"))
			s.Frame(0, set("b", "2"))
			s.Frame(0, set("c", "3"))
			return f.Offset, 3
		}},
		{"what stands behind the last SYNCED frame, and that frame", func(s *recoverytest.Segment) (int64, int64) {
			s.Frame(0, set("a", "1"))
			f := s.Frame(synced, set("b", "2"))
			s.Frame(0, set("c", "3"))
			return f.Offset, 2
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			s := b.Segment()
			from, frames := c.build(s)
			s.Fill(4096)
			b.Write()
			before := image(t, b.FS, dir)[b.SegmentPath(s)]
			var wrote, synced bool
			rewritten := make([]byte, len(before))
			faulty := &faultFS{FS: b.FS, fail: func(_ int, op, name string) error {
				if name == b.SegmentPath(s) {
					wrote = wrote || op == "write"
					synced = wrote && (synced || op == "sync")
				}
				return nil
			}}
			faulty.wrote = func(name string, p []byte, off int64) {
				if name == b.SegmentPath(s) {
					copy(rewritten[off:], p)
				}
			}
			st, _, err := tryOpen(faulty)
			if err != nil {
				t.Fatal(err)
			}
			if !wrote || !synced {
				t.Fatalf("written %v, synced afterwards %v", wrote, synced)
			}
			end := s.Frames[len(s.Frames)-1].End
			if string(rewritten[from:end]) != before[from:end] {
				t.Fatal("not every unproven byte was written again")
			}
			if string(rewritten[:from]) != strings.Repeat("\x00", int(from)) {
				t.Fatal("something proven was written")
			}
			if st.Report.Rewritten != frames || st.Report.RewrittenBytes != end-from {
				t.Fatalf("%+v", st.Report)
			}
			if image(t, b.FS, dir)[b.SegmentPath(s)] != before {
				t.Fatal("the segment changed")
			}
		})
	}
}

// MANIFEST is replaced by every open, before anything is deleted: the one that
// was read may be a rename that is not durable.
func TestManifestIsDurableBeforeAnythingGoes(t *testing.T) {
	for _, c := range needy {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			replaced := false
			faulty := &faultFS{FS: clone(t, b.FS), fail: func(_ int, op, name string) error {
				switch {
				case op == "syncdir" && name == dir:
					replaced = true
				case (op == "remove" || op == "truncate") && !replaced:
					t.Errorf("%s %s before MANIFEST was replaced", op, name)
				}
				return nil
			}}
			if _, _, err := tryOpen(faulty); err != nil {
				t.Fatal(err)
			}
			if !replaced {
				t.Fatal("MANIFEST was not replaced")
			}
		})
	}
}

// Sealed or not, the log goes on where it should.
func TestLogGoesOn(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *recoverytest.Builder)
		seq   uint64
		want  keys
	}{
		{"in the same segment", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
		}, 1, keys{"a": "1"}},
		{"in an empty segment", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
			b.Segments[0].Seal()
			b.Segment()
		}, 2, keys{"a": "1"}},
		{"behind a SEAL", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
			b.Segments[0].Seal()
		}, 2, keys{"a": "1"}},
		{"behind a tear", func(b *recoverytest.Builder) {
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			s.Flip(s.Frame(synced, set("b", "2")).Offset)
		}, 2, keys{"a": "1"}},
		{"behind a jump of LSNs", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
			b.SegmentAt(1<<20+2).Frame(synced, set("b", "2"))
		}, 2, keys{"a": "1", "b": "2"}},
		{"behind a floor that MANIFEST remembers", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
			b.Manifest.NextLSN = 1<<20 + 2
		}, 2, keys{"a": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			b.Write()
			s, got := mustOpen(t, b.FS)
			wantKeys(t, got, c.want)
			log := startLog(t, s)
			if lsn := write(t, log, set("z", "z")); lsn != s.NextLSN {
				t.Fatalf("LSN %d, want %d", lsn, s.NextLSN)
			}
			segments := log.Segments()
			if last := segments[len(segments)-1]; last.Seq != c.seq {
				t.Fatalf("it went on in segment %d, want %d", last.Seq, c.seq)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			if active := s.Manifest.Get().Active; active != c.seq {
				t.Fatalf("MANIFEST says segment %d", active)
			}
			more := maps.Clone(c.want)
			more["z"] = "z"
			_, got = mustOpen(t, b.FS)
			wantKeys(t, got, more)
		})
	}
}

// A rotation tells MANIFEST, and only then whoever asked to be told.
func TestRotationTellsManifest(t *testing.T) {
	fsys := memfs.New()
	s, _ := mustOpen(t, fsys)
	o := logOptions()
	told := uint64(0)
	o.Rotated = func(seq uint64) error {
		told = seq
		if active := s.Manifest.Get().Active; active != seq {
			t.Errorf("told of %d while MANIFEST says %d", seq, active)
		}
		return nil
	}
	log, err := s.StartLog(o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, log, set("a", "1"))
	if err := log.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told != 2 {
		t.Fatalf("told of %d", told)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if r, _ := mustOpen(t, fsys); r.Tail.Seq != 2 || r.Manifest.Get().Active != 2 {
		t.Fatalf("%+v", r.Tail)
	}
}

// In the lazier modes commits are seen before they are durable. After a crash not
// a byte may be left of them, so their LSNs are not given out again; after an
// orderly close the log just goes on.
func TestLazyLogNeverGivesAnLSNTwice(t *testing.T) {
	for _, mode := range []wal.Mode{wal.Interval, wal.Never} {
		t.Run(mode.String(), func(t *testing.T) {
			fsys := crashfs.New(crashfs.Options{NoTrace: true})
			start := func(fsys vfs.FS) (*recovery.Store, *wal.Log) {
				s, _ := mustOpen(t, fsys)
				o := logOptions()
				o.Mode, o.Interval = mode, time.Hour
				log, err := s.StartLog(o)
				if err != nil {
					t.Fatal(err)
				}
				return s, log
			}
			s, log := start(fsys)
			write(t, log, set("a", "1"))
			if err := s.Close(log); err != nil {
				t.Fatal(err)
			}
			s, log = start(fsys)
			if s.NextLSN != 2 || s.Tail.Seq != 1 {
				t.Fatalf("after an orderly close: next LSN %d", s.NextLSN)
			}
			seen := write(t, log, set("b", "2"))
			after := fsys.Crash(crashfs.LoseAll)
			log.Close()
			s, got := mustOpen(t, after)
			wantKeys(t, got, keys{"a": "1"})
			if s.Report.Cut != nil {
				t.Fatal("this is about what leaves no trace")
			}
			if s.NextLSN <= seen {
				t.Fatalf("LSN %d was seen, and %d is next", seen, s.NextLSN)
			}
			again, _ := mustOpen(t, after)
			if again.NextLSN != s.NextLSN {
				t.Fatalf("next LSN %d, then %d", s.NextLSN, again.NextLSN)
			}
			if lsn := write(t, startLog(t, again), set("c", "3")); lsn != s.NextLSN {
				t.Fatalf("LSN %d", lsn)
			}
		})
	}
}
