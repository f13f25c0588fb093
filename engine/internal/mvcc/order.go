package mvcc

import (
	"sync"
	"unsafe"

	"github.com/tidwall/btree"
)

// An order is a bucket's ordered index: a list of leaves, found through a B-tree
// of their lower bounds. It is touched only when a key appears or is collected.
// The write lock is taken for single insertions and removals, the read lock for
// runs of a few hundred nodes at most.
type order struct {
	mu    sync.RWMutex
	table *table // of the same bucket: it knows the keys
	tree  *btree.BTreeG[branch]
	first *leaf // low ""; it stays even when it is empty
	last  *leaf
	len   int
	bytes int64

	pending pending // new nodes that are not in it yet
	limits  limits

	changes changes // what came and went lately; see clump.go
}

// branch names a leaf in the tree. The first eight bytes of its lower bound stand
// beside it: a search that is decided by them does not go to the bound itself.
type branch struct {
	prefix uint64
	low    string
	l      *leaf
}

func (a branch) before(b branch) bool {
	if a.prefix != b.prefix {
		return a.prefix < b.prefix
	}
	return a.low < b.low
}

func newBranch(low string, l *leaf) branch {
	return branch{prefixOf(unsafe.Slice(unsafe.StringData(low), len(low)), 0), low, l}
}

func (o *order) init(t *table, m *Map) {
	o.table, o.limits, o.changes.m = t, m.limits, m
	o.tree = btree.NewBTreeGOptions(branch.before, btree.Options{NoLocks: true})
	o.first = &leaf{}
	o.last = o.first
	o.tree.Set(newBranch("", o.first))
	o.first.clump = &clump{first: o.first, leaves: 1}
	o.bytes = leafSize + clumpSize
}

// locate returns the leaf that key belongs in.
func (o *order) locate(key []byte) (l *leaf) {
	if o.last.low <= string(key) {
		return o.last
	}
	// The string lives no longer than the search does.
	low := unsafe.String(unsafe.SliceData(key), len(key))
	o.tree.Descend(newBranch(low, nil), func(b branch) bool {
		l = b.l
		return false
	})
	return l
}

// insert adds a node, unless it is there. born is the version that it came to be
// with; before the first Publish nobody asks for it.
func (o *order) insert(key []byte, r ref, born *record) { o.insertAt(o.locate(key), key, r, born) }

// insertAt is insert for a caller who knows the leaf, as it was a moment ago.
func (o *order) insertAt(l *leaf, key []byte, r ref, born *record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.next != nil && l.next.low <= string(key) {
		l = o.locate(key) // it was split
	}
	i, found := l.search(key, o.table)
	if found {
		return
	}
	o.len++
	if len(l.refs) == o.limits.leaf {
		at := o.limits.leaf / 2
		if l.next == nil && i == o.limits.leaf {
			at = i // keys arrive in order: leave full leaves behind
		}
		right := o.split(l, at, key)
		if i >= at && right.low <= string(key) {
			l, i = right, i-at
		}
	}
	o.bytes -= l.size()
	l.insert(i, key, r, o.limits.leaf)
	o.bytes += l.size()
	l.lives(1)
	if o.changes.m.started {
		o.note(born, 1)
	}
}

// split moves the nodes from place at on into a new leaf behind l. When there are
// none, the new leaf begins at key.
func (o *order) split(l *leaf, at int, key []byte) *leaf {
	o.bytes -= l.size()
	if at < len(l.refs) {
		key = o.table.key(l.refs[at])
	}
	// The shortest bound that lies between the two neighbours will do.
	low := string(key[:commonPrefix(o.table.key(l.refs[at-1]), key)+1])
	r := &leaf{low: low, prev: l, next: l.next, skip: l.skip}
	r.prefixes = append(r.prefixes, l.prefixes[at:]...)
	r.refs = append(r.refs, l.refs[at:]...)
	l.prefixes, l.refs = l.prefixes[:at], l.refs[:at]
	if at < o.limits.leaf {
		l.resize(at + at/4)
		r.resize(at + at/4)
	}
	l.next = r
	if r.next != nil {
		r.next.prev = r
	} else {
		o.last = r
	}
	l.bound(o.table)
	r.bound(o.table)
	o.splitCounts(l, r)
	o.tree.Set(newBranch(low, r))
	o.bytes += l.size() + r.size() + leafSize + int64(len(low))
	return r
}

// remove takes out a node, if it is there and not pending. live is whether it still
// counts as such: before the first Publish.
func (o *order) remove(key []byte, live bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.locate(key)
	i, found := l.search(key, o.table)
	if !found {
		return
	}
	o.len--
	o.bytes -= l.size()
	l.remove(i)
	o.bytes += l.size()
	if live {
		l.lives(-1)
	}
	switch {
	case l.next != nil && len(l.refs)+len(l.next.refs) <= o.limits.leaf/2:
		o.merge(l)
	case l.prev != nil && (len(l.refs) == 0 || len(l.refs)+len(l.prev.refs) <= o.limits.leaf/2):
		o.merge(l.prev)
	}
}

// merge moves the nodes of the leaf behind l into l.
func (o *order) merge(l *leaf) {
	r := l.next
	o.bytes -= l.size() + r.size() + leafSize + int64(len(r.low))
	o.tree.Delete(newBranch(r.low, nil))
	at := len(l.refs)
	l.resize(at + len(r.refs) + 16)
	l.refs = append(l.refs, r.refs...)
	l.prefixes = append(l.prefixes, r.prefixes...)
	if l.next = r.next; r.next != nil {
		r.next.prev = l
	} else {
		o.last = l
	}
	l.skip = -1 // the two had different ones
	l.bound(o.table)
	o.bytes += l.size()
	o.mergeCounts(l, r)
}
