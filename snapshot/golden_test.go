package snapshot_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"os"
	"testing"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// The golden file is a snapshot of format version 1. It stays for ever, and is
// never rewritten once a version is released: -golden is for before that.
var writeGolden = flag.Bool("golden", false, "write testdata/v1.snap")

const (
	goldenFile   = "testdata/v1.snap"
	goldenDigest = "ff01860627578b6fd04398514aae108524dbed04e74cafb64766f8ab7109cbff"
)

// goldenEntries are fixed like the file. With blocks of 48 bytes they fill
// several, one of them with an entry larger than a block.
func goldenEntries() []record.Entry {
	return []record.Entry{
		{Key: []byte("a"), Value: []byte("1"), LSN: 1},
		{Key: []byte("b"), Value: []byte{}, LSN: 1000, Deadline: 1767225600000},
		{Key: []byte("c"), Value: bytes.Repeat([]byte("large "), 30), LSN: 3},
		{Key: []byte("c\x00"), Value: []byte{0, 0xff}, LSN: 4},
		{Bucket: "Straße", Key: []byte{}, Value: []byte("empty key"), LSN: 5},
		{Bucket: "users", Key: []byte("ann"), Value: []byte("42"), LSN: 24, Deadline: -1},
		{Bucket: "users", Key: []byte("bob"), Value: []byte("43"), LSN: 256},
	}
}

func TestGoldenFile(t *testing.T) {
	b, s := write(t, goldenEntries(), snapshot.WriterOptions{BlockSize: 48})
	if *writeGolden {
		if err := os.WriteFile(goldenFile, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, golden) {
		t.Errorf("the same contents are written differently now:\n%s", hex.Dump(b))
	}
	if got := hex.EncodeToString(s.Digest[:]); got != goldenDigest {
		t.Errorf("digest is %s", got)
	}
	r := mustOpen(t, golden)
	if err := r.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	m := testMeta()
	m.Version = 1
	if r.Meta() != m || r.Blocks() != 4 {
		t.Errorf("meta %v, %d blocks", r.Meta(), r.Blocks())
	}
	var got []record.Entry
	for e, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	requireEntries(t, "golden", got, goldenEntries())
}
