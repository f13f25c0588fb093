package server

import (
	"bytes"
	"iter"
	"math"
)

// Places in sorted sets whose elements lie apart. The engine counts keys without
// visiting them, so a place costs some microseconds wherever it is: how many keys
// lie between two places of the order by score is a rank, or a count; and what comes
// at a rank is found by skipping so many.

// scoredBetween visits members by (score, member) between two element keys of that
// order, behind the first skip.
func (c *Collection) scoredBetween(from, to []byte, reverse bool, skip int) iter.Seq[Scored] {
	return func(yield func(Scored) bool) {
		for e := range c.scanDataBehind(from, to, reverse, skip) {
			if !yield(Scored{e.k[9:], decodeScore(e.k[1:9])}) {
				return
			}
		}
	}
}

// Rank returns how many members come before one, by (score, member) upwards or, in
// reverse, downwards; ok is false when it is not in the set.
func (c *Collection) Rank(member []byte, reverse bool) (rank int, score float64, ok bool) {
	m := c.seekMember(member)
	switch {
	case !m.ok:
		return 0, 0, false
	case c.m.isPacked:
		_, rank, _ = findPacked(c.m.packed, c.m.kind, member)
	default:
		rank = c.countData([]byte{zsetByScore}, scoreKey(m.raw, member))
	}
	if reverse {
		rank = c.Len() - 1 - rank
	}
	return rank, m.score(), true
}

// between returns the element keys between which the range lies in the order by score;
// ok is false when it is no part of that order: the set is packed, or the range is
// one of members and their scores differ.
func (r *zrange) between(z *Collection) (from, to []byte, ok bool) {
	if z.m.isPacked {
		return nil, nil, false
	}
	switch r.by {
	case byScore:
		lo, hi := appendScore(nil, r.min), appendScore(nil, r.max)
		if r.minOpen {
			lo = prefixEnd(lo)
		}
		if !r.maxOpen {
			hi = prefixEnd(hi) // there is one: only a NaN has none
		}
		return scoreKey(lo, nil), scoreKey(hi, nil), true
	case byLex:
		score, one := z.oneScore()
		if !one {
			return nil, nil, false
		}
		from, to = []byte{zsetByScore}, []byte{zsetByScore + 1}
		if r.lexMin.infinite == 0 {
			if from = scoreKey(score, r.lexMin.member); r.lexMin.open {
				from = append(from, 0)
			}
		}
		if r.lexMax.infinite == 0 {
			if to = scoreKey(score, r.lexMax.member); !r.lexMax.open {
				to = append(to, 0)
			}
		}
		return from, to, true
	}
	return []byte{zsetByScore}, []byte{zsetByScore + 1}, true
}

// oneScore returns the score that all members have; ok is false when they differ.
func (c *Collection) oneScore() (score []byte, ok bool) {
	for _, reverse := range []bool{false, true} {
		for s := range c.ScoreRange(math.Inf(-1), math.Inf(1), reverse) {
			raw := appendScore(nil, s.Score)
			if score != nil && !bytes.Equal(raw, score) {
				return nil, false
			}
			score = raw
			break
		}
	}
	return score, score != nil
}

// visitSpan is visit for what lies between two element keys.
func (r *zrange) visitSpan(z *Collection, from, to []byte, fn func(Scored) bool) {
	skip, limit := r.offset, r.limit
	if r.by == byRankOnly {
		first, end := span(r.from, r.to, z.Len())
		skip, limit = int64(first), int64(end-first)
		if limit <= 0 {
			return
		}
	}
	if skip < 0 || skip >= int64(z.Len()) || limit == 0 { // a negative offset never ends
		return
	}
	for s := range z.scoredBetween(from, to, r.reverse, int(skip)) {
		if !fn(s) {
			return
		}
		if limit--; limit == 0 {
			return
		}
	}
}

// count returns how many members are in a range without LIMIT.
func (r *zrange) count(z *Collection) (n int) {
	if from, to, ok := r.between(z); ok && !r.empty() {
		return z.countData(from, to)
	}
	r.visit(z, func(Scored) bool { n++; return true })
	return n
}
