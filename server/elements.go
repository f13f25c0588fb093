package server

import (
	"encoding/binary"
	"iter"
	"slices"
)

// Hashes and sets: elements by name. The value of a set's member is empty.

// Get returns the value of a field; for a set, ok says whether elem is a member.
func (c *Collection) Get(elem []byte) (value []byte, ok bool) {
	if !c.m.isPacked {
		_, value, ok = c.seek(elem)
		return value, ok
	}
	p, ok := c.find(elem)
	return p.entry().v, ok
}

// Has reports whether elem is a field or a member.
func (c *Collection) Has(elem []byte) bool {
	_, ok := c.Get(elem)
	return ok
}

// Put sets a field, or adds a member, and reports whether it is new. That costs one
// logged mutation of the record, or of a page or an element of its own; the count in
// the record another when it is new.
func (c *Collection) Put(elem, value []byte) (added bool) {
	var p packedCursor // at the element, or at the end
	var s spot
	var was bool
	packed := c.m.isPacked
	if packed {
		p, was = c.find(elem)
	} else {
		s, _, was = c.seek(elem)
	}
	if was && c.m.kind == KindSet {
		return false
	}
	c.touched = true
	if was {
		c.makeRoomFor(value)
	} else {
		c.makeRoom(elem, value)
		c.grow(1)
	}
	c.changed = c.changed || !was
	if c.m.isPacked {
		c.splice(p.from, p.to, &entry{elem, value})
		return !was
	}
	if packed { // until now
		s, _, _ = c.seek(elem)
	}
	c.put(s, was, elem, value)
	return !was
}

// Remove takes an element out and reports whether it was in.
func (c *Collection) Remove(elem []byte) bool {
	if c.m.isPacked {
		p, ok := c.find(elem)
		if !ok {
			return false
		}
		c.splice(p.from, p.to, nil)
	} else {
		s, _, ok := c.seek(elem)
		if !ok {
			return false
		}
		c.takeOut(s, elem)
	}
	c.grow(-1)
	c.changed, c.touched = true, true
	return true
}

// All visits all elements as they are at its start: packed ones in the order of their
// arrival, others in no order.
func (c *Collection) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		items := c.packedAll()
		if !c.m.isPacked {
			items = c.pagedAll()
		}
		for e := range items {
			if !yield(e.k, e.v) {
				return
			}
		}
	}
}

// steps visits a collection that has names in pieces, from a place on, each with the
// place where it begins: a packed one whole, a sorted set member by member in the order
// of their bytes, others page by page and then element by element. An element that
// stays is never missed, whatever happens between one step and the next.
func (c *Collection) steps(from []byte) iter.Seq2[[]byte, []entry] {
	const pages, apart = 0, 1 // first byte of a place
	return func(yield func(at []byte, piece []entry) bool) {
		switch {
		case c.m.isPacked:
			yield(nil, c.packedList())
			return
		case c.m.kind == KindZset:
			for e := range c.scanData(nameKey(from), []byte{zsetByScore}, false) {
				if !yield(e.k[1:], []entry{{e.k[1:], e.v}}) {
					return
				}
			}
			return
		}
		var elem []byte
		if len(from) > 0 && from[0] == apart {
			elem = from[1:]
		} else {
			var first uint64
			if len(from) == 9 {
				first = binary.BigEndian.Uint64(from[1:])
			}
			for i, page := range c.scanPages(first) {
				piece := slices.Collect(packedEntries(page, c.m.kind))
				if !yield(binary.BigEndian.AppendUint64([]byte{pages}, i), piece) {
					return
				}
			}
		}
		if c.m.pages.apart == 0 {
			return
		}
		for e := range c.scanData(elem, nil, false) {
			if !yield(append([]byte{apart}, e.k...), []entry{e}) {
				return
			}
		}
	}
}
