package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/redis-lite/redis-lite/engine"
)

// A packed list or sorted set of more than a KiB no longer lies in its record but in
// pieces of some 350 bytes, each under a key of its own in "redis/N/data". The record
// says which they are and how long, in order; put together they are the packed
// entries, and for all that reads or changes entries that is what they are. A piece
// begins and ends anywhere, within an entry too.
//
// What that saves is in the log: a change writes the piece that it was in, and the
// record, where it used to write all entries. So each change notes where it was
// (edited), and closing the collection divides pieces that have grown and joins those
// that have shrunk (arrange).
type piece struct {
	id    uint64 // its key: the collection's number, and this
	size  int    // bytes
	dirty bool   // to be written
}

const (
	beforePieces = 1024 // bytes of entries that a record holds itself
	maxPiece     = 512  // bytes; a larger one is divided
	minPiece     = 128  // bytes; a smaller one is joined to a neighbour that has room
	maxPieces    = 64
)

// edited notes that n bytes have taken the place of those between from and to of the
// packed entries.
func (c *Collection) edited(from, to, n int) {
	if len(c.m.pieces) == 0 {
		return
	}
	// Other copies of the record may have the list as it was.
	c.m.pieces = slices.Clone(c.m.pieces)
	end, last := 0, len(c.m.pieces)-1
	for i := range c.m.pieces {
		p := &c.m.pieces[i]
		start := end
		end += p.size
		if cut := min(to, end) - max(from, start); cut > 0 {
			p.size -= cut
			p.dirty = true
		}
		if n > 0 && (from < end || i == last) {
			p.size += n
			p.dirty = true
			n = 0
		}
	}
}

// arrange lays the entries out in pieces, if they are in pieces or have become too
// many for the record.
func (c *Collection) arrange() {
	m := &c.m
	if !m.isPacked || m.kind != KindList && m.kind != KindZset {
		return
	}
	if len(m.pieces) == 0 {
		if len(m.packed) <= beforePieces {
			return
		}
		c.takeNumber()
		m.pieces = []piece{{size: len(m.packed), dirty: true}}
	} else if !slices.ContainsFunc(m.pieces, func(p piece) bool { return p.dirty && (p.size < minPiece || p.size > maxPiece) }) {
		return
	}
	m.pieces = divided(c.joined(slices.Clone(m.pieces)))
}

// joined ends pieces that are too small, where another has room for what is left.
func (c *Collection) joined(list []piece) []piece {
	for i := 0; i < len(list); {
		p := list[i]
		into := -1
		switch {
		case len(list) == 1 || !p.dirty || p.size >= minPiece:
		case i > 0 && list[i-1].size+p.size <= maxPiece:
			into = i - 1
		case i < len(list)-1 && list[i+1].size+p.size <= maxPiece:
			into = i + 1
		case p.size == 0:
			into = max(i-1, 0)
		}
		if into < 0 {
			i++
			continue
		}
		if p.size > 0 {
			list[into].size += p.size
			list[into].dirty = true
		}
		c.deleteData(pieceKey(p.id))
		list = slices.Delete(list, i, i+1)
	}
	return list
}

// divided cuts pieces that are too large into equal ones.
func divided(list []piece) []piece {
	for i := 0; i < len(list); i++ {
		n := (list[i].size + maxPiece - 1) / maxPiece
		for ; n > 1; n-- {
			rest := list[i].size / n * (n - 1)
			list[i].size -= rest
			list[i].dirty = true
			list = slices.Insert(list, i+1, piece{id: freeID(list), size: rest, dirty: true})
			i++
		}
	}
	return list
}

// freeID is the smallest number that no piece has.
func freeID(list []piece) (id uint64) {
	for slices.ContainsFunc(list, func(p piece) bool { return p.id == id }) {
		id++
	}
	return id
}

// gather puts the entries together.
func (c *Collection) gather() {
	m := &c.m
	if m.packed != nil || len(m.pieces) == 0 {
		return
	}
	size := 0
	for _, p := range m.pieces {
		size += p.size
	}
	var b []byte
	if c.s.t.write {
		b = c.s.t.srv.arena.take(size)
	} else {
		b = make([]byte, 0, size)
	}
	m.packed = c.s.appendPieces(b, m)
}

// appendPieces appends what lies in the pieces of a record.
func (s *Space) appendPieces(b []byte, m *meta) []byte {
	var buf [32]byte
	prefix := appendNumber(buf[:0], m.number)
	for _, p := range m.pieces {
		v, err := s.elements().GetNoCopy(appendNumber(prefix, p.id))
		switch {
		case err != nil && err != engine.ErrNotFound:
			s.t.fail(err)
		case len(v) != p.size:
			s.t.fail(Reply("ERR a piece of this key is missing or damaged"))
		}
		b = append(b, v...)
	}
	return b
}

// writePieces writes those that were changed.
func (s *Space) writePieces(m *meta) {
	at := 0
	for _, p := range m.pieces {
		if p.dirty && m.packed != nil {
			s.t.fail(s.elements().Set(context.Background(), m.pieceKey(p), m.packed[at:at+p.size]))
		}
		at += p.size
	}
}

// pieceKey is a piece's part of its key, behind the collection's number.
func pieceKey(id uint64) []byte { return appendNumber(nil, id) }

// pieceKey is the whole key of a piece.
func (m *meta) pieceKey(p piece) []byte {
	return append(appendNumber(nil, m.number), pieceKey(p.id)...)
}

// appendPieceTable appends to a record what it says of its pieces.
func appendPieceTable(b []byte, list []piece) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, p := range list {
		b = binary.AppendUvarint(b, p.id)
		b = binary.AppendUvarint(b, uint64(p.size))
	}
	return b
}

// decodePieceTable reads what appendPieceTable wrote.
func decodePieceTable(b []byte) (list []piece, ok bool) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count == 0 || count > maxPieces {
		return nil, false
	}
	b = b[n:]
	list = make([]piece, count)
	for i := range list {
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, false
		}
		b = b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 || size > 2*maxPackedBytes {
			return nil, false
		}
		b = b[n:]
		list[i] = piece{id: id, size: int(size)}
	}
	return list, true
}

// same reports whether a record is in the store as it is: pieces were changed, and none
// has another size.
func (r *changedRecord) same(key, record []byte) bool {
	if r.m.resized {
		return false
	}
	old, err := r.s.recordBucket().GetNoCopy(key)
	return err == nil && bytes.Equal(old, record)
}
