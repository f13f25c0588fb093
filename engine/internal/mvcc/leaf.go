package mvcc

import (
	"bytes"
	"sync/atomic"
)

// A leaf is a run of neighbours in a bucket's key order. It holds, for each node,
// its ref and eight bytes of its key, so that a search reads the keys themselves
// (two cache misses each) only where those eight bytes are equal.
//
// The eight bytes start behind what all keys of the leaf have in common: real keys
// begin alike ("user:1000:..."), and their first eight bytes would tell nothing.
type leaf struct {
	low        string // every key here is >= low; below the next leaf's low
	skip       int    // how many bytes low and the next leaf's low have in common
	prefixes   []uint64
	refs       []ref
	prev, next *leaf

	clump *clump // of which it is one; see clump.go
	live  int    // of its nodes, those whose newest version is no tombstone
}

const leafSize = 184 // a leaf and its place in the tree, without its entries

// search returns the place of the first key >= key and whether it is that key. The
// key must belong in this leaf.
func (l *leaf) search(key []byte, t *table) (int, bool) {
	p := prefixOf(key, l.skip)
	lo, hi := 0, len(l.prefixes)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		c := 0
		switch q := l.prefixes[mid]; {
		case q < p:
			c = -1
		case q > p:
			c = 1
		default:
			c = bytes.Compare(t.key(l.refs[mid]), key)
		}
		switch {
		case c == 0:
			return mid, true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return lo, false
}

// touch brings the leaf into the cache.
func (l *leaf) touch() {
	const line = 8 // entries
	for i := 0; i < len(l.prefixes); i += line {
		atomic.LoadUint64(&l.prefixes[i])
		atomic.LoadUint64((*uint64)(&l.refs[i]))
	}
}

// insert puts a node in at place i. The leaf holds fewer than max.
func (l *leaf) insert(i int, key []byte, r ref, max int) {
	n := len(l.refs)
	if n == cap(l.refs) {
		l.resize(min(n+n/4+4, max))
	}
	l.prefixes, l.refs = l.prefixes[:n+1], l.refs[:n+1]
	copy(l.prefixes[i+1:], l.prefixes[i:])
	copy(l.refs[i+1:], l.refs[i:])
	l.prefixes[i], l.refs[i] = prefixOf(key, l.skip), r
}

// remove takes out the node at place i.
func (l *leaf) remove(i int) {
	n := len(l.refs)
	copy(l.prefixes[i:], l.prefixes[i+1:])
	copy(l.refs[i:], l.refs[i+1:])
	l.prefixes, l.refs = l.prefixes[:n-1], l.refs[:n-1]
	if n < cap(l.refs)/2 {
		l.resize(n + n/4 + 4)
	}
}

// resize makes room for n entries, and for little more: half-empty leaves would
// cost more than the copying does.
func (l *leaf) resize(n int) {
	l.prefixes = append(make([]uint64, 0, n), l.prefixes...)
	l.refs = append(make([]ref, 0, n), l.refs...)
}

// size is what the leaf's entries occupy.
func (l *leaf) size() int64 { return int64(cap(l.refs)) * 16 }

// bound sets skip, now that low or the next leaf's low has changed, and with it
// the eight bytes of every key.
func (l *leaf) bound(t *table) {
	skip := 0
	if l.next != nil {
		skip = commonPrefix(l.low, l.next.low)
	}
	if skip == l.skip {
		return
	}
	l.skip = skip
	for i, r := range l.refs {
		l.prefixes[i] = prefixOf(t.key(r), skip)
	}
}

func commonPrefix[A, B string | []byte](a A, b B) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
