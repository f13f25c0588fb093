package mvcc

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func TestWhatIsNotPublishedIsInvisible(t *testing.T) {
	m, b := started()
	key := []byte("k")
	b.Set(key, []byte("1"), 1, 0)
	s := m.Snapshot(0)
	defer s.Close()
	if it, ok := b.GetLatest(key); ok {
		t.Errorf("GetLatest finds LSN %d at published LSN 0", it.LSN)
	}
	if _, ok := b.Get(key, s.LSN()); ok || len(keysOf(b, nil, nil, s.LSN())) != 0 {
		t.Error("a snapshot finds it")
	}
	m.Publish(1)
	if _, ok := b.GetLatest(key); !ok {
		t.Error("published, it is not found")
	}
	b.Set(key, []byte("2"), 2, 0)
	b.Set(key, []byte("3"), 3, 0)
	if it, _ := b.GetLatest(key); it.LSN != 1 {
		t.Errorf("GetLatest finds LSN %d at published LSN 1", it.LSN)
	}
	m.Publish(2)
	if it, _ := b.GetLatest(key); it.LSN != 2 {
		t.Errorf("GetLatest finds LSN %d at published LSN 2", it.LSN)
	}
	if it, _ := b.Get(key, Newest); it.LSN != 3 {
		t.Errorf("the newest is LSN %d, not 3", it.LSN)
	}
}

// Were a lock held while the consumer runs, it could not write.
func TestTheConsumerOfARangeMayWrite(t *testing.T) {
	m, b := started()
	const keys = 1000
	for i := range keys {
		b.Set(fmt.Appendf(nil, "%04d", i), []byte("old"), 1, 0)
	}
	m.Publish(1)
	for _, back := range []bool{false, true} {
		s := m.Snapshot(0)
		seq := b.Ascend(nil, nil, s.LSN())
		if back {
			seq = b.Descend(nil, nil, s.LSN())
		}
		lsn, n := s.LSN(), 0
		for it := range seq {
			n++
			lsn++
			b.Delete(it.Key, lsn)
			b.Set(append(slices.Clone(it.Key), '+'), nil, lsn, 0)
			m.Publish(lsn)
			m.Collect(10)
		}
		if n != keys {
			t.Errorf("%d keys, want %d", n, keys)
		}
		s.Close()
	}
}

func TestWhatAReaderHoldsNeverChanges(t *testing.T) {
	m, b := started()
	key, value := []byte("key"), []byte("value")
	b.Set(key, value, 1, 0)
	key[0], value[0] = 'x', 'x'
	m.Publish(1)
	it, ok := b.GetLatest([]byte("key"))
	if !ok {
		t.Fatal("the caller's change of its key came through")
	}
	for lsn := uint64(2); lsn < 5000; lsn++ {
		b.Set([]byte("key"), bytes.Repeat([]byte{byte(lsn)}, 5), lsn, 0)
		m.Publish(lsn)
	}
	b.Delete([]byte("key"), 5000)
	m.Publish(5000)
	settle(m)
	if string(it.Key) != "key" || string(it.Value) != "value" {
		t.Errorf("now it is %q, %q", it.Key, it.Value)
	}
	if grown := append(it.Value, '!'); &grown[0] == &it.Value[0] {
		t.Error("appending to a value writes behind it")
	}
}
