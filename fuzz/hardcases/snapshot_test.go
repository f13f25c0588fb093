package hardcases_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// compacted is a disk with a closed store of two snapshots, and some log behind
// the newer one; older and newer are their LSNs.
func compacted(t testing.TB, perRound int) (disk *crashfs.FS, all keys, older, newer uint64) {
	t.Helper()
	disk = newDisk()
	db := open(t, disk)
	n := 0
	round := func() uint64 {
		for range perRound {
			put(t, db, fmt.Sprintf("k%03d", n), full(n))
			n++
		}
		return db.LSN()
	}
	older = round()
	compact(t, db)
	newer = round()
	compact(t, db)
	put(t, db, "behind", "both")
	all = dump(t, db)
	closeDB(t, db)
	return disk, all, older, newer
}

// wantFallback opens a store whose newer snapshot is bad: everything comes back
// from the older one and the log behind it, the bad one is set aside as it was
// found, and never counts again.
func wantFallback(t testing.TB, fsys *crashfs.FS, all keys, older, newer uint64, reason string) {
	t.Helper()
	found, there := image(t, fsys)[snap(newer)]
	db := open(t, fsys)
	wantKeys(t, db, all)
	r := db.RecoveryReport()
	if r.SnapshotLSN != older || len(r.Rejected) != 1 || r.Rejected[0].LSN != newer || r.Rejected[0].File != snap(newer) {
		t.Fatalf("recovered by %v, rejected %+v", r, r.Rejected)
	}
	var damage *engine.CorruptionError
	if err := r.Rejected[0].Err; !errors.As(err, &damage) || damage.File != snap(newer) || !strings.Contains(err.Error(), reason) {
		t.Fatalf("rejected because: %v, want %q", err, reason)
	}
	if to := r.Rejected[0].Quarantine; there {
		if vfs.Dir(to) != quarantine || string(read(t, fsys, to)) != found {
			t.Fatalf("what lies in %q is not what was found", to)
		}
	} else if to != "" {
		t.Fatalf("a missing file was moved to %q", to)
	}
	closeDB(t, db)
	if slices.Contains(names(t, fsys, snapDir), vfs.Base(snap(newer))) {
		t.Fatal("the bad snapshot is still in its place")
	}
	db = open(t, fsys)
	if r := db.RecoveryReport(); r.SnapshotLSN != older || len(r.Rejected) > 0 {
		t.Fatalf("the next open: %v, rejected %+v", r, r.Rejected)
	}
	closeDB(t, db)
	wantUsable(t, fsys, all)
}

// A snapshot with rot in its preamble, a block, its index or its footer; a
// truncated one; one under another LSN's name. It is never loaded, not even in
// part: the older one and the log behind it have everything.
//
// Guards: the checksums of preamble, block, index and footer, the LSN in the
// preamble, what MANIFEST remembers of each snapshot.
func TestHardCase20_RottenSnapshot(t *testing.T) {
	disk, all, older, newer := compacted(t, 60) // more than one block
	content := read(t, disk, snap(newer))
	size := int64(len(content))
	index := int64(le64(content[size-80:]))
	block := int64(16) + int64(le32(content[8:]))
	second := block + 16 + int64(le32(content[block:]))
	if second >= index {
		t.Fatalf("only one block, of %d bytes", index-block)
	}

	regions := map[string][]int64{
		"preamble": span(0, block, 7),
		"block":    append(append(span(block, block+16, 1), span(second, second+16, 1)...), span(block+16, index, 9973)...),
		"index":    span(index, size-80, 5),
		"footer":   span(size-80, size, 3),
	}
	for name, offsets := range regions {
		t.Run("rot in its "+name, func(t *testing.T) {
			t.Parallel()
			for _, off := range offsets {
				fsys := copyOf(disk)
				flip(t, fsys, snap(newer), off)
				db := open(t, fsys)
				wantKeys(t, db, all)
				if r := db.RecoveryReport(); r.SnapshotLSN != older || len(r.Rejected) != 1 || r.Rejected[0].LSN != newer {
					t.Fatalf("rot at %d: recovered by %v, rejected %+v", off, r, r.Rejected)
				}
				closeDB(t, db)
			}
			fsys := copyOf(disk)
			flip(t, fsys, snap(newer), offsets[len(offsets)/2])
			wantFallback(t, fsys, all, older, newer, "")
		})
	}

	t.Run("truncated", func(t *testing.T) {
		for _, n := range []int64{0, 1, 15, 16, block, block + 100, second, index, size - 80, size - 8, size - 1} {
			fsys := copyOf(disk)
			truncate(t, fsys, snap(newer), n)
			wantFallback(t, fsys, all, older, newer, fmt.Sprintf("%d bytes long, MANIFEST says %d", n, size))
		}
	})

	t.Run("something appended", func(t *testing.T) {
		fsys := copyOf(disk)
		poke(t, fsys, snap(newer), size, content)
		wantFallback(t, fsys, all, older, newer, "bytes long")
	})

	t.Run("missing", func(t *testing.T) {
		fsys := copyOf(disk)
		remove(t, fsys, snap(newer))
		wantFallback(t, fsys, all, older, newer, "missing")
	})

	// A sound file under the name of another LSN. Loaded, it would bring back an
	// old state, and the log that is replayed on top would not notice.
	t.Run("renamed to another LSN", func(t *testing.T) {
		// Two snapshots of the same length, so that only their insides differ.
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		compact(t, db)
		put(t, db, "a", "2")
		compact(t, db)
		put(t, db, "b", "3")
		closeDB(t, db)
		old := read(t, fsys, snap(1))
		if len(old) != len(read(t, fsys, snap(2))) {
			t.Fatal("the two snapshots differ in length")
		}
		place(t, fsys, snap(2), old)
		wantFallback(t, fsys, keys{"a": "2", "b": "3"}, 1, 2, "the header says LSN 1")
	})

	t.Run("sound, of the same LSN, with other contents", func(t *testing.T) {
		make2 := func(value string) *crashfs.FS {
			b := recoverytest.New(t, newDisk(), dir)
			s := b.Segment()
			s.Frame(wal.FlagSynced, set("a", value))
			b.Snapshot(1, recoverytest.Entry("a", value, 1))
			s.Mark()
			b.Write()
			return b.FS.(*crashfs.FS)
		}
		fsys := make2("1")
		place(t, fsys, snap(1), read(t, make2("2"), snap(1)))
		db := open(t, fsys)
		wantKeys(t, db, keys{"a": "1"})
		r := db.RecoveryReport()
		if len(r.Rejected) != 1 || !strings.Contains(r.Rejected[0].Err.Error(), "another snapshot than the one that MANIFEST lists") {
			t.Fatalf("%v, rejected %+v", r, r.Rejected)
		}
	})

	// Both are gone, and the log does not go back to the beginning: refused, and
	// nothing is touched.
	t.Run("both rotten", func(t *testing.T) {
		fsys := copyOf(disk)
		flip(t, fsys, snap(newer), block+20)
		flip(t, fsys, snap(older), block+20)
		first := vfs.Join(walDir, names(t, fsys, walDir)[0])
		wantDamage(t, refused(t, fsys), damage{first, 0, 1, fmt.Sprintf("the log begins behind LSN %d, and no snapshot reaches that far", older)})
	})
}

// A snapshot and a log that do not meet, and a snapshot that rotted and must
// never again be the one that everything rests on.
//
// Guards: rule 2 (the log was durable up to every listed snapshot), the check for
// a gap, de-listing a rejected snapshot, verifying the second-newest one before
// the log in front of it is deleted.
func TestHardCase13_SnapshotsAndTheLog(t *testing.T) {
	// The log ends before the snapshot does: it lost its end, or somebody put an
	// older one in its place. Loading the snapshot and going on would give LSNs
	// a second time.
	t.Run("the snapshot is newer than the log", func(t *testing.T) {
		for _, change := range []option{asIs, readOnly} {
			b := recoverytest.New(t, newDisk(), dir)
			s := b.Segment()
			for i := range 5 {
				s.Frame(wal.FlagSynced, set(fmt.Sprint(i), "x"))
			}
			end := s.Mark().End
			b.Snapshot(9, recoverytest.Entry("0", "x", 9))
			b.Write()
			wantDamage(t, refused(t, b.FS, change), damage{seg(1), end, 6, "a snapshot proves that the log was durable up to LSN 9"})
		}
	})

	// The same, as it happens: wal/ comes from an older backup than the rest.
	t.Run("the log's files are of last week", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		before := copyOf(fsys)
		put(t, db, "b", "2")
		compact(t, db)
		put(t, db, "c", "3")
		closeDB(t, db)
		for _, name := range names(t, fsys, walDir) {
			remove(t, fsys, vfs.Join(walDir, name))
		}
		for _, name := range names(t, before, walDir) {
			place(t, fsys, vfs.Join(walDir, name), read(t, before, vfs.Join(walDir, name)))
		}
		wantDamage(t, refused(t, fsys), damage{seg(2), -1, 0, "the segment is missing"})
	})

	t.Run("a gap between the snapshot and the log", func(t *testing.T) {
		b := recoverytest.New(t, newDisk(), dir)
		s := b.Segment()
		for i := range 5 {
			s.Frame(wal.FlagSynced, set(fmt.Sprint(i), "x"))
		}
		s.Seal()
		b.Segment().Frame(wal.FlagSynced, set("5", "x"))
		b.Snapshot(3, recoverytest.Entry("0", "x", 1), recoverytest.Entry("1", "x", 2), recoverytest.Entry("2", "x", 3))
		b.Manifest.First = 2 // LSN 4 and 5 are nowhere
		b.Write()
		wantDamage(t, refused(t, b.FS), damage{seg(2), 0, 4, "the log begins behind LSN 5, and the snapshot ends at 3"})
	})

	// The newest rots; the store falls back on the older; a third one is made.
	// The log must now go back to the oldest: when the third one rots too, that
	// is all there is.
	t.Run("the newest rotten, then a third one made", func(t *testing.T) {
		disk, all, older, newer := compacted(t, 3)
		flip(t, disk, snap(newer), 120)
		db := open(t, disk)
		put(t, db, "after", "the fallback")
		all = with(all, "after", "the fallback")
		third := compact(t, db).LSN
		closeDB(t, db)
		want := []string{vfs.Base(snap(older)), vfs.Base(snap(third))}
		if got := names(t, disk, snapDir); !slices.Equal(got, want) {
			t.Fatalf("snapshots %q, want %q", got, want)
		}
		flip(t, disk, snap(third), 120)
		wantFallback(t, disk, all, older, third, "")
	})

	// The newest rots while the store is open, unnoticed until the third one is
	// made and the log's beginning would move up to the second: it is read first.
	for name, harm := range map[string]func(t *testing.T, fsys *crashfs.FS, older, newer uint64){
		"rotten": func(t *testing.T, fsys *crashfs.FS, _, newer uint64) { flip(t, fsys, snap(newer), 120) },
		"truncated": func(t *testing.T, fsys *crashfs.FS, _, newer uint64) {
			truncate(t, fsys, snap(newer), 200)
		},
		"missing": func(t *testing.T, fsys *crashfs.FS, _, newer uint64) { remove(t, fsys, snap(newer)) },
		"replaced by a sound one of another LSN": func(t *testing.T, fsys *crashfs.FS, older, newer uint64) {
			place(t, fsys, snap(newer), read(t, fsys, snap(older)))
		},
		"replaced by one of another store": func(t *testing.T, fsys *crashfs.FS, _, newer uint64) {
			other, _, _, same := compacted(t, 3)
			if same != newer {
				t.Fatalf("LSN %d, want %d", same, newer)
			}
			place(t, fsys, snap(newer), read(t, other, snap(newer)))
		},
		"replaced by other contents": func(t *testing.T, fsys *crashfs.FS, _, newer uint64) {
			b := recoverytest.New(t, newDisk(), dir)
			b.Manifest.Store = header(t, fsys, vfs.Join(walDir, names(t, fsys, walDir)[0])).Store
			b.Snapshot(newer, recoverytest.Entry("k", "v", 1))
			place(t, fsys, snap(newer), read(t, b.FS, b.SnapshotPath(newer)))
		},
	} {
		t.Run("unnoticed until the third: "+name, func(t *testing.T) {
			disk, all, older, newer := compacted(t, 3)
			db := open(t, disk)
			harm(t, disk, older, newer)
			bad := image(t, disk)[snap(newer)]
			put(t, db, "more", "x")
			all = with(all, "more", "x")
			if _, err := db.Compact(ctx); err == nil {
				t.Error("a compaction leaned on a bad snapshot")
			}
			if got := image(t, disk)[vfs.Join(quarantine, vfs.Base(snap(newer)))]; got != bad {
				t.Error("what lies in quarantine is not what was found")
			}
			wantKeys(t, db, all)
			closeDB(t, db)
			list := names(t, disk, snapDir)
			third := vfs.Join(snapDir, list[len(list)-1])
			flip(t, disk, third, 120)
			db = open(t, disk)
			wantKeys(t, db, all)
			if r := db.RecoveryReport(); r.SnapshotLSN != older {
				t.Errorf("recovered by %v", r)
			}
			closeDB(t, db)
			wantUsable(t, disk, all)
		})

		// What is bad costs one compaction. The next is not held up by it, nor by
		// there being nothing left to set aside.
		t.Run("and the compaction after that: "+name, func(t *testing.T) {
			disk, all, older, newer := compacted(t, 3)
			db := open(t, disk)
			harm(t, disk, older, newer)
			put(t, db, "more", "x")
			if _, err := db.Compact(ctx); err == nil {
				t.Error("a compaction leaned on a bad snapshot")
			}
			put(t, db, "and", "more")
			compact(t, db)
			all = with(with(all, "more", "x"), "and", "more")
			wantKeys(t, db, all)
			closeDB(t, db)
			wantUsable(t, disk, all)
		})
	}
}

// asIs changes no option.
func asIs(*engine.Options) {}

// span is every step-th offset of [from, to).
func span(from, to, step int64) (list []int64) {
	for ; from < to; from += step {
		list = append(list, from)
	}
	return list
}
