package mvcc

import "slices"

// Snapshot pins one LSN: what was visible at it stays readable until Close.
type Snapshot struct {
	m      *Map
	lsn    uint64
	opened int64
}

// Snapshot pins the published LSN. now (Unix milliseconds) is only remembered, so
// that Stats can tell since when a forgotten snapshot holds memory.
func (m *Map) Snapshot(now int64) *Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &Snapshot{m: m, lsn: m.published, opened: now}
	m.snaps = append(m.snaps, s)
	return s
}

// LSN is the LSN to read at.
func (s *Snapshot) LSN() uint64 { return s.lsn }

// Close lets go of what the snapshot alone kept alive. Closing twice is harmless.
func (s *Snapshot) Close() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.snaps = slices.DeleteFunc(s.m.snaps, func(o *Snapshot) bool { return o == s })
	s.m.collect()
}
