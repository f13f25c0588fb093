package mvcc

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func started() (*Map, *Bucket) {
	m := New(Options{})
	m.Publish(0)
	return m, m.Bucket("")
}

func keysOf(b *Bucket, from, to []byte, at uint64) (keys []string) {
	for it := range b.Ascend(from, to, at) {
		keys = append(keys, string(it.Key))
	}
	return keys
}

func settle(m *Map) {
	for m.Collect(1000) > 0 {
	}
}

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

func TestTheLastWriteWithinAnLSNWins(t *testing.T) {
	m, b := started()
	for lsn := uint64(1); lsn < 4; lsn++ {
		b.Set([]byte("set set"), []byte("lost"), lsn, 0)
		b.Set([]byte("set set"), []byte("kept"), lsn, 0)
		b.Set([]byte("set delete"), []byte("lost"), lsn, 0)
		b.Delete([]byte("set delete"), lsn)
		b.Delete([]byte("delete set"), lsn)
		b.Set([]byte("delete set"), []byte("kept"), lsn, 0)
		m.Publish(lsn)
		if got := keysOf(b, nil, nil, lsn); fmt.Sprint(got) != "[delete set set set]" {
			t.Fatalf("LSN %d: %q", lsn, got)
		}
		for _, key := range []string{"set set", "delete set"} {
			if it, _ := b.GetLatest([]byte(key)); string(it.Value) != "kept" || it.LSN != lsn {
				t.Fatalf("LSN %d: %q is %q of LSN %d", lsn, key, it.Value, it.LSN)
			}
		}
	}
	settle(m)
	if st := m.Stats(); st.Versions != 2 || st.Dirty != 0 {
		t.Errorf("left behind: %+v", st)
	}
}

// A snapshot still finds a deleted key in a range: the node may leave the order only
// with its last version.
func TestARangeFindsWhatWasDeletedAfterItsSnapshot(t *testing.T) {
	m, b := started()
	for i := range 500 {
		b.Set(fmt.Appendf(nil, "%03d", i), nil, 1, 0)
	}
	m.Publish(1)
	s := m.Snapshot(0)
	if n := b.DeleteRange(nil, nil, 2); n != 500 {
		t.Fatalf("%d keys deleted", n)
	}
	m.Publish(2)
	settle(m)
	if n := len(keysOf(b, nil, nil, s.LSN())); n != 500 {
		t.Errorf("the snapshot sees %d keys of 500", n)
	}
	if n := len(keysOf(b, nil, nil, 2)); n != 0 {
		t.Errorf("%d keys are there after all were deleted", n)
	}
	if st := m.Stats(); st.Keys != 0 || st.Buckets != 1 || st.Versions != 1000 {
		t.Errorf("before Close: %+v", st)
	}
	s.Close()
	settle(m)
	if st := m.Stats(); st.Buckets != 0 || st.Versions != 0 || st.Dirty != 0 {
		t.Errorf("after Close: %+v", st)
	}
}

func TestCloseFreesWhatTheSnapshotAloneKept(t *testing.T) {
	m, b := started()
	const keys = 100
	write := func(lsn uint64) {
		for i := range keys {
			b.Set(numeral(i), make([]byte, 100), lsn, 0)
		}
		m.Publish(lsn)
	}
	write(1)
	old := m.Snapshot(0)
	write(2)
	young := m.Snapshot(0)
	for lsn := uint64(3); lsn < 20; lsn++ {
		write(lsn)
	}
	settle(m)
	for i, step := range []struct {
		close    *Snapshot
		versions int
	}{{nil, 3 * keys}, {young, 2 * keys}, {old, keys}} {
		if step.close != nil {
			step.close.Close() // without any write or Collect
		}
		if st := m.Stats(); st.Versions != step.versions {
			t.Errorf("step %d: %d versions, want %d", i, st.Versions, step.versions)
		}
	}
	if st := m.Stats(); st.Dirty != 0 {
		t.Errorf("%d nodes are still listed", st.Dirty)
	}
}

// A version that several snapshots see goes with the last of them, in whichever order
// they are closed.
func TestAVersionGoesWithTheLastSnapshotThatSeesIt(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		m, b := started()
		b.Set([]byte("k"), nil, 1, 0)
		var snaps []*Snapshot
		for lsn := uint64(1); lsn <= 3; lsn++ {
			b.Set([]byte("other"), nil, lsn, 0)
			m.Publish(lsn)
			snaps = append(snaps, m.Snapshot(0))
		}
		b.Set([]byte("k"), nil, 4, 0)
		b.Delete([]byte("other"), 4)
		m.Publish(4)
		for i, which := range order {
			for j, s := range snaps {
				if it, ok := b.Get([]byte("k"), s.LSN()); !s.closed.Load() && (!ok || it.LSN != 1) {
					t.Errorf("%v: after closing %d, snapshot %d sees LSN %d", order, i, j, it.LSN)
				}
			}
			snaps[which].Close()
		}
		if st := m.Stats(); st.Versions != 1 || st.Dirty != 0 {
			t.Errorf("%v: left behind: %+v", order, st)
		}
	}
}

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

// Were all the keys of a segment to fall into one half of it, that half must be large
// enough.
func TestUnevenHashesAreOnlySlow(t *testing.T) {
	m := New(Options{})
	m.limits.segment, m.limits.bits, m.limits.hash = 64, 6, 1<<20-1
	m.Publish(0)
	b := m.Bucket("")
	for i := range 2000 {
		b.Set(numeral(i), nil, 1, 0)
	}
	m.Publish(1)
	for i := range 2000 {
		if _, ok := b.GetLatest(numeral(i)); !ok {
			t.Fatalf("key %d is not found", i)
		}
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
}

// The writer may be at work when a snapshot is closed, and then the rest is up to it.
func TestClosingWhileTheWriterIsAtWorkLosesNothing(t *testing.T) {
	m, b := started()
	for lsn := uint64(1); lsn < 4; lsn++ {
		s := m.Snapshot(0)
		b.Set([]byte("k"), nil, lsn, 0)
		m.Publish(lsn)
		m.mu.Lock()
		s.Close()
		m.mu.Unlock()
	}
	b.Set([]byte("other"), nil, 4, 0)
	m.Publish(4)
	if st := m.Stats(); st.Versions != 2 || st.Dirty != 0 {
		t.Errorf("left behind: %+v", st)
	}
}

// The writer collects by a view of the open snapshots that may be older than a Close.
func TestAnOldViewOfTheSnapshotsLosesNothing(t *testing.T) {
	m, b := started()
	const keys = 2 * publishShare
	for lsn := uint64(1); lsn <= 2; lsn++ {
		for i := range keys {
			b.Set(numeral(i), nil, lsn, 0)
		}
		if lsn == 1 {
			m.Publish(1)
		}
	}
	s := m.Snapshot(0)
	m.Publish(2) // some are left with the snapshot, the others wait
	m.mu.Lock()
	s.Close()
	m.mu.Unlock()
	for i := range keys {
		b.Set(numeral(i+keys), nil, 3, 0)
	}
	m.Publish(3)
	if st := m.Stats(); st.Versions != 2*keys || st.Dirty != 0 {
		t.Errorf("left behind: %+v", st)
	}
}

// A snapshot that is held for long must not make everything that comes after it
// pile up: only what it sees itself.
func TestALongLivedSnapshotHoldsOnlyWhatItSees(t *testing.T) {
	m, b := started()
	hot := []byte("hot")
	b.Set(hot, nil, 1, 0)
	m.Publish(1)
	s := m.Snapshot(0)
	defer s.Close()
	for lsn := uint64(2); lsn < 10_000; lsn++ {
		b.Set(hot, nil, lsn, 0)
		job := numeral(int(lsn))
		b.Set(job, job, lsn, 0)
		b.Delete(numeral(int(lsn)-5), lsn)
		m.Publish(lsn)
	}
	st := m.Stats()
	if st.Versions > 30 || st.Dirty > 30 || st.Bytes > 20_000 {
		t.Errorf("piled up: %+v", st)
	}
	if it, _ := b.Get(hot, s.LSN()); it.LSN != 1 {
		t.Errorf("the snapshot sees LSN %d", it.LSN)
	}
}

func TestAForgottenSnapshotShowsInStats(t *testing.T) {
	m, b := started()
	b.Set([]byte("k"), nil, 7, 0)
	m.Publish(7)
	m.Snapshot(1000)
	b.Set([]byte("k"), nil, 8, 0)
	m.Publish(8)
	m.Snapshot(2000).Close()
	other := m.Snapshot(3000)
	st := m.Stats()
	if st.Snapshots != 2 || st.OldestSnapshotLSN != 7 || st.OldestSnapshotOpened != 1000 || st.Versions != 2 {
		t.Errorf("%+v", st)
	}
	other.Close()
	if st := m.Stats(); st.Snapshots != 1 || st.OldestSnapshotOpened != 1000 {
		t.Errorf("%+v", st)
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

func TestKeysDeletedAndSetAgain(t *testing.T) {
	m, b := started()
	const keys = 3000
	lsn := uint64(0)
	for round := range 4 {
		lsn++
		for i := range keys {
			b.Set(numeral(i), numeral(round), lsn, 0)
		}
		m.Publish(lsn)
		s := m.Snapshot(0)
		lsn++
		for i := range keys {
			b.Delete(numeral(i), lsn)
		}
		if round%2 == 0 {
			m.Publish(lsn)
		}
		if n := len(keysOf(b, nil, nil, s.LSN())); n != keys {
			t.Fatalf("round %d: %d keys", round, n)
		}
		s.Close()
	}
	m.Publish(lsn)
	settle(m)
	if err := m.check(); err != nil {
		t.Error(err)
	}
	if st := m.Stats(); st.Versions != 0 || st.Bytes > 50_000 {
		t.Errorf("left behind: %+v", st)
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

func TestReplayKeepsOneVersionOfAKey(t *testing.T) {
	m := New(Options{})
	b := m.Bucket("")
	for lsn := uint64(1); lsn <= 20_000; lsn++ {
		b.Set(numeral(int(lsn%50)), numeral(int(lsn)), lsn, int64(lsn))
		b.Set(numeral(int(lsn+100)), nil, lsn, 0)
		b.Delete(numeral(int(lsn+99)), lsn)
	}
	comesBack := []byte("comes back")
	for range 3 {
		b.Set(comesBack, nil, 20_000, 0)
		b.Delete(comesBack, 20_000)
	}
	b.Set(comesBack, nil, 20_000, 0)
	if st := m.Stats(); st.Versions != 52 || st.Dirty != 0 || st.Deadlines != 50 {
		t.Errorf("before the first Publish: %+v", st)
	}
	m.Publish(20_000)
	if n := len(keysOf(b, nil, nil, 20_000)); n != 52 {
		t.Errorf("%d keys, want 52", n)
	}
	if err := m.check(); err != nil {
		t.Error(err)
	}
}
