package hardcases_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// wantCut checks what a report says of a torn tail: the place, the first LSN
// that was lost, and that a copy of the very bytes lies in quarantine.
func wantCut(t testing.TB, fsys vfs.FS, r *recovery.Report, file string, off int64, lsn uint64, tail []byte) {
	t.Helper()
	tail = bytes.TrimRight(tail, "\x00")
	c := r.Cut
	if c == nil {
		t.Fatalf("nothing is said of a torn tail: %v", r)
	}
	if c.File != file || c.Offset != off || c.LSN != lsn || c.Bytes != int64(len(tail)) || c.Reason == "" {
		t.Fatalf("cut %d bytes at %d of %s (LSN %d, %q), want %d at %d of %s (LSN %d)",
			c.Bytes, c.Offset, c.File, c.LSN, c.Reason, len(tail), off, file, lsn)
	}
	if vfs.Dir(c.Quarantine) != quarantine || !bytes.Equal(read(t, fsys, c.Quarantine), tail) {
		t.Fatalf("the copy in %q is not what was cut", c.Quarantine)
	}
	if size := int64(len(read(t, fsys, file))); size != off {
		t.Fatalf("%s is %d bytes long after a cut at %d", file, size, off)
	}
	if r.NextLSN < lsn+jump {
		t.Fatalf("behind a cut the next LSN is %d: somebody may have seen %d", r.NextLSN, lsn)
	}
}

// A torn last frame goes as a whole, and is reported.
//
// hashicorp/raft-wal once counted such an entry in and could not read it
// (hashicorp/raft-wal#10, found with ALICE).
//
// Guards: the checksum of the body (without it half a frame is replayed), the
// report of the cut, and the copy in quarantine.
func TestHardCase01_TornLastFrame(t *testing.T) {
	t.Run("cut off at every length", func(t *testing.T) {
		disk := history(t, "1", "2", strings.Repeat("3", 900))
		torn := last(t, disk, seg(1))
		whole := read(t, disk, seg(1))[torn.off:torn.end]
		for n := int64(1); n < int64(len(bytes.TrimRight(whole, "\x00"))); n += 1 + n/60 {
			fsys := copyOf(disk)
			truncate(t, fsys, seg(1), torn.off+n)
			db := open(t, fsys)
			wantKeys(t, db, keys{"a": "1", "b": "2"})
			r := db.RecoveryReport()
			wantCut(t, fsys, r, seg(1), torn.off, 3, whole[:n])
			records := int64(-1)
			if n >= wal.FrameHeaderSize {
				records = 1
			}
			if r.LastLSN != 2 || r.Records != 2 || r.Cut.Records != records {
				t.Fatalf("%d bytes left: %v, %d records in the cut", n, r, r.Cut.Records)
			}
			closeDB(t, db)
			if n%64 == 1 {
				wantUsable(t, fsys, keys{"a": "1", "b": "2"})
			}
		}
	})

	t.Run("the first frame of all", func(t *testing.T) {
		disk := history(t, "1")
		only := last(t, disk, seg(1))
		tail := read(t, disk, seg(1))[only.off:only.end]
		tail[41] ^= 1
		poke(t, disk, seg(1), only.off, tail)
		db := open(t, disk)
		wantKeys(t, db, keys{})
		wantCut(t, disk, db.RecoveryReport(), seg(1), wal.HeaderBlock, 1, tail)
		closeDB(t, db)
		wantUsable(t, disk, keys{})
	})

	// Three commits that shared a sync are one frame: they go together, although
	// a sector with whole records of it has reached the disk.
	t.Run("a group of commits goes together", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		var group []*engine.Commit
		once(fsys, crashfs.OpDataSync, "*.wal", func() {
			for i := range 3 { // queued while the sync of "b" is under way
				c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
					return tx.Set(ctx, []byte{'x', byte('0' + i)}, bytes.Repeat([]byte{byte('0' + i)}, 600))
				})
				if err != nil {
					t.Error(err)
				}
				group = append(group, c)
			}
		})
		put(t, db, "b", "2")
		for _, c := range group {
			if err := c.Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
		img := copyOf(fsys)
		torn := last(t, img, seg(1))
		if torn.Count != 3 {
			t.Fatalf("the last frame holds %d commits", torn.Count)
		}
		zero(t, img, seg(1), torn.end-24, torn.end)
		tail := read(t, img, seg(1))[torn.off:torn.end]
		db = open(t, img)
		wantKeys(t, db, keys{"a": "1", "b": "2"})
		r := db.RecoveryReport()
		wantCut(t, img, r, seg(1), torn.off, 3, tail)
		if r.Cut.Records != 3 {
			t.Fatalf("%d commits in what was cut, want 3", r.Cut.Records)
		}
		closeDB(t, db)
		wantUsable(t, img, keys{"a": "1", "b": "2"})
	})
}

// once lets do run inside the next call of that kind, before it happens.
func once(fsys *crashfs.FS, op crashfs.Op, pattern string, do func()) {
	done := false
	fsys.SetHook(func(c *crashfs.Call) {
		if !done && c.Op&op != 0 && matches(pattern, c.Name) {
			done = true
			do()
		}
	})
}

// Rot in the middle of the log, with valid frames behind it: refused. A log that
// is cut there loses what was acknowledged, in silence. Prometheus repairs its
// log by "deleting all segments newer than corrupted segment"
// (prometheus/prometheus#13152).
//
// Guards: rule 4 of recovery/classify.go (a SYNCED frame behind X proves that X
// was durable), and in an older segment rule 1 (the end that the next header
// declares).
func TestHardCase02_RotMidLog(t *testing.T) {
	disk := history(t, "1", "2", "3", "4")
	rotten := frames(t, disk, seg(1))[1]

	// Every byte of the frame in turn: header, record, padding.
	t.Run("every byte of a frame", func(t *testing.T) {
		for off := rotten.off; off < rotten.end; off++ {
			fsys := copyOf(disk)
			flip(t, fsys, seg(1), off)
			want := damage{seg(1), rotten.off, 2, "proves that this was durable"}
			wantDamage(t, refused(t, fsys), want)
			wantDamage(t, refused(t, fsys, readOnly), want)
		}
	})

	t.Run("the proof is a MARK", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		put(t, db, "a", "1")
		put(t, db, "b", "2")
		closeDB(t, db)
		list := frames(t, fsys, seg(1))
		if !list[2].Mark() {
			t.Fatalf("Close left %+v", list[2])
		}
		flip(t, fsys, seg(1), list[1].off+50)
		wantDamage(t, refused(t, fsys), damage{seg(1), list[1].off, 2, "proves that this was durable"})
	})

	t.Run("the proof is not the next frame", func(t *testing.T) {
		fsys := copyOf(disk)
		list := frames(t, fsys, seg(1))
		zero(t, fsys, seg(1), list[1].off, list[2].end-1)
		flip(t, fsys, seg(1), list[1].off)
		wantDamage(t, refused(t, fsys), damage{seg(1), list[1].off, 2, fmt.Sprintf("offset %d proves", list[3].off)})
	})

	// Nothing behind it is valid any more, and yet there is too much of it: never
	// more than the header's reach stands unsynced.
	t.Run("further from the end than a tear can be", func(t *testing.T) {
		b := recoverytest.New(t, newDisk(), dir)
		s := b.Segment()
		s.Frame(wal.FlagSynced, set("a", "1"))
		first := s.Frame(wal.FlagSynced, set("b", "2"))
		for s.End() <= first.Offset+recoverytest.Reach {
			f := s.Frame(wal.FlagSynced, set("c", strings.Repeat("3", 1000)))
			s.Flip(f.Offset)
		}
		s.Flip(first.Offset)
		b.Write()
		wantDamage(t, refused(t, b.FS), damage{seg(1), first.Offset, 2, "never more than 65536 stood unsynced"})
	})

	t.Run("in an older segment", func(t *testing.T) {
		fsys := manySegments(t, 3)
		list := frames(t, fsys, seg(2))
		at := list[len(list)/2]
		flip(t, fsys, seg(2), at.end-12)
		wantDamage(t, refused(t, fsys), damage{seg(2), at.off, at.FirstLSN, "the next segment says that the log goes on"})
	})
}

// manySegments is a disk whose store has n segments and no snapshot, closed in
// order. Its keys are k0, k1, ...; see manyKeys.
func manySegments(t testing.TB, n int) *crashfs.FS {
	t.Helper()
	fsys := newDisk()
	db := open(t, fsys)
	for i := 0; db.Metrics().Segments < n || i%10 != 5; i++ {
		put(t, db, fmt.Sprint("k", i), strings.Repeat("v", 1000)+fmt.Sprint(i))
	}
	closeDB(t, db)
	return fsys
}

// manyKeys is what a disk of manySegments holds, read off a copy.
func manyKeys(t testing.TB, disk *crashfs.FS) keys {
	t.Helper()
	db := open(t, copyOf(disk))
	got := dump(t, db)
	closeDB(t, db)
	for i := range len(got) {
		if k := fmt.Sprint("k", i); got[k] != strings.Repeat("v", 1000)+fmt.Sprint(i) {
			t.Fatalf("%s = %.20q", k, got[k])
		}
	}
	return maps.Clone(got)
}

// A length that was flipped: huge or small, it is not believed, because the
// checksum over the header comes first; and nothing behind it is resynchronized.
//
// Guards: the header's checksum (a huge length that is believed hides the frames
// behind it, and rot becomes a tear); the link to the frame before (a frame that
// somebody made whole again continues another log).
func TestHardCase03_FlippedLength(t *testing.T) {
	disk := history(t, "1", strings.Repeat("2", 200), "3", "4")
	list := frames(t, disk, seg(1))
	setLength := func(t *testing.T, fsys vfs.FS, f frame, n uint32) {
		poke(t, fsys, seg(1), f.off+4, binary.LittleEndian.AppendUint32(nil, n))
	}

	t.Run("mid-log", func(t *testing.T) {
		size := uint32(len(read(t, disk, seg(1))))
		for _, n := range []uint32{
			0, 1, 8, 100, // small
			list[1].BodyLen - 1, list[1].BodyLen + 1, list[1].BodyLen ^ 1<<7,
			list[1].BodyLen + uint32(list[2].end-list[2].off), // over the next frame
			size - uint32(list[1].off) - wal.FrameHeaderSize,  // to the end of the file
			1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 8, 1<<32 - 1, // huge
		} {
			fsys := copyOf(disk)
			setLength(t, fsys, list[1], n)
			wantDamage(t, refused(t, fsys), damage{seg(1), list[1].off, 2,
				fmt.Sprintf("header checksum mismatch, but the frame at offset %d proves", list[2].off)})
		}
	})

	// In the last frame a flipped length is a tear like any other, and costs no
	// memory: the file is sparse and long enough for the length to fit.
	t.Run("huge, in the last frame, allocates nothing", func(t *testing.T) {
		const huge = 32 << 20
		fsys := copyOf(disk)
		setLength(t, fsys, list[3], huge)
		truncate(t, fsys, seg(1), list[3].off+2*huge)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		db := open(t, fsys)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > huge/4 {
			t.Errorf("Open allocated %d bytes for a frame of a few", n)
		}
		wantKeys(t, db, keys{"a": "1", "b": strings.Repeat("2", 200), "c": "3"})
		if c := db.RecoveryReport().Cut; c == nil || c.Offset != list[3].off || c.Records != -1 {
			t.Errorf("cut %+v", c)
		}
	})

	// A frame whose length was made small and whose checksums were made to hold
	// again: the frames behind it are untouched and valid, but they follow
	// another frame. They are not taken up again.
	t.Run("small and signed again: the chain breaks", func(t *testing.T) {
		fsys := copyOf(disk)
		h := header(t, fsys, seg(1))
		b := read(t, fsys, seg(1))[list[1].off:list[1].end]
		small := wal.AppendFrame(nil, h.Salt, list[1].PrevLink, 2, 1, list[1].Flags, appendCommit(set("b", "x")))
		copy(b, small)
		poke(t, fsys, seg(1), list[1].off, b)
		// The log ends behind the small frame; what proves that it did not end
		// there is the next real one.
		wantDamage(t, refused(t, fsys), damage{seg(1), list[1].off + int64(len(small)), 3,
			fmt.Sprintf("but the frame at offset %d proves", list[2].off)})
	})

	t.Run("of the same length, signed again: the chain breaks", func(t *testing.T) {
		fsys := copyOf(disk)
		other := read(t, fsys, seg(1))[list[1].off:list[1].end]
		copy(other[bytes.Index(other, []byte("222")):], "xxx")
		resign(other, header(t, fsys, seg(1)).Salt)
		poke(t, fsys, seg(1), list[1].off, other)
		wantDamage(t, refused(t, fsys), damage{seg(1), list[2].off, 3, "never written here"})
	})
}
