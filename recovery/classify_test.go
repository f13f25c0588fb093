package recovery_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

const synced = wal.FlagSynced

// last is where X is expected, and how the rest of a case is asserted.
type last struct {
	file    string // segment 1 when empty
	at      int64
	lsn     uint64
	bytes   int64 // of the cut
	records int64 // in its frame
	reason  string
}

// Every row of the classifier's table: what lies at the end of the log, what
// comes back, and the verdict.
func TestTearOrDamage(t *testing.T) {
	type place = last
	for _, c := range []struct {
		name  string
		build func(b *recoverytest.Builder) place
		// Exactly one of the three: the log ends there cleanly; the rest is cut;
		// open refuses.
		clean, torn, damage bool
		want                keys
	}{
		{
			name: "rule 1: rot in an older segment", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				s.Seal()
				b.Segment().Frame(synced, set("c", "3"))
				s.Flip(f.Offset + 50)
				return place{at: f.Offset, lsn: 2, reason: "the next segment says"}
			},
		},
		{
			name: "rule 1: an older segment ends at a frame's boundary, too early", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				b.Segment().Frame(synced, set("c", "3"))
				s.Buf = s.Buf[:f.Offset]
				return place{at: f.Offset, lsn: 2, reason: "the next segment says"}
			},
		},
		{
			name: "rule 1: zeros at the end of an older segment", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				b.Segment()
				s.Zero(f.Offset, f.End-f.Offset)
				return place{at: f.Offset, lsn: 2, reason: "the next segment says"}
			},
		},
		{
			name: "rule 2: zeros where a snapshot says there was more", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				b.Snapshot(2, entry("a", "1", 1), entry("b", "2", 2))
				s.Zero(f.Offset, f.End-f.Offset)
				return place{at: f.Offset, lsn: 2, reason: "a snapshot proves"}
			},
		},
		{
			name: "rule 2: a tear before a snapshot's end", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				b.Snapshot(2, entry("a", "1", 1), entry("b", "2", 2))
				s.Flip(f.End - 9)
				return place{at: f.Offset, lsn: 2, reason: "a snapshot proves"}
			},
		},
		{
			name: "rule 2: the snapshot that proves it has rotted", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				b.Snapshot(1, entry("a", "1", 1))
				s.Frame(synced, set("b", "2"))
				f := s.Frame(synced, set("c", "3"))
				b.Snapshot(3, entry("a", "1", 1), entry("b", "2", 2), entry("c", "3", 3))
				rotBlock(b, 3)
				s.Flip(f.End - 9)
				return place{at: f.Offset, lsn: 3, reason: "a snapshot proves"}
			},
		},
		{
			name: "rule 2: bytes behind a SEAL", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				end := s.Seal().End
				s.Buf = append(s.Buf, 0, 0, 0, 0, 0, 0, 0, 0, 1)
				return place{at: end, lsn: 2, reason: "behind the segment's last frame"}
			},
		},
		{
			name: "rule 3: nothing behind the last frame", clean: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				return place{at: b.Segment().Frame(synced, set("a", "1")).End}
			},
		},
		{
			name: "rule 3: zeros behind the last frame", clean: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				f := s.Frame(synced, set("a", "1"))
				s.Fill(3<<20 + 5)
				return place{at: f.End}
			},
		},
		{
			name: "rule 3: a few zeros, less than a header", clean: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				f := s.Frame(synced, set("a", "1"))
				s.Fill(13)
				return place{at: f.End}
			},
		},
		{
			name: "rule 3: a segment without a frame", clean: true, want: keys{},
			build: func(b *recoverytest.Builder) place {
				b.Segment()
				return place{at: wal.HeaderBlock}
			},
		},
		{
			name: "rule 3: zeros behind a SEAL", clean: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Seal()
				s.Fill(4096)
				return place{at: f.End}
			},
		},
		{
			name: "rule 4: rot in a body, a SYNCED frame behind it", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				s.Frame(synced, set("c", "3"))
				s.Flip(f.Offset + 45)
				return place{at: f.Offset, lsn: 2, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: a header gone, a SYNCED frame behind it", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				s.Frame(synced, set("c", "3"))
				s.Zero(f.Offset, wal.FrameHeaderSize)
				return place{at: f.Offset, lsn: 2, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: a whole frame gone, a MARK behind it", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				s.Mark()
				s.Zero(f.Offset, f.End-f.Offset)
				return place{at: f.Offset, lsn: 2, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: the proof is not the next frame, and lies across a megabyte", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Header.Reach = 8 << 20
				s.Encode()
				f := s.Frame(0, set("a", "1"))
				s.Frame(0, set("big", strings.Repeat("x", 3<<20/2)))
				s.Frame(synced, set("c", strings.Repeat("y", 2<<20)))
				s.Flip(f.Offset)
				return place{at: f.Offset, lsn: 1, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: the proof is a header, its own body is torn", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				g := s.Frame(synced, set("c", strings.Repeat("3", 900)))
				s.Flip(f.Offset + 45)
				s.Zero(g.Offset+512, 100)
				return place{at: f.Offset, lsn: 2, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: the proof stands behind a mere copy of an earlier header", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("big", strings.Repeat("1", 5000)))
				header := slices.Clone(s.Buf[wal.HeaderBlock:][:wal.FrameHeaderSize])
				f := s.Frame(synced, aligned(s, header))
				s.Mark()
				s.Zero(f.Offset, 16)
				return place{at: f.Offset, lsn: 2, reason: "proves that this was durable"}
			},
		},
		{
			name: "rule 4: a valid header at X that continues another frame", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				f := s.Frame(synced, set("a", "1"))
				at := s.End()
				s.Buf = wal.AppendFrame(s.Buf, s.Header.Salt, 12345, f.FirstLSN+1, 1, 0, body(set("b", "2")))
				return place{at: at, lsn: 2, reason: "never written here"}
			},
		},
		{
			name: "rule 4: a frame of an earlier time at X", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				f := s.Frame(synced, set("a", "1"))
				s.Frame(synced, set("b", "2"))
				at := s.End()
				s.Buf = append(s.Buf, s.Buf[f.Offset:f.End]...)
				return place{at: at, lsn: 3, reason: "never written here"}
			},
		},
		{
			name: "rule 5: bytes behind the reach", damage: true,
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				at := s.Frame(synced, set("a", "1")).End
				s.Fill(recoverytest.Reach)
				s.Buf = append(s.Buf, 1)
				return place{at: at, lsn: 2, reason: "never more than"}
			},
		},
		{
			name: "rule 6: bytes up to the reach", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				at := s.Frame(synced, set("a", "1")).End
				s.Fill(recoverytest.Reach - 1)
				s.Buf = append(s.Buf, 1)
				s.Fill(4096)
				return place{at: at, lsn: 2, bytes: recoverytest.Reach, records: -1}
			},
		},
		{
			name: "rule 6: half a body", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"), set("c", "3"))
				s.Buf = s.Buf[:f.Offset+50]
				return place{at: f.Offset, lsn: 2, bytes: 50, records: 2}
			},
		},
		{
			name: "rule 6: half a header", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"))
				s.Buf = s.Buf[:f.Offset+7]
				return place{at: f.Offset, lsn: 2, bytes: 5, records: -1} // the length's zeros do not count
			},
		},
		{
			name: "rule 6: the first frame of all", torn: true, want: keys{},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				f := s.Frame(synced, set("b", "2"))
				s.Flip(f.Offset + 44)
				return place{at: f.Offset, lsn: 1, bytes: lastByte(s, f) - f.Offset, records: 1}
			},
		},
		{
			name: "rule 6: one sector of many did not arrive", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", strings.Repeat("v", 2000)), set("c", "3"))
				s.Zero(f.Offset+512, 512)
				s.Fill(9000)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, f) - f.Offset, records: 2}
			},
		},
		{
			name: "rule 6: the sector with the header did not arrive, the records did", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("b", "2"), set("c", "3"))
				s.Zero(f.Offset, wal.FrameHeaderSize)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, f) - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: the length says more than the file holds", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				at := s.End()
				s.Buf = wal.AppendFrame(s.Buf, s.Header.Salt, 0, 2, 1, 0, body(set("b", "2")))
				s.Buf[at+7] = 0x7f // 2 GiB: the header's checksum is judged before the length is
				s.Buf[s.End()-1] = 1
				return place{at: at, lsn: 2, bytes: s.End() - at, records: -1}
			},
		},
		{
			name: "rule 6: padding that is not zeros", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, set("bbb", "2"))
				s.Buf[f.End-1] = 7
				return place{at: f.Offset, lsn: 2, bytes: f.End - f.Offset, records: 1}
			},
		},
		{
			name: "rule 6: frames behind X that say nothing of what is before them", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(0, set("b", "2"))
				s.Frame(0, set("c", "3"))
				g := s.Frame(0, set("d", "4"))
				s.Flip(f.Offset + 45)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, g) - f.Offset, records: 1}
			},
		},
		{
			name: "rule 6: a value holds a later frame, inside a torn frame", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				fake := wal.AppendFrame(nil, s.Header.Salt, 1, 99, 1, synced, body(set("x", "y")))
				f := s.Frame(synced, aligned(s, fake), set("z", "z"))
				s.Flip(lastByte(s, f) - 1)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, f) - f.Offset, records: 2}
			},
		},
		{
			name: "rule 6: a value holds earlier frames of this log, and the header around it is gone", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				own := s.Frame(synced, set("a", "1"))
				f := s.Frame(synced, aligned(s, slices.Clone(s.Buf[own.Offset:own.End])))
				s.Zero(f.Offset, wal.FrameHeaderSize)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, f) - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: a value holds a frame of another segment", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				fake := wal.AppendFrame(nil, s.Header.Salt+1, 1, 99, 1, synced, body(set("x", "y")))
				f := s.Frame(synced, aligned(s, fake))
				s.Zero(f.Offset, wal.FrameHeaderSize)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, f) - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: a lazily written frame, itself torn, holds a later SYNCED one", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(0, set("b", "2"))
				fake := wal.AppendFrame(nil, s.Header.Salt, 1, 99, 1, synced, body(set("x", "y")))
				g := s.Frame(0, aligned(s, fake), set("c", "3"))
				s.Flip(f.Offset)
				s.Flip(lastByte(s, g) - 1)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, g) - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: a lazily written frame holds a later SYNCED one, and the frame before it is torn", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Frame(0, set("b", "2"))
				fake := wal.AppendFrame(nil, s.Header.Salt, 1, 99, 1, synced, body(set("x", "y")))
				g := s.Frame(0, aligned(s, fake))
				s.Flip(f.Offset)
				return place{at: f.Offset, lsn: 2, bytes: lastByte(s, g) - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: rot in a MARK", torn: true, want: keys{"a": "1"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				f := s.Mark()
				s.Flip(f.Offset + 10)
				return place{at: f.Offset, lsn: 2, bytes: f.End - f.Offset, records: -1}
			},
		},
		{
			name: "rule 6: the last of three segments", torn: true, want: keys{"a": "1", "b": "2"},
			build: func(b *recoverytest.Builder) place {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				s.Seal()
				b.Segment().Frame(synced, set("b", "2"))
				s = b.Segment()
				f := s.Frame(synced, set("c", "3"))
				s.Flip(f.Offset + 1)
				return place{file: b.SegmentPath(s), at: f.Offset, lsn: 3, bytes: lastByte(s, f) - f.Offset, records: -1}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			p := c.build(b)
			b.Write()
			if p.file == "" {
				p.file = b.SegmentPath(b.Segments[0])
			}
			before := image(t, b.FS, dir)
			s, got, err := tryOpen(b.FS)
			if c.damage {
				wantCorruption(t, err, p.file, p.at, p.lsn, p.reason)
				wantImage(t, b.FS, before)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantKeys(t, got, c.want)
			if s.Tail.Offset != p.at {
				t.Errorf("the log ends at %d, want %d", s.Tail.Offset, p.at)
			}
			next := uint64(len(got.LSNs)) + 1
			if c.clean {
				if s.Report.Cut != nil {
					t.Fatalf("cut: %+v", s.Report.Cut)
				}
				if s.NextLSN != next {
					t.Fatalf("next LSN %d, want %d", s.NextLSN, next)
				}
			} else {
				wantCut(t, b, s, p, before)
				if s.NextLSN != next+1<<20 {
					t.Fatalf("next LSN %d, want %d", s.NextLSN, next+1<<20)
				}
			}
			wantUsable(t, b.FS, s, c.want)
		})
	}
}

// wantCut checks the report of a torn tail, the copy in quarantine, and that the
// segment ends where the log does.
func wantCut(t *testing.T, b *recoverytest.Builder, s *recovery.Store, p last, before map[string]string) {
	t.Helper()
	cut := s.Report.Cut
	if cut == nil {
		t.Fatal("nothing was cut")
	}
	if !cut.Done || cut.File != p.file || cut.Offset != p.at || cut.LSN != p.lsn || cut.Bytes != p.bytes || cut.Records != p.records {
		t.Fatalf("cut %+v, want %+v", *cut, p)
	}
	kept := recoverytest.ReadFile(t, b.FS, cut.Quarantine)
	if string(kept) != before[p.file][p.at:p.at+p.bytes] {
		t.Fatalf("quarantine holds %d other bytes than were cut", len(kept))
	}
	if size := len(recoverytest.ReadFile(t, b.FS, p.file)); int64(size) != p.at {
		t.Fatalf("the segment has %d bytes, want %d", size, p.at)
	}
	if !slices.Contains(s.Report.Quarantined, cut.Quarantine) {
		t.Fatalf("%s is not among %v", cut.Quarantine, s.Report.Quarantined)
	}
}

func body(c record.Commit) []byte { return record.AppendCommit(nil, &c) }

// aligned is a commit that sets a key to content, so that the content begins at
// an aligned offset of the file when the commit is the first of the next frame.
func aligned(s *recoverytest.Segment, content []byte) record.Commit {
	for pad := range 8 {
		c := set(strings.Repeat("p", 1+pad), string(content))
		at := strings.Index(string(body(c)), string(content))
		if (s.End()+wal.FrameHeaderSize+int64(at))%wal.Alignment == 0 {
			return c
		}
	}
	panic("no padding aligns it")
}

// lastByte is the offset behind a frame's last byte that is not zero.
func lastByte(s *recoverytest.Segment, f recoverytest.Frame) int64 {
	end := f.End
	for s.Buf[end-1] == 0 {
		end--
	}
	return end
}

// rot inverts a byte of a file.
func rot(b *recoverytest.Builder, name string, off int64) {
	content := recoverytest.ReadFile(b.TB, b.FS, name)
	content[off] ^= 0xff
	recoverytest.WriteFile(b.TB, b.FS, name, content)
}

// A frame or a record of a newer program is refused, in whatever place, and
// never cut off.
func TestNewerFormatIsRefusedNotCut(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(s *recoverytest.Segment)
	}{
		{"a flag", func(s *recoverytest.Segment) { s.Raw(1<<6, 1, body(set("b", "2"))) }},
		{"a record kind", func(s *recoverytest.Segment) { s.Raw(synced, 1, []byte{0x82, 0x02, 0x80}) }},
		{"an op", func(s *recoverytest.Segment) {
			s.Raw(synced, 1, []byte{0x82, 0x01, 0x81, 0x84, 0x09, 0x60, 0x41, 'k', 0x41, 'v'})
		}},
		{"a flag, behind a tear", func(s *recoverytest.Segment) {
			f := s.Frame(0, set("b", "2"))
			s.Raw(1<<6, 1, body(set("b", "2")))
			s.Flip(f.Offset)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			c.build(s)
			b.Write()
			before := image(t, b.FS, dir)
			_, _, err := tryOpen(b.FS)
			var version *recovery.VersionError
			if !errors.As(err, &version) || version.File != b.SegmentPath(s) {
				t.Fatalf("want a *VersionError of the segment, got %v", err)
			}
			wantImage(t, b.FS, before)
		})
	}
}

// A record that a valid checksum covers and that is no record is damage: a torn
// frame has no valid checksum.
func TestMalformedRecordIsDamage(t *testing.T) {
	for _, c := range []struct {
		name  string
		count uint32
		body  []byte
	}{
		{"garbage", 1, []byte{0xff, 0xff}},
		{"more records than said", 1, append(body(set("b", "2")), body(set("c", "3"))...)},
		{"fewer records than said", 2, body(set("b", "2"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			f := s.Raw(synced, c.count, c.body)
			b.Write()
			_, _, err := tryOpen(b.FS)
			var got *recovery.CorruptionError
			if !errors.As(err, &got) || got.File != b.SegmentPath(s) || got.Offset != f.Offset {
				t.Fatalf("want damage at %d, got %v", f.Offset, err)
			}
		})
	}
}

// rotBlock inverts a byte in the last entry of a snapshot, which is in the last
// of its blocks.
func rotBlock(b *recoverytest.Builder, lsn uint64) {
	b.TB.Helper()
	name := b.SnapshotPath(lsn)
	r, err := snapshot.Open(b.FS, name, snapshot.ReaderOptions{})
	if err != nil {
		b.TB.Fatal(err)
	}
	defer r.Close()
	last := r.Block(r.Blocks() - 1)
	rot(b, name, last.Offset+int64(last.Stored)-1)
}
