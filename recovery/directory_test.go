package recovery_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// three builds segments 1 to 3, one key in each.
func three(b *recoverytest.Builder) {
	for _, k := range []string{"a", "b", "c"} {
		s := b.Segment()
		s.Frame(synced, set(k, k))
		if k != "c" {
			s.Seal()
		}
	}
}

var abc = keys{"a": "a", "b": "b", "c": "c"}

// Every rule about which files a store consists of.
func TestFilesOfAStore(t *testing.T) {
	segment := func(n uint64) string { return vfs.Join(dir, "wal", wal.SegmentName(n)) }
	remove := func(b *recoverytest.Builder, name string) {
		if err := b.FS.Remove(name); err != nil {
			b.TB.Fatal(err)
		}
	}
	// orphan adds what a rotation leaves before it tells MANIFEST.
	orphan := func(b *recoverytest.Builder) *recoverytest.Segment {
		s := b.Segment()
		b.Manifest.Active--
		return s
	}
	for _, c := range []struct {
		name  string
		build func(b *recoverytest.Builder) // Write is called behind it
		after func(b *recoverytest.Builder) // and this behind Write

		want   keys
		wanted func(t *testing.T, b *recoverytest.Builder, s *recovery.Store)

		file   string // of the damage, when the store is refused
		offset int64
		lsn    uint64
		reason string
	}{
		{
			name: "nothing is wrong", build: three, want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if s.Tail.Seq != 3 || s.Report.Segments != 3 || s.Report.Records != 3 {
					t.Fatalf("%+v", s.Report)
				}
			},
		},
		{
			name: "the first segment is missing", build: three,
			after: func(b *recoverytest.Builder) { remove(b, segment(1)) },
			file:  segment(1), offset: -1, reason: "missing",
		},
		{
			name: "a middle segment is missing", build: three,
			after: func(b *recoverytest.Builder) { remove(b, segment(2)) },
			file:  segment(2), offset: -1, reason: "missing",
		},
		{
			name: "the last segment is missing", build: three,
			after: func(b *recoverytest.Builder) { remove(b, segment(3)) },
			file:  segment(3), offset: -1, reason: "missing",
		},
		{
			name: "an older segment is missing that the snapshot covers", build: func(b *recoverytest.Builder) {
				three(b)
				b.Snapshot(3, entry("a", "a", 1), entry("b", "b", 2), entry("c", "c", 3))
			},
			after: func(b *recoverytest.Builder) { remove(b, segment(2)) },
			file:  segment(2), offset: -1, reason: "missing",
		},
		{
			name: "all segments are missing", build: three,
			after: func(b *recoverytest.Builder) {
				for n := range uint64(3) {
					remove(b, segment(n+1))
				}
				remove(b, vfs.Join(dir, "wal"))
			},
			file: segment(1), offset: -1, reason: "missing",
		},
		{
			name: "a segment duplicated under the next number", build: three,
			after: func(b *recoverytest.Builder) { b.WriteFile("wal/"+wal.SegmentName(4), b.Segments[2].Buf) },
			file:  segment(4), offset: 0, lsn: 3, reason: "segment 3 under the name of segment 4",
		},
		{
			name: "a segment in the place of another", build: three,
			after: func(b *recoverytest.Builder) { b.WriteFile("wal/"+wal.SegmentName(3), b.Segments[1].Buf) },
			file:  segment(3), offset: 0, lsn: 2, reason: "segment 2 under the name of segment 3",
		},
		{
			name: "a segment of another store", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Header.Store[0] ^= 1
				b.Segments[2].Encode()
			},
			file: segment(3), offset: 0, lsn: 3, reason: "another store",
		},
		{
			name: "a segment of the same number and another history", build: func(b *recoverytest.Builder) {
				three(b)
				other := recoverytest.New(b.TB, memfs.New(), dir)
				other.Segment().Frame(synced, set("other", "history"))
				b.Segments[0] = other.Segments[0]
			},
			file: segment(1), offset: 4160, lsn: 2, reason: "goes on to offset",
		},
		{
			name: "a segment whose predecessor has another link", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[1].Header.Prev.Link++
				b.Segments[1].Encode()
			},
			file: segment(2), offset: 0, lsn: 2, reason: "it follows frame",
		},
		{
			name: "a segment whose predecessor has another last LSN", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[1].Header.Prev.LastLSN = 0
				b.Segments[1].Encode()
			},
			file: segment(2), offset: 0, lsn: 2, reason: "it follows LSN 0",
		},
		{
			name: "a rotten segment header", build: three,
			after: func(b *recoverytest.Builder) { rot(b, segment(3), 20) },
			file:  segment(3), offset: 12, reason: "checksum",
		},
		{
			name: "a segment cut inside its header", build: three,
			after: func(b *recoverytest.Builder) { b.WriteFile("wal/"+wal.SegmentName(3), b.Segments[2].Buf[:4000]) },
			file:  segment(3), offset: 0, reason: "short",
		},
		{
			name: "bytes behind the declared end of an older segment", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[0].Buf = append(b.Segments[0].Buf, "leftover"...)
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				end := b.Segments[0].Frames[1].End
				if diff := cmp.Diff([]recovery.Place{{File: segment(1), Offset: end, Bytes: 8}}, s.Report.Ignored); diff != "" {
					t.Fatal(diff)
				}
			},
		},
		{
			name: "an interrupted rotation is adopted", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Seal()
				orphan(b)
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if s.Tail.Seq != 4 || s.Report.Adopted != 4 || s.Manifest.Get().Active != 4 {
					t.Fatalf("%+v, active %d", s.Report, s.Manifest.Get().Active)
				}
			},
		},
		{
			name: "an interrupted rotation behind a segment that is not sealed", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Fill(4096)
				orphan(b).Header.Prev.End = b.Segments[2].Frames[0].End
				b.Segments[3].Encode()
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if s.Tail.Seq != 4 || s.Report.Adopted != 4 {
					t.Fatalf("%+v", s.Report)
				}
			},
		},
		{
			name: "an interrupted rotation whose predecessor a snapshot covers", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b)
				b.Snapshot(3, entry("a", "a", 1), entry("b", "b", 2), entry("c", "c", 3))
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if s.Report.Adopted != 4 {
					t.Fatalf("%+v", s.Report)
				}
			},
		},
		{
			name: "an unlisted segment with a frame, everything before it in a snapshot", build: func(b *recoverytest.Builder) {
				three(b)
				b.Snapshot(3, entry("a", "a", 1), entry("b", "b", 2), entry("c", "c", 3))
				orphan(b).Frame(synced, set("d", "d"))
			},
			file: segment(4), offset: wal.HeaderBlock, lsn: 4, reason: "MANIFEST does not know",
		},
		{
			name: "a segment that names another predecessor", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Header.Prev.Seq = 1
				b.Segments[2].Encode()
			},
			file: segment(3), offset: 0, lsn: 3, reason: "it follows segment 1, and not segment 2",
		},
		{
			name: "MANIFEST is missing, there is an empty segment that is not the first", build: func(b *recoverytest.Builder) {
				b.Segment()
				b.Segment()
			},
			after: func(b *recoverytest.Builder) {
				remove(b, vfs.Join(dir, "MANIFEST"))
				remove(b, segment(1))
			},
			file: vfs.Join(dir, "MANIFEST"), offset: -1, lsn: 1, reason: "no interrupted creation",
		},
		{
			name: "an unlisted segment with a frame", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b).Frame(synced, set("d", "d"))
			},
			file: segment(4), offset: wal.HeaderBlock, lsn: 4, reason: "MANIFEST does not know",
		},
		{
			name: "an unlisted segment that declares an end too early", build: func(b *recoverytest.Builder) {
				three(b)
				h := &orphan(b).Header
				h.Prev.End, h.Prev.LastLSN, h.Prev.Link = wal.HeaderBlock, 2, b.Segments[2].Header.Prev.Link
				b.Segments[3].Encode()
			},
			file: segment(3), offset: wal.HeaderBlock, lsn: 3, reason: "MANIFEST does not know",
		},
		{
			name: "an unlisted segment that declares an end too late", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b).Header.Prev.End += 8
				b.Segments[3].Encode()
			},
			file: segment(3), offset: 4152, lsn: 4, reason: "the next segment says",
		},
		{
			name: "an unlisted segment behind another frame", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b).Header.Prev.Link++
				b.Segments[3].Encode()
			},
			file: segment(4), offset: 0, lsn: 4, reason: "it follows frame",
		},
		{
			name: "two unlisted segments", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b)
				orphan(b)
				b.Manifest.Active = 3
			},
			file: segment(5), offset: -1, reason: "knows segments 1 to 3 only",
		},
		{
			name: "an unlisted segment that is not the next", build: func(b *recoverytest.Builder) {
				three(b)
				orphan(b)
				orphan(b)
				b.Manifest.Active = 3
			},
			after: func(b *recoverytest.Builder) { remove(b, segment(4)) },
			file:  segment(5), offset: -1, reason: "knows segments 1 to 3 only",
		},
		{
			name: "leavings of a compaction are swept", build: func(b *recoverytest.Builder) {
				three(b)
				b.Snapshot(1, entry("a", "a", 1))
			},
			after: func(b *recoverytest.Builder) {
				b.Manifest.First = 2
				stale := b.Segments[0].Buf
				b.Write()
				b.WriteFile("wal/"+wal.SegmentName(1), stale)
				b.WriteFile("snap/0000000000000099.snap", backup(t, b, 99)) // never listed
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				want := []string{segment(1), vfs.Join(dir, "snap", "0000000000000099.snap")}
				if diff := cmp.Diff(want, s.Report.Swept); diff != "" {
					t.Fatal(diff)
				}
				for _, name := range want {
					if _, err := b.FS.Stat(name); !errors.Is(err, fs.ErrNotExist) {
						t.Fatalf("%s: %v", name, err)
					}
				}
			},
		},
		{
			name: "unlisted snapshots that no compaction left are set aside", build: func(b *recoverytest.Builder) {
				three(b)
				b.Snapshot(1, entry("a", "a", 1))
			},
			after: func(b *recoverytest.Builder) {
				b.WriteFile("snap/0000000000000090.snap", backup(t, b, 91)) // renamed
				b.WriteFile("snap/0000000000000092.snap", []byte("rotten")) // who knows what
				foreign := recoverytest.New(t, b.FS, dir)
				foreign.Manifest.Store[0]++
				b.WriteFile("snap/0000000000000093.snap", backup(t, foreign, 93))
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if len(s.Report.Swept) > 0 || len(s.Report.Quarantined) != 3 {
					t.Fatalf("swept %v, set aside %v", s.Report.Swept, s.Report.Quarantined)
				}
				for _, lsn := range []string{"90", "92", "93"} {
					if _, err := b.FS.Stat(vfs.Join(dir, "quarantine", "00000000000000"+lsn+".snap")); err != nil {
						t.Error(err)
					}
				}
			},
		},
		{
			// Somebody renamed the newest one. It is all that is left of what it
			// holds, should the log turn out to be worse than it looks.
			name: "a listed snapshot under another name is set aside", build: func(b *recoverytest.Builder) {
				three(b)
				b.Snapshot(1, entry("a", "a", 1))
				b.Snapshot(2, entry("a", "a", 1), entry("b", "b", 2))
			},
			after: func(b *recoverytest.Builder) {
				if err := b.FS.Rename(b.SnapshotPath(2), b.SnapshotPath(3)); err != nil {
					t.Fatal(err)
				}
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				want := []string{vfs.Join(dir, "quarantine", "0000000000000003.snap")}
				if diff := cmp.Diff(want, s.Report.Quarantined); diff != "" {
					t.Error(diff)
				}
				if len(s.Report.Rejected) != 1 || s.Report.Rejected[0].LSN != 2 {
					t.Errorf("rejected %v", s.Report.Rejected)
				}
			},
		},
		{
			name: "temporary files are swept, other people's files are not", build: three,
			after: func(b *recoverytest.Builder) {
				for _, name := range []string{
					".MANIFEST1234", "wal/.0000000000000004.wal17", "snap/.0000000000000042.snap.3.tmp",
					"quarantine/.0000000000000001.wal.4096-4200.00112233445566779",
					".gitignore", "notes.txt", "wal/notes.txt", "snap/.hidden",
				} {
					b.WriteFile(name, []byte("x"))
				}
			},
			want: abc,
			wanted: func(t *testing.T, b *recoverytest.Builder, s *recovery.Store) {
				if len(s.Report.Swept) != 4 {
					t.Fatalf("swept %v", s.Report.Swept)
				}
				for _, name := range []string{".gitignore", "notes.txt", "wal/notes.txt", "snap/.hidden"} {
					if _, err := b.FS.Stat(vfs.Join(dir, name)); err != nil {
						t.Fatal(err)
					}
				}
				if len(s.Report.Foreign) != 3 {
					t.Fatalf("foreign: %v", s.Report.Foreign)
				}
			},
		},
		{
			name: "MANIFEST is missing, the log is not", build: three,
			after: func(b *recoverytest.Builder) { remove(b, vfs.Join(dir, "MANIFEST")) },
			file:  vfs.Join(dir, "MANIFEST"), offset: -1, lsn: 1, reason: "no interrupted creation",
		},
		{
			name: "MANIFEST is missing, one segment holds a frame", build: func(b *recoverytest.Builder) {
				b.Segment().Frame(synced, set("a", "a"))
			},
			after: func(b *recoverytest.Builder) { remove(b, vfs.Join(dir, "MANIFEST")) },
			file:  vfs.Join(dir, "MANIFEST"), offset: -1, lsn: 1, reason: "which holds frames",
		},
		{
			name: "MANIFEST is missing, there is a snapshot", build: func(b *recoverytest.Builder) {
				b.Segment()
				b.Snapshot(1, entry("a", "a", 1))
			},
			after: func(b *recoverytest.Builder) {
				remove(b, vfs.Join(dir, "MANIFEST"))
				remove(b, segment(1))
			},
			file: vfs.Join(dir, "MANIFEST"), offset: -1, lsn: 1, reason: ".snap",
		},
		{
			name: "MANIFEST is missing, the one segment is rotten", build: func(b *recoverytest.Builder) { b.Segment() },
			after: func(b *recoverytest.Builder) {
				remove(b, vfs.Join(dir, "MANIFEST"))
				rot(b, segment(1), 30)
			},
			file: vfs.Join(dir, "MANIFEST"), offset: -1, lsn: 1, reason: "no empty segment",
		},
		{
			name: "MANIFEST is rotten", build: three,
			after: func(b *recoverytest.Builder) { rot(b, vfs.Join(dir, "MANIFEST"), 40) },
			file:  vfs.Join(dir, "MANIFEST"), offset: 0, reason: "checksum",
		},
		{
			name: "MANIFEST is rotten in its first byte, the log says whose it is", build: three,
			after: func(b *recoverytest.Builder) { rot(b, vfs.Join(dir, "MANIFEST"), 0) },
			file:  vfs.Join(dir, "MANIFEST"), offset: 0, reason: "KVMANIFS",
		},
		{
			name: "MANIFEST is empty", build: three,
			after: func(b *recoverytest.Builder) { b.WriteFile("MANIFEST", nil) },
			file:  vfs.Join(dir, "MANIFEST"), offset: 0, reason: "",
		},
		{
			name: "MANIFEST is huge", build: three,
			after: func(b *recoverytest.Builder) { b.WriteFile("MANIFEST", make([]byte, 1<<20)) },
			file:  vfs.Join(dir, "MANIFEST"), offset: 256 << 10, reason: "bytes long",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			b.Write()
			if c.after != nil {
				c.after(b)
			}
			before := image(t, b.FS, dir)
			s, got, err := tryOpen(b.FS)
			if c.file != "" {
				wantCorruption(t, err, c.file, c.offset, c.lsn, c.reason)
				wantImage(t, b.FS, before)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantKeys(t, got, c.want)
			c.wanted(t, b, s)
			wantUsable(t, b.FS, s, c.want)
		})
	}
}

func TestPlacesThatAreNoStore(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"some files":            {"notes.txt": "hello"},
		"a directory":           {"src/main.go": "package main"},
		"another MANIFEST":      {"MANIFEST": "Bdgr whatever follows", "000001.vlog": "x"},
		"etcd's":                {"wal/0000000000000000-0000000000000000.wal": "x", "snap/db": "y"},
		"a file in the way":     {"wal": "a file"},
		"MANIFEST, a directory": {"MANIFEST/x": "y"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := memfs.New()
			for file, content := range files {
				recoverytest.WriteFile(t, fsys, vfs.Join(dir, file), []byte(content))
			}
			before := image(t, fsys, dir)
			_, _, err := tryOpen(fsys)
			if !errors.Is(err, recovery.ErrNotAStore) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("want a *NotAStoreError, got %v", err)
			}
			if err := recovery.Check(fsys, dir); !errors.Is(err, recovery.ErrNotAStore) {
				t.Fatal(err)
			}
			wantImage(t, fsys, before)
		})
	}
	t.Run("a file", func(t *testing.T) {
		fsys := memfs.New()
		recoverytest.WriteFile(t, fsys, dir, []byte("x"))
		if _, _, err := tryOpen(fsys); !errors.Is(err, recovery.ErrNotAStore) {
			t.Fatal(err)
		}
	})
	t.Run("nothing, to be read only", func(t *testing.T) {
		o := options(memfs.New(), nil)
		o.ReadOnly = true
		if _, err := recovery.Open(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	})
}

func TestNewerManifestIsRefused(t *testing.T) {
	b := newBuilder(t)
	three(b)
	b.Write()
	b.WriteFile("MANIFEST", seal(2, []byte{0xa0}))
	before := image(t, b.FS, dir)
	_, _, err := tryOpen(b.FS)
	var version *recovery.VersionError
	if !errors.As(err, &version) || version.File != vfs.Join(dir, "MANIFEST") {
		t.Fatal(err)
	}
	wantImage(t, b.FS, before)
}
