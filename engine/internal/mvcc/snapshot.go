package mvcc

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Snapshot pins one LSN: what was visible at it stays readable until Close.
type Snapshot struct {
	m          *Map
	pin        *pin
	opened     int64
	closed     atomic.Bool
	prev, next *Snapshot // the open ones, in the order of opening and so of LSN
}

// A pin is an LSN that open snapshots read at.
type pin struct {
	lsn  uint64
	refs int
	held []garbageNode // nodes that the collector came upon and had to leave for this pin
}

// snapshots is the register of open snapshots. Registering and loading the
// published LSN are one step under its lock. So whoever looks at the register and
// the published LSN together, under the lock, knows what every snapshot that is
// registered later will read at: that LSN or a newer one. The collector works by
// such a view, and an old view only makes it keep more.
type snapshots struct {
	mu          sync.Mutex
	pins        []*pin // ascending
	first, last *Snapshot
	open        int
	changes     uint64
}

// A view is the register as it was at one moment.
type view struct {
	published uint64
	pins      []*pin
	changes   uint64
}

// pinned returns a pin p with from <= p < to: a reader of a version written at from
// and overwritten at to.
func (v *view) pinned(from, to uint64) *pin {
	i, _ := slices.BinarySearchFunc(v.pins, from, func(p *pin, lsn uint64) int {
		if p.lsn < lsn {
			return -1
		}
		return 1
	})
	if i < len(v.pins) && v.pins[i].lsn < to {
		return v.pins[i]
	}
	return nil
}

// Snapshot pins the published LSN. now (Unix milliseconds) is only remembered, so
// that Stats can tell since when a forgotten snapshot holds memory.
func (m *Map) Snapshot(now int64) *Snapshot {
	s := &Snapshot{m: m, opened: now}
	r := &m.snaps
	r.mu.Lock()
	defer r.mu.Unlock()
	lsn := m.published.Load()
	if n := len(r.pins); n > 0 && r.pins[n-1].lsn == lsn {
		s.pin = r.pins[n-1]
	} else {
		s.pin = &pin{lsn: lsn}
		r.pins = append(r.pins, s.pin)
		r.changes++
	}
	s.pin.refs++
	r.open++
	if s.prev = r.last; s.prev != nil {
		s.prev.next = s
	} else {
		r.first = s
	}
	r.last = s
	return s
}

// LSN is the LSN to read at.
func (s *Snapshot) LSN() uint64 { return s.pin.lsn }

// Close lets go of what the snapshot alone kept alive. It frees a bounded part of
// that itself and leaves the rest to the writes that follow and to Collect.
// Closing twice is harmless.
func (s *Snapshot) Close() {
	if s.closed.Swap(true) {
		return
	}
	r := &s.m.snaps
	// When the writer is at work, it collects as it writes: do not wait for it.
	if r.close(s, &s.m.garbage) && s.m.mu.TryLock() {
		r.view(s.m, &s.m.garbage.view)
		s.m.collect(closeShare)
		s.m.settle()
		s.m.mu.Unlock()
	}
}

// close takes s out of the register and says whether there are nodes that only its
// pin held. They are orphans before the register is unlocked: at no moment is a node
// that waits in no list at all.
func (r *snapshots) close(s *Snapshot, g *garbage) (orphaned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open--
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		r.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		r.last = s.prev
	}
	s.prev, s.next = nil, nil
	p := s.pin
	if p.refs--; p.refs > 0 {
		return false
	}
	i := slices.Index(r.pins, p)
	r.pins = slices.Delete(r.pins, i, i+1)
	r.changes++
	if len(p.held) == 0 {
		return false
	}
	g.orphan(p.held)
	p.held = nil
	return true
}

// view brings v up to date.
func (r *snapshots) view(m *Map, v *view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.published = m.published.Load()
	if v.changes != r.changes {
		v.changes = r.changes
		v.pins = append(v.pins[:0], r.pins...)
	}
}

// park leaves the node with a pin, for whoever closes its last snapshot, unless
// that has happened already.
func (r *snapshots) park(p *pin, g garbageNode) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.refs == 0 {
		return false
	}
	p.held = append(p.held, g)
	return true
}
