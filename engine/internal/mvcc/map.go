package mvcc

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// limits are the sizes at which the parts of a bucket's indexes are split. Tests
// make do with smaller ones.
type limits struct {
	leaf    int    // nodes in a leaf of the order
	clump   int    // leaves that are counted together
	changes int    // that even a small order remembers while they are not published
	recent  int    // and afterwards, for snapshots that are a little older
	segment int    // slots in a segment of the table; rebuilding one takes some tens of microseconds
	bits    uint8  // bits of the hash that the table's directory uses
	pending int    // nodes that wait to enter the order
	hash    uint32 // mask for the hash
}

// Options are the choices made when a map is created. The zero value is good.
type Options struct {
	// Presize is how many keys the map is going to be filled with, 0 when that is not
	// known. The first bucket that is written to gets room for all of them, so that it
	// need not grow in steps; what it did not need is given back at the first Publish.
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

// Map is the whole state. Reads may come from any goroutine; writes (Set, SetVersions,
// Delete, DeleteRange, Load, Publish) from one goroutine at a time.
type Map struct {
	published atomic.Uint64
	bytes     atomic.Int64
	seed      maphash.Seed // places keys in the hash index; nothing that a caller sees depends on it
	numbers   numbers
	names     registry
	snaps     snapshots
	limits    limits
	deadlines deadlines

	// mu is the write lock. There is one writer, so it is there for the collector,
	// which other goroutines run as well, and for Stats. It is held for one key, or
	// one small run of keys, at a time, and readers never take it.
	mu      sync.Mutex
	started bool   // Publish was called: there may be readers
	presize int    // the room that the first bucket is to get
	applied uint64 // the newest LSN written, for the invariants
	garbage garbage
	counts  counts

	untrimmed queue[uint32] // buckets that remember changes
}

// counts is what Stats reports that nothing else knows.
type counts struct {
	keys, versions, tombstones, deadlines int
	bytes                                 int64 // of records, chains and buckets
}

// settle makes the new total of bytes known. Write lock.
func (m *Map) settle() {
	m.bytes.Store(m.counts.bytes + m.numbers.size() +
		int64(cap(m.garbage.fresh.items))*24 + int64(m.counts.deadlines)*deadlineSize)
}

// New returns an empty map.
func New(o Options) *Map {
	m := &Map{
		seed:    maphash.MakeSeed(),
		limits:  limits{leaf: 128, clump: 128, changes: 1 << 14, recent: 256, segment: 4096, bits: 20, pending: 1 << 18, hash: 1<<32 - 1},
		presize: o.Presize,
	}
	m.names.init()
	m.deadlines.init()
	return m
}

func (m *Map) hash(key []byte) uint32 { return uint32(maphash.Bytes(m.seed, key)) & m.limits.hash }

// Published is the newest LSN that readers see.
func (m *Map) Published() uint64 { return m.published.Load() }

// Publish makes everything applied with an LSN up to lsn visible to readers that
// start from now on. LSNs ascend.
//
// Before the first Publish nobody can read, and the map keeps only the newest
// version of each key (replay needs that to stay small): so the first Publish must
// cover everything that was applied. A new store publishes 0.
func (m *Map) Publish(lsn uint64) {
	if invariants && lsn < m.published.Load() {
		panic("mvcc: published LSNs go backwards")
	}
	m.published.Store(lsn)
	m.mu.Lock()
	if !m.started {
		for _, b := range m.Buckets() {
			b.complete()
		}
		m.started = true
	}
	m.snaps.view(m, &m.garbage.view)
	m.collect(publishShare)
	m.trim()
	m.settle()
	if invariants && lsn%64 == 0 && m.counts.versions < 10_000 {
		if err := m.check(); err != nil {
			panic(err)
		}
	}
	m.mu.Unlock()
}

// Bytes is approximately how much memory the map occupies. It costs one load.
func (m *Map) Bytes() int64 { return m.bytes.Load() }
