package mvcc

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

func heapAlloc() int64 {
	runtime.GC()
	runtime.GC()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return int64(ms.HeapAlloc)
}

// The bounds, for keys of 16 bytes and values of 32: 125 bytes per key however often
// it was overwritten; 150, once the map was much larger; and 8 for each key that is
// gone.
func TestMemoryIsBounded(t *testing.T) {
	const perGone = 8
	n := sized(100_000, 20_000)
	keys := randomKeys(n)
	rng := rand.New(rand.NewPCG(1, 1))
	before := heapAlloc()
	m, b := filled(keys, make([]byte, 32))
	check := func(when string, live, perKey int) {
		t.Helper()
		settle(m)
		used := heapAlloc() - before
		bound := int64(live*perKey + (n-live)*perGone + 50_000)
		if used > bound {
			t.Errorf("%s: %d bytes, %.1f per key; the bound is %d", when, used, float64(used)/float64(live+1), bound)
		}
		if claimed := m.Bytes(); claimed < used*8/10-50_000 || claimed > used*12/10+50_000 {
			t.Errorf("%s: Bytes() = %d, the heap has grown by %d", when, claimed, used)
		}
		t.Logf("%-20s %5.1f bytes/key on the heap, %5.1f claimed", when, float64(used)/float64(live+1), float64(m.Bytes())/float64(live+1))
	}
	check("after set", n, 125)

	lsn := uint64(1)
	for range 10 * n / 100 {
		lsn++
		for range 100 {
			b.Set(keys[rng.IntN(n)], make([]byte, 32), lsn, 0)
		}
		m.Publish(lsn)
	}
	check("after 10 overwrites", n, 125)

	var held []*Snapshot // each sees other versions of some keys
	for range 5 {
		held = append(held, m.Snapshot(0))
		lsn++
		for range n / 4 {
			b.Set(keys[rng.IntN(n)], make([]byte, 32), lsn, 0)
		}
		m.Publish(lsn)
	}
	for _, i := range rng.Perm(len(held)) {
		held[i].Close()
	}
	check("after 5 snapshots", n, 125)

	lsn++
	for i, key := range keys {
		if i%10 != 0 {
			b.Delete(key, lsn)
		}
	}
	m.Publish(lsn)
	check("after 90 % deleted", n/10, 150)

	lsn++
	b.DeleteRange(nil, nil, lsn)
	m.Publish(lsn)
	check("after all deleted", 0, 0)
	runtime.KeepAlive(keys)
	runtime.KeepAlive(m)
}

func TestManySmallBucketsCostLittle(t *testing.T) {
	before := heapAlloc()
	m, _ := started()
	const n = 10_000
	for i := range n {
		m.Bucket(fmt.Sprintf("bucket %d", i)).Set([]byte("k"), nil, 1, 0)
	}
	m.Publish(1)
	used := heapAlloc() - before
	t.Logf("%d bytes for a bucket with one key, %d claimed", used/n, m.Bytes()/n)
	if used/n > 2000 || m.Bytes() < used/2 || m.Bytes() > used*2 {
		t.Errorf("%d bytes for a bucket with one key, %d claimed", used/n, m.Bytes()/n)
	}
	for i := range n {
		m.Bucket(fmt.Sprintf("bucket %d", i)).Delete([]byte("k"), 2)
	}
	m.Publish(2)
	settle(m)
	if used := heapAlloc() - before; used > 100*n {
		t.Errorf("%d bytes are left of %d buckets", used, n)
	}
	runtime.KeepAlive(m)
}

// What Presize reserves for nothing is given back.
func TestPresizingForTooManyCostsLittle(t *testing.T) {
	m := New(Options{Presize: 1_000_000})
	b := m.Bucket("")
	const keys = 20_000
	for i := range keys {
		b.Set(numeral(i), nil, 1, 0)
	}
	if m.Bytes() < 20_000_000 {
		t.Error("nothing was reserved")
	}
	m.Publish(1)
	if m.Bytes() > 100*keys {
		t.Errorf("%d bytes for %d keys", m.Bytes(), keys)
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
}
