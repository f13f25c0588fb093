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
// A node that goes again before that is not looked for here. It is simply not in
// the table any more when its turn comes; if its key has come back, it may be there
// twice.

type pendingNode struct {
	prefix uint64
	ref    ref
}

// later notes a node that belongs in the order. Write lock, before the first Publish.
func (o *order) later(r ref) {
	o.pending = append(o.pending, pendingNode{ref: r})
	if len(o.pending) >= o.pendingMax {
		o.flush()
	}
}

// flush takes the pending nodes to their places.
func (o *order) flush() {
	nodes := o.pending
	o.pending = nil
	nodes = slices.DeleteFunc(nodes, func(n pendingNode) bool { return o.table.find(n.ref) == nil })
	o.sort(nodes, 0)
	for _, n := range nodes {
		o.insert(o.table.key(n.ref), n.ref)
	}
}

// sort sorts nodes whose keys have their first skip bytes in common: by the eight
// bytes that follow, and then the nodes that are still equal in the same way. It
// reads each key once for every eight bytes, rather than at every comparison.
func (o *order) sort(nodes []pendingNode, skip int) {
	short := false
	for i := range nodes {
		key := o.table.key(nodes[i].ref)
		nodes[i].prefix = prefixOf(key, skip)
		short = short || len(key) < skip+8
	}
	slices.SortFunc(nodes, func(a, b pendingNode) int { return cmp.Compare(a.prefix, b.prefix) })
	for len(nodes) > 0 {
		n := 1
		for n < len(nodes) && nodes[n].prefix == nodes[0].prefix {
			n++
		}
		switch run := nodes[:n]; {
		case n == 1:
		case short || n < 8:
			// A short key is padded with zeros, and its end is not to be told from them.
			slices.SortFunc(run, func(a, b pendingNode) int {
				return bytes.Compare(o.table.key(a.ref), o.table.key(b.ref))
			})
		default:
			o.sort(run, skip+8)
		}
		nodes = nodes[n:]
	}
}
