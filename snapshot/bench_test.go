package snapshot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// benchEntries are a million keys of 16 B with values of 32 B, or fewer of a
// larger size.
func benchEntries(n, valueLen int) []record.Entry {
	rnd := rand.New(rand.NewPCG(1, 2))
	arena := make([]byte, n*(16+valueLen))
	entries := make([]record.Entry, n)
	for i := range entries {
		b := arena[i*(16+valueLen):][: 16+valueLen : 16+valueLen]
		for j := 0; j < len(b); j += 8 {
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], rnd.Uint64())
			copy(b[j:], word[:])
		}
		entries[i] = record.Entry{Key: b[:16:16], Value: b[16:], LSN: rnd.Uint64N(testLSN)}
	}
	sort.Slice(entries, func(i, j int) bool { return bytes.Compare(entries[i].Key, entries[j].Key) < 0 })
	return entries
}

var benchSizes = map[string][2]int{"16B-32B": {1_000_000, 32}, "16B-1KiB": {100_000, 1024}}

func report(b *testing.B, entries, size int) {
	b.SetBytes(int64(size))
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkWrite(b *testing.B) {
	for name, s := range benchSizes {
		b.Run(name, func(b *testing.B) {
			entries := benchEntries(s[0], s[1])
			size := 0
			for b.Loop() {
				w, err := snapshot.NewWriter(discard{}, testMeta(), snapshot.WriterOptions{})
				if err != nil {
					b.Fatal(err)
				}
				if err := addAll(w, entries); err != nil {
					b.Fatal(err)
				}
				sum, err := w.Finish()
				if err != nil {
					b.Fatal(err)
				}
				size = int(sum.Size)
			}
			report(b, len(entries), size)
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for name, s := range benchSizes {
		b.Run(name, func(b *testing.B) {
			file, _ := write(b, benchEntries(s[0], s[1]), snapshot.WriterOptions{})
			r := mustOpen(b, file)
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				if err := r.Load(context.Background(), 0, func(_ int, es []record.Entry) error {
					n += len(es)
					return nil
				}); err != nil || n != s[0] {
					b.Fatal(n, err)
				}
			}
			report(b, s[0], len(file))
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	file, _ := write(b, benchEntries(1_000_000, 32), snapshot.WriterOptions{})
	r := mustOpen(b, file)
	for b.Loop() {
		if err := r.Verify(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	report(b, 1_000_000, len(file))
}

// BenchmarkPublish is everything to a durable, verified file.
func BenchmarkPublish(b *testing.B) {
	entries := benchEntries(1_000_000, 32)
	dir, size, past := b.TempDir(), 0, false
	for b.Loop() {
		s, err := snapshot.Publish(context.Background(), osfs.New(), dir, testMeta(), snapshot.WriterOptions{},
			func(w *snapshot.Writer) error { return addAll(w, entries) })
		if err != nil {
			b.Fatal(err)
		}
		size, past = int(s.Size), s.PastCache
	}
	b.Logf("verified past the page cache: %v", past)
	report(b, len(entries), size)
}

func BenchmarkOpen(b *testing.B) {
	file, _ := write(b, benchEntries(1_000_000, 32), snapshot.WriterOptions{})
	for b.Loop() {
		mustOpen(b, file)
	}
}

func BenchmarkGet(b *testing.B) {
	entries := benchEntries(1_000_000, 32)
	file, _ := write(b, entries, snapshot.WriterOptions{})
	r := mustOpen(b, file)
	rnd := rand.New(rand.NewPCG(3, 4))
	for b.Loop() {
		if _, found, err := r.Get("", entries[rnd.IntN(len(entries))].Key); !found || err != nil {
			b.Fatal(found, err)
		}
	}
}
