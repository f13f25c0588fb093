package recovery_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/recovery"
)

var update = flag.Bool("update", false, "write the golden files anew")

// drawManifest draws any manifest that a store could have.
func drawManifest(t *rapid.T) recovery.Manifest {
	m := recovery.Manifest{
		Version:    1,
		Generation: rapid.Uint64().Draw(t, "generation"),
		First:      rapid.Uint64Range(1, math.MaxUint64-1).Draw(t, "first"),
		NextLSN:    rapid.Uint64().Draw(t, "nextLSN"),
		Created:    rapid.Int64().Draw(t, "created"),
		Lazy:       rapid.Bool().Draw(t, "lazy"),
	}
	m.Active = rapid.Uint64Range(m.First, math.MaxUint64-1).Draw(t, "active")
	copy(m.Store[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "store"))
	m.Store[0] |= 1
	var lsn uint64
	for range rapid.IntRange(0, 4).Draw(t, "snapshots") {
		lsn += rapid.Uint64Range(1, 1<<60).Draw(t, "lsn")
		s := recovery.SnapshotRef{
			LSN:     lsn,
			Entries: rapid.Uint64().Draw(t, "entries"),
			Size:    rapid.Int64Range(0, math.MaxInt64).Draw(t, "size"),
		}
		copy(s.Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
		if rapid.Bool().Draw(t, "restored") {
			copy(s.Origin[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "origin"))
		}
		m.Snapshots = append(m.Snapshots, s)
	}
	return m
}

func TestManifestComesBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawManifest(t)
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := recovery.DecodeManifest(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever happens to the bytes, a manifest is read right or refused.
func TestManifestNeverReadsDamagedBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawManifest(t)
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		switch rapid.IntRange(0, 2).Draw(t, "damage") {
		case 0:
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		case 1:
			b = b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]
		case 2:
			b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "appended")...)
		}
		if got, err := recovery.DecodeManifest(b); err == nil {
			t.Fatalf("accepted as %+v", got)
		}
	})
}

func goldenManifest() recovery.Manifest {
	m := recovery.Manifest{
		Version: 1, Generation: 7, First: 3, Active: 5, NextLSN: 1 << 20, Created: 1_700_000_000_000, Lazy: true,
		Snapshots: []recovery.SnapshotRef{{LSN: 1000, Entries: 12, Size: 4567}, {LSN: 2000, Entries: 34, Size: 8910}},
	}
	for i := range m.Store {
		m.Store[i] = byte(i + 1)
	}
	for i := range m.Snapshots[0].Digest {
		m.Snapshots[0].Digest[i], m.Snapshots[1].Digest[i] = byte(i), byte(255-i)
	}
	return m
}

// The golden file fixes the bytes of version 1 for ever.
func TestManifestBytesAreTheGoldenOnes(t *testing.T) {
	m := goldenManifest()
	got, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "manifest.v1.hex")
	if *update {
		if err := os.WriteFile(name, []byte(hex.Dump(got)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(hex.Dump(got), "\n")); diff != "" {
		t.Fatal(diff)
	}
	back, err := recovery.DecodeManifest(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Fatal(diff)
	}
}

// seal frames a CBOR map as MANIFEST does, with a right checksum.
func seal(version uint32, body []byte) []byte {
	b := append([]byte("KVMANIFS"), make([]byte, 12)...)
	binary.LittleEndian.PutUint32(b[8:], version)
	binary.LittleEndian.PutUint32(b[12:], uint32(len(body)))
	b = append(b, body...)
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(b[16:], crc32.Update(crc32.Checksum(b[8:16], table), table, body))
	return b
}

func TestManifestRefuses(t *testing.T) {
	type fields = map[int]any
	valid := func() fields {
		return fields{1: bytes.Repeat([]byte{7}, 16), 2: 1, 3: []fields{}, 4: 1, 5: 2, 6: 0, 7: 0}
	}
	snapshot := func(lsn, size int) fields {
		return fields{1: lsn, 2: 1, 3: size, 4: bytes.Repeat([]byte{9}, 32)}
	}
	for _, c := range []struct {
		name    string
		version uint32
		edit    func(fields)
		newer   bool // a *VersionError is wanted
	}{
		{name: "a newer version", version: 2, newer: true},
		{name: "a field it does not know", edit: func(f fields) { f[9] = 1 }, newer: true},
		{name: "a false that is written by leaving it out", edit: func(f fields) { f[8] = false }},
		{name: "no UUID", edit: func(f fields) { f[1] = make([]byte, 16) }},
		{name: "a short UUID", edit: func(f fields) { f[1] = []byte{1, 2} }},
		{name: "a long UUID", edit: func(f fields) { f[1] = bytes.Repeat([]byte{7}, 17) }},
		{name: "a missing field", edit: func(f fields) { delete(f, 7) }},
		{name: "no first segment", edit: func(f fields) { f[4] = 0 }},
		{name: "an active segment before the first", edit: func(f fields) { f[4] = 3 }},
		{name: "the last number there is as active segment", edit: func(f fields) { f[5] = uint64(math.MaxUint64) }},
		{name: "snapshots out of order", edit: func(f fields) { f[3] = []fields{snapshot(9, 1), snapshot(8, 1)} }},
		{name: "one snapshot twice", edit: func(f fields) { f[3] = []fields{snapshot(9, 1), snapshot(9, 1)} }},
		{name: "a snapshot of negative size", edit: func(f fields) { f[3] = []fields{snapshot(9, -1)} }},
		{name: "a short origin", edit: func(f fields) { s := snapshot(9, 1); s[5] = []byte{1}; f[3] = []fields{s} }},
		{name: "a long origin", edit: func(f fields) { s := snapshot(9, 1); s[5] = bytes.Repeat([]byte{1}, 17); f[3] = []fields{s} }},
		{name: "an origin of zeros", edit: func(f fields) { s := snapshot(9, 1); s[5] = make([]byte, 16); f[3] = []fields{s} }},
		{name: "a short digest", edit: func(f fields) { s := snapshot(9, 1); s[4] = []byte{1}; f[3] = []fields{s} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := valid()
			if c.edit != nil {
				c.edit(f)
			}
			mode, err := cbor.CoreDetEncOptions().EncMode()
			if err != nil {
				t.Fatal(err)
			}
			body, err := mode.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			_, err = recovery.DecodeManifest(seal(max(c.version, 1), body))
			if err == nil {
				t.Fatal("accepted")
			}
			if errors.Is(err, recovery.ErrVersion) != c.newer {
				t.Fatalf("newer = %v wanted: %v", c.newer, err)
			}
		})
	}
	t.Run("the valid one not", func(t *testing.T) {
		mode, _ := cbor.CoreDetEncOptions().EncMode()
		body, _ := mode.Marshal(valid())
		if _, err := recovery.DecodeManifest(seal(1, body)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a rotten version, as rot and not as a newer one", func(t *testing.T) {
		m := goldenManifest()
		b, _ := m.Encode()
		b[8] ^= 2
		if _, err := recovery.DecodeManifest(b); err == nil || errors.Is(err, recovery.ErrVersion) {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	m := goldenManifest()
	b, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, false)
	f.Add(b[:30], false)
	f.Add(b[20:], true)
	f.Add([]byte{0xa0}, true)
	f.Add([]byte{0xbf, 0xff}, true)
	f.Fuzz(func(t *testing.T, b []byte, frame bool) {
		if frame { // let the fuzzer past the checksum
			b = seal(1, b)
		}
		m, err := recovery.DecodeManifest(b)
		if err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted bytes that it would not write: %v", err)
		}
	})
}
