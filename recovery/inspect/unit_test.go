package inspect_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func units(tb testing.TB, s *inspect.Store, name string, from int64) (all []*inspect.Unit) {
	tb.Helper()
	for u, err := range s.Units(context.Background(), name, from) {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// lines are a unit's fields as text.
func lines(u *inspect.Unit) (out []string) {
	for f := range u.Fields() {
		line := fmt.Sprintf("%s%d+%d %s: %s", strings.Repeat("  ", f.Depth), f.Offset, f.Size, f.Name, f.Value)
		if f.Bad {
			line += fmt.Sprintf(" BAD, expected %s", f.Expected)
		}
		out = append(out, line)
	}
	return out
}

func TestAFrameIsTakenApart(t *testing.T) {
	b := recoverytest.New(t, memfs.New(), dir)
	s := b.Segment()
	s.Frame(wal.FlagSynced, record.Commit{Time: 1_700_000_000_000, Mutations: []record.Mutation{
		{Op: record.OpSet, Bucket: "users", Key: []byte("ann"), Value: []byte("7"), Deadline: 2_000_000_000_000},
		{Op: record.OpDeleteRange, Key: []byte("x")},
	}})
	s.Seal()
	b.Write()
	u, err := open(t, b).UnitAt(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := lines(u)
	for i, l := range got { // checksums and links change with nothing but the format
		if strings.Contains(l, "CRC") {
			got[i] = l[:strings.LastIndex(l, " ")]
		}
	}
	expect(t, got,
		`4096+4 magic: "KVFR"`,
		`4100+4 body length: 43`,
		`4104+8 first LSN: 1`,
		`4112+4 count: 1`,
		`4116+1 version: 1`,
		`4117+1 flags: SYNCED`,
		`4118+2 zero: zeros`,
		`4120+8 previous link: 0000000000000000`,
		`4128+4 body CRC:`,
		`4132+4 header CRC:`,
		`4136+1 record LSN 1: array of 3`,
		`  4137+1 kind: 1, commit`,
		`  4138+1 operations: array of 2`,
		`    4139+1 operation 1: array of 5`,
		`      4140+1 op: 1, set`,
		`      4141+6 bucket: "users"`,
		`      4147+4 key: "ann"`,
		`      4151+2 value: "7"`,
		`      4153+9 deadline: 2033-05-18T03:33:20.000Z`,
		`    4162+1 operation 2: array of 4`,
		`      4163+1 op: 3, delete-range`,
		`      4164+1 bucket: ""`,
		`      4165+2 from: "x"`,
		`      4167+1 to: null`,
		`  4168+1 meta: map of 1`,
		`    4169+10 time: 2023-11-14T22:13:20.000Z`,
		`4179+5 padding: zeros`,
	)
}

func TestADamagedFieldIsNamed(t *testing.T) {
	for _, c := range []struct {
		off  int64 // in the frame of LSN 6
		want string
	}{
		{0, "magic"}, {4, "header CRC"}, {24, "header CRC"}, {36, "header CRC"}, {44, "body CRC"}, {55, "padding"},
	} {
		b := small(t)
		b.Segments[1].Flip(4160 + c.off)
		b.Write()
		u, err := open(t, b).UnitAt(context.Background(), 6)
		if err != nil {
			t.Fatal(err)
		}
		if u.Verdict.Check != c.want || !u.Bad() {
			t.Errorf("byte %d: %+v", c.off, u.Verdict)
		}
		bad := false
		for f := range u.Fields() {
			bad = bad || f.Bad && f.Name == c.want
		}
		if !bad {
			t.Errorf("byte %d: %q is not marked\n%s", c.off, c.want, strings.Join(lines(u), "\n"))
		}
	}
}

// Whatever is done to a file, its units cover it, and the fields of each unit
// cover the unit, in order.
func TestFieldsCoverEveryByteOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := small(t)
		b.Segments[1].Fill(300)
		var entries []record.Entry
		for i := range 30 {
			entries = append(entries, recoverytest.Entry(fmt.Sprintf("key%02d", i), strings.Repeat("v", i), 3))
		}
		ref := b.Snapshot(3, entries...)
		b.Write()
		name := rapid.SampledFrom([]string{
			"MANIFEST", "wal/" + wal.SegmentName(1), "wal/" + wal.SegmentName(2), "snap/" + snapshot.Name(3),
		}).Draw(rt, "file")
		content := recoverytest.ReadFile(t, b.FS, vfs.Join(dir, name))
		for range rapid.IntRange(0, 3).Draw(rt, "wounds") {
			if len(content) == 0 {
				break
			}
			off := rapid.IntRange(0, len(content)-1).Draw(rt, "offset")
			switch rapid.IntRange(0, 2).Draw(rt, "how") {
			case 0:
				content[off] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
			case 1:
				clear(content[off:min(len(content), off+50)])
			default:
				content = content[:off]
			}
		}
		b.WriteFile(name, content)
		_ = ref
		at := int64(0)
		for _, u := range units(t, open(t, b), name, 0) {
			if u.Offset != at {
				rt.Fatalf("%s %q at %d, expected %d", name, u.What, u.Offset, at)
			}
			in := u.Offset
			for f := range u.Fields() {
				if f.Offset != in || f.Size < 0 {
					rt.Fatalf("%s: %q: field %q at %d, expected %d\n%s", name, u.What, f.Name, f.Offset, in, strings.Join(lines(u), "\n"))
				}
				in += f.Size
			}
			if in != u.Offset+int64(len(u.Bytes)) {
				rt.Fatalf("%s: %q: fields end at %d, the bytes at %d\n%s", name, u.What, in, u.Offset+int64(len(u.Bytes)), strings.Join(lines(u), "\n"))
			}
			at = u.Offset + u.Size
		}
		if at != int64(len(content)) {
			rt.Fatalf("%s: units end at %d, the file at %d", name, at, len(content))
		}
	})
}

func TestAFileWithoutAStoreIsTakenApartToo(t *testing.T) {
	b := small(t)
	b.Write()
	content := recoverytest.ReadFile(t, b.FS, b.SegmentPath(b.Segments[1]))
	recoverytest.WriteFile(t, b.FS, "elsewhere/x.bin", content)
	s, err := inspect.FileOf(b.FS, "elsewhere/x.bin", inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := units(t, s, "elsewhere/x.bin", 0)
	if len(all) != 5 || all[1].What != "frame" || all[4].What != "mark" {
		t.Errorf("%d units", len(all))
	}
	recoverytest.WriteFile(t, b.FS, "elsewhere/y", []byte("hello"))
	if all := units(t, s, "elsewhere/y", 2); len(all) != 1 || all[0].What != "bytes" {
		t.Errorf("%+v", all)
	}
	if _, err := inspect.Open(b.FS, "elsewhere", inspect.Options{}); err == nil {
		t.Error("a directory of something else was opened")
	}
	_ = recovery.ManifestName
}
