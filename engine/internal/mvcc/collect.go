package mvcc

import "sync"

// The collector. A version is garbage when nobody can see it: its successor is
// published, and no snapshot lies between the two. A node is garbage when its only
// version is a tombstone: a reader at any LSN finds nothing either way.
//
// Nodes with something to collect, now or later, are in lists:
//
//   - fresh: a queue of what was overwritten or deleted, in LSN order. Nothing in it
//     can be judged before its LSN is published.
//   - held, one list for each pin: nodes with a version that is visible to that pin
//     alone or to that pin and newer ones.
//   - orphans: the held nodes of pins that are gone, to be judged again.
//
// So a write finds its garbage in the order in which it became garbage, a long-lived
// snapshot holds back only what it can itself see, and closing it leads straight to
// that. The lists are worked off in small shares: two nodes for each write (which
// adds at most one), some at Publish and at Close, the rest by Collect.

const (
	writeShare   = 2
	publishShare = 64
	closeShare   = 256
)

type garbageNode struct {
	ref    ref
	bucket uint32
}

type freshNode struct {
	lsn uint64
	garbageNode
}

// garbage is the collector's state. All but the orphans is behind the write lock.
type garbage struct {
	fresh queue[freshNode]
	view  view

	mu      sync.Mutex
	orphans [][]garbageNode
	left    int // in orphans
}

func (g *garbage) orphan(held []garbageNode) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.orphans = append(g.orphans, held)
	g.left += len(held)
}

func (g *garbage) nextOrphan() (n garbageNode, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		return n, false
	}
	i := len(g.orphans) - 1
	list := g.orphans[i]
	n = list[len(list)-1]
	if list = list[:len(list)-1]; len(list) > 0 {
		g.orphans[i] = list
	} else {
		g.orphans[i] = nil
		g.orphans = g.orphans[:i]
	}
	g.left--
	return n, true
}

// Collect frees up to limit keys' worth of versions and tombstones that nobody can
// see any more and returns how many keys are left to look at. Writes, Publish and
// Snapshot.Close each do a bounded share of this work; what they leave over (after
// a huge DeleteRange, or a snapshot that was held through many writes) a background
// sweeper finishes by calling Collect until it returns 0. Any goroutine may call
// it; the writer waits for it for some 50 microseconds at most.
func (m *Map) Collect(limit int) (left int) {
	for {
		m.mu.Lock()
		m.snaps.view(m, &m.garbage.view)
		done := m.collect(min(limit, 128))
		m.settle()
		left = m.collectable()
		m.mu.Unlock()
		if limit -= done; done == 0 || limit <= 0 {
			return left
		}
	}
}

// collectable is how many nodes collect has to look at.
func (m *Map) collectable() int {
	g := &m.garbage
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.left
	if f, ok := g.fresh.peek(); ok && f.lsn <= m.published.Load() {
		n += g.fresh.len()
	}
	return n
}

// collect judges up to limit nodes and returns how many there were. It goes by the
// view that its caller, or an earlier one, has taken. Write lock.
func (m *Map) collect(limit int) (done int) {
	g := &m.garbage
	for done < limit {
		if f, ok := g.fresh.peek(); ok && f.lsn <= g.view.published {
			g.fresh.pop()
			m.judge(f.garbageNode)
		} else if n, ok := g.nextOrphan(); ok {
			m.snaps.view(m, &g.view) // without the pin that it comes from
			m.judge(n)
		} else {
			break
		}
		done++
	}
	return done
}

// judge drops what nobody can see of a node. The node may be gone by now; then so
// are its bucket, or its ref from the bucket's table.
func (m *Map) judge(g garbageNode) {
	b := m.names.id(g.bucket)
	if b == nil {
		return
	}
	s := b.table.find(g.ref)
	if s == nil {
		return
	}
	m.prune(s, g)
	if head := s.head.Load(); head.tombstone() {
		m.strip(b, g.ref, head)
	}
}

// prune cuts versions that nobody can see out of the node's chain and leaves the
// node with the pins that see others. What is still visible because its successor
// is not published is in the queue under the successor's LSN.
func (m *Map) prune(s *slot, g garbageNode) {
	v := &m.garbage.view
	head := s.head.Load()
	for c := head.chain(); c != nil; {
		older := c.next.Load()
		if older == nil {
			break
		}
		rec, behind := older.newest(), older.chain()
		if c.lsn > v.published {
			c = behind
			continue
		}
		if p := v.pinned(rec.lsn, c.lsn); p != nil {
			if c.held != p && !m.snaps.park(p, g) {
				m.snaps.view(m, v) // p has just been closed: look again
				continue
			}
			c.held = p
			c = behind
			continue
		}
		m.dropped(rec)
		if behind == nil {
			c.next.Store(nil)
			break
		}
		c.next.Store(behind.next.Load())
		c.held = behind.held
		m.counts.bytes -= chainSize
	}
	if c := head.chain(); c != nil && c.next.Load() == nil {
		s.head.Store(c.rec)
		m.counts.bytes -= chainSize
	}
}

// dropped accounts for a version that is no longer stored.
func (m *Map) dropped(r *record) {
	m.counts.bytes -= r.size()
	m.counts.versions--
	if r.tombstone() {
		m.counts.tombstones--
	}
}

// strip takes a node whose only version r is a tombstone out of the map. It leaves
// the order first, for the order's readers trust that its nodes are in the table.
func (m *Map) strip(b *Bucket, n ref, r *record) {
	b.order.remove(r.key(), !r.tombstone())
	b.table.remove(n)
	m.numbers.release(n.number())
	b.resized()
	m.dropped(r)
	if b.table.nodes.Load() == 0 {
		m.forget(b)
	}
}
