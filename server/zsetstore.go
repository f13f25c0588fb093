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
	raw, ok := c.rawScore(member)
	if !ok {
		return 0, false
	}
	return decodeScore(raw), true
}

func (c *Collection) rawScore(member []byte) (raw []byte, ok bool) {
	if c.m.isPacked {
		return c.Get(member)
	}
	return c.getData(nameKey(member))
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
	raw := appendScore(nil, score)
	old, was := c.rawScore(member)
	if was && bytes.Equal(old, raw) {
		return false, false
	}
	if !was {
		c.makeRoom(member, raw)
		c.grow(1)
	}
	c.changed = c.changed || !was
	c.touched = true
	switch {
	case c.m.isPacked && was:
		p, _ := c.find(member)
		c.move(p.from, p.to, c.scorePlace(member, raw), entry{member, raw})
	case c.m.isPacked:
		at := c.scorePlace(member, raw)
		c.splice(at, at, &entry{member, raw})
	case was:
		c.deleteData(scoreKey(old, member))
		c.putScore(member, raw)
	default:
		c.putScore(member, raw)
	}
	return !was, was
}

// RemoveMember takes a member out and reports whether it was in.
func (c *Collection) RemoveMember(member []byte) bool {
	if c.m.isPacked {
		return c.Remove(member)
	}
	score, ok := c.rawScore(member)
	if !ok {
		return false
	}
	c.deleteData(scoreKey(score, member))
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
