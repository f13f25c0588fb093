package hardcases_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// What follows does to files what a disk, or their owner, does. Every change is
// synced: it is on the disk, and no crash takes it back.

// frame is a frame as it lies in a segment.
type frame struct {
	wal.FrameHeader
	off, end int64
}

// frames lists the frames of a segment.
func frames(t testing.TB, fsys vfs.FS, name string) (list []frame) {
	t.Helper()
	s, err := wal.OpenSegment(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sc := s.Scan(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
	for {
		f, err := sc.Next()
		var invalid *wal.InvalidError
		if errors.As(err, &invalid) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, frame{f.Header, f.Offset, f.End()})
	}
}

// last is the last of frames.
func last(t testing.TB, fsys vfs.FS, name string) frame {
	t.Helper()
	list := frames(t, fsys, name)
	if len(list) == 0 {
		t.Fatalf("%s holds no frame", name)
	}
	return list[len(list)-1]
}

// header reads a segment's header.
func header(t testing.TB, fsys vfs.FS, name string) wal.SegmentHeader {
	t.Helper()
	h, err := wal.DecodeSegmentHeader(read(t, fsys, name)[:wal.HeaderBlock])
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(t testing.TB, fsys vfs.FS, name string) []byte {
	t.Helper()
	return recoverytest.ReadFile(t, fsys, name)
}

// poke overwrites bytes.
func poke(t testing.TB, fsys vfs.FS, name string, off int64, b []byte) {
	t.Helper()
	edit(t, fsys, name, func(f vfs.File) error {
		_, err := f.WriteAt(b, off)
		return err
	})
}

// flip inverts a byte.
func flip(t testing.TB, fsys vfs.FS, name string, off int64) {
	t.Helper()
	poke(t, fsys, name, off, []byte{^read(t, fsys, name)[off]})
}

// zero overwrites [from, to) with zeros.
func zero(t testing.TB, fsys vfs.FS, name string, from, to int64) {
	t.Helper()
	poke(t, fsys, name, from, make([]byte, to-from))
}

// truncate sets a file's length.
func truncate(t testing.TB, fsys vfs.FS, name string, size int64) {
	t.Helper()
	edit(t, fsys, name, func(f vfs.File) error { return f.Truncate(size) })
}

func edit(t testing.TB, fsys vfs.FS, name string, do func(vfs.File) error) {
	t.Helper()
	f, err := fsys.OpenWrite(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(f), f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// put a file somewhere, replacing one that is there.
func place(t testing.TB, fsys vfs.FS, name string, content []byte) {
	t.Helper()
	recoverytest.WriteFile(t, fsys, name, content)
}

// remove takes a file away.
func remove(t testing.TB, fsys vfs.FS, name string) {
	t.Helper()
	if err := errors.Join(fsys.Remove(name), fsys.SyncDir(vfs.Dir(name))); err != nil {
		t.Fatal(err)
	}
}

func castagnoli(parts ...[]byte) (sum uint32) {
	for _, p := range parts {
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), p)
	}
	return sum
}

// resign makes the checksums of the frame in b hold again after a change of its
// header, its body, or both: what a newer program, or a mad one, might write.
func resign(b []byte, salt uint64) {
	n := binary.LittleEndian.Uint32(b[4:])
	binary.LittleEndian.PutUint32(b[32:], castagnoli(b[wal.FrameHeaderSize:wal.FrameHeaderSize+n]))
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], salt)
	binary.LittleEndian.PutUint32(b[36:], castagnoli(s[:], b[:36]))
}

// history is a disk on which a process has set keys a, b, c, ... one by one, each
// in a frame of its own, and was killed: no MARK proves the last one.
func history(t testing.TB, values ...string) *crashfs.FS {
	t.Helper()
	fsys := newDisk()
	db := open(t, fsys)
	for i, v := range values {
		put(t, db, string(rune('a'+i)), v)
	}
	return copyOf(fsys)
}

// appendCommit is a record.
func appendCommit(c record.Commit) []byte { return record.AppendCommit(nil, &c) }

// matches says whether a file's base name fits a pattern.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, vfs.Base(name))
	return ok && err == nil
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
