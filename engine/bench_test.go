package engine_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs/diskfloor"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// The benchmarks hold the engine against floors in the same run: read the
// ratios. They write to ENGINE_BENCH_DIR, or to a temporary directory, which has
// to be on a real disk to mean anything.
//
//	go test ./engine -run '^$' -bench Set -benchtime 10x
//
// An iteration of BenchmarkSet is one round of the floor and one of the engine.

func benchDir(b *testing.B) string {
	b.Helper()
	root := os.Getenv("ENGINE_BENCH_DIR")
	if root == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(root, "engine-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func benchOpen(b *testing.B, dir string) *engine.DB {
	b.Helper()
	db, err := engine.Open(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkSet compares durable sets of 16 B keys and 128 B values with what the
// disk gives: for one writer a bare loop of write and fdatasync over zeros, for
// more the ideal group commit.
func BenchmarkSet(b *testing.B) {
	for _, writers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			dir := benchDir(b)
			floor, err := diskfloor.Zeroed(osfs.New(), filepath.Join(dir, "floor"), 1<<30)
			if err != nil {
				b.Fatal(err)
			}
			if writers > 1 {
				floor = diskfloor.IdealGroup(floor)
			}
			defer floor.Close()
			db := benchOpen(b, filepath.Join(dir, "store"))
			defer db.Close()
			framed := make([]byte, 200) // what the engine's frame of one such set takes
			var floors, sets, ratios []float64
			for b.Loop() {
				f := perSecond(b, writers, func(uint64) error { return floor.Write(framed) })
				s := perSecond(b, writers, func(n uint64) error {
					key, value := benchPair(n)
					return db.Set(ctx, key[:], value[:])
				})
				floors, sets, ratios = append(floors, f), append(sets, s), append(ratios, s/f)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(floors), "floor/s")
			b.ReportMetric(median(sets), "sets/s")
			b.ReportMetric(median(ratios), "x-floor")
		})
	}
}

// perSecond lets n goroutines work for a while.
func perSecond(b *testing.B, n int, work func(uint64) error) float64 {
	var count atomic.Int64
	var over atomic.Bool
	var all sync.WaitGroup
	begun := time.Now()
	for range n {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(rand.Uint64(), 1))
			mine := int64(0)
			for !over.Load() {
				if err := work(rnd.Uint64N(1 << 20)); err != nil {
					b.Error(err)
					return
				}
				mine++
			}
			count.Add(mine)
		})
	}
	time.AfterFunc(300*time.Millisecond, func() { over.Store(true) })
	all.Wait()
	return float64(count.Load()) / time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// benchPair is the n-th key, 16 random bytes, and a value of 128.
func benchPair(n uint64) (key [16]byte, value [128]byte) {
	x := n*0x9e3779b97f4a7c15 + 0x1234567
	x ^= x >> 29
	binary.BigEndian.PutUint64(key[:], x*0xbf58476d1ce4e5b9)
	binary.BigEndian.PutUint64(key[8:], n)
	binary.BigEndian.PutUint64(value[:], x)
	return key, value
}

const benchKeys = 1 << 20

// BenchmarkGet compares a hit on Get (which returns a copy) and on GetNoCopy
// with a bare Go map that holds the same keys and values.
func BenchmarkGet(b *testing.B) {
	db, err := engine.OpenMemory(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	fill(b, db, benchKeys)
	bare := make(map[string][]byte, benchKeys)
	for n := range uint64(benchKeys) {
		key, value := benchPair(n)
		bare[string(key[:])] = value[:]
	}
	order := rand.New(rand.NewPCG(1, 2))
	keys := make([][16]byte, benchKeys) // all of them, in random order
	for i, n := range order.Perm(benchKeys) {
		keys[i], _ = benchPair(uint64(n))
	}
	run := func(name string, get func(key []byte) int) {
		b.Run(name, func(b *testing.B) {
			sum, i := 0, 0
			for b.Loop() {
				sum += get(keys[i&(len(keys)-1)][:])
				i++
			}
			if sum != 128*b.N {
				b.Fatalf("%d bytes for %d gets", sum, b.N)
			}
		})
	}
	run("go-map", func(key []byte) int { return len(bare[string(key)]) })
	run("go-map-copy", func(key []byte) int { return len(append([]byte(nil), bare[string(key)]...)) })
	run("engine", func(key []byte) int { v, _ := db.Get(key); return len(v) })
	run("engine-nocopy", func(key []byte) int { v, _ := db.GetNoCopy(key); return len(v) })
}

// fill writes n pairs in transactions of a thousand.
func fill(b *testing.B, db *engine.DB, n uint64) {
	b.Helper()
	var last *engine.Commit
	for from := uint64(0); from < n; from += 1000 {
		var err error
		last, err = db.UpdateAsync(ctx, func(tx *engine.Tx) error {
			for i := from; i < min(from+1000, n); i++ {
				key, value := benchPair(i)
				if err := tx.Set(ctx, key[:], value[:]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := last.Wait(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpen compares opening a million keys by replaying the log with opening
// them from a snapshot.
func BenchmarkOpen(b *testing.B) {
	open := func(b *testing.B, dir string, o *engine.Options) {
		for b.Loop() {
			db, err := engine.Open(dir, o)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if v, err := db.Get(firstKey()); err != nil || len(v) != 128 {
				b.Fatal(len(v), err)
			}
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		b.ReportMetric(float64(benchKeys)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	}
	o := &engine.Options{Compaction: engine.CompactionOptions{Disabled: true}}
	dir := filepath.Join(benchDir(b), "store")
	db, err := engine.Open(dir, o)
	if err != nil {
		b.Fatal(err)
	}
	// Each set is a record of its own.
	var all sync.WaitGroup
	for w := range uint64(256) {
		all.Go(func() {
			for n := w; n < benchKeys; n += 256 {
				key, value := benchPair(n)
				if err := db.Set(ctx, key[:], value[:]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("log", func(b *testing.B) { open(b, dir, o) })
	if db, err = engine.Open(dir, o); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Compact(ctx); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("snapshot", func(b *testing.B) { open(b, dir, o) })
}

func firstKey() []byte {
	key, _ := benchPair(0)
	return key[:]
}
