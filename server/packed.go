package server

import (
	"encoding/binary"
	"iter"
)

// A small collection lies whole in its record, as Redis keeps small ones in a
// listpack: an element of its own costs some 60 bytes of map besides its bytes,
// in a record it costs one or two. A change then logs the whole record, which is
// why there is a bound on its size; a closer one where pages come after it.
const (
	maxPackedEntries = 128
	maxPackedElement = 64   // bytes of each part
	maxPackedBytes   = 4096 // of all
	beforePages      = 64   // entries of a hash or a set
	bytesBeforePages = 1024
)

// packs returns how much of a kind is kept packed.
func (k Kind) packs() (entries, bytes int) {
	if k == KindHash || k == KindSet {
		return beforePages, bytesBeforePages
	}
	return maxPackedEntries, maxPackedBytes
}

// entry is an element of a packed collection:
//
//	hash  field, value
//	set   member, nothing
//	zset  member, score (8 bytes as it is compared); sorted by score and member
//	list  value, nothing; in the list's order
//
// Written one after the other: uvarint length and bytes of k, and for a hash also
// of v; a score is 8 bytes without a length.
type entry struct{ k, v []byte }

func appendEntry(b []byte, kind Kind, e entry) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.k)))
	b = append(b, e.k...)
	switch kind {
	case KindHash:
		b = binary.AppendUvarint(b, uint64(len(e.v)))
		b = append(b, e.v...)
	case KindZset:
		b = append(b, e.v...)
	}
	return b
}

// packedCursor goes from entry to entry of a record. It stops at what makes no
// sense. It keeps places and no slices: looking for an element is the hot path of
// all small collections.
type packedCursor struct {
	b        []byte
	kind     Kind
	from, to int    // where the present entry lies
	k, v     extent // and its parts
}

type extent struct{ from, to int }

func (p *packedCursor) next() bool {
	p.from, p.k, p.v = p.to, extent{}, extent{}
	at := p.from
	if at >= len(p.b) {
		return false
	}
	k, ok := p.cut(at)
	if !ok {
		return false
	}
	at = k.to
	var v extent
	switch p.kind {
	case KindHash:
		if v, ok = p.cut(at); !ok {
			return false
		}
		at = v.to
	case KindZset:
		v = extent{at, at + 8}
		if at = v.to; at > len(p.b) {
			return false
		}
	}
	p.k, p.v, p.to = k, v, at
	return true
}

// cut finds the part whose length is at place at.
func (p *packedCursor) cut(at int) (s extent, ok bool) {
	if at >= len(p.b) {
		return s, false
	}
	n, used := uint64(p.b[at]), 1
	if n >= 0x80 {
		if n, used = binary.Uvarint(p.b[at:]); used <= 0 {
			return s, false
		}
	}
	at += used
	if n > uint64(len(p.b)-at) {
		return s, false
	}
	return extent{at, at + int(n)}, true
}

// key is the present entry's k.
func (p *packedCursor) key() []byte { return p.b[p.k.from:p.k.to:p.k.to] }

// entry is the present entry; without one, both parts are empty.
func (p *packedCursor) entry() entry {
	e := entry{k: p.key()}
	if p.kind == KindHash || p.kind == KindZset {
		e.v = p.b[p.v.from:p.v.to:p.v.to]
	}
	return e
}

// packedEntries visits the entries of a record.
func packedEntries(b []byte, kind Kind) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for p := (packedCursor{b: b, kind: kind}); p.next(); {
			if !yield(p.entry()) {
				return
			}
		}
	}
}

func countPacked(b []byte, kind Kind) (n int64) {
	for p := (packedCursor{b: b, kind: kind}); p.next(); {
		n++
	}
	return n
}

// find looks an element of a packed collection up by its name. If it is not there
// the cursor is at the end, and the collection is counted.
func (c *Collection) find(k []byte) (p packedCursor, ok bool) {
	p, n, ok := findPacked(c.m.packed, c.m.kind, k)
	if !ok {
		c.m.count = int64(n)
	}
	return p, ok
}

// findPacked looks an element up; n is how many come before it, or how many there are.
func findPacked(b []byte, kind Kind, k []byte) (p packedCursor, n int, ok bool) {
	p = packedCursor{b: b, kind: kind}
	for {
		n += p.skipTo(k)
		if !p.next() {
			return p, n, false
		}
		if string(p.key()) == string(k) {
			return p, n, true
		}
		n++
	}
}

// skipTo goes past entries that are not k, and returns how many. It knows those whose
// lengths take one byte each, which all are that this server writes, and need not
// stop only at k.
func (p *packedCursor) skipTo(k []byte) (n int) {
	b, at := p.b, p.to
	// Names that belong together mostly differ at their ends, if at all: that is
	// compared first.
	long, tail := len(k) >= 8, uint64(0)
	if long {
		tail = binary.LittleEndian.Uint64(k[len(k)-8:])
	}
	for at < len(b) && b[at] < 0x80 {
		end := at + 1 + int(b[at])
		if end > len(b) || int(b[at]) == len(k) && (!long || binary.LittleEndian.Uint64(b[end-8:]) == tail) {
			break
		}
		switch p.kind {
		case KindHash:
			if end >= len(b) || b[end] >= 0x80 {
				p.to = at
				return n
			}
			end += 1 + int(b[end])
		case KindZset:
			end += 8
		}
		if end > len(b) {
			break
		}
		at = end
		n++
	}
	p.to = at
	return n
}

// scorePlace is where a member with its score belongs in a packed sorted set.
func (c *Collection) scorePlace(member, score []byte) int {
	p, want := c.cursor(), binary.BigEndian.Uint64(score)
	for p.next() {
		at := binary.BigEndian.Uint64(p.b[p.v.from:])
		if at > want || at == want && string(p.key()) >= string(member) {
			break
		}
	}
	return p.from
}

// place goes to the element at place i of a packed collection, which is there.
func (c *Collection) place(i int) packedCursor { return placeIn(c.m.packed, c.m.kind, i) }

func placeIn(b []byte, kind Kind, i int) (p packedCursor) {
	for p = (packedCursor{b: b, kind: kind}); i >= 0 && p.next(); i-- {
	}
	return p
}

func (c *Collection) cursor() packedCursor {
	return packedCursor{b: c.m.packed, kind: c.m.kind}
}

// splice replaces what lies between two places of a packed collection by an entry,
// or by nothing. The bytes are new ones: what was handed out stays as it is.
func (c *Collection) splice(from, to int, e *entry) {
	old := c.m.packed
	b := c.spliceTo(c.fresh(len(old)-(to-from), e), old, from, to, e)
	n := len(b) - headRoom - len(old) + (to - from)
	c.edited(from, to, n)
	c.m.resized = c.m.resized || n != to-from
	c.become(b)
}

// spliced is splice for entries that are not the record's.
func (c *Collection) spliced(old []byte, from, to int, e *entry) []byte {
	return c.spliceTo(c.fresh(len(old)-(to-from), e), old, from, to, e)[headRoom:]
}

func (c *Collection) spliceTo(b, old []byte, from, to int, e *entry) []byte {
	b = append(b, old[:from]...)
	if e != nil {
		b = appendEntry(b, c.m.kind, *e)
	}
	return append(b, old[to:]...)
}

// move is splice with the new entry at another place than the old one.
func (c *Collection) move(from, to, at int, e entry) {
	old := c.m.packed
	b := c.fresh(len(old)-(to-from), &e)
	if at <= from {
		b = append(b, old[:at]...)
		b = appendEntry(b, c.m.kind, e)
		b = append(b, old[at:from]...)
		b = append(b, old[to:]...)
	} else {
		b = append(b, old[:from]...)
		b = append(b, old[to:at]...)
		b = appendEntry(b, c.m.kind, e)
		b = append(b, old[at:]...)
	}
	n := len(b) - headRoom - len(old) + (to - from)
	c.edited(from, to, 0)
	if at > from {
		at -= to - from
	}
	c.edited(at, at, n)
	c.become(b)
}

// fresh returns the transaction's memory for entries of size bytes and one more, behind the room for
// what a record begins with.
func (c *Collection) fresh(size int, e *entry) []byte {
	if e != nil {
		size += len(e.k) + len(e.v) + 2 // lengths below 128 take a byte each
	}
	return c.s.t.srv.arena.take(headRoom + size)[:headRoom]
}

// become takes entries over that were written into what fresh has returned.
func (c *Collection) become(room []byte) {
	c.m.room, c.m.packed = room, room[headRoom:]
	c.changed, c.touched = true, true
}
