package mvcc

import (
	"fmt"
	"testing"
)

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
