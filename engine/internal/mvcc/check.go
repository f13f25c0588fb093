package mvcc

import (
	"bytes"
	"fmt"
)

// check walks over all that the map holds and returns what contradicts what. The
// tests call it after every step; with -tags invariants Publish does so now and then.
// Write lock.
func (m *Map) check() error {
	c := checker{m: m}
	m.names.mu.RLock()
	for id, b := range m.names.byID {
		if b != nil && (b.id != uint32(id) || m.names.byName[b.name] != b) {
			c.errorf("bucket %q is registered wrongly", b.name)
		}
	}
	m.names.mu.RUnlock()
	c.lists()
	for _, b := range m.Buckets() {
		c.bucket(b)
	}
	if c.sum != m.counts {
		c.errorf("counted %+v, kept %+v", c.sum, m.counts)
	}
	if n := m.deadlines.tree.Len(); n != c.sum.deadlines {
		c.errorf("%d deadlines in the index, %d in the nodes", n, c.sum.deadlines)
	}
	return c.err
}

type checker struct {
	m     *Map
	err   error
	sum   counts
	fresh map[freshNode]bool
	held  map[ref]int // how many times
}

func (c *checker) errorf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("mvcc: "+format, args...)
	}
}

// lists notes what is in the collector's lists.
func (c *checker) lists() {
	c.fresh = make(map[freshNode]bool)
	c.held = make(map[ref]int)
	g := &c.m.garbage
	queue := g.fresh.items[g.fresh.head:]
	for i, f := range queue {
		c.fresh[f] = true
		if i > 0 && f.lsn < queue[i-1].lsn {
			c.errorf("the queue is out of order at LSN %d", f.lsn)
		}
	}
	c.m.snaps.mu.Lock()
	for _, p := range c.m.snaps.pins {
		for _, n := range p.held {
			c.held[n.ref]++
		}
	}
	c.m.snaps.mu.Unlock()
	g.mu.Lock()
	for _, list := range g.orphans {
		for _, n := range list {
			c.held[n.ref]++
		}
	}
	g.mu.Unlock()
}

func (c *checker) bucket(b *Bucket) {
	before := c.sum
	b.order.mu.RLock()
	defer b.order.mu.RUnlock()
	c.order(b)
	nodes := 0
	for _, seg := range b.table.all() {
		live, used := 0, 0
		for i := range seg.slots {
			r := ref(seg.slots[i].ref.Load())
			if r != slotEmpty {
				used++
			}
			if r.number() != 0 {
				live++
				c.node(b, &seg.slots[i])
			}
		}
		if live != seg.live || used != seg.used {
			c.errorf("segment counts %d live and %d used, has %d and %d", seg.live, seg.used, live, used)
		}
		nodes += live
	}
	if nodes != int(b.table.nodes.Load()) || nodes == 0 || nodes != b.order.len && len(b.order.pending.nodes) == 0 {
		c.errorf("bucket %q: %d nodes in the table, %d in the order", b.name, nodes, b.order.len)
	}
	if n := c.sum.keys - before.keys; n != b.Len() {
		c.errorf("bucket %q: %d keys, Len %d", b.name, n, b.Len())
	}
	if want := b.table.bytes + b.order.bytes + bucketSize + int64(len(b.name)); b.bytes != want {
		c.errorf("bucket %q: %d bytes accounted for, not %d", b.name, b.bytes, want)
	}
	c.sum.bytes += b.bytes
}

// all returns the table's segments.
func (t *table) all() (all []*segment) {
	d := t.dir.Load()
	for i := 0; i < len(d.segs); {
		s := d.segs[i].Load()
		all = append(all, s)
		i += 1 << (d.bits - s.bits)
	}
	return all
}

func (c *checker) node(b *Bucket, s *slot) {
	r := ref(s.ref.Load())
	head := s.head.Load()
	key := head.newest().key()
	if c.m.hash(key) != r.hash() || b.table.find(r) != s {
		c.errorf("key %q: node %x cannot be found", key, r)
	}
	if !head.newest().tombstone() {
		c.sum.keys++
	}
	if head.newest().deadline() != 0 {
		c.sum.deadlines++
	}
	if head.tombstone() && !c.fresh[freshNode{head.lsn, garbageNode{r, b.id}}] {
		c.errorf("key %q is deleted and no list knows", key)
	}
	waiting := 0
	for e := head; e != nil; {
		rec := e.newest()
		c.sum.versions++
		c.sum.bytes += rec.size()
		if rec.tombstone() {
			c.sum.tombstones++
		}
		if !rec.isOf(key) {
			c.errorf("key %q has a version of key %q", key, rec.key())
		}
		link := e.chain()
		if link == nil {
			break
		}
		c.sum.bytes += chainSize
		if link.next.Load() != nil {
			if link.held != nil {
				waiting++
			} else if !c.fresh[freshNode{link.lsn, garbageNode{r, b.id}}] {
				c.errorf("key %q has an old version that no list knows", key)
			}
		}
		if link.lsn != rec.lsn {
			c.errorf("key %q: a link says LSN %d, its version %d", key, link.lsn, rec.lsn)
		}
		if e = link.next.Load(); e != nil && e.lsn >= rec.lsn {
			c.errorf("key %q: version %d lies behind version %d", key, e.lsn, rec.lsn)
		}
	}
	if waiting > c.held[r] {
		c.errorf("key %q has %d old versions for pins, but is in %d of their lists", key, waiting, c.held[r])
	}
}

// order checks the leaves against each other and against the keys.
func (c *checker) order(b *Bucket) {
	o := &b.order
	n, leaves := 0, 0
	size := clumpsOf(c, b) + int64(cap(o.changes.items))*changeSize
	var last []byte
	for l := o.first; l != nil; l = l.next {
		leaves++
		size += l.size() + leafSize + int64(len(l.low))
		skip := 0
		if l.next != nil {
			skip = commonPrefix(l.low, l.next.low)
			if l.next.prev != l || l.next.low <= l.low {
				c.errorf("leaf %q is out of place", l.next.low)
			}
		} else if o.last != l {
			c.errorf("leaf %q is not the last", o.last.low)
		}
		if len(l.refs) == 0 && l != o.first || len(l.refs) > o.limits.leaf {
			c.errorf("leaf %q holds %d nodes", l.low, len(l.refs))
		}
		if l.skip != skip {
			c.errorf("leaf %q skips %d bytes, not %d", l.low, l.skip, skip)
		}
		if in, _ := o.tree.Get(newBranch(l.low, nil)); in.l != l {
			c.errorf("leaf %q is not in the tree", l.low)
		}
		for i, r := range l.refs {
			key := b.table.key(r)
			if n++; n > 1 && bytes.Compare(last, key) >= 0 {
				c.errorf("key %q comes behind key %q", key, last)
			}
			if string(key) < l.low || l.next != nil && string(key) >= l.next.low {
				c.errorf("key %q is in the wrong leaf", key)
			}
			if l.prefixes[i] != prefixOf(key, l.skip) {
				c.errorf("key %q has the wrong prefix", key)
			}
			last = key
		}
	}
	if n != o.len || leaves != o.tree.Len() || size != o.bytes {
		c.errorf("order: %d nodes, %d leaves, %d bytes; kept %d, %d, %d", n, leaves, size, o.len, o.tree.Len(), o.bytes)
	}
}

// clumpsOf checks the counts of leaves and clumps, and returns what the clumps occupy.
func clumpsOf(c *checker, b *Bucket) (size int64) {
	o := &b.order
	l := o.first
	for k := o.first.clump; k != nil; k = k.next {
		size += clumpSize
		if k.first != l || k.leaves < 1 || k.leaves > o.limits.clump || k.next != nil && k.next.prev != k {
			c.errorf("a clump of %d leaves is out of place", k.leaves)
			return size
		}
		sum := 0
		for range k.leaves {
			live := 0
			for _, r := range l.refs {
				if !b.table.find(r).head.Load().newest().tombstone() {
					live++
				}
			}
			if l.live != live || l.clump != k {
				c.errorf("leaf %q counts %d live nodes, has %d", l.low, l.live, live)
			}
			sum += live
			l = l.next
		}
		if k.live != sum {
			c.errorf("a clump counts %d live nodes, has %d", k.live, sum)
		}
	}
	if l != nil {
		c.errorf("leaf %q is in no clump", l.low)
	}
	return size
}
