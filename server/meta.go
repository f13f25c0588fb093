package server

import (
	"context"
	"encoding/binary"
)

// meta is the record of a collection, under its key in the bucket
// "redis/N/meta":
//
//	1 byte    kind (low 4 bits), packed (0x10), has a deadline (0x20), pages (0x40), pieces (0x80)
//	8 bytes   deadline, Unix ms, big-endian, when it has one
//	packed:   the entries, see packed.go; those in pieces (0x80): the collection's number,
//	          how many pieces, and of each its own number and size, as uvarints
//	else:     number and count of elements as uvarints; of a list also the index
//	          of its first element, as a varint; of a hash or set with pages their
//	          number, how many they are and how many elements are apart, as uvarints,
//	          and 8 bytes, the seed of the hash
//
// A collection's number is its own for ever, so what is left of an old one can
// never be taken for a new one's. Its elements lie in "redis/N/data", each under
// the number and what names the element:
//
//	hash      number, field           -> value   \ what is too long
//	set       number, member          -> empty   / for a page
//	both      number of the pages, page -> entries, as in a packed record
//	list      number, index           -> value
//	packed    number, number of a piece -> a piece of the entries, see pieces.go
//	zset      number, 0, member       -> score, order-preserving, 8 bytes
//	          number, 1, score, member -> empty
//
// Numbers are written as a byte that says how many follow, and big-endian without
// leading zeros: in order, free of prefixes, and short, because every element
// carries one.
//
// A deadline is also in "redis/N/ttl", as the key (deadline, key): the sweeper
// looks there. It is not a deadline of the engine, which would remove the record
// and leave the elements.
type meta struct {
	kind     Kind
	isPacked bool
	deadline int64
	packed   []byte // entries, when isPacked; never written again; nil while they are in pieces
	room     []byte // nil, or packed with headRoom bytes in front that are free to use

	number  uint64
	count   int64 // of elements; of packed ones uncounted while nobody has asked
	head    int64 // index of a list's first element
	pages   paging
	pieces  []piece // of packed; shared with copies of the record
	resized bool    // a piece has another size than in the store
}

const (
	uncounted = -1
	// headRoom is the most bytes in front of packed entries.
	headRoom = 1 + 8
	// maxMeta is the longest record without them.
	maxMeta = headRoom + 3*binary.MaxVarintLen64 + maxPaging
)

const (
	metaKind     = 0x0f
	metaPacked   = 0x10
	metaDeadline = 0x20
	metaPaged    = 0x40
	metaPieces   = 0x80
)

// appendHead appends what every record begins with.
func (m *meta) appendHead(b []byte) []byte {
	head := byte(m.kind)
	if m.isPacked {
		head |= metaPacked
	}
	if m.deadline != 0 {
		head |= metaDeadline
	}
	if m.pages.n > 0 {
		head |= metaPaged
	}
	if len(m.pieces) > 0 {
		head |= metaPieces
	}
	b = append(b, head)
	if m.deadline != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(m.deadline))
	}
	return b
}

func (m *meta) append(b []byte) []byte {
	b = m.appendHead(b)
	if m.isPacked && len(m.pieces) > 0 {
		return appendPieceTable(binary.AppendUvarint(b, m.number), m.pieces)
	}
	if m.isPacked {
		return append(b, m.packed...)
	}
	b = binary.AppendUvarint(b, m.number)
	b = binary.AppendUvarint(b, uint64(m.count))
	if m.kind == KindList {
		b = binary.AppendVarint(b, m.head)
	}
	if m.pages.n > 0 {
		b = m.pages.append(b)
	}
	return b
}

// record is the record, good until the next call for the same entries.
func (m *meta) record() []byte {
	if m.room == nil || len(m.pieces) > 0 {
		return m.append(make([]byte, 0, maxMeta+len(m.packed)))
	}
	var buf [headRoom]byte
	head := m.appendHead(buf[:0])
	from := headRoom - len(head)
	copy(m.room[from:], head)
	return m.room[from:]
}

// decodeMeta reads a record; ok is false when it is none.
func decodeMeta(b []byte) (m meta, ok bool) {
	if len(b) == 0 {
		return m, false
	}
	head := b[0]
	b = b[1:]
	m.kind = Kind(head & metaKind)
	if m.kind < KindList || m.kind > KindHash {
		return m, false
	}
	if head&metaDeadline != 0 {
		if len(b) < 8 {
			return m, false
		}
		m.deadline = int64(binary.BigEndian.Uint64(b))
		b = b[8:]
	}
	if head&metaPacked != 0 && head&metaPieces == 0 {
		m.isPacked, m.packed, m.count = true, b, uncounted
		return m, true
	}
	var n int
	if m.number, n = binary.Uvarint(b); n <= 0 {
		return m, false
	}
	b = b[n:]
	if head&metaPieces != 0 {
		m.isPacked, m.count = head&metaPacked != 0, uncounted
		m.pieces, ok = decodePieceTable(b)
		return m, ok && m.isPacked && (m.kind == KindList || m.kind == KindZset)
	}
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return m, false
	}
	m.count = int64(count)
	b = b[n:]
	switch {
	case m.kind == KindList:
		if m.head, n = binary.Varint(b); n <= 0 {
			return m, false
		}
	case m.kind == KindHash, m.kind == KindSet:
		if head&metaPaged == 0 {
			m.pages.apart = m.count
			break
		}
		if m.pages, ok = decodePaging(b); !ok {
			return m, false
		}
	}
	return m, true
}

// dropCollection removes the collection under key with all that belongs to it,
// and reports whether there was one that had not expired.
func (s *Space) dropCollection(key []byte) bool {
	m, ok := s.rawMeta(key)
	if !ok {
		return false
	}
	live := m.deadline == 0 || m.deadline > s.t.now
	s.deleteMeta(key)
	s.moveDeadline(key, m.deadline, 0)
	s.dropAll(&m)
	if !live {
		s.Notify('x', "expired", key)
	}
	return live
}

// dropAll removes all elements of a collection, with a range for each number.
func (s *Space) dropAll(m *meta) {
	if m.isPacked && len(m.pieces) == 0 {
		return
	}
	if m.pages.n > 0 {
		s.dropElements(m.pages.number)
	}
	if m.pages.n == 0 || m.pages.apart > 0 {
		s.dropElements(m.number)
	}
}

func (s *Space) dropElements(number uint64) {
	prefix := appendNumber(nil, number)
	s.t.fail(s.elements().DeleteRange(context.Background(), prefix, prefixEnd(prefix)))
}

// moveDeadline keeps the sweeper's index in step with a collection's deadline.
func (s *Space) moveDeadline(key []byte, from, to int64) {
	if from == to {
		return
	}
	if from != 0 {
		s.t.fail(s.deadlines().Delete(context.Background(), ttlKey(from, key)))
	}
	if to != 0 {
		s.t.fail(s.deadlines().Set(context.Background(), ttlKey(to, key), nil))
	}
}

func ttlKey(deadline int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), uint64(deadline)), key...)
}

// appendNumber appends a collection's number as element keys begin with it.
func appendNumber(b []byte, n uint64) []byte {
	var be [8]byte
	binary.BigEndian.PutUint64(be[:], n)
	i := 0
	for i < 7 && be[i] == 0 {
		i++
	}
	return append(append(b, byte(8-i)), be[i:]...)
}

// prefixEnd is the first key behind all that begin with p, which is not all 0xff.
func prefixEnd(p []byte) []byte {
	end := append([]byte(nil), p...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
