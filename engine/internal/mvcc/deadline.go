package mvcc

import (
	"cmp"
	"slices"
)

// DueItem names a key whose deadline has passed, and the version that carried the
// deadline: the sweeper deletes the key only if its LSN is still that one.
type DueItem struct {
	Bucket   string
	Key      []byte
	LSN      uint64
	Deadline int64
}

// Due returns up to limit items of the newest applied state whose deadline is at
// or before now (Unix milliseconds), oldest deadline first.
func (m *Map) Due(now int64, limit int) []DueItem {
	due := m.deadlines()
	n := 0
	for n < len(due) && n < limit && due[n].Deadline <= now {
		n++
	}
	return due[:n]
}

// DueCount is how many items Due would return without a limit.
func (m *Map) DueCount(now int64) int {
	return len(m.Due(now, 1<<62))
}

// NextDeadline is the earliest deadline of the newest applied state, 0 when no key
// has one.
func (m *Map) NextDeadline() int64 {
	if due := m.deadlines(); len(due) > 0 {
		return due[0].Deadline
	}
	return 0
}

func (m *Map) deadlines() (due []DueItem) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, b := range m.buckets {
		b.nodes.Scan(func(_ string, n *node) bool {
			if v := n.versions[0]; v.Deadline != 0 {
				due = append(due, DueItem{b.name, v.Key, v.LSN, v.Deadline})
			}
			return true
		})
	}
	slices.SortFunc(due, func(a, b DueItem) int { return cmp.Compare(a.Deadline, b.Deadline) })
	return due
}
