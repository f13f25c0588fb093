package mvcc

import (
	"fmt"
	"testing"
)

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
