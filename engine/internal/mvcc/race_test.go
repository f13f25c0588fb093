package mvcc

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// sized returns the size of a test: the race detector makes everything ten times
// slower.
func sized(full, small int) int {
	if testing.Short() || raceDetector {
		return small
	}
	return full
}

// readers runs f in n goroutines, again and again, while write runs.
func readers(t *testing.T, n int, f func(rng *rand.Rand), write func()) {
	var done atomic.Bool
	var wg sync.WaitGroup
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		wg.Go(func() {
			for !done.Load() && !t.Failed() {
				f(rng)
			}
		})
	}
	write()
	done.Store(true)
	wg.Wait()
}

func number(v []byte) int { return int(int64(binary.LittleEndian.Uint64(v))) }

func numeral(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// Money moves between accounts, one transfer per LSN; an account that falls to zero
// is deleted. Whatever a snapshot reads, and however, adds up.
func TestEverySnapshotSeesTheSameSum(t *testing.T) {
	const accounts, each = 60, 3
	m := New(Options{})
	m.limits = small
	b := m.Bucket("")
	account := func(i int) []byte { return fmt.Appendf(nil, "account:%04d", i) }
	balance := make([]int, accounts)
	for i := range balance {
		balance[i] = each
		b.Set(account(i), numeral(each), 1, 0)
	}
	m.Publish(1)

	read := func(rng *rand.Rand) {
		s := m.Snapshot(0)
		defer s.Close()
		sums := make([]int, 3)
		for range 1 + rng.IntN(2) {
			clear(sums)
			for i := range accounts {
				if it, ok := b.Get(account(i), s.LSN()); ok {
					sums[0] += number(it.Value)
				}
			}
			for it := range b.Ascend(nil, nil, s.LSN()) {
				sums[1] += number(it.Value)
			}
			for it := range b.Descend(nil, nil, s.LSN()) {
				sums[2] += number(it.Value)
			}
			for i, sum := range sums {
				if sum != accounts*each {
					t.Errorf("at LSN %d, way %d: the sum is %d, not %d", s.LSN(), i, sum, accounts*each)
				}
			}
			runtime.Gosched()
		}
	}
	steps := sized(10_000, 3_000)
	readers(t, 3, read, func() {
		rng := rand.New(rand.NewPCG(1, 1))
		lsn := uint64(1)
		put := func(i int) {
			if balance[i] == 0 {
				b.Delete(account(i), lsn)
			} else {
				b.Set(account(i), numeral(balance[i]), lsn, 0)
			}
		}
		for range steps {
			from, to := rng.IntN(accounts), rng.IntN(accounts)
			if balance[from] == 0 || from == to {
				continue
			}
			lsn++
			balance[from]--
			balance[to]++
			put(from)
			put(to)
			if rng.IntN(3) == 0 {
				m.Publish(lsn)
			}
			if rng.IntN(50) == 0 {
				m.Collect(100)
			}
		}
		m.Publish(lsn)
	})
	for m.Collect(100) > 0 {
	}
	if st := m.Stats(); st.Versions != st.Keys || st.Snapshots != 0 || st.Dirty != 0 {
		t.Errorf("left behind: %+v", st)
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
}

// Key "always" is written by every LSN, "flips" is there at odd ones only, and
// "again" is deleted and set anew by each.
func TestGetLatestIsOfTheLSNThatIsPublished(t *testing.T) {
	m := New(Options{})
	b := m.Bucket("")
	always, flips, again := []byte("always"), []byte("flips"), []byte("again")
	write := func(lsn uint64) {
		b.Set(always, numeral(int(lsn)), lsn, 0)
		b.Delete(again, lsn)
		b.Set(again, numeral(int(lsn)), lsn, 0)
		if lsn%2 == 1 {
			b.Set(flips, numeral(int(lsn)), lsn, 0)
		} else {
			b.Delete(flips, lsn)
		}
	}
	write(1)
	m.Publish(1)
	read := func(*rand.Rand) {
		for _, key := range [][]byte{always, again, flips} {
			before := m.Published()
			it, ok := b.GetLatest(key)
			after := m.Published()
			switch {
			case ok && (it.LSN > after || it.LSN < before):
				t.Errorf("%q: LSN %d was read while LSNs %d to %d were published", key, it.LSN, before, after)
			case ok && number(it.Value) != int(it.LSN):
				t.Errorf("%q: the value of LSN %d says %d", key, it.LSN, number(it.Value))
			case !ok && (string(key) != "flips" || before == after && before%2 == 1):
				t.Errorf("%q was not found while LSNs %d to %d were published", key, before, after)
			}
		}
	}
	steps := uint64(sized(60_000, 10_000))
	readers(t, 3, read, func() {
		for lsn := uint64(2); lsn < steps; lsn++ {
			write(lsn)
			// Groups, so that there are unpublished versions, and single commits.
			if lsn%5 == 0 || lsn/100%2 == 0 {
				m.Publish(lsn)
			}
		}
	})
}

// Other keys come and go around the ones that are read, so that segments and leaves
// split, merge, grow and shrink under the readers.
func TestReadersFindTheirKeysWhileTheIndexesChange(t *testing.T) {
	m := New(Options{})
	m.limits = small
	b := m.Bucket("")
	const stable = 50
	key := func(i int) []byte { return fmt.Appendf(nil, "key:%06d", i) }
	for i := range stable {
		b.Set(key(i*1000), numeral(i), 1, 0)
	}
	m.Publish(1)
	read := func(rng *rand.Rand) {
		for range 20 {
			i := rng.IntN(stable)
			if it, ok := b.GetLatest(key(i * 1000)); !ok || number(it.Value) != i {
				t.Errorf("key %d is gone", i)
			}
		}
		s := m.Snapshot(0)
		defer s.Close()
		n := 0
		for it := range b.Ascend(nil, nil, s.LSN()) {
			if it.LSN == 1 {
				n++
			}
		}
		if n != stable {
			t.Errorf("a range has %d of the %d keys", n, stable)
		}
		n = 0
		for it := range b.Descend(key(10_000), key(20_000), s.LSN()) {
			if it.LSN == 1 {
				n++
			}
		}
		if n != 10 {
			t.Errorf("a range has %d of the 10 keys", n)
		}
	}
	rounds := sized(10, 1)
	readers(t, 3, read, func() {
		rng := rand.New(rand.NewPCG(3, 3))
		lsn := uint64(1)
		for range rounds {
			lsn++
			for range 2000 {
				if i := rng.IntN(stable * 1000); i%1000 != 0 {
					b.Set(key(i), nil, lsn, 0)
				}
			}
			m.Publish(lsn)
			lsn++
			for i := range stable {
				b.DeleteRange(key(i*1000+1), key(i*1000+1000), lsn)
			}
			m.Publish(lsn)
			for m.Collect(1000) > 0 {
			}
		}
	})
	if err := m.check(); err != nil {
		t.Error(err)
	}
}

// Close and Collect run beside the writer, from many goroutines.
func TestCollectingBesideTheWriterLosesNothing(t *testing.T) {
	m := New(Options{})
	m.limits = small
	m.Publish(0)
	var last uint64
	collect := func(rng *rand.Rand) {
		if rng.IntN(2) == 0 {
			m.Snapshot(1).Close()
		} else {
			s := m.Snapshot(1)
			runtime.Gosched()
			m.Collect(rng.IntN(100))
			s.Close()
		}
		m.Stats()
		m.Due(10, 3)
		m.Buckets()
	}
	readers(t, 3, collect, func() {
		rng := rand.New(rand.NewPCG(5, 5))
		steps := uint64(sized(20_000, 4_000))
		for lsn := uint64(1); lsn <= steps; lsn++ {
			b := m.Bucket([]string{"", "comes and goes"}[rng.IntN(2)])
			key := numeral(rng.IntN(20))
			if rng.IntN(2) == 0 {
				b.Set(key, key, lsn, int64(rng.IntN(20)))
			} else {
				b.Delete(key, lsn)
			}
			m.Publish(lsn)
			last = lsn
		}
	})
	last++
	for _, b := range m.Buckets() {
		b.DeleteRange(nil, nil, last)
	}
	m.Publish(last)
	for m.Collect(100) > 0 {
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
	if st := m.Stats(); st.Versions != 0 || st.Buckets != 0 || st.Dirty != 0 || st.Deadlines != 0 {
		t.Errorf("left behind: %+v", st)
	}
}
