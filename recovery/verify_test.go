package recovery_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// wantFinding is what a test expects of one; an empty reason matches any.
type wantFinding struct {
	severity recovery.Severity
	file     string // its end
	offset   int64
	lsn      uint64
	reason   string
}

func verify(t *testing.T, fsys vfs.FS, deep bool) *recovery.Findings {
	t.Helper()
	before := image(t, fsys, dir)
	f, err := recovery.Verify(t.Context(), fsys, dir, recovery.VerifyOptions{Deep: deep})
	if err != nil {
		t.Fatal(err)
	}
	wantImage(t, fsys, before)
	return f
}

func wantFindings(t *testing.T, f *recovery.Findings, want []wantFinding) {
	t.Helper()
	ok := len(f.List) == len(want)
	for i := 0; ok && i < len(want); i++ {
		g, w := f.List[i], want[i]
		ok = g.Severity == w.severity && strings.HasSuffix(g.File, w.file) && g.Offset == w.offset &&
			g.LSN == w.lsn && strings.Contains(g.Reason, w.reason)
	}
	if !ok {
		t.Errorf("want %d findings:", len(want))
		for _, w := range want {
			t.Errorf("  %+v", w)
		}
		t.Errorf("got %d:", len(f.List))
		for _, g := range f.List {
			t.Errorf("  %+v", g)
		}
	}
}

func TestVerifyFindsEverything(t *testing.T) {
	seg := func(n uint64) string { return wal.SegmentName(n) }
	for _, c := range []struct {
		name          string
		build         func(b *recoverytest.Builder) // Write comes behind it
		after         func(b *recoverytest.Builder)
		shallow, deep []wantFinding
	}{
		{name: "a sound store", build: twoSnapshots},
		{
			name: "a torn tail", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				s := b.Segments[1]
				s.Flip(s.Frame(synced, set("e", "6")).End - 8)
			},
			shallow: []wantFinding{{recovery.Torn, seg(2), 4216, 6, "torn tail"}},
			deep:    []wantFinding{{recovery.Torn, seg(2), 4216, 6, "torn tail"}},
		},
		{
			name: "rot in three places of one segment", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				x := s.Frame(synced, set("b", "2"), set("b", "3"))
				s.Frame(synced, set("c", "4"))
				y := s.Frame(synced, set("d", "5"))
				s.Frame(synced, set("e", "6"))
				z := s.Frame(synced, set("f", "7"))
				s.Mark()
				s.Flip(x.Offset + 44)
				s.Zero(y.Offset, y.End-y.Offset)
				s.Flip(z.Offset + 3)
			},
			shallow: []wantFinding{
				{recovery.Damage, seg(1), 4152, 2, "LSN 2 to 3 are lost with it; valid frames go on at offset 4216"},
				{recovery.Damage, seg(1), 4272, 5, "LSN 5 is lost with it"},
				{recovery.Damage, seg(1), 4384, 7, "LSN 7 is lost with it"},
			},
			deep: []wantFinding{
				{recovery.Damage, seg(1), 4152, 2, "LSN 2 to 3 are lost with it"},
				{recovery.Damage, seg(1), 4272, 5, "LSN 5 is lost with it"},
				{recovery.Damage, seg(1), 4384, 7, "LSN 7 is lost with it"},
			},
		},
		{
			name: "a rotten MARK in the middle costs nothing", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				m := s.Mark()
				s.Frame(synced, set("b", "2"))
				s.Mark()
				s.Flip(m.Offset + 20)
			},
			shallow: []wantFinding{{recovery.Damage, seg(1), 4152, 2, "no record is lost"}},
			deep:    []wantFinding{{recovery.Damage, seg(1), 4152, 2, "no record is lost"}},
		},
		{
			name: "two neighbours", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				x := s.Frame(synced, set("a", "1"))
				y := s.Frame(synced, set("b", "2"))
				s.Frame(synced, set("c", "3"))
				s.Mark()
				s.Flip(x.Offset + 44)
				s.Flip(y.Offset + 44)
			},
			shallow: []wantFinding{{recovery.Damage, seg(1), 4096, 1, "LSN 1 to 2 are lost"}},
			deep:    []wantFinding{{recovery.Damage, seg(1), 4096, 1, "LSN 1 to 2 are lost"}},
		},
		{
			name: "what a damaged frame holds inside is no frame of the log", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				own := s.Frame(synced, set("a", "1"))
				fake := wal.AppendFrame(nil, s.Header.Salt, 1, 99, 1, synced, body(set("x", "y")))
				x := s.Frame(synced, aligned(s, fake), set("b", "3"))
				y := s.Frame(synced, aligned(s, append([]byte(nil), s.Buf[own.Offset:own.End]...)))
				s.Frame(synced, set("c", "5"))
				s.Mark()
				s.Flip(lastByte(s, x) - 1) // its header is valid
				s.Zero(y.Offset, 8)        // its header is gone
			},
			shallow: []wantFinding{{recovery.Damage, seg(1), 4152, 2, "LSN 2 to 4 are lost"}},
			deep:    []wantFinding{{recovery.Damage, seg(1), 4152, 2, "LSN 2 to 4 are lost"}},
		},
		{
			name: "two middle segments are missing, a third has a rotten header",
			build: func(b *recoverytest.Builder) {
				for _, k := range []string{"a", "b", "c", "d", "e", "f"} {
					b.Segment().Frame(synced, set(k, k))
				}
				b.Segments[5].Mark()
			},
			after: func(b *recoverytest.Builder) {
				for _, n := range []int{1, 2} {
					if err := b.FS.Remove(b.SegmentPath(b.Segments[n])); err != nil {
						b.TB.Fatal(err)
					}
				}
				rot(b, b.SegmentPath(b.Segments[4]), 20)
			},
			shallow: []wantFinding{
				{recovery.Damage, seg(3), -1, 0, "missing"},
				{recovery.Damage, seg(2), -1, 0, "LSN 2 to 3 are lost with it"},
				{recovery.Damage, seg(5), 12, 0, "LSN 5 is lost with it"},
			},
			deep: []wantFinding{
				{recovery.Damage, seg(3), -1, 0, "missing"},
				{recovery.Damage, seg(2), -1, 0, "LSN 2 to 3 are lost with it"},
				{recovery.Damage, seg(5), 12, 0, "LSN 5 is lost with it"},
			},
		},
		{
			name: "the last segment is missing", build: three,
			after: func(b *recoverytest.Builder) {
				if err := b.FS.Remove(b.SegmentPath(b.Segments[2])); err != nil {
					b.TB.Fatal(err)
				}
			},
			shallow: []wantFinding{{recovery.Damage, seg(3), -1, 0, "what was behind LSN 2 is lost"}},
			deep:    []wantFinding{{recovery.Damage, seg(3), -1, 0, "what was behind LSN 2 is lost"}},
		},
		{
			name: "rot in a segment that no open reads: deep alone sees it", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				b.Segments[0].Flip(4096 + 45)
			},
			deep: []wantFinding{{recovery.Damage, seg(1), 4096, 1, "LSN 1 is lost with it"}},
		},
		{
			name: "a rotten block of the newest snapshot, which an open reads", build: twoSnapshots,
			after:   func(b *recoverytest.Builder) { rotBlock(b, 4) },
			shallow: []wantFinding{{recovery.Damage, "0000000000000004.snap", 43, 0, "block"}},
			deep:    []wantFinding{{recovery.Damage, "0000000000000004.snap", 43, 0, "block"}},
		},
		{
			name: "a rotten block of an older snapshot: deep alone sees it", build: twoSnapshots,
			after: func(b *recoverytest.Builder) { rotBlock(b, 2) },
			deep:  []wantFinding{{recovery.Damage, "0000000000000002.snap", 43, 0, "block"}},
		},
		{
			name: "both snapshots have rotten footers", build: func(b *recoverytest.Builder) { twoSnapshots(b) },
			after: func(b *recoverytest.Builder) {
				for _, s := range b.Manifest.Snapshots {
					rot(b, b.SnapshotPath(s.LSN), s.Size-1)
				}
				b.Manifest.First = 2
				b.Write()
				if err := b.FS.Remove(b.SegmentPath(b.Segments[0])); err != nil {
					b.TB.Fatal(err)
				}
			},
			shallow: []wantFinding{
				{recovery.Damage, "2.snap", 171, 0, "magic"}, {recovery.Damage, "4.snap", 178, 0, "magic"},
				{recovery.Damage, seg(2), 0, 1, "no sound snapshot reaches"},
			},
			deep: []wantFinding{
				{recovery.Damage, "2.snap", 171, 0, "magic"}, {recovery.Damage, "4.snap", 178, 0, "magic"},
				{recovery.Damage, seg(2), 0, 1, "no sound snapshot reaches"},
			},
		},
		{
			name: "a sound snapshot that holds something else than the log", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				s.Frame(synced, set("b", "2"))
				s.Frame(synced, del("a"))
				s.Frame(synced, set("c", "4"))
				b.Snapshot(3, entry("a", "1", 1), entry("b", "X", 2), entry("z", "z", 2))
				s.Mark()
			},
			deep: []wantFinding{{recovery.Damage, "3.snap", -1, 3, `differs from the replay of the log in 3 keys: key "a" is in the snapshot`}},
		},
		{
			name: "a snapshot that lacks keys, one of them past its deadline", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				expiring := set("a", "1")
				expiring.Mutations[0].Deadline = 5
				s.Frame(synced, expiring)
				s.Frame(synced, set("b", "2"))
				b.Snapshot(2)
				s.Mark()
			},
			deep: []wantFinding{{recovery.Damage, "2.snap", -1, 2, `in 1 keys: key "b" is missing`}},
		},
		{
			name: "the second snapshot, held to the first and the log between", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				b.Segments[1].Mark()
				b.Manifest.First = 2
				b.Manifest.Snapshots = b.Manifest.Snapshots[:1]
				if err := b.FS.Remove(b.SnapshotPath(4)); err != nil {
					b.TB.Fatal(err)
				}
				b.Snapshot(5, entry("a", "4", 4), entry("b", "2", 2), entry("c", "3", 3))
			},
			deep: []wantFinding{{recovery.Damage, "5.snap", -1, 5, `key "d" is missing`}},
		},
		{
			name: "leavings of all kinds", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				s := b.Segments[1]
				s.Seal()
				b.Segment()
				b.Manifest.Active = 2
				b.Segments[0].Buf = append(b.Segments[0].Buf, 1)
			},
			after: func(b *recoverytest.Builder) {
				for _, name := range []string{"wal/.0000000000000003.wal1", "notes.txt", "snap/0000000000000009.snap", "quarantine/0000.x"} {
					b.WriteFile(name, []byte("x"))
				}
			},
			shallow: []wantFinding{
				{recovery.Note, ".0000000000000003.wal1", -1, 0, "temporary"},
				{recovery.Note, "notes.txt", -1, 0, "not a file"},
				{recovery.Note, "9.snap", -1, 9, "does not list"},
				{recovery.Note, seg(3), -1, 6, "rotation"},
			},
			deep: []wantFinding{
				{recovery.Note, ".0000000000000003.wal1", -1, 0, "temporary"},
				{recovery.Note, "notes.txt", -1, 0, "not a file"},
				{recovery.Note, "9.snap", -1, 9, "does not list"},
				{recovery.Note, seg(3), -1, 6, "rotation"},
				{recovery.Note, seg(1), 4248, 0, "behind the segment's declared end"},
			},
		},
		{
			name: "unlisted segments with frames, and too many of them", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Mark()
				b.Segment().Frame(synced, set("d", "d"))
				b.Segment()
				b.Manifest.Active = 3
			},
			shallow: []wantFinding{
				{recovery.Damage, seg(4), 4096, 4, "MANIFEST does not know"},
				{recovery.Damage, seg(5), -1, 0, "knows segments 1 to 3 only"},
			},
			deep: []wantFinding{
				{recovery.Damage, seg(4), 4096, 4, "MANIFEST does not know"},
				{recovery.Damage, seg(5), -1, 0, "knows segments 1 to 3 only"},
			},
		},
		{
			name: "a frame of another history between two segments", build: func(b *recoverytest.Builder) {
				three(b)
				b.Segments[2].Mark()
				b.Segments[1].Header.Prev.Link++
				b.Segments[1].Encode()
			},
			// Its own frames follow the link that it names no more.
			shallow: []wantFinding{
				{recovery.Damage, seg(2), 0, 2, "it follows frame"},
				{recovery.Damage, seg(2), 4096, 2, "follows another frame"},
			},
			deep: []wantFinding{
				{recovery.Damage, seg(2), 0, 2, "it follows frame"},
				{recovery.Damage, seg(2), 4096, 2, "follows another frame"},
			},
		},
		{
			name: "a newer program's frame", build: func(b *recoverytest.Builder) {
				b.Segment().Raw(1<<6, 1, body(set("b", "2")))
			},
			shallow: []wantFinding{{recovery.Newer, seg(1), -1, 0, "newer program"}},
			deep:    []wantFinding{{recovery.Newer, seg(1), -1, 0, "newer program"}},
		},
		{
			name: "a record that is none", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Raw(synced, 1, []byte{0xff})
				s.Frame(synced, set("b", "2"))
				s.Mark()
			},
			shallow: []wantFinding{{recovery.Damage, seg(1), 4096, 1, "cannot be decoded"}},
			deep:    []wantFinding{{recovery.Damage, seg(1), 4096, 1, "cannot be decoded"}},
		},
		{
			name: "MANIFEST is rotten", build: three,
			after:   func(b *recoverytest.Builder) { rot(b, dir+"/MANIFEST", 30) },
			shallow: []wantFinding{{recovery.Damage, "MANIFEST", 0, 0, "checksum"}},
			deep:    []wantFinding{{recovery.Damage, "MANIFEST", 0, 0, "checksum"}},
		},
		{
			name: "MANIFEST is missing", build: three,
			after: func(b *recoverytest.Builder) {
				if err := b.FS.Remove(dir + "/MANIFEST"); err != nil {
					b.TB.Fatal(err)
				}
			},
			shallow: []wantFinding{{recovery.Damage, "MANIFEST", -1, 1, "missing"}},
			deep:    []wantFinding{{recovery.Damage, "MANIFEST", -1, 1, "missing"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			b.Write()
			if c.after != nil {
				c.after(b)
			}
			wantFindings(t, verify(t, b.FS, false), c.shallow)
			wantFindings(t, verify(t, b.FS, true), c.deep)
		})
	}
}

func TestVerifyCounts(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Segments[1].Mark()
	b.Write()
	b.WriteFile("quarantine/0000000000000001.wal.x", []byte("12345"))
	f := verify(t, b.FS, true)
	if f.Snapshots != 2 || f.Segments != 2 || f.Frames != 6 || f.Records != 5 || f.FirstLSN != 1 || f.LastLSN != 5 ||
		f.QuarantineFiles != 1 || f.QuarantineBytes != 5 || f.Manifest == nil || f.Manifest.Store != b.Manifest.Store || f.Worst() != 0 {
		t.Fatalf("%+v", f)
	}
	if f := verify(t, b.FS, false); f.Segments != 1 || f.Records != 3 || f.FirstLSN != 3 {
		t.Fatalf("%+v", f)
	}
}

func TestVerifyOfWhatIsNoStore(t *testing.T) {
	fsys := memfs.New()
	recoverytest.WriteFile(t, fsys, dir+"/notes.txt", []byte("x"))
	if _, err := recovery.Verify(t.Context(), fsys, dir, recovery.VerifyOptions{}); !errors.Is(err, recovery.ErrNotAStore) {
		t.Fatal(err)
	}
}

func TestVerifyOfAnUnreadableDisk(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Write()
	for n := 0; ; n++ {
		hit := false
		faulty := &faultFS{FS: b.FS, fail: func(call int, _, _ string) error {
			if call == n {
				hit = true
				return syscall.EIO
			}
			return nil
		}}
		f, err := recovery.Verify(t.Context(), faulty, dir, recovery.VerifyOptions{Deep: true})
		if !hit {
			break
		}
		if !errors.Is(err, syscall.EIO) && (err != nil || f.Worst() == recovery.Damage) {
			t.Fatalf("call %d: %v, %+v", n, err, f)
		}
	}
}

func TestRecordsWalksTheLog(t *testing.T) {
	b := newBuilder(t)
	twoSnapshots(b)
	b.Segments[1].Mark()
	b.Write()
	walk := func(o recovery.RecordsOptions) (lsns []uint64, marks int, err error) {
		for r, e := range recovery.Records(t.Context(), b.FS, dir, o) {
			switch {
			case e != nil:
				err = e
			case r.Raw == nil:
				marks++
			default:
				var c record.Commit
				if _, e := record.DecodeInto(&c, r.Raw); e != nil || len(r.Commit.Mutations) != 1 {
					t.Fatal(e, r.Commit)
				}
				lsns = append(lsns, r.LSN)
			}
		}
		return lsns, marks, err
	}
	for _, c := range []struct {
		o     recovery.RecordsOptions
		want  []uint64
		marks int
	}{
		{recovery.RecordsOptions{}, []uint64{1, 2, 3, 4, 5}, 2},
		{recovery.RecordsOptions{From: 2}, []uint64{2, 3, 4, 5}, 2},
		{recovery.RecordsOptions{From: 4}, []uint64{4, 5}, 1},
		{recovery.RecordsOptions{From: 2, To: 3}, []uint64{2, 3}, 1},
		{recovery.RecordsOptions{To: 1}, []uint64{1}, 0},
		{recovery.RecordsOptions{From: 6}, nil, 1},
		{recovery.RecordsOptions{From: 7}, nil, 0},
	} {
		lsns, marks, err := walk(c.o)
		if err != nil || !equal(lsns, c.want) || marks != c.marks {
			t.Fatalf("%+v: %v, %d marks, %v", c.o, lsns, marks, err)
		}
	}
	// A consumer may stop anywhere.
	for range recovery.Records(t.Context(), b.FS, dir, recovery.RecordsOptions{}) {
		break
	}

	s := b.Segments[1]
	f := s.Frame(synced, set("e", "6"))
	s.Flip(f.Offset + 46)
	b.Write()
	lsns, _, err := walk(recovery.RecordsOptions{})
	var torn *recovery.TornError
	if !errors.As(err, &torn) || torn.Offset != f.Offset || torn.LSN != 6 || torn.Records != 1 || len(lsns) != 5 {
		t.Fatal(lsns, err)
	}

	g := b.Segments[0].Frames[1]
	b.Segments[0].Flip(g.Offset + 46)
	b.Write()
	lsns, _, err = walk(recovery.RecordsOptions{})
	wantCorruption(t, err, b.SegmentPath(b.Segments[0]), g.Offset, 2, "")
	if !equal(lsns, []uint64{1}) {
		t.Fatal(lsns)
	}
}

func equal(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// What nothing proves durable yet is told apart from what is: by a frame behind
// it, by a later segment, by a snapshot.
func TestVerifyTellsWhatIsUnproven(t *testing.T) {
	unproven := func(build func(b *recoverytest.Builder)) uint64 {
		b := newBuilder(t)
		build(b)
		b.Write()
		f := verify(t, b.FS, false)
		if f.Unproven == nil {
			return 0
		}
		return f.Unproven.LSN
	}
	two := func(b *recoverytest.Builder) *recoverytest.Segment {
		s := b.Segment()
		s.Frame(synced, set("a", "1"))
		s.Frame(synced, set("b", "2"))
		return s
	}
	for name, c := range map[string]struct {
		build func(b *recoverytest.Builder)
		want  uint64
	}{
		"the last frame":         {func(b *recoverytest.Builder) { two(b) }, 2},
		"several, of a lazy log": {func(b *recoverytest.Builder) { two(b); b.Segments[0].Frame(0, set("c", "3")) }, 2},
		"a MARK behind it":       {func(b *recoverytest.Builder) { two(b).Mark() }, 0},
		"a segment behind it":    {func(b *recoverytest.Builder) { two(b); b.Segment() }, 0},
		"a snapshot that goes so far": {func(b *recoverytest.Builder) {
			two(b)
			b.Snapshot(2, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2))
		}, 0},
		"a snapshot of the one before": {func(b *recoverytest.Builder) { two(b); b.Snapshot(1, recoverytest.Entry("a", "1", 1)) }, 2},
		"nothing":                      {func(b *recoverytest.Builder) { b.Segment() }, 0},
	} {
		if got := unproven(c.build); got != c.want {
			t.Errorf("%s: unproven from LSN %d on, want %d", name, got, c.want)
		}
	}
}
