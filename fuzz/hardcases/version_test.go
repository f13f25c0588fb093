package hardcases_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// The checksum holds, and what it covers is unknown: a newer program wrote it. It
// is refused, named, and left alone, even at the very end of the log, where it
// looks like what a crash leaves. An engine that cuts there makes every
// downgrade a loss of data.
//
// Guards: the checks of version, flags and reserved bytes of a frame and of a
// segment, of MANIFEST's and a snapshot's version, of a record's kind and ops;
// and that recovery takes none of them for a tear or for rot.
func TestHardCase19_NewerFormat(t *testing.T) {
	// patched gives the last frame another byte, and a checksum that holds.
	patched := func(off int, to byte) func(*recoverytest.Builder, *recoverytest.Segment) {
		return func(b *recoverytest.Builder, s *recoverytest.Segment) {
			f := s.Frame(wal.FlagSynced, set("new", "1"))
			s.Buf[f.Offset+int64(off)] = to
			resign(s.Buf[f.Offset:f.End], s.Header.Salt)
		}
	}
	// body is a last frame with a record of these elements.
	body := func(record ...any) func(*recoverytest.Builder, *recoverytest.Segment) {
		return func(b *recoverytest.Builder, s *recoverytest.Segment) {
			raw, err := cbor.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			s.Raw(wal.FlagSynced, 1, raw)
		}
	}
	for _, c := range []struct {
		name  string
		build func(*recoverytest.Builder, *recoverytest.Segment)
		what  string
	}{
		{"a frame's version", patched(20, 2), "frame version 2"},
		{"a frame's flag", patched(21, wal.FlagSynced|0x80), "frame flags 129"},
		{"a frame's reserved bytes", patched(22, 7), "frame field 7"},
		{"a record's kind", body(9, "whatever"), "record kind 9"},
		{"a mutation's op", body(1, []any{[]any{9, "", []byte("k")}}), "record op 9"},
		{"a known op with more behind it", body(1, []any{[]any{2, "", []byte("k"), "why"}}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, last := range []bool{true, false} {
				b := recoverytest.New(t, newDisk(), dir)
				s := b.Segment()
				s.Frame(wal.FlagSynced, set("a", "1"))
				at := s.End()
				c.build(b, s)
				if !last {
					s.Frame(wal.FlagSynced, set("b", "2"))
				}
				b.Write()
				for name, change := range map[string]option{"": asIs, "read-only": readOnly} {
					if last && name == "read-only" && !strings.HasPrefix(c.what, "frame") {
						// Nothing proves the frame yet: a reader does not look
						// into it, and shows what is before it.
						db := open(t, b.FS, change)
						wantKeys(t, db, keys{"a": "1"})
						if r := db.RecoveryReport(); r.Unproven != 1 {
							t.Errorf("%d unproven frames", r.Unproven)
						}
						continue
					}
					err := refused(t, b.FS, change)
					if c.what == "" {
						// More than the table of ops allows is not of a newer
						// program: the table says how long each op is.
						wantDamage(t, err, damage{seg(1), at, 2, "checksum holds"})
						continue
					}
					wantNewer(t, err, seg(1), c.what)
				}
			}
		})
	}

	// Nobody may cut it off with a tear before it, either.
	t.Run("a newer frame behind a tear", func(t *testing.T) {
		b := recoverytest.New(t, newDisk(), dir)
		s := b.Segment()
		s.Frame(wal.FlagSynced, set("a", "1"))
		f := s.Frame(0, set("b", "2"))
		patched(20, 2)(b, s)
		s.Zero(f.Offset, wal.FrameHeaderSize)
		b.Write()
		wantNewer(t, refused(t, b.FS), seg(1), "frame version 2")
	})

	segment := func(edit func(m map[int]any)) func(*testing.T) vfs.FS {
		return func(t *testing.T) vfs.FS {
			fsys := history(t, "1")
			block := read(t, fsys, seg(1))[:wal.HeaderBlock]
			m := map[int]any{}
			if err := cbor.Unmarshal(block[16:16+le32(block[8:])], &m); err != nil {
				t.Fatal(err)
			}
			edit(m)
			raw := canonical(t, m)
			clear(block[8:])
			binary.LittleEndian.PutUint32(block[8:], uint32(len(raw)))
			copy(block[16:], raw)
			binary.LittleEndian.PutUint32(block[12:], castagnoli(block[8:12], raw))
			poke(t, fsys, seg(1), 0, block)
			return fsys
		}
	}
	root := func(version uint32, edit func(m map[int]any)) func(*testing.T) vfs.FS {
		return func(t *testing.T) vfs.FS {
			fsys := history(t, "1")
			b := read(t, fsys, manifest)
			m := map[int]any{}
			if err := cbor.Unmarshal(b[20:], &m); err != nil {
				t.Fatal(err)
			}
			edit(m)
			raw := canonical(t, m)
			b = append(b[:20:20], raw...)
			binary.LittleEndian.PutUint32(b[8:], version)
			binary.LittleEndian.PutUint32(b[12:], uint32(len(raw)))
			binary.LittleEndian.PutUint32(b[16:], castagnoli(b[8:16], raw))
			place(t, fsys, manifest, b)
			return fsys
		}
	}
	for _, c := range []struct {
		name  string
		build func(*testing.T) vfs.FS
		file  string
		what  string
	}{
		{"a segment's version", segment(func(m map[int]any) { m[1] = 2; m[77] = "new" }), seg(1), "segment version 2"},
		{"a segment's flag", segment(func(m map[int]any) { m[2] = 4 }), seg(1), "segment flags 4"},
		{"a segment's alignment", segment(func(m map[int]any) { m[7] = 512 }), seg(1), "frame alignment 512"},
		{"MANIFEST's version", root(2, func(map[int]any) {}), manifest, "version 2"},
		{"a field of MANIFEST", root(1, func(m map[int]any) { m[99] = 1 }), manifest, "a field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := c.build(t)
			wantNewer(t, refused(t, fsys), c.file, c.what)
			wantNewer(t, refused(t, fsys, readOnly), c.file, c.what)
		})
	}

	// A newer snapshot is not a rotten one: to fall back on an older one would
	// hide it, and the next compaction would drop it.
	t.Run("a snapshot's version", func(t *testing.T) {
		fsys, _, _, newer := compacted(t, 2)
		b := read(t, fsys, snap(newer))
		n := le32(b[8:])
		m := map[int]any{}
		if err := cbor.Unmarshal(b[16:16+n], &m); err != nil {
			t.Fatal(err)
		}
		m[1] = 2
		raw := canonical(t, m)
		if len(raw) != int(n) {
			t.Fatalf("the header has %d bytes, had %d", len(raw), n)
		}
		copy(b[16:], raw)
		binary.LittleEndian.PutUint32(b[12:], castagnoli(b[8:12], raw))
		poke(t, fsys, snap(newer), 0, b)
		wantNewer(t, refused(t, fsys), snap(newer), "snapshot format 2")
	})

	t.Run("a snapshot's codec", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys, func(o *engine.Options) { o.SnapshotCodec = reverse{} })
		put(t, db, "a", "1")
		compact(t, db)
		closeDB(t, db)
		var unknown *snapshot.UnknownCodecError
		if err := refused(t, fsys); !errors.As(err, &unknown) {
			t.Fatalf("got %v", err)
		}
		db = open(t, fsys, func(o *engine.Options) { o.Codecs = []snapshot.Codec{reverse{}} })
		wantKeys(t, db, keys{"a": "1"})
	})
}

// wantNewer checks that err is a *VersionError that names the file and the thing,
// and that it passes for nothing else.
func wantNewer(t *testing.T, err error, file, what string) {
	t.Helper()
	var newer *engine.VersionError
	var damage *engine.CorruptionError
	if !errors.As(err, &newer) || errors.As(err, &damage) {
		t.Fatalf("got %v, want a *VersionError", err)
	}
	if newer.File != file || !strings.Contains(newer.What, what) {
		t.Fatalf("got %s: %q, want %s: %q", newer.File, newer.What, file, what)
	}
}

// canonical is the one encoding of a map.
func canonical(t *testing.T, m map[int]any) []byte {
	t.Helper()
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reverse is a codec that nobody else has. It compresses by a byte.
type reverse struct{}

func (reverse) ID() uint8    { return 200 }
func (reverse) Name() string { return "reverse" }

func (reverse) Compress(dst, src []byte) []byte {
	for i := len(src) - 1; i > 0; i-- { // the first byte of a block is an array's
		dst = append(dst, src[i])
	}
	return dst
}

func (reverse) Decompress(dst, src []byte, _ int) ([]byte, error) {
	dst = append(dst, 0x84)
	for i := len(src) - 1; i >= 0; i-- {
		dst = append(dst, src[i])
	}
	return dst, nil
}
