package server

import (
	"iter"

	"github.com/redis-lite/redis-lite/engine"
)

// Random elements of hashes, sets and sorted sets.
//
// Packed elements are drawn evenly, and those in pages by drawing a page and then one
// of its elements. Others lie in one bucket with those of all
// collections, whose order knows no places; there the engine draws keys of the
// whole bucket until one is of this collection. That is quick where the collection
// makes up much of the bucket, and elsewhere it is given up after a while: for one
// element, the engine goes to a place that was drawn evenly; for many, it walks along
// the collection, which is then the smaller work. All elements have a chance, not
// quite the same one, as with the hash tables of Redis.

const (
	drawTries = 8 // draws from the bucket that cost about as much as going to a place
	walkEvery = 4 // steps of a walk that cost about as much as one draw from the bucket
)

// draw returns a random element; ok is false when there is none. A sorted set's
// has the score as its value, in eight bytes.
func (c *Collection) draw() (e entry, ok bool) {
	n := c.Len()
	if n == 0 {
		return e, false
	}
	budget := drawTries
	if e, ok := c.drawFast(&budget); ok {
		return e, true
	}
	for e := range c.elements(int(c.s.t.srv.random() % uint64(n))) {
		return e, true
	}
	return e, false
}

// drawFast draws from the bucket; ok is false when that took more than budget
// tries, or the collection is packed.
func (c *Collection) drawFast(budget *int) (e entry, ok bool) {
	switch {
	case c.m.isPacked:
		return e, false
	case c.m.pages.n > 0 && int64(c.s.t.srv.random()%uint64(c.m.count)) >= c.m.pages.apart:
		return c.drawPaged(budget)
	}
	prefix := c.dataKey(nil)
	for ; *budget > 0; *budget-- {
		it, ok := c.s.elements().Random(c.s.t.srv.random())
		if !ok {
			break
		}
		if e, ok := c.element(prefix, it); ok {
			return e, true
		}
	}
	return e, false
}

// element reads what the engine drew; ok is false when it is none of this
// collection.
func (c *Collection) element(prefix []byte, it engine.Item) (e entry, ok bool) {
	if len(it.Key) < len(prefix) || string(it.Key[:len(prefix)]) != string(prefix) {
		return e, false
	}
	sub := it.Key[len(prefix):]
	if c.m.kind != KindZset {
		return entry{sub, it.Value}, true
	}
	if len(sub) == 0 || sub[0] != zsetByName {
		return e, false
	}
	return entry{sub[1:], it.Value}, true
}

// elements visits all elements behind the first skip as draw returns them.
func (c *Collection) elements(skip int) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		switch {
		case c.m.isPacked:
			for e := range c.packedAll() {
				if skip--; skip < 0 && !yield(e) {
					return
				}
			}
			return
		case c.m.kind != KindZset:
			for e := range c.pagedAll() {
				if skip--; skip < 0 && !yield(e) {
					return
				}
			}
			return
		}
		for e := range c.scanDataBehind([]byte{zsetByName}, []byte{zsetByScore}, false, skip) {
			if !yield(entry{e.k[1:], e.v}) {
				return
			}
		}
	}
}

// draws returns n random elements, which may be the same.
func (c *Collection) draws(n int64) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		var all []entry
		budget := c.Len()/walkEvery + 1
		for range n {
			e, ok := entry{}, false
			if all == nil {
				e, ok = c.drawFast(&budget)
			}
			if !ok {
				if all == nil {
					for e := range c.elements(0) {
						all = append(all, e)
					}
				}
				e = all[c.s.t.srv.random()%uint64(len(all))]
			}
			budget--
			if !yield(e) {
				return
			}
		}
	}
}

// sample returns n different elements, n at most Len.
func (c *Collection) sample(n int) []entry {
	out := make([]entry, 0, n)
	seen := make(map[string]bool)
	for budget := c.Len()/walkEvery + 1 - n; len(out) < n; budget-- {
		e, ok := c.drawFast(&budget)
		if !ok {
			break
		}
		if !seen[string(e.k)] {
			seen[string(e.k)] = true
			out = append(out, e)
		}
	}
	if len(out) == n {
		return out
	}
	// Each in turn is taken with the chance that leaves all choices even.
	out = out[:0]
	left := c.Len()
	for e := range c.elements(0) {
		if c.s.t.srv.random()%uint64(left) < uint64(n-len(out)) {
			out = append(out, e)
		}
		if left--; len(out) == n || left == 0 {
			break
		}
	}
	return out
}
