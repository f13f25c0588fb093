package mvcc

import (
	"bytes"
	"cmp"
	"slices"
)

// While a map is filled from a log nobody reads it, and keys come in random order.
// Taking each to its leaf then costs as much as all else together. So new nodes
// wait in a heap, unsorted, and enter the order by the hundred thousand: sorted,
// neighbours go to the same leaf while it is in the cache.
//
// Once there may be readers, new nodes wait for no longer than the run of writes that
// they belong to: before it ends, and so before anything of it is published, they are
// in the order.
//
// A node that goes again before that is not looked for here. It is simply not in
// the table any more when its turn comes; if its key has come back, it may be there
// twice.
type pending struct {
	nodes []pendingNode
	bytes int64 // of the records that the nodes keep from being freed
}

type pendingNode struct {
	prefix uint64 // of the key, for sorting
	ref    ref
	rec    *record // for the key; it may have been replaced by now
}

const (
	pendingBytes = 64 << 20
	pendingKept  = 1024 // nodes for which room is kept
)

// later notes a node that belongs in the order. Write lock, before the first Publish.
func (o *order) later(ref ref, r *record) {
	p := &o.pending
	p.nodes = append(p.nodes, pendingNode{prefixOf(r.key(), 0), ref, r})
	p.bytes += r.size()
	if len(p.nodes) >= o.limits.pending || p.bytes > pendingBytes {
		o.flush()
	}
}

// flush takes the pending nodes to their places. Write lock.
func (o *order) flush() {
	nodes := o.pending.nodes
	if len(nodes) == 0 {
		return
	}
	sortPending(nodes, 0)
	var keys [16][]byte
	var leaves [len(keys)]*leaf
	for run := range slices.Chunk(nodes, len(keys)) {
		// As in Load: to all places first, so that they are fetched at the same time.
		for i, n := range run {
			if keys[i] = nil; o.table.find(n.ref) != nil {
				keys[i] = n.rec.key()
				leaves[i] = o.locate(keys[i])
			}
		}
		for i := range run {
			if keys[i] != nil {
				leaves[i].touch()
			}
		}
		for i, n := range run {
			if keys[i] != nil {
				o.insertAt(leaves[i], keys[i], n.ref, n.rec)
			}
		}
	}
	if o.pending = (pending{}); cap(nodes) <= pendingKept {
		clear(nodes)
		o.pending.nodes = nodes[:0]
	}
}

// sortPending sorts nodes that are equal up to skip and sorted by nothing behind it:
// by their prefixes, which are the eight bytes there, and then in the same way the
// nodes whose prefixes are equal. So a key is read once for every eight bytes that it
// shares with others, rather than at every comparison.
func sortPending(nodes []pendingNode, skip int) {
	slices.SortFunc(nodes, func(a, b pendingNode) int { return cmp.Compare(a.prefix, b.prefix) })
	for skip += 8; len(nodes) > 0; {
		n, short := 1, false
		for n < len(nodes) && nodes[n].prefix == nodes[0].prefix {
			n++
		}
		run := nodes[:n]
		nodes = nodes[n:]
		if n == 1 {
			continue
		}
		for i := range run {
			if key := run[i].rec.key(); len(key) < skip {
				short = true // its end is not to be told from a zero
			} else {
				run[i].prefix = prefixOf(key, skip)
			}
		}
		if short || n < 8 {
			slices.SortFunc(run, func(a, b pendingNode) int { return bytes.Compare(a.rec.key(), b.rec.key()) })
		} else {
			sortPending(run, skip)
		}
	}
}
