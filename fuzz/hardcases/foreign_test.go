package hardcases_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Bytes that look like frames and are none of this place: those of another
// segment or another store, and the log's own, stored as a value. They are never
// replayed, and never taken for a proof that something durable is missing.
//
// Guards: the LSN that a proof must reach, skipping the inside of a frame whose
// header at X is valid, the salt in the checksum of each header, the UUID in
// segments and snapshots.
func TestHardCase04_ForeignBytes(t *testing.T) {
	// A value holds the log as it was; the frame around it is torn so that its
	// header is gone and the copy lies bare behind the end of the log.
	t.Run("the log's own bytes as a value, the header around them lost", func(t *testing.T) {
		for shift := range wal.Alignment { // wherever the value comes to lie
			fsys := newDisk()
			db := open(t, fsys)
			put(t, db, "a", "1")
			put(t, db, "b", "2")
			own := read(t, fsys, seg(1))[wal.HeaderBlock:last(t, fsys, seg(1)).end]
			put(t, db, "c", strings.Repeat("x", shift)+string(own))
			img := copyOf(fsys)
			torn := last(t, img, seg(1))
			tail := read(t, img, seg(1))[torn.off:torn.end]
			clear(tail[:wal.FrameHeaderSize])
			poke(t, img, seg(1), torn.off, tail)
			db = open(t, img)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			wantCut(t, img, db.RecoveryReport(), seg(1), torn.off, 3, tail)
			closeDB(t, db)
			wantUsable(t, img, keys{"a": "1", "b": "2"})
		}
	})

	// Worse: a copy of the store went on by itself, and a value holds that log,
	// with the same salt, the right links and LSNs to come. The frame around it
	// is torn at its end: its header says that all this is its inside.
	t.Run("a twin's later bytes as a value", func(t *testing.T) {
		for shift := range wal.Alignment {
			fsys := history(t, "1", "2")
			twin := copyOf(fsys)
			db := open(t, twin)
			for range 4 {
				put(t, db, "t", "twin")
			}
			later := read(t, twin, seg(1))[frames(t, twin, seg(1))[2].off:last(t, twin, seg(1)).end]
			db = open(t, fsys)
			put(t, db, "c", strings.Repeat("x", shift)+string(later)+"the end")
			img := copyOf(fsys)
			torn := last(t, img, seg(1))
			zero(t, img, seg(1), torn.end-16, torn.end)
			tail := read(t, img, seg(1))[torn.off:torn.end]
			db = open(t, img)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			wantCut(t, img, db.RecoveryReport(), seg(1), torn.off, 3, tail)
			closeDB(t, db)
			wantUsable(t, img, keys{"a": "1", "b": "2"})
		}
	})

	// With the header gone too, nothing tells these bytes from frames that were
	// durable here. Refusing costs nobody anything that was acknowledged.
	t.Run("a twin's later bytes as a value, the header around them lost", func(t *testing.T) {
		fsys := history(t, "1", "2")
		twin := copyOf(fsys)
		db := open(t, twin)
		for range 4 {
			put(t, db, "t", "twin")
		}
		later := read(t, twin, seg(1))[frames(t, twin, seg(1))[2].off:last(t, twin, seg(1)).end]
		refusals := 0
		for shift := range wal.Alignment {
			img := copyOf(fsys)
			db := open(t, img)
			put(t, db, "c", strings.Repeat("x", shift)+string(later)+"the end")
			img = copyOf(img)
			torn := last(t, img, seg(1))
			zero(t, img, seg(1), torn.off, torn.off+wal.FrameHeaderSize)
			if db, err := engine.Open(dir, options(copyOf(img))); err == nil {
				wantKeys(t, db, keys{"a": "1", "b": "2"}) // not aligned: no frames
				closeDB(t, db)
				continue
			}
			refusals++
			wantDamage(t, refused(t, img), damage{seg(1), torn.off, 3, "proves that this was durable"})
		}
		if refusals != 1 {
			t.Errorf("%d of 8 alignments were refused, want 1", refusals)
		}
	})

	// A file system that lets old blocks shine through shows what another segment
	// held, whole SYNCED frames with later LSNs. None of them is of this segment.
	t.Run("another segment's frames behind the end", func(t *testing.T) {
		for _, other := range []*crashfs.FS{manySegments(t, 2), history(t, "x", "y", "z")} {
			fsys := history(t, "1")
			name := seg(uint64(len(names(t, other, walDir))))
			list := frames(t, other, name)
			stale := read(t, other, name)[list[0].off:list[len(list)-1].end]
			end := last(t, fsys, seg(1)).end
			poke(t, fsys, seg(1), end, stale)
			db := open(t, fsys)
			wantKeys(t, db, keys{"a": "1"})
			wantCut(t, fsys, db.RecoveryReport(), seg(1), end, 2, stale)
			closeDB(t, db)
			wantUsable(t, fsys, keys{"a": "1"})
		}
	})

	t.Run("a segment of another store", func(t *testing.T) {
		fsys, other := history(t, "1", "2"), history(t, "1", "2")
		place(t, fsys, seg(1), read(t, other, seg(1)))
		wantDamage(t, refused(t, fsys), damage{seg(1), 0, 1, "belongs to another store"})
		wantDamage(t, refused(t, fsys, readOnly), damage{seg(1), 0, 1, "belongs to another store"})
	})

	t.Run("MANIFEST of another store", func(t *testing.T) {
		fsys, other := history(t, "1", "2"), history(t, "1", "2")
		place(t, fsys, manifest, read(t, other, manifest))
		wantDamage(t, refused(t, fsys), damage{seg(1), 0, 1, "belongs to another store"})
	})

	// Two stores with the same history have snapshots of the same contents, the
	// same length and the same digest; only the UUID tells them apart.
	t.Run("a snapshot of another store", func(t *testing.T) {
		stores := make([]*crashfs.FS, 2)
		for i := range stores {
			stores[i] = newDisk()
			db := open(t, stores[i])
			put(t, db, "a", "1")
			compact(t, db)
			put(t, db, "b", "2")
			closeDB(t, db)
		}
		fsys, other := stores[0], stores[1]
		foreign := read(t, other, snap(1))
		place(t, fsys, snap(1), foreign)
		db := open(t, fsys)
		wantKeys(t, db, keys{"a": "1", "b": "2"}) // from the log
		r := db.RecoveryReport()
		if len(r.Rejected) != 1 || r.SnapshotLSN != 0 || r.Records != 2 {
			t.Fatalf("recovered by %v, rejected %v", r, r.Rejected)
		}
		wantDamage(t, r.Rejected[0].Err, damage{snap(1), 0, 1, "belongs to another store"})
		if got := read(t, fsys, r.Rejected[0].Quarantine); !bytes.Equal(got, foreign) {
			t.Error("what lies in quarantine is not what was found")
		}
		closeDB(t, db)
		wantUsable(t, fsys, keys{"a": "1", "b": "2"})
	})
}

// A segment too many, too few, or too short. Badger did not notice that a whole
// file of its value log was missing, and met the gap as a failed assertion
// (dgraph-io/badger#541).
//
// Guards: the sequence number in each header against the file's name, MANIFEST's
// list of segments, the one segment that may lie behind it, the end that the
// successor's header declares.
func TestHardCase12_SegmentsAmiss(t *testing.T) {
	disk := manySegments(t, 3)
	all := manyKeys(t, disk)
	for _, c := range []struct {
		name string
		do   func(t *testing.T, fsys *crashfs.FS) damage
	}{
		{"duplicated as the next", func(t *testing.T, fsys *crashfs.FS) damage {
			place(t, fsys, seg(4), read(t, fsys, seg(3)))
			return damage{seg(4), 0, header(t, fsys, seg(3)).FirstLSN, "segment 3 under the name of segment 4"}
		}},
		{"duplicated over the next", func(t *testing.T, fsys *crashfs.FS) damage {
			place(t, fsys, seg(3), read(t, fsys, seg(2)))
			return damage{seg(3), 0, header(t, fsys, seg(2)).FirstLSN, "segment 2 under the name of segment 3"}
		}},
		{"duplicated far behind", func(t *testing.T, fsys *crashfs.FS) damage {
			place(t, fsys, seg(9), read(t, fsys, seg(2)))
			return damage{seg(9), -1, 0, "MANIFEST knows segments 1 to 3 only"}
		}},
		// It says that it is the next, it follows the last, and yet it holds
		// frames: a rotation tells MANIFEST before it writes one.
		{"one too many, with a frame", func(t *testing.T, fsys *crashfs.FS) damage {
			later := copyOf(fsys)
			db := open(t, later, segments(1)) // every frame rotates
			put(t, db, "k0", "from elsewhere")
			place(t, fsys, seg(3), read(t, later, seg(3)))
			place(t, fsys, seg(4), read(t, later, seg(4)))
			return damage{seg(4), wal.HeaderBlock, header(t, later, seg(4)).FirstLSN, "MANIFEST does not know"}
		}},
		{"the first missing", func(t *testing.T, fsys *crashfs.FS) damage {
			remove(t, fsys, seg(1))
			return damage{seg(1), -1, 0, "the segment is missing"}
		}},
		{"a middle one missing", func(t *testing.T, fsys *crashfs.FS) damage {
			remove(t, fsys, seg(2))
			return damage{seg(2), -1, 0, "the segment is missing"}
		}},
		{"the last one missing", func(t *testing.T, fsys *crashfs.FS) damage {
			remove(t, fsys, seg(3))
			return damage{seg(3), -1, 0, "the segment is missing; MANIFEST lists 1 to 3"}
		}},
		{"all missing", func(t *testing.T, fsys *crashfs.FS) damage {
			for n := range uint64(3) {
				remove(t, fsys, seg(n+1))
			}
			return damage{seg(1), -1, 0, "the segment is missing"}
		}},
		{"MANIFEST missing", func(t *testing.T, fsys *crashfs.FS) damage {
			remove(t, fsys, manifest)
			return damage{manifest, -1, 1, "it is missing"}
		}},
		{"cut at a record's boundary in the middle", func(t *testing.T, fsys *crashfs.FS) damage {
			list := frames(t, fsys, seg(2))
			at := list[len(list)-3]
			truncate(t, fsys, seg(2), at.off)
			return damage{seg(2), at.off, at.FirstLSN, "the next segment says that the log goes on"}
		}},
		{"cut before its first frame", func(t *testing.T, fsys *crashfs.FS) damage {
			truncate(t, fsys, seg(1), wal.HeaderBlock)
			return damage{seg(1), wal.HeaderBlock, 1, "the next segment says that the log goes on"}
		}},
		{"only its SEAL cut off", func(t *testing.T, fsys *crashfs.FS) damage {
			at := last(t, fsys, seg(2))
			truncate(t, fsys, seg(2), at.off)
			return damage{seg(2), at.off, at.FirstLSN, "the next segment says that the log goes on"}
		}},
		{"two exchanged", func(t *testing.T, fsys *crashfs.FS) damage {
			one, two := read(t, fsys, seg(1)), read(t, fsys, seg(2))
			place(t, fsys, seg(1), two)
			place(t, fsys, seg(2), one)
			return damage{seg(2), 0, 1, "segment 1 under the name of segment 2"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := copyOf(disk)
			want := c.do(t, fsys)
			wantDamage(t, refused(t, fsys), want)
		})
	}

	// The other side: what no harm was done to opens, also with a stray beside it.
	t.Run("unharmed", func(t *testing.T) {
		fsys := copyOf(disk)
		place(t, fsys, vfs.Join(walDir, ".0000000000000004.wal.tmp"), []byte("half a header"))
		db := open(t, fsys)
		wantKeys(t, db, all)
		if r := db.RecoveryReport(); r.Segments != 3 || r.Cut != nil || len(r.Swept) != 1 {
			t.Fatalf("%v, swept %q", r, r.Swept)
		}
	})
}
