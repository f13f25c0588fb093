package wal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal"
)

func sampleHeader() wal.SegmentHeader {
	return wal.SegmentHeader{
		Version: wal.Version,
		Store:   [16]byte{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		Seq:     7, FirstLSN: 1001, Salt: 0x0123456789abcdef, Reach: 4<<20 + 40,
		Prev:    wal.Predecessor{Seq: 6, End: 8192, LastLSN: 1000, Link: 0xfedcba9876543210},
		Created: 1_700_000_000_000,
	}
}

func drawHeader(t *rapid.T) wal.SegmentHeader {
	h := wal.SegmentHeader{
		Version: wal.Version,
		Seq:     rapid.Uint64Range(1, math.MaxUint64).Draw(t, "seq"),
		Salt:    rapid.Uint64().Draw(t, "salt"),
		Reach:   rapid.Int64Range(wal.FrameHeaderSize, math.MaxInt64).Draw(t, "reach"),
		Created: rapid.Int64().Draw(t, "created"),
	}
	copy(h.Store[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "store"))
	h.Prev = wal.Predecessor{
		Seq:     rapid.Uint64Range(0, h.Seq-1).Draw(t, "prev"),
		LastLSN: rapid.Uint64Range(0, math.MaxUint64-1).Draw(t, "last"),
		Link:    rapid.Uint64().Draw(t, "link"),
		End:     8 * rapid.Int64Range(wal.HeaderBlock/8, 1<<40).Draw(t, "end"),
	}
	h.FirstLSN = rapid.Uint64Range(h.Prev.LastLSN+1, math.MaxUint64).Draw(t, "first")
	return h
}

func TestSegmentHeaderRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHeader(t)
		b, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != wal.HeaderBlock {
			t.Fatalf("header block has %d bytes", len(b))
		}
		got, err := wal.DecodeSegmentHeader(b)
		if err != nil || got != h {
			t.Fatalf("got %+v, %v; want %+v", got, err, h)
		}
	})
}

// No bit of a header block can flip unseen.
func TestSegmentHeaderNoticesEveryFlippedBit(t *testing.T) {
	h := sampleHeader()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := wal.DecodeSegmentHeader(b); err == nil {
			t.Fatalf("bit %d flipped and the header is still accepted", bit)
		} else if fe := (*wal.FormatError)(nil); !errors.As(err, &fe) {
			t.Fatalf("bit %d: %v is no *FormatError", bit, err)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestSegmentHeaderOfANewerVersionIsNamed(t *testing.T) {
	for _, change := range []func(*wal.SegmentHeader){
		func(h *wal.SegmentHeader) { h.Version = 2 },
		func(h *wal.SegmentHeader) { h.Flags = 1 },
	} {
		h := sampleHeader()
		change(&h)
		b, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var ve *wal.VersionError
		if _, err := wal.DecodeSegmentHeader(b); !errors.As(err, &ve) {
			t.Errorf("%+v: %v is no *VersionError", h, err)
		}
	}
}

func TestSegmentHeaderGolden(t *testing.T) {
	h := sampleHeader()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "header-v1.hex", []byte(hex.Dump(bytes.TrimRight(b, "\x00"))))
}

func FuzzSegmentHeader(f *testing.F) {
	h := sampleHeader()
	b, err := h.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:100])
	f.Add(make([]byte, wal.HeaderBlock))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := wal.DecodeSegmentHeader(b)
		if err != nil {
			return
		}
		again, err := h.Encode()
		if err != nil || !bytes.Equal(again, b[:wal.HeaderBlock]) {
			t.Fatalf("an accepted header is not its own encoding: %+v %v", h, err)
		}
	})
}

func TestSegmentNames(t *testing.T) {
	if got := wal.SegmentName(1); got != "0000000000000001.wal" {
		t.Errorf("SegmentName(1) = %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		seq := rapid.Uint64().Draw(t, "seq")
		if got, ok := wal.ParseSegmentName(wal.SegmentName(seq)); !ok || got != seq {
			t.Fatalf("%d comes back as %d, %v", seq, got, ok)
		}
	})
	for _, name := range []string{"", ".wal", "1.wal", "0000000000000001", "0000000000000001.wal.tmp",
		"+000000000000001.wal", "00000000000000001.wal", ".0000000000000001.wal", "000000000000000x.wal"} {
		if _, ok := wal.ParseSegmentName(name); ok {
			t.Errorf("%q passes for a segment's name", name)
		}
	}
}
