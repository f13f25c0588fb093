package record_test

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

func TestLengthsThatNothingBacksAllocateNothing(t *testing.T) {
	huge := binary.BigEndian.AppendUint64(nil, 1<<40)
	with := func(before string, major byte, after string) []byte {
		b := append([]byte(before), major|27)
		return append(append(b, huge...), after...)
	}
	for name, b := range map[string][]byte{
		"mutations":       with("\x82\x01", 0x80, "\x83\x02\x60\x40"),
		"elements":        with("", 0x80, "\x01"),
		"bucket":          with("\x82\x01\x81\x83\x02", 0x60, "b"),
		"key":             with("\x82\x01\x81\x83\x02\x60", 0x40, "k"),
		"meta":            with("\x83\x01\x80", 0xa0, ""),
		"inside unknowns": with("\x82\x02", 0x80, "\x01"),
		// Backed by bytes, but by none that are mutations.
		"a megabyte of zeros": append([]byte("\x82\x01\x9a\x00\x03\xff\x00"), make([]byte, 1<<20)...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, _, err := record.Decode(b)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted %d mutations", name, len(c.Mutations))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 256<<10 {
			t.Errorf("%s: %d bytes allocated for %d bytes of input", name, n, len(b))
		}
	}
}

func TestDecodingIntoReusedTargetsDoesNotAllocate(t *testing.T) {
	c := record.Commit{Mutations: []record.Mutation{
		{Op: record.OpSet, Bucket: "users", Key: []byte("k"), Value: []byte("v"), Deadline: 7},
		{Op: record.OpDelete, Bucket: "users by name", Key: []byte("k")},
		{Op: record.OpDeleteRange, Bucket: "users", Key: []byte("k")},
	}}
	b := record.AppendCommit(nil, &c)
	var into record.Commit
	if n := testing.AllocsPerRun(100, func() {
		if _, err := record.DecodeInto(&into, b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a commit: %v allocations", n)
	}
	eb := record.AppendEntry(nil, &record.Entry{Bucket: "users", Key: []byte("k"), Value: []byte("v"), LSN: 3})
	var e record.Entry
	if n := testing.AllocsPerRun(100, func() {
		if _, err := record.DecodeEntry(&e, eb); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("an entry: %v allocations", n)
	}
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = record.AppendCommit(buf[:0], &c) }); n != 0 {
		t.Errorf("encoding: %v allocations", n)
	}
}

func TestAppendingToADecodedKeyLeavesItsNeighbourAlone(t *testing.T) {
	for _, key := range []string{"key", strings.Repeat("k", 300)} {
		c := record.Commit{Mutations: []record.Mutation{{Op: record.OpSet, Key: []byte(key), Value: []byte("value")}}}
		out, _, err := record.Decode(record.AppendCommit(nil, &c))
		if err != nil {
			t.Fatal(err)
		}
		m := &out.Mutations[0]
		longer := append(m.Key, "xxx"...)
		if string(m.Value) != "value" || string(longer) != key+"xxx" {
			t.Errorf("value became %q", m.Value)
		}
	}
}

func TestBucketNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"": true, "users": true, "Straße": true,
		strings.Repeat("x", record.MaxBucket):   true,
		strings.Repeat("x", record.MaxBucket+1): false,
		"\xff":                                  false,
		"\xed\xa0\x80":                          false, // a surrogate
	} {
		if err := record.CheckBucket(name); (err == nil) != ok {
			t.Errorf("CheckBucket(%q): %v", name, err)
		}
		// What CheckBucket refuses, no decoder takes.
		c := record.Commit{Mutations: []record.Mutation{{Op: record.OpDelete, Bucket: name, Key: []byte("k")}}}
		if _, _, err := record.Decode(record.AppendCommit(nil, &c)); (err == nil) != ok {
			t.Errorf("Decode with bucket %q: %v", name, err)
		}
	}
}
