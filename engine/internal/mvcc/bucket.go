package mvcc

import (
	"iter"
	"math"

	"github.com/tidwall/btree"
)

// Bucket is one named key space of a map.
type Bucket struct {
	m     *Map
	name  string
	nodes *btree.Map[string, *node]
	live  int
}

// node is a key with its versions, newest first.
type node struct{ versions []Item }

func (n *node) at(lsn uint64) (Item, bool) {
	for _, v := range n.versions {
		if v.LSN <= lsn {
			return v, v.Value != nil
		}
	}
	return Item{}, false
}

// Newest is the LSN to read at for the newest applied state, published or not.
const Newest = math.MaxUint64

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Len is the number of keys in the newest applied state, published or not; keys
// past their deadline count until they are deleted.
func (b *Bucket) Len() int {
	b.m.mu.RLock()
	defer b.m.mu.RUnlock()
	return b.live
}

// Get returns the key's version that a reader at LSN at sees. The caller holds a
// Snapshot of that LSN, or asks for Newest.
func (b *Bucket) Get(key []byte, at uint64) (Item, bool) {
	b.m.mu.RLock()
	defer b.m.mu.RUnlock()
	if n, ok := b.nodes.Get(string(key)); ok {
		return n.at(at)
	}
	return Item{}, false
}

// GetLatest returns the key's version at the published LSN. It needs no snapshot.
func (b *Bucket) GetLatest(key []byte) (Item, bool) {
	b.m.mu.RLock()
	defer b.m.mu.RUnlock()
	if n, ok := b.nodes.Get(string(key)); ok {
		return n.at(b.m.published)
	}
	return Item{}, false
}

// Ascend goes through the keys from <= key < to that a reader at LSN at sees, in
// order; nil bounds are open. No lock is held while the consumer runs. The caller
// holds a Snapshot of that LSN until it is done.
func (b *Bucket) Ascend(from, to []byte, at uint64) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for _, it := range b.visible(from, to, at) {
			if !yield(it) {
				return
			}
		}
	}
}

// Descend is Ascend backwards, with the same bounds: from is the smallest key and
// included, to is excluded.
func (b *Bucket) Descend(from, to []byte, at uint64) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		all := b.visible(from, to, at)
		for i := len(all) - 1; i >= 0; i-- {
			if !yield(all[i]) {
				return
			}
		}
	}
}

func (b *Bucket) visible(from, to []byte, at uint64) (all []Item) {
	b.m.mu.RLock()
	defer b.m.mu.RUnlock()
	b.nodes.Ascend(string(from), func(key string, n *node) bool {
		if to != nil && key >= string(to) {
			return false
		}
		if it, ok := n.at(at); ok {
			all = append(all, it)
		}
		return true
	})
	return all
}

// Set writes a key's new version. LSNs ascend from call to call and may repeat:
// within one LSN the last write to a key wins. Key and value are copied.
func (b *Bucket) Set(key, value []byte, lsn uint64, deadline int64) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	b.put(Item{Key: append([]byte{}, key...), Value: append([]byte{}, value...), LSN: lsn, Deadline: deadline})
}

func (b *Bucket) put(v Item) {
	n, ok := b.nodes.Get(string(v.Key))
	if !ok {
		n = &node{}
		b.nodes.Set(string(v.Key), n)
	}
	if len(n.versions) > 0 && n.versions[0].Value != nil {
		b.live--
	}
	if len(n.versions) > 0 && (n.versions[0].LSN == v.LSN || !b.m.started) {
		n.versions = n.versions[1:]
	}
	n.versions = append([]Item{v}, n.versions...)
	if v.Value != nil {
		b.live++
	}
}

// Delete writes the key's tombstone and says whether there was a key to delete.
func (b *Bucket) Delete(key []byte, lsn uint64) bool {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	n, ok := b.nodes.Get(string(key))
	if !ok || n.versions[0].Value == nil {
		return false
	}
	b.put(Item{Key: append([]byte{}, key...), LSN: lsn})
	return true
}

// DeleteRange deletes the keys from <= key < to, nil bounds being open, and
// returns how many there were.
func (b *Bucket) DeleteRange(from, to []byte, lsn uint64) int {
	all := b.visible(from, to, Newest)
	for _, it := range all {
		b.Delete(it.Key, lsn)
	}
	return len(all)
}

// Load adds keys in bulk: ascending, all above what the bucket holds, each with
// the LSN of its own last write. It is for filling a map before the first Publish.
func (b *Bucket) Load(items []Item) {
	for _, it := range items {
		b.Set(it.Key, it.Value, it.LSN, it.Deadline)
	}
}
