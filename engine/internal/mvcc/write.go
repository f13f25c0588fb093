package mvcc

import "slices"

// Version is a key's version that is made and not written yet. Any goroutine may
// make one, so that whoever writes it neither allocates nor copies.
type Version struct{ r *record }

// NewVersion copies key and value. A deadline is in Unix milliseconds, 0 means none.
func NewVersion(key, value []byte, deadline int64) Version {
	return Version{newRecord(key, value, 0, deadline)}
}

// Made says whether there is a version: the zero Version is none.
func (v Version) Made() bool { return v.r != nil }

// Key is the version's own copy of the key, as immutable as an Item's.
func (v Version) Key() []byte { return v.r.key() }

// Value is the version's own copy of the value; it is not nil.
func (v Version) Value() []byte { return v.r.value() }

// Set writes a key's new version. LSNs ascend from call to call and may repeat:
// within one LSN the last write to a key wins. Key and value are copied. A deadline
// is in Unix milliseconds, 0 means none.
func (b *Bucket) Set(key, value []byte, lsn uint64, deadline int64) {
	b.SetVersion(NewVersion(key, value, deadline), lsn)
}

// SetVersion is Set of a version that is made already. It can be written once.
func (b *Bucket) SetVersion(v Version, lsn uint64) {
	m := b.m
	h := m.hash(v.Key())
	m.mu.Lock()
	defer m.mu.Unlock()
	b = b.revive()
	b.put(h, v, lsn)
	b.ordered()
	m.wrote(lsn, 1)
}

// Write is a version on its way to a bucket.
type Write struct {
	Bucket  string
	Version Version
	LSN     uint64
}

// writeRun is how many keys are written at a time.
const writeRun = 64

// SetVersions is SetVersion for many, in the order given.
func (m *Map) SetVersions(writes []Write) {
	var hashes [writeRun]uint32
	for run := range slices.Chunk(writes, writeRun) {
		for i := range run {
			hashes[i] = m.hash(run[i].Version.Key())
		}
		m.mu.Lock()
		for i := 0; i < len(run); {
			i += m.putRun(run[i:], hashes[i:])
		}
		m.wrote(run[len(run)-1].LSN, len(run))
		m.mu.Unlock()
	}
}

// putRun writes those at the front of writes that go to one bucket, and returns how
// many there were. Write lock.
func (m *Map) putRun(writes []Write, hashes []uint32) (n int) {
	b := m.Bucket(writes[0].Bucket).revive()
	for n < len(writes) && writes[n].Bucket == b.name {
		n++
	}
	// The places lie anywhere in memory. Going to all of them before using one lets
	// the processor fetch them at the same time: first the slots, then what the slots
	// lead to.
	for _, h := range hashes[:n] {
		b.table.touch(h)
	}
	for _, h := range hashes[:n] {
		b.table.touchHead(h)
	}
	for i := range writes[:n] {
		b.put(hashes[i], writes[i].Version, writes[i].LSN)
	}
	b.ordered()
	return n
}

// ordered takes new keys into the order, if there may be readers who look for them
// there. Write lock.
func (b *Bucket) ordered() {
	if b.m.started {
		b.order.flush()
		b.changed()
	}
	b.resized()
}

// put gives a version its place in the table, and leaves a new key for the order to
// take in. Write lock.
func (b *Bucket) put(h uint32, v Version, lsn uint64) {
	r := v.r
	if invariants && r.lsn != 0 {
		panic("mvcc: a version is written twice")
	}
	r.lsn = lsn
	if s, _ := b.table.lookup(h, r.key()); s == nil {
		b.order.later(b.create(h, r), r)
	} else {
		b.replace(s, r)
	}
}

// Delete writes the key's tombstone and says whether there was a key to delete.
func (b *Bucket) Delete(key []byte, lsn uint64) bool {
	m := b.m
	h := m.hash(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	b = b.current()
	s, head := b.table.lookup(h, key)
	if s == nil || head.newest().tombstone() {
		return false
	}
	b.delete(s, lsn)
	m.wrote(lsn, 1)
	return true
}

// DeleteRange deletes the keys from <= key < to, nil bounds being open, and returns
// how many there were. Each key gets a tombstone, and the collector has them to
// clear away after Publish: see Collect.
func (b *Bucket) DeleteRange(from, to []byte, lsn uint64) (deleted int) {
	m := b.m
	b = b.current()
	m.mu.Lock()
	b.order.flush()
	b.resized()
	m.mu.Unlock()
	var refs [runMax]ref
	for run := (run{from: from, to: to}); !run.done; {
		m.mu.Lock()
		for _, ref := range b.order.ascend(&run, refs[:]) {
			if s := b.table.find(ref); !s.head.Load().newest().tombstone() {
				b.delete(s, lsn)
				deleted++
			}
		}
		m.wrote(lsn, len(refs)+1)
		m.mu.Unlock()
	}
	return deleted
}

// Load adds keys in bulk: ascending, all above what the bucket holds, each with
// the LSN of its own last write. It is for filling a map before the first Publish.
func (b *Bucket) Load(items []Item) {
	m := b.m
	m.mu.Lock()
	defer m.mu.Unlock()
	b = b.revive()
	var hashes [64]uint32
	for run := range slices.Chunk(items, len(hashes)) {
		// The places in the table lie anywhere. Going to all of them before using one
		// lets the processor fetch them at the same time.
		for i := range run {
			hashes[i] = m.hash(run[i].Key)
			b.table.touch(hashes[i])
		}
		for i := range run {
			it := &run[i]
			if invariants {
				if s, _ := b.table.lookup(hashes[i], it.Key); s != nil {
					panic("mvcc: a key is loaded twice")
				}
			}
			ref := b.create(hashes[i], newRecord(it.Key, it.Value, it.LSN, it.Deadline))
			b.order.insert(it.Key, ref, nil)
			m.applied = max(m.applied, it.LSN)
		}
	}
	b.resized()
	m.settle()
}

// revive returns the bucket to write to under this one's name.
func (b *Bucket) revive() *Bucket {
	if b.gone.Load() {
		b = b.m.Bucket(b.name)
	}
	if m := b.m; m.presize > 0 {
		if !m.started && b.table.nodes.Load() == 0 {
			b.table.presize(m.presize)
		}
		m.presize = 0
	}
	return b
}

// create gives a key its node in the table. The order is told after that: its
// readers trust that its nodes are in the table.
func (b *Bucket) create(h uint32, r *record) ref {
	m := b.m
	ref := newRef(h, m.numbers.alloc())
	b.table.insert(ref, r)
	m.counts.bytes += r.size()
	b.live.Add(1)
	m.counts.keys++
	m.counts.versions++
	if d := r.deadline(); d != 0 {
		b.dated.Store(true)
		m.setDeadline(d, ref, b.id)
	}
	return ref
}

// complete ends the filling of a bucket.
func (b *Bucket) complete() {
	b.order.flush()
	b.table.fit()
	b.resized()
}

// replace gives a node its new version r.
func (b *Bucket) replace(s *slot, r *record) {
	m := b.m
	ref := ref(s.ref.Load())
	head := s.head.Load()
	c := head.chain()
	old := head.newest()
	if old.lsn > r.lsn {
		panic("mvcc: LSNs go backwards")
	}
	m.counts.bytes += r.size()
	m.counts.versions++
	if r.tombstone() {
		m.counts.tombstones++
	}
	switch {
	case c == nil && (old.lsn == r.lsn || !m.started || old.tombstone()):
		// Nobody can tell that old was ever there: it was overwritten before its LSN
		// was published, or there is no reader yet, or it says what no version says.
		s.head.Store(r)
		m.dropped(old)
		if r.tombstone() {
			m.garbage.fresh.push(freshNode{r.lsn, garbageNode{ref, b.id}})
		}
	case c != nil && old.lsn == r.lsn:
		s.head.Store(link(r, c.next.Load()))
		m.dropped(old)
	default:
		s.head.Store(link(r, head))
		m.counts.bytes += chainSize
		m.garbage.fresh.push(freshNode{r.lsn, garbageNode{ref, b.id}})
	}
	if d := old.deadline(); d != 0 {
		m.clearDeadline(d, ref, b.id)
	}
	if d := r.deadline(); d != 0 {
		b.dated.Store(true)
		m.setDeadline(d, ref, b.id)
	}
	switch was, is := old.tombstone(), r.tombstone(); {
	case was && !is:
		b.live.Add(1)
		m.counts.keys++
		b.turned(r, 1)
	case is && !was:
		b.live.Add(-1)
		m.counts.keys--
		b.turned(r, -1)
	}
}

// delete gives a node its tombstone, or takes it away when there is no reader yet.
func (b *Bucket) delete(s *slot, lsn uint64) {
	old := s.head.Load().newest()
	if b.m.started {
		b.replace(s, newTombstone(old.key(), lsn))
		return
	}
	ref := ref(s.ref.Load())
	if d := old.deadline(); d != 0 {
		b.m.clearDeadline(d, ref, b.id)
	}
	b.live.Add(-1)
	b.m.counts.keys--
	b.m.strip(b, ref, old)
}

// wrote ends n writes: it notes the LSN of the last and does their share of
// collecting.
func (m *Map) wrote(lsn uint64, n int) {
	if invariants && (lsn < m.applied || m.started && lsn <= m.published.Load()) {
		panic("mvcc: LSNs go backwards")
	}
	m.applied = lsn
	m.collect(writeShare * n)
	m.settle()
}
