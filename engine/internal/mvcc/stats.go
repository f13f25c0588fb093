package mvcc

// Stats is a picture of what the map holds.
type Stats struct {
	Buckets    int   // buckets that hold anything
	Keys       int   // keys of the newest applied state
	Versions   int   // stored versions of all keys, tombstones included
	Tombstones int   // versions that say "deleted"
	Deadlines  int   // keys that have a deadline
	Dirty      int   // keys that Collect has yet to look at
	Bytes      int64 // memory, approximately

	Snapshots            int    // open ones
	OldestSnapshotLSN    uint64 // 0 when none is open
	OldestSnapshotOpened int64  // Unix milliseconds, as passed to Snapshot
}

// Stats may be called from any goroutine.
func (m *Map) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var s Stats
	for _, b := range m.buckets {
		if b.nodes.Len() > 0 {
			s.Buckets++
		}
		s.Keys += b.live
		b.nodes.Scan(func(key string, n *node) bool {
			if n.versions[0].Deadline != 0 {
				s.Deadlines++
			}
			if len(n.versions) > 1 || n.versions[0].Value == nil {
				s.Dirty++
			}
			for _, v := range n.versions {
				s.Versions++
				if v.Value == nil {
					s.Tombstones++
				}
				s.Bytes += int64(len(v.Key)+len(v.Value)) + 64
			}
			return true
		})
	}
	s.Snapshots = len(m.snaps)
	if len(m.snaps) > 0 {
		s.OldestSnapshotLSN, s.OldestSnapshotOpened = m.snaps[0].lsn, m.snaps[0].opened
	}
	return s
}
