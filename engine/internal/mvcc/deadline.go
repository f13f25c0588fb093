package mvcc

import (
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// deadlines is the index of the nodes whose newest version has a deadline, by
// deadline.
type deadlines struct {
	mu   sync.Mutex
	tree *btree.BTreeG[deadline]
	// first is the tree's earliest, 0 for none. Changed under mu, read without: every
	// write asks for it.
	first atomic.Int64
}

type deadline struct {
	at     int64
	ref    ref
	bucket uint32
}

const deadlineSize = 36 // a place in the tree, which is two thirds full

func (d *deadlines) init() {
	d.tree = btree.NewBTreeGOptions(func(a, b deadline) bool {
		if a.at != b.at {
			return a.at < b.at
		}
		return a.ref < b.ref
	}, btree.Options{NoLocks: true})
}

func (d *deadlines) add(at int64, r ref, bucket uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tree.Set(deadline{at, r, bucket})
	d.note()
}

func (d *deadlines) remove(at int64, r ref, bucket uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tree.Delete(deadline{at, r, bucket})
	d.note()
}

// note brings first up to date. mu is held.
func (d *deadlines) note() {
	e, _ := d.tree.Min()
	d.first.Store(e.at)
}

func (m *Map) setDeadline(at int64, r ref, bucket uint32) {
	m.deadlines.add(at, r, bucket)
	m.counts.deadlines++
}

func (m *Map) clearDeadline(at int64, r ref, bucket uint32) {
	m.deadlines.remove(at, r, bucket)
	m.counts.deadlines--
}

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
func (m *Map) Due(now int64, limit int) (due []DueItem) {
	d := &m.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tree.Scan(func(e deadline) bool {
		if len(due) >= limit || e.at > now {
			return false
		}
		// A node does not lose its key before its deadline is taken from the index,
		// but the version in it may be newer than the index already.
		b := m.names.id(e.bucket)
		if r := b.table.find(e.ref).head.Load().newest(); r.deadline() == e.at {
			due = append(due, DueItem{b.name, r.key(), r.lsn, e.at})
		}
		return true
	})
	return due
}

// DueCount is how many items Due would return without a limit.
func (m *Map) DueCount(now int64) int {
	d := &m.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	lo, hi := 0, d.tree.Len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if e, _ := d.tree.GetAt(mid); e.at <= now {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// NextDeadline is the earliest deadline of the newest applied state, 0 when no key
// has one. It costs one load.
func (m *Map) NextDeadline() int64 { return m.deadlines.first.Load() }
