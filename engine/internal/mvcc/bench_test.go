package mvcc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/btree"
)

// The floors (a bare Go map, a bare B-tree) run in the same process on the same
// keys: read the ratios, not the nanoseconds.

const million = 1_000_000

// randomKeys returns n distinct 16-byte keys.
func randomKeys(n int) [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 16*n)
	keys := make([][]byte, n)
	for i := range keys {
		k := all[16*i : 16*i+16 : 16*i+16]
		binary.BigEndian.PutUint64(k, rng.Uint64())
		binary.BigEndian.PutUint64(k[8:], uint64(i))
		keys[i] = k
	}
	return keys
}

// userKeys returns n keys that begin alike, in random order.
func userKeys(n int) [][]byte {
	keys := make([][]byte, n)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		keys[i] = fmt.Appendf(nil, "user:profile:%08d", j)
	}
	return keys
}

func sorted(keys [][]byte) [][]byte {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, bytes.Compare)
	all := bytes.Join(keys, nil) // one behind the other in memory, as a reader has them
	for i, k := range keys {
		keys[i], all = all[:len(k)], all[len(k):]
	}
	return keys
}

func filled(keys [][]byte, value []byte) (*Map, *Bucket) {
	m := New(Options{})
	b := m.Bucket("")
	for _, k := range keys {
		b.Set(k, value, 1, 0)
	}
	m.Publish(1)
	return m, b
}

func BenchmarkGet(b *testing.B) {
	keys := randomKeys(million)
	value := make([]byte, 32)
	order := rand.Perm(million)
	b.Run("floor=map", func(b *testing.B) {
		m := make(map[string][]byte)
		for _, k := range keys {
			m[string(k)] = slices.Clone(value)
		}
		i := 0
		for b.Loop() {
			if len(m[string(keys[order[i]])]) != 32 {
				b.Fatal("missing")
			}
			if i++; i == million {
				i = 0
			}
		}
	})
	m, bucket := filled(keys, value)
	b.Run("latest", func(b *testing.B) {
		i := 0
		for b.Loop() {
			if it, _ := bucket.GetLatest(keys[order[i]]); len(it.Value) != 32 {
				b.Fatal("missing")
			}
			if i++; i == million {
				i = 0
			}
		}
	})
	b.Run("latest/parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			i := rand.IntN(million)
			for pb.Next() {
				if it, _ := bucket.GetLatest(keys[order[i]]); len(it.Value) != 32 {
					b.Error("missing")
				}
				if i++; i == million {
					i = 0
				}
			}
		})
	})
	b.Run("miss", func(b *testing.B) {
		i := 0
		key := make([]byte, 16)
		for b.Loop() {
			binary.LittleEndian.PutUint64(key, uint64(i))
			if _, ok := bucket.GetLatest(key); ok {
				b.Fatal("found")
			}
			i++
		}
	})
	b.Run("snapshot+get", func(b *testing.B) {
		i := 0
		for b.Loop() {
			s := m.Snapshot(0)
			if it, _ := bucket.Get(keys[order[i]], s.LSN()); len(it.Value) != 32 {
				b.Fatal("missing")
			}
			s.Close()
			if i++; i == million {
				i = 0
			}
		}
	})
	b.Run("scan100", func(b *testing.B) {
		i := 0
		s := m.Snapshot(0)
		defer s.Close()
		for b.Loop() {
			n := 0
			for range bucket.Ascend(keys[order[i]], nil, s.LSN()) {
				if n++; n == 100 {
					break
				}
			}
			if i++; i == million {
				i = 0
			}
		}
	})
}

// BenchmarkWrite writes and publishes in groups of 100; one operation is one key.
func BenchmarkWrite(b *testing.B) {
	value := make([]byte, 32)
	for _, kind := range []struct {
		name string
		keys func(int) [][]byte
	}{{"random", randomKeys}, {"user", userKeys}} {
		keys := kind.keys(2 * million)
		write := func(b *testing.B, keys [][]byte) {
			m, bucket := filled(keys[:million], value)
			runtime.GC()
			lsn, i := uint64(2), 0
			if len(keys) > million {
				i = million
			}
			b.ResetTimer()
			for range b.N {
				bucket.Set(keys[i], value, lsn, 0)
				if i++; i == len(keys) {
					i = 0
				}
				if i%100 == 0 {
					m.Publish(lsn)
					lsn++
				}
			}
		}
		b.Run("new/"+kind.name, func(b *testing.B) { write(b, keys) })
		b.Run("overwrite/"+kind.name, func(b *testing.B) { write(b, keys[:million]) })
	}
}

// BenchmarkReplay sets a million random keys with values of 128 bytes, from empty;
// BenchmarkLoad loads them sorted.
func BenchmarkReplay(b *testing.B) {
	keys := randomKeys(million)
	value := make([]byte, 128)
	for _, presize := range []int{0, million} {
		b.Run(fmt.Sprintf("floor=map/presize=%d", presize), func(b *testing.B) {
			for range b.N {
				m := make(map[string][]byte, presize)
				for _, k := range keys {
					m[string(k)] = slices.Clone(value)
				}
			}
			b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "keys/s")
		})
	}
	for _, presize := range []int{0, million} {
		b.Run(fmt.Sprintf("set/presize=%d", presize), func(b *testing.B) {
			for range b.N {
				m := New(Options{Presize: presize})
				bucket := m.Bucket("")
				for i, k := range keys {
					bucket.Set(k, value, uint64(i+1), 0)
				}
				m.Publish(million)
			}
			b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	keys := sorted(randomKeys(million))
	value := make([]byte, 128)
	items := make([]Item, len(keys))
	for i, k := range keys {
		items[i] = Item{Key: k, Value: value, LSN: 1}
	}
	b.ResetTimer()
	for range b.N {
		m := New(Options{Presize: len(items)})
		bucket := m.Bucket("")
		for block := range slices.Chunk(items, 400) {
			bucket.Load(block)
		}
		m.Publish(1)
	}
	b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "keys/s")
}

// BenchmarkOrder inserts new keys in random order into an order of a million. The
// floor is the B-tree library with a key's first eight bytes in the item.
func BenchmarkOrder(b *testing.B) {
	for _, kind := range []struct {
		name string
		keys func(int) [][]byte
	}{{"random", randomKeys}, {"user", userKeys}} {
		keys := kind.keys(2 * million)
		b.Run("floor=btree/"+kind.name, func(b *testing.B) {
			type item struct {
				prefix uint64
				key    *[]byte
			}
			tree := btree.NewBTreeGOptions(func(a, b item) bool {
				if a.prefix != b.prefix {
					return a.prefix < b.prefix
				}
				return bytes.Compare(*a.key, *b.key) < 0
			}, btree.Options{NoLocks: true})
			for i := range million {
				tree.Set(item{prefixOf(keys[i], 0), &keys[i]})
			}
			b.ResetTimer()
			for i := range b.N {
				k := &keys[million+i%million]
				tree.Set(item{prefixOf(*k, 0), k})
			}
		})
		b.Run("leaves/"+kind.name, func(b *testing.B) {
			m, bucket := filled(keys[:million], nil)
			refs := make([]ref, million)
			for i := range refs {
				k := keys[million+i]
				refs[i] = bucket.create(m.hash(k), newRecord(k, nil, 2, 0))
			}
			b.ResetTimer()
			for i := range b.N {
				bucket.order.insert(keys[million+i%million], refs[i%million], nil)
			}
		})
	}
}

func heap() (alloc, resident int64) {
	runtime.GC()
	debug.FreeOSMemory()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); f[0] == "VmRSS:" {
			resident, _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
	return int64(ms.HeapAlloc), resident * 1024
}

// BenchmarkMemory reports bytes per key after a collection, for keys of 16 bytes
// and values of 32, as the Go heap, the operating system and Bytes count them, and
// how long a full collection takes.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{million, 5 * million} {
		for _, how := range []string{"set", "load"} {
			b.Run(fmt.Sprintf("%s/%dM", how, n/million), func(b *testing.B) {
				for range b.N {
					keys := randomKeys(n)
					if how == "load" {
						keys = sorted(keys)
					}
					alloc, resident := heap()
					m, _ := filled(keys, make([]byte, 32))
					alloc2, resident2 := heap()
					t := time.Now()
					runtime.GC()
					b.ReportMetric(float64(time.Since(t).Milliseconds()), "ms/gc")
					b.ReportMetric(float64(alloc2-alloc)/float64(n), "heap-B/key")
					b.ReportMetric(float64(resident2-resident)/float64(n), "resident-B/key")
					b.ReportMetric(float64(m.Bytes())/float64(n), "claimed-B/key")
					runtime.KeepAlive(keys)
					runtime.KeepAlive(m)
				}
			})
		}
	}
}
