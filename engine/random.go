package engine

import "slices"

// Random returns some key of the bucket that the transaction sees, uncopied; ok
// is false when there is none. r is drawn by the caller, evenly from all 64-bit
// numbers. Every key has a chance, though not quite the same one. The cost does
// not depend on the number of keys, unless nearly all of them have expired.
func (b *TxBucket) Random(r uint64) (it Item, ok bool) {
	const tries = 16
	for range tries {
		key, ok := b.drawn(r)
		if !ok {
			break
		}
		if raw, err := b.get(key); err == nil {
			return raw.item(), true
		}
		r = r*6364136223846793005 + 1442695040888963407
	}
	// Nothing in the map, or too much that has expired or was deleted and is not
	// published yet.
	for it := range b.Items(Scan{}) {
		return it, true
	}
	return Item{}, false
}

// drawn returns a key of the map.
func (b *TxBucket) drawn(r uint64) ([]byte, bool) {
	tx := b.tx
	if tx.done {
		panic(ErrTxDone)
	}
	if b.mb == nil {
		if b.mb = tx.db.m.Lookup(b.name); b.mb == nil {
			return nil, false
		}
	}
	snap := tx.snap
	if snap == nil {
		snap = tx.db.m.Snapshot(tx.now)
		defer snap.Close()
	}
	it, ok := b.mb.Random(r, snap.LSN())
	return it.Key, ok
}

// Len returns the number of keys in the bucket, with those past their deadline
// that were not swept yet. It visits none of them: only writes that are not
// published yet cost, and of those only what this bucket is concerned by. While
// others commit it may be off by what they are just publishing.
func (b *TxBucket) Len() int {
	tx := b.tx
	if tx.done {
		panic(ErrTxDone)
	}
	if b.mb == nil {
		b.mb = tx.db.m.Lookup(b.name)
	}
	n := 0
	if b.mb != nil {
		n = b.mb.Len()
	}
	if !tx.write {
		return n
	}
	tx.index()
	own := tx.writes.slice(b.name, nil, nil, false)
	pending, by := tx.db.staged.slice(b.name, nil, nil, false)
	tx.sawStaged(by)
	for _, l := range []*layer{&pending, &own} {
		n = b.count(l, n, l == &own, &pending)
	}
	return n
}

// count lays a layer over a count. below is what lies between it and the map, for
// the upper of the two.
func (b *TxBucket) count(l *layer, n int, upper bool, below *layer) int {
	there := func(key []byte) bool {
		if upper {
			if i, found := slices.BinarySearch(below.keys, string(key)); found {
				return !below.points[i].deleted
			}
			if below.covers(key) {
				return false
			}
		}
		_, ok := latest(b.mb, key)
		return ok
	}
	for _, s := range l.ranges {
		if s.from == nil && s.to == nil {
			n = 0
			there = func([]byte) bool { return false }
			break
		}
	}
	if len(l.ranges) > 0 && n > 0 {
		return b.Count(Scan{}) // a part of the bucket went: it has to be counted
	}
	for i, k := range l.keys {
		switch was := there([]byte(k)); {
		case was && l.points[i].deleted:
			n--
		case !was && !l.points[i].deleted:
			n++
		}
	}
	return n
}
