package recovery_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// twoSnapshots has five commits, snapshots at 2 and 4, and all of the log.
func twoSnapshots(b *recoverytest.Builder) {
	s := b.Segment()
	s.Frame(synced, set("a", "1"))
	s.Frame(synced, set("b", "2"))
	s.Seal()
	b.Snapshot(2, entry("a", "1", 1), entry("b", "2", 2))
	s = b.Segment()
	s.Frame(synced, set("c", "3"), set("a", "4"))
	b.Snapshot(4, entry("a", "4", 4), entry("b", "2", 2), entry("c", "3", 3))
	s.Frame(synced, set("d", "5"))
}

var abcd = keys{"a": "4", "b": "2", "c": "3", "d": "5"}

func TestWhichSnapshotCounts(t *testing.T) {
	remove := func(b *recoverytest.Builder, name string) {
		if err := b.FS.Remove(name); err != nil {
			b.TB.Fatal(err)
		}
	}
	for _, c := range []struct {
		name     string
		after    func(b *recoverytest.Builder)
		snapshot uint64   // the one that is loaded
		rejected []uint64 // newest first
		moved    int      // how many of those lie in quarantine afterwards
		damage   string   // or the reason of a refusal
	}{
		{name: "the newest", snapshot: 4},
		{
			name: "the newest has a rotten block", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) { rotBlock(b, 4) },
		},
		{
			name: "the newest has a rotten footer", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) { rot(b, b.SnapshotPath(4), b.Manifest.Snapshots[1].Size-30) },
		},
		{
			name: "the newest has a rotten preamble", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) { rot(b, b.SnapshotPath(4), 20) },
		},
		{
			name: "the newest is truncated", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) {
				content := recoverytest.ReadFile(b.TB, b.FS, b.SnapshotPath(4))
				recoverytest.WriteFile(b.TB, b.FS, b.SnapshotPath(4), content[:len(content)-1])
			},
		},
		{
			name: "the newest is missing", snapshot: 2, rejected: []uint64{4},
			after: func(b *recoverytest.Builder) { remove(b, b.SnapshotPath(4)) },
		},
		{
			name: "the newest is the older one under its name", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) {
				recoverytest.WriteFile(b.TB, b.FS, b.SnapshotPath(4), recoverytest.ReadFile(b.TB, b.FS, b.SnapshotPath(2)))
			},
		},
		{
			name: "the newest is a sound one of another content", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) {
				listed := b.Manifest.Snapshots
				b.Snapshot(4, entry("a", "4", 4), entry("b", "X", 2), entry("c", "3", 3))
				b.Manifest.Snapshots = listed
			},
		},
		{
			name: "the newest is of another store", snapshot: 2, rejected: []uint64{4}, moved: 1,
			after: func(b *recoverytest.Builder) {
				b.Manifest.Store[3]++
				listed := b.Manifest.Snapshots
				b.Snapshot(4, entry("a", "4", 4), entry("b", "2", 2), entry("c", "3", 3))
				b.Manifest.Snapshots = listed
			},
		},
		{
			name: "the older is missing", snapshot: 4, rejected: []uint64{2},
			after: func(b *recoverytest.Builder) { remove(b, b.SnapshotPath(2)) },
		},
		{
			name: "the older has another length", snapshot: 4, rejected: []uint64{2}, moved: 1,
			after: func(b *recoverytest.Builder) {
				content := recoverytest.ReadFile(b.TB, b.FS, b.SnapshotPath(2))
				recoverytest.WriteFile(b.TB, b.FS, b.SnapshotPath(2), content[:10])
			},
		},
		{
			name: "both are rotten, the log goes back to the beginning", snapshot: 0, rejected: []uint64{4, 2}, moved: 2,
			after: func(b *recoverytest.Builder) {
				rotBlock(b, 4)
				rotBlock(b, 2)
			},
		},
		{
			name: "both are rotten, the log does not go back", damage: "no snapshot reaches that far",
			after: func(b *recoverytest.Builder) {
				rotBlock(b, 4)
				rotBlock(b, 2)
				b.Manifest.First = 2
				b.Write()
			},
		},
		{
			name: "the newest is rotten, the log begins behind the older", damage: "the snapshot ends at 2",
			after: func(b *recoverytest.Builder) {
				rotBlock(b, 4)
				b.Segments[1].Seal()
				b.Segment().Frame(synced, set("e", "6"))
				b.Manifest.First = 3
				b.Write()
			},
		},
		{
			name: "the log begins behind the snapshot", damage: "the snapshot ends at 4",
			after: func(b *recoverytest.Builder) {
				b.Segments[1].Seal()
				b.Segment().Frame(synced, set("e", "6"))
				b.Manifest.First = 3
				b.Write()
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			twoSnapshots(b)
			b.Write()
			if c.after != nil {
				c.after(b)
			}
			before := image(t, b.FS, dir)
			s, got, err := tryOpen(b.FS)
			if c.damage != "" {
				var damage *recovery.CorruptionError
				if !errors.As(err, &damage) || !contains(damage.Reason, c.damage) {
					t.Fatalf("want damage because %q, got %v", c.damage, err)
				}
				wantImage(t, b.FS, before)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantKeys(t, got, abcd)
			if s.SnapshotLSN != c.snapshot || len(s.Report.Rejected) != len(c.rejected) {
				t.Fatalf("loaded %d, rejected %v", s.SnapshotLSN, s.Report.Rejected)
			}
			for i, r := range s.Report.Rejected {
				if r.LSN != c.rejected[i] {
					t.Fatalf("rejected %v, want %v", s.Report.Rejected, c.rejected)
				}
				for _, still := range s.Manifest.Get().Snapshots {
					if still.LSN == r.LSN {
						t.Fatalf("snapshot %d is still listed", r.LSN)
					}
				}
				if _, err := b.FS.Stat(b.SnapshotPath(r.LSN)); !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("snapshot %d is still there: %v", r.LSN, err)
				}
				if r.Quarantine == "" {
					continue
				}
				c.moved--
				if kept := recoverytest.ReadFile(t, b.FS, r.Quarantine); string(kept) != before[r.File] {
					t.Fatalf("%s holds something else", r.Quarantine)
				}
			}
			if c.moved != 0 {
				t.Fatalf("%d fewer than wanted lie in quarantine", c.moved)
			}
			again, _ := mustOpen(t, b.FS)
			if len(again.Report.Rejected) != 0 {
				t.Fatalf("rejected again: %v", again.Report.Rejected)
			}
			wantUsable(t, b.FS, s, abcd)
		})
	}
}

// A failing disk says nothing about the bytes: no fallback, nothing changed.
func TestUnreadableSnapshotIsNoRottenOne(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Write()
	before := image(t, b.FS, dir)
	faulty := &faultFS{FS: b.FS, fail: func(_ int, op, name string) error {
		if op == "read" && name == b.SnapshotPath(4) {
			return syscall.EIO
		}
		return nil
	}}
	_, _, err := tryOpen(faulty)
	if !errors.Is(err, syscall.EIO) || errors.Is(err, recovery.ErrCorrupt) {
		t.Fatal(err)
	}
	wantImage(t, b.FS, before)
}

// Two rotten snapshots of one LSN, one after the other: the second does not
// replace the first in quarantine.
func TestQuarantineReplacesNothing(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Write()
	rotBlock(b, 4)
	mustOpen(t, b.FS)
	b.WriteFile("snap/"+vfs.Base(b.SnapshotPath(4)), []byte("rotten too"))
	b.Write()
	s, _ := mustOpen(t, b.FS)
	if len(s.Report.Quarantined) != 1 {
		t.Fatal(s.Report.Quarantined)
	}
	entries, err := b.FS.List(vfs.Join(dir, recovery.QuarantineDir))
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
}

func TestDiscardedSnapshotNeverCountsAgain(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Write()
	s, _ := mustOpen(t, b.FS)
	if err := s.Discard(b.Manifest.Snapshots[1], errors.New("rotten")); err != nil {
		t.Fatal(err)
	}
	if listed := s.Manifest.Get().Snapshots; len(listed) != 1 || listed[0].LSN != 2 {
		t.Fatal(listed)
	}
	if _, err := b.FS.Stat(vfs.Join(dir, recovery.QuarantineDir, vfs.Base(b.SnapshotPath(4)))); err != nil {
		t.Fatal(err)
	}
	again, got := mustOpen(t, b.FS)
	wantKeys(t, got, abcd)
	if again.SnapshotLSN != 2 {
		t.Fatal(again.SnapshotLSN)
	}
}

// A new store survives a crash at every call of its creation: what is left is an
// empty store, or no store that can be begun again.
func TestInterruptedCreation(t *testing.T) {
	for n := 0; ; n++ {
		fsys := memfs.New()
		faulty := &faultFS{FS: fsys, fail: func(call int, _, _ string) error {
			if call >= n {
				return syscall.EIO
			}
			return nil
		}}
		err := create(faulty)
		s, got := mustOpen(t, fsys)
		wantKeys(t, got, keys{})
		log := startLog(t, s)
		write(t, log, set("a", "1"))
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		_, got = mustOpen(t, fsys)
		wantKeys(t, got, keys{"a": "1"})
		if err == nil {
			if n < 20 {
				t.Fatalf("creation is only %d calls?", n)
			}
			break
		}
	}
}

func create(fsys vfs.FS) error {
	s, _, err := tryOpen(fsys)
	if err != nil {
		return err
	}
	log, err := s.StartLog(logOptions())
	if err != nil {
		return err
	}
	return log.Close()
}

// The leavings of an interrupted creation are an empty store to a reader.
func TestLeavingsOfACreationAreAnEmptyStore(t *testing.T) {
	b := newBuilder(t)
	b.Segment()
	b.Write()
	if err := b.FS.Remove(vfs.Join(dir, "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	before := image(t, b.FS, dir)
	s, got := mustReadOnly(t, b.FS)
	wantKeys(t, got, keys{})
	if !s.New || !s.ReadOnly {
		t.Fatalf("%+v", s)
	}
	wantImage(t, b.FS, before)
}

func TestNewStoresDiffer(t *testing.T) {
	o := options(memfs.New(), nil)
	o.Rand = nil
	one, err := recovery.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.FS = memfs.New()
	two, err := recovery.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if one.Manifest.Get().Store == two.Manifest.Get().Store {
		t.Fatal("two stores of one UUID")
	}
}

// Rot in the last block of a large snapshot is found when the others have been
// loaded: all of it is dropped again.
func TestFallbackStartsFromNothing(t *testing.T) {
	b := newBuilder(t)
	s := b.Segment()
	want := keys{}
	var entries []record.Entry
	for i := range 100 {
		k := fmt.Sprintf("key%03d", i)
		s.Frame(synced, set(k, "v"))
		want[k] = "v"
		entries = append(entries, entry(k, "v", uint64(i+1)))
	}
	s.Frame(synced, del("key000"))
	delete(want, "key000")
	b.Snapshot(100, entries...)
	b.Write()
	rotBlock(b, 100)
	st, got := mustOpen(t, b.FS)
	wantKeys(t, got, want)
	if got.Resets != 1 || st.SnapshotLSN != 0 || len(got.LSNs) != 101 {
		t.Fatalf("%d resets, snapshot %d, %d commits", got.Resets, st.SnapshotLSN, len(got.LSNs))
	}
}

// A snapshot may end in the middle of a frame.
func TestNothingThatTheSnapshotHoldsIsApplied(t *testing.T) {
	b := newBuilder(t)
	s := b.Segment()
	s.Frame(synced, set("a", "1"))
	s.Frame(synced, set("b", "2"), set("c", "3"), set("d", "4"))
	s.Frame(synced, set("e", "5"))
	b.Snapshot(3, entry("a", "1", 1), entry("b", "2", 2), entry("c", "3", 3))
	b.Write()
	st, got := mustOpen(t, b.FS)
	wantKeys(t, got, keys{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"})
	if !equal(got.LSNs, []uint64{4, 5}) || st.Report.Records != 2 || st.Report.LastLSN != 5 {
		t.Fatalf("applied %v, %+v", got.LSNs, st.Report)
	}
}
