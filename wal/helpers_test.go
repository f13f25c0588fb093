package wal_test

import (
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal"
)

// update rewrites the golden files: go test ./wal -run Golden -update
var update = flag.Bool("update", false, "rewrite the golden files")

// record makes a CBOR byte string of the payload, the smallest thing that the
// log takes for a record.
func record(payload []byte) []byte {
	n := len(payload)
	switch {
	case n < 24:
		return append([]byte{0x40 | byte(n)}, payload...)
	case n < 1<<8:
		return append([]byte{0x58, byte(n)}, payload...)
	case n < 1<<16:
		return append([]byte{0x59, byte(n >> 8), byte(n)}, payload...)
	default:
		return append([]byte{0x5a, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, payload...)
	}
}

func drawRecord(t *rapid.T, label string) []byte {
	return record(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, label))
}

func records(body []byte) (out [][]byte, ok bool) {
	for len(body) > 0 {
		r, rest, ok := wal.NextRecord(body)
		if !ok {
			return out, false
		}
		out, body = append(out, append([]byte(nil), r...)), rest
	}
	return out, true
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s: the format changed:\n got %x\nwant %x", file, got, want)
	}
}
