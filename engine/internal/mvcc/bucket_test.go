package mvcc

import (
	"testing"
)

func TestAnEmptiedBucketVanishesAndItsHandleStaysGood(t *testing.T) {
	m, _ := started()
	b := m.Bucket("b")
	if m.Stats().Buckets != 0 {
		t.Error("a bucket that was never written is listed")
	}
	b.Set([]byte("k"), []byte("1"), 1, 0)
	m.Publish(1)
	b.Delete([]byte("k"), 2)
	if len(m.Buckets()) != 1 {
		t.Error("a bucket vanishes before its deletion is published")
	}
	m.Publish(2)
	if len(m.Buckets()) != 0 || m.Lookup("b") != nil {
		t.Error("an emptied bucket is still there")
	}
	b.Set([]byte("k"), []byte("2"), 3, 0)
	m.Publish(3)
	for _, h := range []*Bucket{b, m.Bucket("b"), m.Lookup("b"), m.Buckets()[0]} {
		if it, _ := h.GetLatest([]byte("k")); string(it.Value) != "2" || h.Len() != 1 {
			t.Errorf("read %q, %d keys", it.Value, h.Len())
		}
	}
}
