package mvcc

import "sync/atomic"

// A table is a bucket's hash index, key -> head. It is an extendible hash: a
// directory, indexed by the hash's top bits, of small open-addressing segments that
// grow, split and shrink one by one, so that no write ever waits for the whole
// index to be rebuilt.
//
// A slot holds a node's ref and its head side by side, in one cache line: a reader
// goes from the slot to the record, and a miss in the cache is what a read costs.
// The ref begins with the hash, whose top bits choose the segment and whose other
// bits the place in it, so rebuilding touches no key.
//
// Readers take no lock. A segment's slots are only filled, given new heads, or
// marked deleted; moving anything means building a new segment and swapping it in.
// A reader that is still in the old one finds all that had been written when it
// came, which is all that it may see.
type table struct {
	dir    atomic.Pointer[directory]
	limits limits
	nodes  atomic.Int64 // with those of which only a tombstone is left
	bytes  int64
}

type directory struct {
	bits uint8
	segs []atomic.Pointer[segment] // 1<<bits; a segment of fewer bits appears repeatedly
}

type segment struct {
	bits  uint8 // how many top bits of the hash all its keys share
	live  int   // nodes
	used  int   // slots that end no search: nodes and deletions
	slots []slot
}

type slot struct {
	ref  atomic.Uint64
	head atomic.Pointer[record]
}

const (
	segMin   = 8
	slotSize = 16

	slotEmpty   = 0
	slotDeleted = 1 << 32 // no node has the number 0
)

func newSegment(bits uint8, slots int) *segment {
	return &segment{bits: bits, slots: make([]slot, slots)}
}

func (t *table) init(l limits) {
	t.limits = l
	d := &directory{segs: make([]atomic.Pointer[segment], 1)}
	s := newSegment(0, segMin)
	d.segs[0].Store(s)
	t.dir.Store(d)
	t.bytes = s.size() + 8
}

// presize makes room in an empty table for n nodes, without the steps in which it
// would grow to there. Write lock.
func (t *table) presize(n int) {
	d := &directory{}
	for n>>d.bits > t.limits.segment/2 && d.bits < t.limits.bits {
		d.bits++
	}
	d.segs = make([]atomic.Pointer[segment], 1<<d.bits)
	t.bytes = int64(len(d.segs)) * 8
	for i := range d.segs {
		s := newSegment(d.bits, n>>d.bits*3/2+segMin) // a load of 0.7, give or take
		d.segs[i].Store(s)
		t.bytes += s.size()
	}
	t.dir.Store(d)
}

// fit gives back the room that turned out not to be needed. Write lock.
func (t *table) fit() {
	for h := uint64(0); h < 1<<32; {
		s := t.segment(uint32(h))
		h += 1 << (32 - s.bits)
		if s.live*2 < len(s.slots) && len(s.slots) > 2*segMin {
			t.rebuild(s, uint32(h-1))
		}
	}
}

func (s *segment) size() int64 { return int64(len(s.slots))*slotSize + 64 }

func (t *table) segment(h uint32) *segment {
	d := t.dir.Load()
	return d.segs[uint64(h)>>(32-d.bits)].Load()
}

// home is where the search for a hash starts.
func (s *segment) home(h uint32) int {
	return int(uint64(h<<s.bits) * uint64(len(s.slots)) >> 32)
}

// lookup finds key's slot and its head. Without the write lock the slot may be
// taken from the key, and given to another, at any moment. Then the key is not
// found, which is right: it is taken only when nobody sees the key any more.
func (t *table) lookup(h uint32, key []byte) (*slot, *record) {
	seg := t.segment(h)
	for i := seg.home(h); ; {
		s := &seg.slots[i]
		r := s.ref.Load()
		if r == slotEmpty {
			return nil, nil
		}
		if uint32(r>>32) == h && uint32(r) != 0 {
			if head := s.head.Load(); head != nil && head.newest().isOf(key) {
				return s, head
			}
		}
		if i++; i == len(seg.slots) {
			i = 0
		}
	}
}

// find returns the slot of a node, nil when it is not in the table.
func (t *table) find(r ref) *slot {
	seg := t.segment(r.hash())
	for i := seg.home(r.hash()); ; {
		s := &seg.slots[i]
		switch s.ref.Load() {
		case uint64(r):
			return s
		case slotEmpty:
			return nil
		}
		if i++; i == len(seg.slots) {
			i = 0
		}
	}
}

// key returns the key of a node that is in the table.
func (t *table) key(r ref) []byte { return t.find(r).head.Load().newest().key() }

// insert adds a node whose key the table does not hold. Write lock.
func (t *table) insert(r ref, head *record) {
	s := t.segment(r.hash())
	if (s.used+1)*5 > len(s.slots)*4 {
		t.rebuild(s, r.hash())
		s = t.segment(r.hash())
	}
	s.insert(r, head)
	t.nodes.Add(1)
}

func (s *segment) insert(r ref, head *record) {
	for i := s.home(r.hash()); ; {
		switch s.slots[i].ref.Load() {
		case slotEmpty:
			s.used++
			fallthrough
		case slotDeleted:
			// The head first: who finds the ref finds it.
			s.slots[i].head.Store(head)
			s.slots[i].ref.Store(uint64(r))
			s.live++
			return
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

// remove takes out a node, which must be there. Write lock.
func (t *table) remove(r ref) {
	s := t.segment(r.hash())
	i := s.home(r.hash())
	for s.slots[i].ref.Load() != uint64(r) {
		if i++; i == len(s.slots) {
			i = 0
		}
	}
	s.slots[i].ref.Store(slotDeleted)
	s.slots[i].head.Store(nil)
	s.live--
	t.nodes.Add(-1)
	// Deletions in front of an empty slot lead to nothing.
	if s.slots[(i+1)%len(s.slots)].ref.Load() == slotEmpty {
		for s.slots[i].ref.Load() == slotDeleted {
			s.slots[i].ref.Store(slotEmpty)
			s.used--
			if i--; i < 0 {
				i = len(s.slots) - 1
			}
		}
	}
	if s.live*10 < len(s.slots)*3 && len(s.slots) > 2*segMin {
		t.rebuild(s, r.hash())
	}
}

// rebuild replaces the segment by one, or two, with room for what it holds: the
// new load is 0.6; at 0.8, or at 0.3, the next rebuilding falls due.
func (t *table) rebuild(s *segment, h uint32) {
	room := func(live int) int { return live*5/3 + segMin }
	lo := newSegment(s.bits, room(s.live))
	hi := lo
	if len(lo.slots) > t.limits.segment && s.bits < t.limits.bits {
		high := 0
		for i := range s.slots {
			if r := ref(s.slots[i].ref.Load()); r.number() != 0 && r.hash()<<s.bits>>31 == 1 {
				high++
			}
		}
		lo = newSegment(s.bits+1, room(s.live-high))
		hi = newSegment(s.bits+1, room(high))
		t.bytes += hi.size()
	}
	for i := range s.slots {
		r := ref(s.slots[i].ref.Load())
		if r.number() == 0 {
			continue
		}
		to := lo
		if r.hash()<<s.bits>>31 == 1 {
			to = hi
		}
		to.insert(r, s.slots[i].head.Load())
	}
	t.bytes += lo.size() - s.size()

	d := t.dir.Load()
	if lo.bits > d.bits {
		wider := &directory{bits: d.bits + 1, segs: make([]atomic.Pointer[segment], 2*len(d.segs))}
		for i := range wider.segs {
			wider.segs[i].Store(d.segs[i/2].Load())
		}
		t.bytes += int64(len(d.segs)) * 8
		d = wider
	}
	// The directory's entries for the old segment: all of them when there is one new
	// segment, the first and the second half when there are two.
	n := 1 << (d.bits - s.bits)
	first := int(uint64(h)>>(32-s.bits)) * n
	for i := range n {
		to := lo
		if i >= n/2 && n > 1 {
			to = hi
		}
		d.segs[first+i].Store(to)
	}
	t.dir.Store(d)
}

// touch brings the place of a hash into the cache.
func (t *table) touch(h uint32) {
	s := t.segment(h)
	s.slots[s.home(h)].ref.Load()
}

// touchHead brings what is at the place of a hash into the cache.
func (t *table) touchHead(h uint32) {
	s := t.segment(h)
	if r := s.slots[s.home(h)].head.Load(); r != nil {
		atomic.LoadUint64(&r.meta)
	}
}
