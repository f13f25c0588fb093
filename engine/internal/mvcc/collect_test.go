package mvcc

import (
	"fmt"
	"testing"
)

// In a map that is written to, nobody need call Collect.
func TestWritesClearWhatEarlierOnesLeft(t *testing.T) {
	m, b := started()
	const keys, batch = 5000, 1000
	lsn := uint64(0)
	for round := range 50 {
		lsn++
		for i := range batch {
			b.Set(numeral((round*batch+i)%keys), nil, lsn, 0)
		}
		m.Publish(lsn)
		if st := m.Stats(); st.Versions > keys+batch {
			t.Fatalf("round %d: %+v", round, st)
		}
	}
}

// The work that a huge deletion leaves is done in shares, never all at once, and a
// map without any writes after it is still cleared.
func TestDeletingAMillionKeysLeavesNothing(t *testing.T) {
	keys := sized(1_000_000, 20_000)
	m := New(Options{})
	b := m.Bucket("")
	items := make([]Item, 0, keys)
	for i := range keys {
		items = append(items, Item{Key: fmt.Appendf(nil, "%08d", i), LSN: 1})
	}
	b.Load(items)
	m.Publish(1)
	if n := b.DeleteRange(items[10].Key, items[keys-10].Key, 2); n != keys-20 {
		t.Fatalf("%d deleted", n)
	}
	if n := b.Len(); n != 20 {
		t.Errorf("Len() = %d", n)
	}
	m.Publish(2)
	st := m.Stats()
	if done := 2*keys - 20 - st.Versions; done > 2*publishShare {
		t.Errorf("Publish freed %d versions at once", done)
	}
	s := m.Snapshot(0)
	if n := len(keysOf(b, nil, nil, s.LSN())); n != 20 {
		t.Errorf("%d keys are visible", n)
	}
	s.Close()
	if left := m.Collect(1000); left == 0 || left > keys-1000 {
		t.Errorf("after 1000 nodes of %d, %d are left", keys-20, left)
	}
	settle(m)
	if st := m.Stats(); st.Versions != 20 || st.Dirty != 0 {
		t.Errorf("left behind: %+v", st)
	}
}
