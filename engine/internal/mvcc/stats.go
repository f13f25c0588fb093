package mvcc

// Stats is a picture of what the map holds.
type Stats struct {
	Buckets    int   // buckets that hold anything
	Keys       int   // keys of the newest applied state
	Versions   int   // stored versions of all keys, tombstones included
	Tombstones int   // versions that say "deleted"
	Deadlines  int   // keys that have a deadline
	Dirty      int   // times that Collect has to look at a key, now or later
	Bytes      int64 // memory, approximately

	Snapshots            int    // open ones
	OldestSnapshotLSN    uint64 // 0 when none is open
	OldestSnapshotOpened int64  // Unix milliseconds, as passed to Snapshot
}

// Stats may be called from any goroutine. It costs about as much as a write.
func (m *Map) Stats() Stats {
	var s Stats
	m.mu.Lock()
	s.Keys, s.Versions = m.counts.keys, m.counts.versions
	s.Tombstones, s.Deadlines = m.counts.tombstones, m.counts.deadlines
	s.Dirty = m.garbage.fresh.len()
	m.mu.Unlock()
	m.garbage.mu.Lock()
	s.Dirty += m.garbage.left
	m.garbage.mu.Unlock()
	s.Bytes = m.Bytes()
	s.Buckets = len(m.Buckets())

	m.snaps.mu.Lock()
	defer m.snaps.mu.Unlock()
	s.Snapshots = m.snaps.open
	for _, p := range m.snaps.pins {
		s.Dirty += len(p.held)
	}
	if o := m.snaps.first; o != nil {
		s.OldestSnapshotLSN, s.OldestSnapshotOpened = o.pin.lsn, o.opened
	}
	return s
}
