package mvcc

// What an order knows of numbers, so that places can be found without visiting what
// lies before them: each leaf knows how many of its nodes are live, that is: have a
// newest version that is no tombstone. Some dozens of neighbouring leaves make a
// clump, which knows the sum. Both change under the order's lock.
//
// Readers want the number as of their LSN. It differs from the newest one by what
// came to life or died since, and an order remembers that for as long as a reader
// may ask, within bounds: see changes. One who reads what is published finds a few
// entries there, those of the commits that are being applied.

// A clump is a run of neighbouring leaves.
type clump struct {
	live       int
	leaves     int
	first      *leaf
	prev, next *clump
}

const clumpSize = 48

// lives says that a node of the leaf came to life (1) or died (-1).
func (l *leaf) lives(by int) {
	l.live += by
	l.clump.live += by
}

// splitCounts does its part when the nodes of r have just come out of l, the leaf
// before it. Write lock.
func (o *order) splitCounts(l, r *leaf) {
	if r.live = len(r.refs); l.live < len(l.refs)+len(r.refs) {
		for _, ref := range r.refs {
			if o.table.find(ref).head.Load().newest().tombstone() {
				r.live--
			}
		}
	}
	l.live -= r.live
	c := l.clump
	r.clump = c
	if c.leaves++; c.leaves <= o.limits.clump {
		return
	}
	first, leaves := r, 1
	if r.next != nil { // else keys arrive in order: leave full clumps behind
		first, leaves = c.first, c.leaves-c.leaves/2
		for range c.leaves / 2 {
			first = first.next
		}
	}
	d := &clump{first: first, prev: c, next: c.next}
	if d.next != nil {
		d.next.prev = d
	}
	c.next = d
	d.take(c, leaves)
	o.bytes += clumpSize
}

// take moves as many leaves from c to d, those from d's first on or, when d has
// some, from c's.
func (d *clump) take(c *clump, leaves int) {
	l := d.first
	if d.leaves > 0 {
		l = c.first
	}
	for range leaves {
		l.clump = d
		d.live += l.live
		c.live -= l.live
		l = l.next
	}
	d.leaves += leaves
	c.leaves -= leaves
}

// mergeCounts does its part when the nodes of r, which was the leaf behind l, have
// moved to l. Write lock.
func (o *order) mergeCounts(l, r *leaf) {
	l.live += r.live
	l.clump.live += r.live
	c := r.clump
	c.live -= r.live
	if c.first == r {
		c.first = r.next
	}
	if c.leaves--; c.leaves == 0 {
		o.dropClump(c)
	}
	c = l.clump
	if n := c.next; n != nil && c.leaves+n.leaves <= o.limits.clump/2 {
		c.take(n, n.leaves)
		o.dropClump(n)
	}
	if p := c.prev; p != nil && p.leaves+c.leaves <= o.limits.clump/2 {
		p.take(c, c.leaves)
		o.dropClump(c)
	}
}

// dropClump unlinks a clump without leaves, which is not the first.
func (o *order) dropClump(c *clump) {
	c.prev.next = c.next
	if c.next != nil {
		c.next.prev = c.prev
	}
	o.bytes -= clumpSize
}

// changes is what came to life and died in an order, in LSN order: what a reader may
// have to take back, unless that is too much.
type changes struct {
	queue[change]
	lost   uint64 // up to which LSN they are forgotten
	m      *Map
	listed bool // the bucket is in the map's list of those to trim; write lock
}

type change struct {
	rec *record // its LSN, and its key
	by  int     // 1 or -1
}

const changeSize = 16

// turned says that a key of the bucket came to life again (1) or died (-1) by
// version r. Write lock.
func (b *Bucket) turned(r *record, by int) {
	o := &b.order
	o.mu.Lock()
	o.locate(r.key()).lives(by)
	o.note(r, by)
	o.mu.Unlock()
	b.changed()
	b.resized()
}

// note remembers a change. Write lock, as for all that follows.
func (o *order) note(r *record, by int) {
	if r.valueLen() > 256 {
		r = newTombstone(r.key(), r.lsn) // rather than keep the value from being freed
	}
	c := &o.changes
	was := cap(c.items)
	c.push(change{r, by})
	o.bytes += int64(cap(c.items)-was) * changeSize
	// One run of writes may hold several LSNs and enters the order by its keys.
	for i := len(c.items) - 1; i > c.head && c.items[i-1].rec.lsn > r.lsn; i-- {
		c.items[i-1], c.items[i] = c.items[i], c.items[i-1]
	}
	o.trim()
}

// trim forgets changes that every reader sees, now and later; of those that are
// published, and that only older snapshots do not see, all but some; and the oldest
// when one batch has too many. Who reads at an LSN before what was forgotten has to
// visit the keys. The more there are the worse that is, so a large order may remember
// one change for every 16 of them: one byte a key.
func (o *order) trim() {
	c := &o.changes
	floor, published := c.m.garbage.view.floor(), c.m.garbage.view.published
	for old, ok := c.peek(); ok; old, ok = c.peek() {
		keep := max(o.limits.changes, o.len/16)
		if old.rec.lsn <= floor {
			keep = 0
		} else if old.rec.lsn <= published {
			keep = max(o.limits.recent, o.len/16)
		}
		if c.len() <= keep {
			return
		}
		c.lost = max(c.lost, old.rec.lsn)
		was := cap(c.items)
		if c.pop(); c.len() == 0 && was > 64 {
			c.items = nil
		}
		o.bytes -= int64(was-cap(c.items)) * changeSize
	}
}

// changed puts the bucket into the list of those whose changes are to be trimmed.
// Write lock.
func (b *Bucket) changed() {
	if b.order.changes.len() > 0 && !b.order.changes.listed {
		b.order.changes.listed = true
		b.m.untrimmed.push(b.id)
	}
}

// trimShare is how many buckets one Publish trims.
const trimShare = 16

// trim goes over some of the buckets that have changes. Write lock.
func (m *Map) trim() {
	for range min(trimShare, m.untrimmed.len()) {
		id, _ := m.untrimmed.peek()
		m.untrimmed.pop()
		b := m.names.id(id)
		if b == nil {
			continue
		}
		b.order.changes.listed = false
		b.order.mu.Lock()
		b.order.trim()
		left := b.order.changes.len()
		b.order.mu.Unlock()
		b.resized()
		if left > 0 {
			b.changed()
		}
	}
}

// floor is the oldest LSN that somebody may read at.
func (v *view) floor() uint64 {
	if len(v.pins) > 0 {
		return min(v.pins[0].lsn, v.published)
	}
	return v.published
}
