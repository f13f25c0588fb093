package engine

import (
	"bytes"
	"iter"
	"slices"

	"github.com/tidwall/btree"

	"github.com/redis-lite/redis-lite/wal/record"
)

// overlay is the effect of mutations that are not in the map yet, in a form
// that reads can be laid over it: per bucket a set of points (a key's newest value,
// or its deletion) and the ranges that were deleted. A point is always newer than
// any range that covers it, because a range removes the points that it covers when
// it is added.
//
// Most transactions look keys up and ask for no order, so points enter that only
// when somebody does.
//
// A transaction has one for its own writes; the database has one for what is
// sequenced and not yet published. It is not safe for concurrent use.
type overlay struct {
	buckets map[string]*overlayBucket
}

type overlayBucket struct {
	points   map[string]point
	ordered  btree.Set[string] // keys of points
	arriving []string          // keys that are not in ordered yet; some may be gone again
	ranges   []span
}

func (b *overlayBucket) set(key string, p point) {
	if _, was := b.points[key]; !was {
		b.arriving = append(b.arriving, key)
	}
	b.points[key] = p
}

func (b *overlayBucket) remove(key string) {
	delete(b.points, key)
	b.ordered.Delete(key)
	if len(b.arriving) > 2*len(b.points)+64 { // nobody asks for the order, and keys come and go
		b.arriving = slices.DeleteFunc(b.arriving, func(k string) bool { _, here := b.points[k]; return !here })
	}
}

// order returns the keys of all points.
func (b *overlayBucket) order() *btree.Set[string] {
	for _, k := range b.arriving {
		if _, here := b.points[k]; here {
			b.ordered.Insert(k)
		}
	}
	clear(b.arriving)
	b.arriving = b.arriving[:0]
	return &b.ordered
}

// point is what an overlay knows of one key.
type point struct {
	lsn     uint64 // of the commit; 0 inside a transaction
	value   []byte
	dead    int64 // deadline, Unix ms, 0 for none
	deleted bool
}

// span is a deleted range of keys: from inclusive, to exclusive, nil for open.
type span struct {
	lsn      uint64
	from, to []byte
}

func (s span) contains(key []byte) bool {
	return bytes.Compare(key, s.from) >= 0 && (s.to == nil || bytes.Compare(key, s.to) < 0)
}

// add lays one more mutation on top.
func (o *overlay) add(lsn uint64, m *record.Mutation) {
	b := o.buckets[m.Bucket]
	if b == nil {
		if o.buckets == nil {
			o.buckets = make(map[string]*overlayBucket)
		}
		b = &overlayBucket{points: make(map[string]point)}
		o.buckets[m.Bucket] = b
	}
	switch m.Op {
	case record.OpSet:
		b.set(string(m.Key), point{lsn: lsn, value: m.Value, dead: m.Deadline})
	case record.OpDelete:
		b.set(string(m.Key), point{lsn: lsn, deleted: true})
	case record.OpDeleteRange:
		s := span{lsn: lsn, from: m.Key, to: m.To}
		var covered []string
		b.order().Ascend(string(s.from), func(k string) bool {
			if !s.contains([]byte(k)) {
				return false
			}
			covered = append(covered, k)
			return true
		})
		for _, k := range covered {
			b.remove(k)
		}
		b.ranges = append(b.ranges, s)
	}
}

// forget takes a mutation of commit lsn away again, unless a newer one already
// covers it.
func (o *overlay) forget(lsn uint64, m *record.Mutation) {
	b := o.buckets[m.Bucket]
	if b == nil {
		return
	}
	if m.Op == record.OpDeleteRange {
		keep := b.ranges[:0]
		for _, s := range b.ranges {
			if s.lsn != lsn {
				keep = append(keep, s)
			}
		}
		b.ranges = keep
	} else if p, ok := b.points[string(m.Key)]; ok && p.lsn == lsn {
		b.remove(string(m.Key))
	}
	if len(b.points) == 0 && len(b.ranges) == 0 {
		delete(o.buckets, m.Bucket)
	}
}

// get returns what the overlay says of a key; hit is false when it says nothing
// and the layer below decides.
func (o *overlay) get(bucket string, key []byte) (p point, hit bool) {
	b := o.buckets[bucket]
	if b == nil {
		return point{}, false
	}
	if p, ok := b.points[string(key)]; ok {
		return p, true
	}
	for i := len(b.ranges) - 1; i >= 0; i-- {
		if b.ranges[i].contains(key) {
			return point{lsn: b.ranges[i].lsn, deleted: true}, true
		}
	}
	return point{}, false
}

// layer is a copy of the part of an overlay that concerns one range, so that
// the overlay may change while somebody iterates.
type layer struct {
	keys   []string // in the direction of the iteration
	points []point
	ranges []span
	newest uint64 // highest LSN of any of it
}

// slice copies out what concerns [from, to), in ascending or descending order.
func (o *overlay) slice(bucket string, from, to []byte, reverse bool) (l layer) {
	b := o.buckets[bucket]
	if b == nil {
		return l
	}
	l.ranges = append(l.ranges, b.ranges...)
	for _, s := range b.ranges {
		l.newest = max(l.newest, s.lsn)
	}
	bounds := span{from: from, to: to}
	take := func(k string) bool {
		if !bounds.contains([]byte(k)) {
			// Descending from the upper bound starts with a key that may equal it.
			return reverse && to != nil && k >= string(to)
		}
		p := b.points[k]
		l.keys = append(l.keys, k)
		l.points = append(l.points, p)
		l.newest = max(l.newest, p.lsn)
		return true
	}
	switch {
	case !reverse:
		b.order().Ascend(string(from), take)
	case to == nil:
		b.order().Reverse(take)
	default:
		b.order().Descend(string(to), take)
	}
	return l
}

func (l *layer) empty() bool { return len(l.keys) == 0 && len(l.ranges) == 0 }

func (l *layer) covers(key []byte) bool {
	for _, s := range l.ranges {
		if s.contains(key) {
			return true
		}
	}
	return false
}

// over merges the layer with the items below it, both in the same direction.
func (l layer) over(below iter.Seq[rawItem], reverse bool) iter.Seq[rawItem] {
	if l.empty() {
		return below
	}
	before := func(a string, b []byte) bool {
		if reverse {
			return a > string(b)
		}
		return a < string(b)
	}
	return func(yield func(rawItem) bool) {
		next := 0
		emit := func() bool {
			p, k := l.points[next], l.keys[next]
			next++
			return p.deleted || yield(rawItem{key: []byte(k), value: p.value, lsn: p.lsn, dead: p.dead})
		}
		for it := range below {
			for next < len(l.keys) && before(l.keys[next], it.key) {
				if !emit() {
					return
				}
			}
			if next < len(l.keys) && l.keys[next] == string(it.key) {
				if !emit() {
					return
				}
				continue
			}
			if !l.covers(it.key) && !yield(it) {
				return
			}
		}
		for next < len(l.keys) {
			if !emit() {
				return
			}
		}
	}
}

// rawItem is an item before the filter of expired ones.
type rawItem struct {
	key, value []byte
	lsn        uint64
	dead       int64
}

func (r rawItem) expired(now int64) bool { return r.dead != 0 && r.dead <= now }
