package server

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"slices"
)

// Sorted sets: members by name and by (score, member).
//
// A score is kept as eight bytes whose order is the order of the numbers. Minus
// zero is zero here.

const (
	zsetByName  = 0 // first byte of the element key: then the member
	zsetByScore = 1 // then the score, then the member
)

func appendScore(b []byte, f float64) []byte {
	bits := math.Float64bits(f)
	switch {
	case f == 0:
		bits = 1 << 63
	case bits&(1<<63) != 0:
		bits = ^bits
	default:
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(b, bits)
}

func decodeScore(b []byte) float64 {
	if len(b) < 8 {
		return math.NaN()
	}
	bits := binary.BigEndian.Uint64(b)
	if bits&(1<<63) != 0 {
		return math.Float64frombits(bits &^ (1 << 63))
	}
	return math.Float64frombits(^bits)
}

func nameKey(member []byte) []byte { return append([]byte{zsetByName}, member...) }

func scoreKey(score, member []byte) []byte {
	k := make([]byte, 0, 9+len(member))
	return append(append(append(k, zsetByScore), score...), member...)
}

// putScore writes both elements of a member.
func (c *Collection) putScore(member, score []byte) {
	c.setData(nameKey(member), score)
	c.setData(scoreKey(score, member), nil)
}

// Score returns the score of a member.
func (c *Collection) Score(member []byte) (score float64, ok bool) {
	m := c.seekMember(member)
	return m.score(), m.ok
}

// seat is where a member of a sorted set was found, or was not.
type seat struct {
	packed packedCursor // at it, or at the end, in a packed set
	raw    []byte       // its score
	ok     bool
}

func (m seat) score() float64 {
	if !m.ok {
		return 0
	}
	return decodeScore(m.raw)
}

func (c *Collection) seekMember(member []byte) (m seat) {
	if c.m.isPacked {
		m.packed, m.ok = c.find(member)
		m.raw = m.packed.entry().v
		return m
	}
	m.raw, m.ok = c.getData(nameKey(member))
	return m
}

func compareScored(a, b entry) int {
	if d := bytes.Compare(a.v, b.v); d != 0 {
		return d
	}
	return bytes.Compare(a.k, b.k)
}

// SetScore gives a member a score and reports whether it is new, and if not
// whether the score is another than before. NaN is the caller's to refuse.
func (c *Collection) SetScore(member []byte, score float64) (added, moved bool) {
	return c.setScoreAt(c.seekMember(member), member, score)
}

// setScoreAt is SetScore of a member that was looked up, and nothing changed since.
func (c *Collection) setScoreAt(m seat, member []byte, score float64) (added, moved bool) {
	raw := appendScore(make([]byte, 0, 8), score)
	if m.ok && bytes.Equal(m.raw, raw) {
		return false, false
	}
	if !m.ok {
		c.makeRoom(member, raw)
		c.grow(1)
	}
	c.changed = c.changed || !m.ok
	c.touched = true
	switch {
	case c.m.isPacked && m.ok:
		c.move(m.packed.from, m.packed.to, c.scorePlace(member, raw), entry{member, raw})
	case c.m.isPacked:
		at := c.scorePlace(member, raw)
		c.splice(at, at, &entry{member, raw})
	case m.ok:
		c.deleteData(scoreKey(m.raw, member))
		c.putScore(member, raw)
	default:
		c.putScore(member, raw)
	}
	return !m.ok, m.ok
}

// RemoveMember takes a member out and reports whether it was in.
func (c *Collection) RemoveMember(member []byte) bool {
	if c.m.isPacked {
		return c.Remove(member)
	}
	m := c.seekMember(member)
	if !m.ok {
		return false
	}
	c.deleteData(scoreKey(m.raw, member))
	c.deleteData(nameKey(member))
	c.grow(-1)
	c.changed, c.touched = true, true
	return true
}

// Scored is a member with its score.
type Scored struct {
	Member []byte
	Score  float64
}

// ScoreRange visits members by (score, member), those with a score of at least
// min and at most max, upwards or, in reverse, downwards, as they are at its
// start.
func (c *Collection) ScoreRange(min, max float64, reverse bool) iter.Seq[Scored] {
	lo, hi := appendScore(nil, min), appendScore(nil, max)
	return func(yield func(Scored) bool) {
		if c.m.isPacked {
			entries := c.packedList()
			if reverse {
				slices.Reverse(entries)
			}
			for _, e := range entries {
				if bytes.Compare(e.v, lo) >= 0 && bytes.Compare(e.v, hi) <= 0 && !yield(Scored{e.k, decodeScore(e.v)}) {
					return
				}
			}
			return
		}
		c.scoredBetween(scoreKey(lo, nil), scoreKey(prefixEnd(hi), nil), reverse, 0)(yield)
	}
}
