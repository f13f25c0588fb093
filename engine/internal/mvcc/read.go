package mvcc

// Get returns the key's version that a reader at LSN at sees. The caller holds a
// Snapshot of that LSN, or asks for Newest.
func (b *Bucket) Get(key []byte, at uint64) (Item, bool) {
	b = b.current()
	_, head := b.table.lookup(b.m.hash(key), key)
	if head == nil {
		return Item{}, false
	}
	r := head.at(at)
	if r == nil || r.tombstone() {
		return Item{}, false
	}
	return Item{r.key(), r.value(), r.lsn, r.deadline()}, true
}

// GetLatest returns the key's version at the published LSN. It needs no snapshot
// and takes no lock.
func (b *Bucket) GetLatest(key []byte) (Item, bool) {
	r := b.latest(key)
	if r == nil || r.tombstone() {
		return Item{}, false
	}
	// Spelled out, for passing an Item from call to call costs more than making it.
	return Item{r.key(), r.value(), r.lsn, r.deadline()}, true
}

// LatestValue is GetLatest for callers who want no more than the value, and the
// deadline (0 = none) to judge it by. All of it fits into registers.
func (b *Bucket) LatestValue(key []byte) (value []byte, deadline int64, ok bool) {
	r := b.latest(key)
	if r == nil || r.tombstone() {
		return nil, 0, false
	}
	return r.value(), r.deadline(), true
}

// latest returns the version at the published LSN.
//
// Nothing keeps the collector from what this reader is looking for. It need not:
// the collector takes the version visible at P only after a newer one was
// published. So whoever finds a head that is too new looks, after going down the
// chain, whether P is still the published LSN, and starts again if not.
func (b *Bucket) latest(key []byte) *record {
	m := b.m
	h := m.hash(key)
	for {
		p := m.published.Load()
		b = b.current()
		_, head := b.table.lookup(h, key)
		if head == nil {
			return nil
		}
		if head.lsn <= p {
			return head.newest()
		}
		if r := head.at(p); m.published.Load() == p {
			return r
		}
	}
}
