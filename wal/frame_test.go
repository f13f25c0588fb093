package wal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal"
)

type frameFields struct {
	salt, prev, first uint64
	flags             uint8
	records           [][]byte
}

func drawFrame(t *rapid.T) frameFields {
	f := frameFields{
		salt: rapid.Uint64().Draw(t, "salt"), prev: rapid.Uint64().Draw(t, "prev"),
		first: rapid.Uint64Range(1, 1<<62).Draw(t, "first"),
		flags: rapid.SampledFrom([]uint8{0, wal.FlagSynced}).Draw(t, "flags"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "count") {
		f.records = append(f.records, drawRecord(t, "record"))
	}
	if len(f.records) == 0 {
		f.flags |= rapid.SampledFrom([]uint8{wal.FlagMark, wal.FlagSeal}).Draw(t, "empty")
	}
	return f
}

func (f frameFields) append(dst []byte) []byte {
	return wal.AppendFrame(dst, f.salt, f.prev, f.first, uint32(len(f.records)), f.flags, bytes.Join(f.records, nil))
}

func TestFrameRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		prefix := make([]byte, rapid.IntRange(0, 20).Draw(t, "prefix"))
		b := f.append(prefix)[len(prefix):]
		h, err := wal.DecodeFrameHeader(b, f.salt)
		if err != nil {
			t.Fatal(err)
		}
		if h.Size() != int64(len(b)) || h.Size()%wal.Alignment != 0 {
			t.Fatalf("%d bytes, Size %d", len(b), h.Size())
		}
		if h.FirstLSN != f.first || h.NextLSN() != f.first+uint64(len(f.records)) || h.PrevLink != f.prev || h.Flags != f.flags {
			t.Fatalf("%+v from %+v", h, f)
		}
		if err := h.CheckBody(b[wal.FrameHeaderSize:]); err != nil {
			t.Fatal(err)
		}
		got, ok := records(b[wal.FrameHeaderSize:][:h.BodyLen])
		if !ok || len(got) != len(f.records) {
			t.Fatalf("records %x from %x", got, f.records)
		}
		for i := range got {
			if !bytes.Equal(got[i], f.records[i]) {
				t.Fatalf("record %d: %x, want %x", i, got[i], f.records[i])
			}
		}
	})
}

// No bit of a frame can flip unseen, in its padding neither.
func TestFrameNoticesEveryFlippedBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		b := f.append(nil)
		bit := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
		b[bit/8] ^= 1 << (bit % 8)
		h, err := wal.DecodeFrameHeader(b, f.salt)
		if err == nil {
			err = h.CheckBody(b[wal.FrameHeaderSize:])
		}
		if wal.Reason(err) == 0 {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
	})
}

// A frame of another segment is no frame here: the salt is in the checksum.
func TestFrameOfAnotherSegmentIsNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		salt := rapid.Uint64().Filter(func(s uint64) bool { return s != f.salt }).Draw(t, "other")
		if _, err := wal.DecodeFrameHeader(f.append(nil), salt); wal.Reason(err) != wal.BadHeaderCRC {
			t.Fatalf("%v", err)
		}
	})
}

// What a newer version wrote has a valid checksum and is refused by name, so
// that nobody takes it for a torn tail.
func TestFrameOfANewerVersionIsNamed(t *testing.T) {
	const salt = 99
	h := wal.FrameHeader{Version: 2, FirstLSN: 1, Count: 1, BodyLen: 1}
	unknown := map[string]wal.FrameHeader{"version": h}
	h.Version, h.Flags = wal.Version, 0x80
	unknown["flags"] = h
	for name, h := range unknown {
		var ve *wal.VersionError
		if _, err := wal.DecodeFrameHeader(wal.EncodeFrameHeader(h, salt), salt); !errors.As(err, &ve) {
			t.Errorf("%s: %v is no *VersionError", name, err)
		}
	}
	contradictions := map[string]wal.FrameHeader{
		"more records than bytes": {Version: wal.Version, FirstLSN: 1, Count: 2, BodyLen: 1},
		"no records but bytes":    {Version: wal.Version, FirstLSN: 1, BodyLen: 1, Flags: wal.FlagMark},
		"empty and no mark":       {Version: wal.Version, FirstLSN: 1},
		"mark with records":       {Version: wal.Version, FirstLSN: 1, Count: 1, BodyLen: 1, Flags: wal.FlagMark},
		"LSN 0":                   {Version: wal.Version, Count: 1, BodyLen: 1},
		"LSN overflow":            {Version: wal.Version, Count: 1, BodyLen: 1, FirstLSN: 1<<64 - 1},
	}
	for name, h := range contradictions {
		var fe *wal.FormatError
		if _, err := wal.DecodeFrameHeader(wal.EncodeFrameHeader(h, salt), salt); !errors.As(err, &fe) {
			t.Errorf("%s: %v is no *FormatError", name, err)
		}
	}
}

func TestFrameGolden(t *testing.T) {
	const salt = 0x0123456789abcdef
	b := wal.AppendFrame(nil, salt, 0xfedcba9876543210, 1001, 2, wal.FlagSynced, append(record([]byte("first")), record([]byte("second"))...))
	b = wal.AppendFrame(b, salt, 0x1111, 1003, 0, wal.FlagSynced|wal.FlagMark, nil)
	b = wal.AppendFrame(b, salt, 0x2222, 1003, 0, wal.FlagSynced|wal.FlagSeal, nil)
	golden(t, "frames-v1.hex", []byte(hex.Dump(b)))
}

func FuzzFrame(f *testing.F) {
	const salt = 7
	one := wal.AppendFrame(nil, salt, 1, 2, 1, wal.FlagSynced, record([]byte("hello")))
	f.Add(one)
	f.Add(one[:30])
	f.Add(wal.AppendFrame(nil, salt, 1, 2, 0, wal.FlagMark, nil))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := wal.DecodeFrameHeader(b, salt)
		if err != nil || h.CheckBody(b[wal.FrameHeaderSize:]) != nil {
			return
		}
		again := wal.AppendFrame(nil, salt, h.PrevLink, h.FirstLSN, h.Count, h.Flags, b[wal.FrameHeaderSize:][:h.BodyLen])
		if !bytes.Equal(again, b[:h.Size()]) {
			t.Fatalf("an accepted frame is not its own encoding:\n%x\n%x", b[:h.Size()], again)
		}
	})
}

// Splitting agrees with the library on where an item ends, and refuses what
// core deterministic encoding has no use for.
func TestNextRecordAgreesWithTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Custom(drawItem).Draw(t, "item")
		b, err := cbor.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		tail := rapid.SliceOf(rapid.Byte()).Draw(t, "tail")
		got, rest, ok := wal.NextRecord(append(bytes.Clone(b), tail...))
		if !ok || !bytes.Equal(got, b) || !bytes.Equal(rest, tail) {
			t.Fatalf("%x: got %x, %v", b, got, ok)
		}
		if len(b) > 1 {
			cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
			if _, _, ok := wal.NextRecord(b[:cut]); ok {
				t.Fatalf("%x cut to %d bytes still passes", b, cut)
			}
		}
	})
}

func drawItem(t *rapid.T) any {
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return rapid.Uint64().Draw(t, "uint")
	case 1:
		return rapid.Int64().Draw(t, "int")
	case 2:
		return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	case 3:
		return rapid.String().Draw(t, "text")
	case 4:
		return rapid.Float64().Draw(t, "float")
	case 5:
		return map[string]any{"a": rapid.Bool().Draw(t, "bool"), "b": nil}
	default:
		items := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "len") {
			items = append(items, drawItem(t))
		}
		return items
	}
}

func FuzzNextRecord(f *testing.F) {
	for _, seed := range [][]byte{{0x00}, {0x9f, 0xff}, {0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, bytes.Repeat([]byte{0xc0}, 100), record([]byte("x"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, ok := wal.NextRecord(b)
		if !ok {
			return
		}
		if len(r) == 0 || len(r)+len(rest) != len(b) {
			t.Fatalf("%d + %d of %d bytes", len(r), len(rest), len(b))
		}
	})
}
