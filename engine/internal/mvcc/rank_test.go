package mvcc

import "testing"

// Who reads at an LSN that many commits have passed still need not visit a large
// bucket, and what that takes is forgotten with the reader.
func TestCountsBehindABusyWriter(t *testing.T) {
	const keys = 40_000
	m, b := started()
	for i := range keys {
		b.Set(numeral(i), nil, 1, 0)
	}
	m.Publish(1)
	idle := m.Bytes()
	s := m.Snapshot(0)
	lsn := uint64(1)
	for i := range keys / 20 {
		lsn++
		if i%2 == 0 {
			b.Delete(numeral(i), lsn)
		} else {
			b.Set(numeral(keys+i), nil, lsn, 0)
		}
		m.Publish(lsn)
		if n, ok := b.Count(nil, nil, s.LSN()); !ok || n != keys {
			t.Fatalf("%d keys, %v, %d commits later", n, ok, i)
		}
	}
	if held := m.Bytes() - idle; held > 8*keys {
		t.Errorf("%d bytes are held for the snapshot", held)
	}
	s.Close()
	m.Publish(lsn + 1)
	if n := b.order.changes.len(); n > 0 {
		t.Errorf("%d changes are remembered for nobody", n)
	}
	for i := range keys {
		b.Set(numeral(2*keys+i), nil, lsn+2, 0)
		if i%997 > 0 {
			continue
		}
		if n, ok := b.Count(nil, nil, lsn+1); ok != (i < m.limits.changes) || ok && n != keys {
			t.Fatalf("%d keys, %v, behind %d that are not published", n, ok, i)
		}
	}
	m.Publish(lsn + 2)
	if n, ok := b.Count(nil, nil, lsn+2); !ok || n != 2*keys {
		t.Fatalf("%d keys, %v", n, ok)
	}
}

// A group of commits enters the order by its keys, whatever their LSNs. Who reads at
// an LSN in its middle counts what is there at that LSN.
func TestCountsInTheMiddleOfAGroup(t *testing.T) {
	m, b := started()
	const writes = 20
	var group []Write
	for i := range uint64(writes) {
		group = append(group, Write{b.Name(), NewVersion([]byte{byte(writes - i)}, nil, 0), i + 1})
	}
	m.SetVersions(group)
	for lsn := range uint64(writes + 1) {
		m.Publish(lsn)
		s := m.Snapshot(0)
		if n, ok := b.Count(nil, nil, s.LSN()); !ok || n != int(lsn) {
			t.Errorf("at LSN %d: %d keys, %v", lsn, n, ok)
		}
		s.Close()
	}
}
