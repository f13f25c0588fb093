package mvcc

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Newest is the LSN to read at for the newest applied state, published or not.
const Newest = math.MaxUint64

// Bucket is one named key space of a map: a hash index and an ordered index over
// the same nodes.
type Bucket struct {
	m     *Map
	name  string
	id    uint32
	live  atomic.Int64
	bytes int64       // as accounted for in the map's total
	gone  atomic.Bool // it fell empty and was forgotten; see current
	dated atomic.Bool // a key has, or had, a deadline
	table table
	order order
}

const bucketSize = 512

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Len is the number of keys in the newest applied state, published or not; keys
// past their deadline count until they are deleted.
func (b *Bucket) Len() int { return int(b.current().live.Load()) }

// Dated reports whether a key of the bucket has a deadline, or had one at any time
// since the bucket was last empty.
func (b *Bucket) Dated() bool { return b.current().dated.Load() }

// current returns the bucket that has this one's name now. A bucket is forgotten
// when its last node is collected, and whoever kept the handle must find what was
// written since under the same name.
func (b *Bucket) current() *Bucket {
	if !b.gone.Load() {
		return b
	}
	return b.again()
}

func (b *Bucket) again() *Bucket {
	if now := b.m.names.get(b.name); now != nil {
		return now
	}
	return b // forgotten and empty
}

// registry knows the buckets by name and by number.
type registry struct {
	mu     sync.RWMutex
	byName map[string]*Bucket
	byID   []*Bucket
	free   []uint32
}

func (r *registry) init() { r.byName = make(map[string]*Bucket) }

func (r *registry) get(name string) *Bucket {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

func (r *registry) id(id uint32) *Bucket {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// Bucket returns the bucket of that name and creates it when there is none. A
// handle stays good for ever, even when the bucket falls empty and comes back.
func (m *Map) Bucket(name string) *Bucket {
	r := &m.names
	if b := r.get(name); b != nil {
		return b
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.byName[name]
	if b == nil {
		b = &Bucket{m: m, name: name}
		b.table.init(m.limits)
		b.order.init(&b.table, m)
		if last := len(r.free) - 1; last >= 0 {
			b.id, r.free = r.free[last], r.free[:last]
			r.byID[b.id] = b
		} else {
			b.id = uint32(len(r.byID))
			r.byID = append(r.byID, b)
		}
		r.byName[name] = b
	}
	return b
}

// resized accounts for what the indexes have grown or shrunk by. Write lock.
func (b *Bucket) resized() {
	was := b.bytes
	if b.bytes = 0; b.table.nodes.Load() > 0 {
		b.bytes = b.table.bytes + b.order.bytes + bucketSize + int64(len(b.name))
	}
	b.m.counts.bytes += b.bytes - was
}

// forget drops a bucket whose last node is gone. Write lock.
func (m *Map) forget(b *Bucket) {
	r := &m.names
	r.mu.Lock()
	defer r.mu.Unlock()
	b.gone.Store(true)
	delete(r.byName, b.name)
	r.byID[b.id] = nil
	r.free = append(r.free, b.id)
}

// Lookup returns the bucket of that name, or nil when there is none. Readers use
// it rather than Bucket, so that reading creates nothing.
func (m *Map) Lookup(name string) *Bucket { return m.names.get(name) }

// Buckets returns the buckets that hold anything, sorted by name. Some of them may
// hold nothing that is visible at a given LSN, only what was deleted or is not
// published; a bucket that nobody can see anything in is gone once the collector
// has passed.
func (m *Map) Buckets() []*Bucket {
	r := &m.names
	r.mu.RLock()
	all := make([]*Bucket, 0, len(r.byName))
	for _, b := range r.byName {
		if b.table.nodes.Load() > 0 {
			all = append(all, b)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Bucket) int { return strings.Compare(a.name, b.name) })
	return all
}
