package server

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"github.com/redis-lite/redis-lite/engine"
)

// Collection is a hash, list, set or sorted set inside a transaction. Open one,
// read and change it with the methods for its kind, then Close it, which writes
// the record, or removes it with the last element. What was never put into is
// never created.
//
//	h, err := space.Open(key, KindHash)
//	if err != nil { ... }
//	added := h.Put(field, value)
//	h.Close()
//
// Elements that are handed out are immutable, and good until the transaction ends;
// what is put in is copied. A key is open once at a time: Close before it is opened again.
type Collection struct {
	s      *Space
	key    []byte
	m      meta
	stored bool // the record is in the store

	replaces bool // the key was there, with another value: it does not appear

	changed bool   // the record has to be written
	touched bool   // an element was changed
	prefix  []byte // of element keys, once it has a number
	// held are the entries of pages that were changed, nil for an empty one, until it is
	// closed or all are visited: a command that changes many elements changes each page
	// often.
	held changes[uint64, []byte]
}

// Open returns the collection under key, or an empty one. The error is
// ErrWrongType, or nil.
func (s *Space) Open(key []byte, kind Kind) (*Collection, error) {
	m, ok := s.lookupMeta(key)
	if ok {
		if m.kind != kind {
			return nil, ErrWrongType
		}
		c := &Collection{s: s, key: key, m: m, stored: true}
		c.gather()
		return c, nil
	}
	if _, ok := s.item(key); ok {
		return nil, ErrWrongType
	}
	return &Collection{s: s, key: key, m: meta{kind: kind, isPacked: true}}, nil
}

// OpenAny returns the collection of whatever kind under key; ok is false when
// there is none, or a string.
func (s *Space) OpenAny(key []byte) (c *Collection, ok bool) {
	m, ok := s.lookupMeta(key)
	if !ok {
		return nil, false
	}
	c = &Collection{s: s, key: key, m: m, stored: true}
	c.gather()
	return c, true
}

// Create returns an empty collection that replaces whatever is under key when it
// is closed with elements in it, and removes it when it is closed without. It has
// no deadline.
func (s *Space) Create(key []byte, kind Kind) *Collection {
	return &Collection{s: s, key: key, replaces: s.Delete(key), m: meta{kind: kind, isPacked: true}}
}

// Kind is the collection's type.
func (c *Collection) Kind() Kind { return c.m.kind }

// Exists reports whether it was there when it was opened.
func (c *Collection) Exists() bool { return c.stored }

// Len is the number of elements. It is kept, except for packed collections, whose few
// elements are counted when somebody asks.
func (c *Collection) Len() int {
	if c.m.count == uncounted {
		c.m.count = countPacked(c.m.packed, c.m.kind)
	}
	return int(c.m.count)
}

// Empty reports whether there are no elements.
func (c *Collection) Empty() bool {
	if c.m.isPacked {
		return len(c.m.packed) == 0
	}
	return c.m.count == 0
}

// grow changes the number of elements.
func (c *Collection) grow(by int) {
	if c.m.count != uncounted {
		c.m.count += int64(by)
	}
}

// Packed reports whether the record itself holds the elements.
func (c *Collection) Packed() bool { return c.m.isPacked }

// Deadline is when the key expires, in Unix ms, 0 for never.
func (c *Collection) Deadline() int64 { return c.m.deadline }

// Close writes what has changed.
func (c *Collection) Close() {
	if !c.touched {
		return
	}
	c.touched = false
	c.writePages()
	if c.Empty() {
		if c.stored {
			c.s.dropCollection(c.key)
			c.stored = false
		}
		c.s.t.touch(c.s.db, c.key)
		return
	}
	if !c.stored {
		c.s.dropCollection(c.key) // one that has expired and was not swept yet
	}
	if c.changed || !c.stored {
		c.arrange()
		c.s.putMeta(c.key, &c.m)
		c.stored, c.changed = true, false
	}
	c.s.t.touch(c.s.db, c.key)
}

// packedAll visits the entries of a packed collection as they are now.
func (c *Collection) packedAll() iter.Seq[entry] { return packedEntries(c.m.packed, c.m.kind) }

// packedList is packedAll as a list.
func (c *Collection) packedList() []entry {
	return slices.AppendSeq(make([]entry, 0, c.Len()), c.packedAll())
}

// makeRoom turns a packed collection into one of single elements when one more
// would not fit. It comes before each element that is added, so that it knows the
// first one too.
func (c *Collection) makeRoom(k, v []byte) {
	if !c.stored && !c.replaces && c.Empty() {
		c.s.announceNew(c.key)
	}
	if !c.m.isPacked {
		return
	}
	if entries, bytes := c.m.kind.packs(); len(k) <= maxPackedElement && len(v) <= maxPackedElement &&
		len(c.m.packed)+len(k)+len(v)+2 <= bytes && c.Len() < entries {
		return
	}
	c.unpack()
}

// makeRoomFor is makeRoom for another value of an element that is there.
func (c *Collection) makeRoomFor(v []byte) {
	if !c.m.isPacked {
		return
	}
	if _, bytes := c.m.kind.packs(); len(v) > maxPackedElement || len(c.m.packed)+len(v) > bytes {
		c.unpack()
	}
}

// unpack spreads the elements over pages, or gives each a key of its own.
func (c *Collection) unpack() {
	entries := c.packedList()
	c.s.dropAll(&c.m)
	c.m.isPacked, c.m.packed, c.m.room, c.m.pieces, c.m.count = false, nil, nil, nil, int64(len(entries))
	c.takeNumber()
	c.changed, c.touched = true, true
	if c.m.kind == KindHash || c.m.kind == KindSet {
		if len(entries) > 0 {
			c.fillPages(entries)
		}
		return
	}
	for i, e := range entries {
		switch c.m.kind {
		case KindZset:
			c.putScore(e.k, e.v)
		case KindList:
			c.setData(listIndex(int64(i)), e.k)
		}
	}
	c.m.head = 0
}

// takeNumber gives the collection a new number.
func (c *Collection) takeNumber() {
	c.m.number, c.prefix = c.s.t.srv.numbers.take(c.s.t), nil
}

// dataKey is the engine's key of an element.
func (c *Collection) dataKey(sub []byte) []byte {
	if c.prefix == nil {
		c.prefix = appendNumber(make([]byte, 0, 9), c.m.number)
	}
	return append(append(make([]byte, 0, len(c.prefix)+len(sub)), c.prefix...), sub...)
}

func (c *Collection) getData(sub []byte) (v []byte, ok bool) {
	v, err := c.s.elements().GetNoCopy(c.dataKey(sub))
	if err != nil && err != engine.ErrNotFound {
		c.s.t.fail(err)
	}
	return v, err == nil
}

func (c *Collection) setData(sub, v []byte) {
	if len(sub) > c.s.t.srv.opts.MaxKey+9 {
		c.s.t.fail(ErrKeyLength)
		return
	}
	c.s.t.fail(c.s.elements().Set(context.Background(), c.dataKey(sub), v))
}

func (c *Collection) deleteData(sub []byte) {
	c.s.t.fail(c.s.elements().Delete(context.Background(), c.dataKey(sub)))
}

// scanData visits elements by the order of their sub-keys, from from (inclusive)
// to to (exclusive), nil for the first and the last, without the number in front.
// It sees the state at its start.
func (c *Collection) scanData(from, to []byte, reverse bool) iter.Seq[entry] {
	return c.scanDataBehind(from, to, reverse, 0)
}

// scanDataBehind is scanData behind the first skip elements, which it does not visit.
func (c *Collection) scanDataBehind(from, to []byte, reverse bool, skip int) iter.Seq[entry] {
	scan := c.dataScan(from, to)
	scan.Reverse, scan.Skip = reverse, skip
	n := len(c.prefix)
	return func(yield func(entry) bool) {
		for it := range c.s.elements().Items(scan) {
			if !yield(entry{it.Key[n:], it.Value}) {
				return
			}
		}
	}
}

// countData counts what scanData visits, without visiting it.
func (c *Collection) countData(from, to []byte) int {
	return c.s.elements().Count(c.dataScan(from, to))
}

func (c *Collection) dataScan(from, to []byte) engine.Scan {
	scan := engine.Scan{Prefix: bytes.Clone(c.dataKey(nil))}
	if from != nil {
		scan.From = c.dataKey(from)
	}
	if to != nil {
		scan.To = c.dataKey(to)
	}
	return scan
}

// each visits the elements in a form that take puts into another collection of the
// same kind, in order where the kind has one.
func (c *Collection) each(fn func(entry)) {
	switch {
	case c.m.isPacked:
		for e := range c.packedAll() {
			fn(e)
		}
	case c.m.kind == KindZset:
		for e := range c.scanData([]byte{zsetByScore}, nil, false) {
			fn(entry{e.k[9:], e.k[1:9]})
		}
	case c.m.kind == KindList:
		for e := range c.scanData(nil, nil, false) {
			fn(entry{k: e.v})
		}
	default:
		for e := range c.pagedAll() {
			fn(e)
		}
	}
}

// take adds an element as each gives it.
func (c *Collection) take(e entry) {
	switch c.m.kind {
	case KindZset:
		c.SetScore(e.k, decodeScore(e.v))
	case KindList:
		c.Push(e.k, false)
	default:
		c.Put(e.k, e.v)
	}
}
