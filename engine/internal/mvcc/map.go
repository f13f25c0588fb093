package mvcc

import (
	"slices"
	"sync"

	"github.com/tidwall/btree"
)

// Options are the choices made when a map is created. The zero value is good.
type Options struct {
	// Presize is how many keys are expected, 0 when unknown. It is a hint.
	Presize int
}

// Item is one version of one key. Key and Value alias the map's memory, which is
// never written again: a reader may keep them for as long as it likes and must
// not write to them.
type Item struct {
	Key, Value []byte
	LSN        uint64 // of the commit that wrote this version
	Deadline   int64  // Unix milliseconds, 0 = none
}

// Map is the whole state. Reads may come from any goroutine; writes (Set, Delete,
// DeleteRange, Load, Publish) from one goroutine at a time.
type Map struct {
	mu        sync.RWMutex
	buckets   map[string]*Bucket
	published uint64
	started   bool // Publish was called
	snaps     []*Snapshot
}

// New returns an empty map.
func New(o Options) *Map {
	return &Map{buckets: make(map[string]*Bucket)}
}

// Bucket returns the bucket of that name and creates it when there is none. A
// handle stays good for ever, even when the bucket falls empty and comes back.
func (m *Map) Bucket(name string) *Bucket {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.buckets[name]
	if b == nil {
		b = &Bucket{m: m, name: name, nodes: new(btree.Map[string, *node])}
		m.buckets[name] = b
	}
	return b
}

// Lookup returns the bucket of that name, or nil when there is none. Readers use
// it rather than Bucket, so that reading creates nothing.
func (m *Map) Lookup(name string) *Bucket {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if b := m.buckets[name]; b != nil && b.nodes.Len() > 0 {
		return b
	}
	return nil
}

// Buckets returns the buckets that hold anything, sorted by name. Some of them may
// hold nothing that is visible at a given LSN (only deleted or unpublished keys).
func (m *Map) Buckets() []*Bucket {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []*Bucket
	for _, b := range m.buckets {
		if b.nodes.Len() > 0 {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b *Bucket) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return all
}

// Published is the newest LSN that readers see.
func (m *Map) Published() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.published
}

// Publish makes everything applied with an LSN up to lsn visible to readers that
// start from now on. LSNs ascend.
//
// Before the first Publish nobody can read, and the map keeps only the newest
// version of each key (replay needs that to stay small): so the first Publish must
// cover everything that was applied. A new store publishes 0.
func (m *Map) Publish(lsn uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = true
	m.published = max(m.published, lsn)
	m.collect()
}

// Collect frees up to limit keys' worth of versions and tombstones that nobody can
// see any more and returns how many keys are left to look at. Writes, Publish and
// Snapshot.Close each do a bounded share of this work; what they leave over (after
// a huge DeleteRange, or a snapshot that was held through many writes) a background
// sweeper finishes by calling Collect until it returns 0. Any goroutine may call it.
func (m *Map) Collect(limit int) (left int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.collect()
	return 0
}

// Bytes is approximately how much memory the map occupies.
func (m *Map) Bytes() int64 {
	return m.Stats().Bytes
}

func (m *Map) horizon() uint64 {
	h := m.published
	for _, s := range m.snaps {
		h = min(h, s.lsn)
	}
	return h
}

func (m *Map) collect() {
	h := m.horizon()
	for _, b := range m.buckets {
		var gone []string
		b.nodes.Scan(func(key string, n *node) bool {
			for i, v := range n.versions {
				if v.LSN > h {
					continue
				}
				n.versions = n.versions[:i+1]
				if v.Value == nil && i == 0 {
					gone = append(gone, key)
				}
				break
			}
			return true
		})
		for _, key := range gone {
			b.nodes.Delete(key)
		}
	}
}
