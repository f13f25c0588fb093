package recoverytest

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Builder is a store directory in the making. Its fields may be changed before
// Write.
type Builder struct {
	TB       testing.TB
	FS       vfs.FS
	Dir      string
	Manifest recovery.Manifest // Write keeps First and Active as they are here
	Segments []*Segment
	Codec    snapshot.Codec // for the snapshots; nil = none

	link uint64 // of the last frame
	next uint64 // LSN
}

// New begins a store in dir, which Write creates.
func New(tb testing.TB, fsys vfs.FS, dir string) *Builder {
	b := &Builder{TB: tb, FS: fsys, Dir: dir, next: 1}
	b.Manifest = recovery.Manifest{Version: 1, First: 1}
	for i := range b.Manifest.Store {
		b.Manifest.Store[i] = byte(0xa0 + i)
	}
	return b
}

// Segment is a segment in memory. Buf is the file, header block and all.
type Segment struct {
	Header wal.SegmentHeader
	Buf    []byte
	Frames []Frame

	b *Builder
}

// Frame says where a frame lies.
type Frame struct {
	Offset, End int64
	FirstLSN    uint64
	Count       uint32
}

// Reach is what the segments of a Builder declare.
const Reach = 64 << 10

// Segment adds a segment behind what was built so far, and lists it in MANIFEST.
func (b *Builder) Segment() *Segment { return b.SegmentAt(b.next) }

// SegmentAt is Segment with a first LSN that may lie further on, as after a cut.
func (b *Builder) SegmentAt(firstLSN uint64) *Segment {
	s := &Segment{b: b, Header: wal.SegmentHeader{
		Version: 1, Store: b.Manifest.Store, Seq: uint64(len(b.Segments) + 1), FirstLSN: firstLSN,
		Salt: 0x5a17 * uint64(len(b.Segments)+1), Reach: Reach,
		Prev: wal.Predecessor{LastLSN: b.next - 1},
	}}
	if n := len(b.Segments); n > 0 {
		last := b.Segments[n-1]
		s.Header.Prev.Seq, s.Header.Prev.End, s.Header.Prev.Link = last.Header.Seq, last.End(), b.link
	}
	s.Encode()
	b.next = firstLSN
	b.Segments = append(b.Segments, s)
	b.Manifest.Active = s.Header.Seq
	return s
}

// Encode writes the header into Buf again, after a change.
func (s *Segment) Encode() {
	block, err := s.Header.Encode()
	if err != nil {
		s.b.TB.Fatal(err)
	}
	s.Buf = append(block, s.Buf[min(len(s.Buf), wal.HeaderBlock):]...)
}

// Frame appends a frame of commits. No commits make a MARK or a SEAL, if the
// flags say so.
func (s *Segment) Frame(flags uint8, commits ...record.Commit) Frame {
	var body []byte
	for i := range commits {
		body = record.AppendCommit(body, &commits[i])
	}
	return s.Raw(flags, uint32(len(commits)), body)
}

// Raw appends a frame with any body.
func (s *Segment) Raw(flags uint8, count uint32, body []byte) Frame {
	f := Frame{Offset: s.End(), FirstLSN: s.b.next, Count: count}
	s.Buf = wal.AppendFrame(s.Buf, s.Header.Salt, s.b.link, s.b.next, count, flags, body)
	f.End = int64(len(s.Buf))
	h, err := wal.DecodeFrameHeader(s.Buf[f.Offset:], s.Header.Salt)
	if err != nil && h.FirstLSN == 0 {
		s.b.TB.Fatal(err)
	}
	s.b.link, s.b.next = h.Link(), h.NextLSN()
	s.Frames = append(s.Frames, f)
	return f
}

// Mark appends a MARK.
func (s *Segment) Mark() Frame { return s.Frame(wal.FlagSynced | wal.FlagMark) }

// Seal appends a SEAL.
func (s *Segment) Seal() Frame { return s.Frame(wal.FlagSynced | wal.FlagSeal) }

// End is where the next frame would lie.
func (s *Segment) End() int64 { return int64(len(s.Buf)) }

// Zero overwrites n bytes with zeros.
func (s *Segment) Zero(off, n int64) { clear(s.Buf[off : off+n]) }

// Flip inverts a byte.
func (s *Segment) Flip(off int64) { s.Buf[off] ^= 0xff }

// Fill appends n zeros, as the committer does ahead of its frames.
func (s *Segment) Fill(n int) { s.Buf = append(s.Buf, make([]byte, n)...) }

// NextLSN is what the next record would get.
func (b *Builder) NextLSN() uint64 { return b.next }

// Snapshot publishes a snapshot of entries at lsn, which must ascend by bucket
// and key, and lists it.
func (b *Builder) Snapshot(lsn uint64, entries ...record.Entry) recovery.SnapshotRef {
	b.TB.Helper()
	dir := vfs.Join(b.Dir, recovery.SnapshotDir)
	if err := vfs.MkdirAll(b.FS, dir); err != nil {
		b.TB.Fatal(err)
	}
	sum, err := snapshot.Publish(context.Background(), b.FS, dir,
		snapshot.Meta{Store: b.Manifest.Store, LSN: lsn}, snapshot.WriterOptions{BlockSize: 128, Codec: b.Codec},
		func(w *snapshot.Writer) error {
			for i := range entries {
				if err := w.Add(&entries[i]); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		b.TB.Fatal(err)
	}
	ref := recovery.SnapshotRef{LSN: lsn, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}
	b.Manifest.Snapshots = append(b.Manifest.Snapshots, ref)
	return ref
}

// Write makes the directory: every segment numbered from Manifest.First on, and
// MANIFEST.
func (b *Builder) Write() {
	b.TB.Helper()
	for _, s := range b.Segments {
		if s.Header.Seq >= b.Manifest.First {
			b.WriteFile(vfs.Join(recovery.WALDir, wal.SegmentName(s.Header.Seq)), s.Buf)
		}
	}
	m := b.Manifest
	m.Generation = 1
	content, err := m.Encode()
	if err != nil {
		b.TB.Fatal(err)
	}
	b.WriteFile(recovery.ManifestName, content)
	for _, sub := range []string{recovery.SnapshotDir, recovery.QuarantineDir} {
		if err := vfs.MkdirAll(b.FS, vfs.Join(b.Dir, sub)); err != nil {
			b.TB.Fatal(err)
		}
	}
}

// SegmentPath is the path of a segment's file.
func (b *Builder) SegmentPath(s *Segment) string {
	return vfs.Join(b.Dir, recovery.WALDir, wal.SegmentName(s.Header.Seq))
}

// SnapshotPath is the path of a snapshot's file.
func (b *Builder) SnapshotPath(lsn uint64) string {
	return vfs.Join(b.Dir, recovery.SnapshotDir, snapshot.Name(lsn))
}

// WriteFile puts a file into the store's directory, replacing one that is there,
// and syncs it and its name.
func (b *Builder) WriteFile(name string, content []byte) {
	b.TB.Helper()
	WriteFile(b.TB, b.FS, vfs.Join(b.Dir, name), content)
}

// WriteFile puts a file somewhere, with its directory.
func WriteFile(tb testing.TB, fsys vfs.FS, name string, content []byte) {
	tb.Helper()
	if err := vfs.MkdirAll(fsys, vfs.Dir(name)); err != nil {
		tb.Fatal(err)
	}
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	f, err := fsys.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close(), fsys.SyncDir(vfs.Dir(name))); err != nil {
		tb.Fatal(err)
	}
}

// ReadFile returns a file's bytes.
func ReadFile(tb testing.TB, fsys vfs.FS, name string) []byte {
	tb.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		tb.Fatal(err)
	}
	content := make([]byte, size)
	if n, err := f.ReadAt(content, 0); int64(n) < size {
		tb.Fatal(err)
	}
	return content
}
