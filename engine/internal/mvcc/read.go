package mvcc

// Get returns the key's version that a reader at LSN at sees. The caller holds a
// Snapshot of that LSN, or asks for Newest.
func (b *Bucket) Get(key []byte, at uint64) (Item, bool) {
	b = b.current()
	_, head := b.table.lookup(b.m.hash(key), key)
	if head == nil {
		return Item{}, false
	}
	return visible(head.at(at))
}

// GetLatest returns the key's version at the published LSN. It needs no snapshot
// and takes no lock.
//
// Nothing keeps the collector from what this reader is looking for. It need not:
// the collector takes the version visible at P only after a newer one was
// published. So whoever finds a head that is too new looks, after going down the
// chain, whether P is still the published LSN, and starts again if not.
func (b *Bucket) GetLatest(key []byte) (Item, bool) {
	m := b.m
	h := m.hash(key)
	for {
		p := m.published.Load()
		b = b.current()
		_, head := b.table.lookup(h, key)
		if head == nil {
			return Item{}, false
		}
		if head.lsn <= p {
			return visible(head.newest())
		}
		if r := head.at(p); m.published.Load() == p {
			return visible(r)
		}
	}
}

func visible(r *record) (Item, bool) {
	if r == nil || r.tombstone() {
		return Item{}, false
	}
	return r.item(), true
}
