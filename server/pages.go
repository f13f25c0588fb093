package server

import (
	"context"
	"encoding/binary"
	"iter"
	"math/bits"

	"github.com/dchest/siphash"

	"github.com/redis-lite/redis-lite/engine"
)

// A hash or a set that is too large for its record lies in pages: packed pieces of
// some sixteen elements, each under a key of its own. An element's page is found by a
// hash of its name, so a look-up is one key of the engine at any size, a change logs
// one page, and an element costs a few bytes besides its own instead of sixty.
//
// The hash is linear: with n pages, an element belongs to the page that the low bits
// of its hash name, of one bit less where there is no such page yet. When the pages
// are full on average one is added, and takes its share from one other page. So
// nothing is ever moved at large; and a scan in the order of pages misses nothing, for
// what moves meanwhile moves towards its end.
//
// What is too long for a page has a key of its own, like the elements of other
// collections. Pages are not merged again: what is emptied loses its key, and the
// others go with the collection.
type paging struct {
	number uint64 // of the pages: they are kept like a collection's elements
	n      uint64 // pages, with those that are empty; 0 while no element needed one
	seed   uint64 // of the hash, drawn for each collection, so that nobody can aim at a page
	apart  int64  // elements with keys of their own
}

// pageEntries is how many elements a page has on average before one is added.
const pageEntries = 16

// fitsPage says whether an element can be in a page.
func fitsPage(k, v []byte) bool { return len(k) <= maxPackedElement && len(v) <= maxPackedElement }

// index is the page of an element.
func (p *paging) index(elem []byte) uint64 {
	return pageIndex(siphash.Hash(p.seed, p.number, elem), p.n)
}

func pageIndex(hash, n uint64) uint64 {
	low := uint64(1)<<(bits.Len64(n)-1) - 1
	if i := hash & (2*low + 1); i < n {
		return i
	}
	return hash & low
}

// spot is where an element of a collection in pages is, or would be put.
type spot struct {
	index uint64       // of the page
	page  []byte       // its entries
	at    packedCursor // at the element, or at the end
	paged bool         // the element is in the page
}

// seek looks an element up.
func (c *Collection) seek(elem []byte) (s spot, v []byte, ok bool) {
	if c.m.pages.n > 0 && len(elem) <= maxPackedElement {
		s.index = c.m.pages.index(elem)
		s.page = c.readPage(s.index)
		if s.at, _, s.paged = findPacked(s.page, c.m.kind, elem); s.paged {
			return s, s.at.entry().v, true
		}
	}
	if c.m.pages.apart > 0 {
		v, ok = c.getData(elem)
	}
	return s, v, ok
}

// put writes an element; was says whether it is there already.
func (c *Collection) put(s spot, was bool, elem, value []byte) {
	e := entry{elem, value}
	switch fits := fitsPage(elem, value); {
	case s.paged && fits:
		c.held.put(s.index, c.spliced(s.page, s.at.from, s.at.to, &e))
	case s.paged: // it has outgrown its page
		c.held.put(s.index, c.spliced(s.page, s.at.from, s.at.to, nil))
		c.setApart(elem, value)
	case was:
		c.setData(elem, value)
	case !fits:
		c.setApart(elem, value)
	default:
		if c.m.pages.n == 0 {
			c.beginPages(1)
			s.index = 0
		}
		c.held.put(s.index, c.spliced(s.page, len(s.page), len(s.page), &e))
		if uint64(c.m.count-c.m.pages.apart) > c.m.pages.n*pageEntries {
			c.addPage()
		}
	}
}

func (c *Collection) setApart(elem, value []byte) {
	c.setData(elem, value)
	c.m.pages.apart++
	c.changed = true
}

// takeOut removes an element that is there.
func (c *Collection) takeOut(s spot, elem []byte) {
	if s.paged {
		c.held.put(s.index, c.spliced(s.page, s.at.from, s.at.to, nil))
		return
	}
	c.deleteData(elem)
	c.m.pages.apart--
}

// beginPages gives the collection its first pages.
func (c *Collection) beginPages(n int) {
	srv := c.s.t.srv
	c.m.pages.number, c.m.pages.n, c.m.pages.seed = srv.numbers.take(c.s.t), uint64(n), srv.random()
}

// fillPages begins with as many pages as entries need, and puts them there.
func (c *Collection) fillPages(entries []entry) {
	c.beginPages((len(entries) + pageEntries - 1) / pageEntries)
	pages := make([][]byte, c.m.pages.n)
	for _, e := range entries {
		i := c.m.pages.index(e.k)
		pages[i] = appendEntry(pages[i], c.m.kind, e)
	}
	for i, b := range pages {
		if len(b) > 0 {
			c.held.put(uint64(i), b)
		}
	}
}

// addPage adds a page, with what belongs there of the one that had it.
func (c *Collection) addPage() {
	p := &c.m.pages
	from, to := p.n-1<<(bits.Len64(p.n)-1), p.n
	old := c.readPage(from)
	p.n++
	var stay, move []byte
	for e := range packedEntries(old, c.m.kind) {
		if p.index(e.k) == to {
			move = appendEntry(move, c.m.kind, e)
		} else {
			stay = appendEntry(stay, c.m.kind, e)
		}
	}
	if len(move) > 0 {
		c.held.put(from, stay)
		c.held.put(to, move)
	}
}

func (p *paging) prefix() []byte { return appendNumber(make([]byte, 0, 18), p.number) }

func (c *Collection) pageKey(i uint64) []byte { return appendNumber(c.m.pages.prefix(), i) }

func (c *Collection) readPage(i uint64) []byte {
	if entries := c.held.find(i); entries != nil {
		return *entries
	}
	b, err := c.s.elements().GetNoCopy(c.pageKey(i))
	if err != nil && err != engine.ErrNotFound {
		c.s.t.fail(err)
	}
	return b
}

// writePages gives the engine the pages that were changed.
func (c *Collection) writePages() {
	for _, page := range c.held.list {
		if len(page.value) == 0 {
			c.s.t.fail(c.s.elements().Delete(context.Background(), c.pageKey(page.key)))
		} else {
			c.s.t.fail(c.s.elements().Set(context.Background(), c.pageKey(page.key), page.value))
		}
	}
	c.held = changes[uint64, []byte]{}
}

// scanPages visits pages that are not empty, from one on.
func (c *Collection) scanPages(from uint64) iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		if c.m.pages.n == 0 {
			return
		}
		c.writePages()
		prefix := c.m.pages.prefix()
		for it := range c.s.elements().Items(engine.Scan{Prefix: prefix, From: c.pageKey(from)}) {
			i, _, _ := cutNumber(it.Key[len(prefix):])
			if !yield(i, it.Value) {
				return
			}
		}
	}
}

// pagedAll visits all elements: those in pages, then those apart, as they are at its
// start.
func (c *Collection) pagedAll() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		apart := func() (e entry, ok bool) { return e, false }
		if c.m.pages.apart > 0 {
			next, stop := iter.Pull(c.scanData(nil, nil, false))
			defer stop()
			first, ok := next() // from here on it stays what it is
			apart = func() (entry, bool) {
				e, was := first, ok
				first, ok = next()
				return e, was
			}
		}
		for _, page := range c.scanPages(0) {
			for e := range packedEntries(page, c.m.kind) {
				if !yield(e) {
					return
				}
			}
		}
		for e, ok := apart(); ok; e, ok = apart() {
			if !yield(e) {
				return
			}
		}
	}
}

// drawPaged draws from the pages; ok is false when that took more than budget tries.
func (c *Collection) drawPaged(budget *int) (e entry, ok bool) {
	srv := c.s.t.srv
	for ; *budget > 0; *budget-- {
		page := c.readPage(srv.random() % c.m.pages.n)
		if n := countPacked(page, c.m.kind); n > 0 {
			p := placeIn(page, c.m.kind, int(srv.random()%uint64(n)))
			return p.entry(), true
		}
	}
	return e, false
}

// append appends what a record says of its pages.
func (p *paging) append(b []byte) []byte {
	b = binary.AppendUvarint(b, p.number)
	b = binary.AppendUvarint(b, p.n)
	b = binary.AppendUvarint(b, uint64(p.apart))
	return binary.BigEndian.AppendUint64(b, p.seed)
}

// maxPaging is the most that append appends.
const maxPaging = 3*binary.MaxVarintLen64 + 8

func decodePaging(b []byte) (p paging, ok bool) {
	var apart uint64
	for _, field := range []*uint64{&p.number, &p.n, &apart} {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return p, false
		}
		*field, b = v, b[n:]
	}
	if len(b) < 8 || p.n == 0 {
		return p, false
	}
	p.apart, p.seed = int64(apart), binary.BigEndian.Uint64(b)
	return p, true
}
