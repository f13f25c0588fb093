package server

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// zsetRangeCommands are those that name a part of a sorted set: by rank, by score
// or by the order of the members.
func zsetRangeCommands() []*Command {
	const each = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned."
	const byRank = each
	const count = "O(log(N)) with N being the number of elements in the sorted set, and a step for some thousands of them."
	const remove = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation."
	const rank = count
	return []*Command{
		zsetCommand("zrange", -4, ReadOnly, 1, "1.2.0", byRank, "Returns members in a sorted set within a range of indexes.", func(c *Call) { c.runRange(1, false, byUnknown, false, false) }),
		zsetCommand("zrangestore", -5, Write|DenyOOM, 2, "6.2.0", "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.", "Stores a range of members from sorted set in a key.", func(c *Call) { c.runRange(2, true, byUnknown, false, false) }),
		zsetCommand("zrevrange", -4, ReadOnly, 1, "1.2.0", byRank, "Returns members in a sorted set within a range of indexes in reverse order.", func(c *Call) { c.runRange(1, false, byRankOnly, true, true) }),
		zsetCommand("zrangebyscore", -4, ReadOnly, 1, "1.0.5", each, "Returns members in a sorted set within a range of scores.", func(c *Call) { c.runRange(1, false, byScore, false, true) }),
		zsetCommand("zrevrangebyscore", -4, ReadOnly, 1, "2.2.0", each, "Returns members in a sorted set within a range of scores in reverse order.", func(c *Call) { c.runRange(1, false, byScore, true, true) }),
		zsetCommand("zrangebylex", -4, ReadOnly, 1, "2.8.9", each, "Returns members in a sorted set within a lexicographical range.", func(c *Call) { c.runRange(1, false, byLex, false, true) }),
		zsetCommand("zrevrangebylex", -4, ReadOnly, 1, "2.8.9", each, "Returns members in a sorted set within a lexicographical range in reverse order.", func(c *Call) { c.runRange(1, false, byLex, true, true) }),
		zsetCommand("zcount", 4, ReadOnly|Fast, 1, "2.0.0", count, "Returns the count of members in a sorted set that have scores within a range.", func(c *Call) { c.runCount(byScore) }),
		zsetCommand("zlexcount", 4, ReadOnly|Fast, 1, "2.8.9", count, "Returns the number of members in a sorted set within a lexicographical range.", func(c *Call) { c.runCount(byLex) }),
		zsetCommand("zremrangebyrank", 4, Write, 1, "2.0.0", remove, "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.", func(c *Call) { c.runRemoveRange(byRankOnly) }),
		zsetCommand("zremrangebyscore", 4, Write, 1, "1.2.0", remove, "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.", func(c *Call) { c.runRemoveRange(byScore) }),
		zsetCommand("zremrangebylex", 4, Write, 1, "2.8.9", remove, "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were removed.", func(c *Call) { c.runRemoveRange(byLex) }),
		zsetCommand("zrank", -3, ReadOnly|Fast, 1, "2.0.0", rank, "Returns the index of a member in a sorted set ordered by ascending scores.", func(c *Call) { c.runRank(false) }),
		zsetCommand("zrevrank", -3, ReadOnly|Fast, 1, "2.0.0", rank, "Returns the index of a member in a sorted set ordered by descending scores.", func(c *Call) { c.runRank(true) }),
	}
}

// rangeBy says what the two ends of a range are.
type rangeBy byte

const (
	byUnknown  rangeBy = iota // the options say it; by rank when they do not
	byRankOnly                // places, counted from 0 or, below 0, from the end
	byScore                   // scores
	byLex                     // members
)

// zrange is a part of a sorted set.
type zrange struct {
	by      rangeBy
	reverse bool

	from, to int64 // by rank

	min, max         float64 // by score
	minOpen, maxOpen bool    // the end itself is not in the range

	lexMin, lexMax lexBound

	offset, limit int64 // by score and lex; a negative limit is none
}

// lexBound is an end of a range of members: below all of them, above all, or one.
type lexBound struct {
	infinite int // -1, 0, 1
	member   []byte
	open     bool
}

var (
	errScoreRange = Reply("ERR min or max is not a float")
	errLexRange   = Reply("ERR min or max not valid string range item")
)

// parseBounds reads the two ends, at i and behind it, lower end first.
func (c *Call) parseBounds(i int, by rangeBy) (r zrange, err error) {
	r.by, r.limit = by, -1
	switch by {
	case byScore:
		var ok, ok2 bool
		r.min, r.minOpen, ok = parseScoreBound(c.Args[i])
		r.max, r.maxOpen, ok2 = parseScoreBound(c.Args[i+1])
		if !ok || !ok2 {
			return r, errScoreRange
		}
	case byLex:
		var ok, ok2 bool
		r.lexMin, ok = parseLexBound(c.Args[i])
		r.lexMax, ok2 = parseLexBound(c.Args[i+1])
		if !ok || !ok2 {
			return r, errLexRange
		}
	default:
		r.from, r.to, err = c.parseRangeArgs(i)
	}
	return r, err
}

// parseScoreBound reads a score, "(" in front of one that is not in the range. As
// strtod does it, it takes blanks in front, no number for 0, and one that is too
// large for infinity.
func parseScoreBound(b []byte) (f float64, open, ok bool) {
	s, _, _ := strings.Cut(string(b), "\x00")
	s, open = strings.CutPrefix(s, "(")
	if s == "" {
		return 0, open, true
	}
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	if f, ok = parseDouble([]byte(s)); ok {
		return f, open, true
	}
	if f, err := strconv.ParseFloat(s, 64); (err == nil || math.IsInf(f, 0)) && !math.IsNaN(f) && !strings.ContainsRune(s, '_') {
		return f, open, true
	}
	return 0, open, false
}

func parseLexBound(b []byte) (l lexBound, ok bool) {
	switch {
	case string(b) == "-":
		return lexBound{infinite: -1}, true
	case string(b) == "+":
		return lexBound{infinite: 1}, true
	case len(b) > 0 && (b[0] == '[' || b[0] == '('):
		return lexBound{member: b[1:], open: b[0] == '('}, true
	}
	return l, false
}

// compare says on which side of the bound a member is.
func (l lexBound) compare(member []byte) int {
	if l.infinite != 0 {
		return -l.infinite
	}
	return bytes.Compare(member, l.member)
}

func (l lexBound) below(member []byte) bool { // l <= member
	d := l.compare(member)
	return d > 0 || d == 0 && !l.open
}

func (l lexBound) above(member []byte) bool { // member <= l
	d := l.compare(member)
	return d < 0 || d == 0 && !l.open
}

// empty reports whether nothing can be in the range, whatever there is.
func (r *zrange) empty() bool {
	switch r.by {
	case byScore:
		return r.min > r.max || r.min == r.max && (r.minOpen || r.maxOpen)
	case byLex:
		a, b := r.lexMin, r.lexMax
		if a.infinite != 0 || b.infinite != 0 {
			return a.infinite > 0 || b.infinite < 0
		}
		d := bytes.Compare(a.member, b.member)
		return d > 0 || d == 0 && (a.open || b.open)
	}
	return false
}

// holds reports whether a member is in a range by score or lex.
func (r *zrange) holds(s Scored) bool {
	if r.by == byLex {
		return r.lexMin.below(s.Member) && r.lexMax.above(s.Member)
	}
	return (s.Score > r.min || s.Score == r.min && !r.minOpen) && (s.Score < r.max || s.Score == r.max && !r.maxOpen)
}

// visit calls fn with the members of the range in its order until fn returns false.
// What fn gets stays as it was when visit was called, so it may remove them.
func (r *zrange) visit(z *Collection, fn func(Scored) bool) {
	if !z.Exists() && z.Len() == 0 || r.empty() {
		return
	}
	if from, to, ok := r.between(z); ok {
		r.visitSpan(z, from, to, fn)
		return
	}
	switch r.by {
	case byScore:
		r.visitScores(z, fn)
	case byLex:
		r.visitLex(z, fn)
	default:
		r.visitRanks(z, fn)
	}
}

func (r *zrange) visitScores(z *Collection, fn func(Scored) bool) {
	for s := range z.ScoreRange(r.min, r.max, r.reverse) {
		if r.holds(s) && !r.limited(s, fn) {
			return
		}
	}
}

// visitLex is for scores that differ, with which these ranges are not meant to be used.
// It begins with the first member that is in the range and ends before the next one
// that is not, as Redis does.
func (r *zrange) visitLex(z *Collection, fn func(Scored) bool) {
	begun := false
	for s := range z.ScoreRange(math.Inf(-1), math.Inf(1), r.reverse) {
		if !begun {
			if r.reverse && !r.lexMax.above(s.Member) || !r.reverse && !r.lexMin.below(s.Member) {
				continue
			}
			begun = true
		}
		if r.reverse && !r.lexMin.below(s.Member) || !r.reverse && !r.lexMax.above(s.Member) || !r.limited(s, fn) {
			return
		}
	}
}

// limited passes on what LIMIT lets through; it returns false when nothing more
// will.
func (r *zrange) limited(s Scored, fn func(Scored) bool) bool {
	if r.offset != 0 {
		r.offset-- // a negative one never ends
		return true
	}
	if r.limit == 0 {
		return false
	}
	r.limit--
	return fn(s)
}

// visitRanks is for packed sets.
func (r *zrange) visitRanks(z *Collection, fn func(Scored) bool) {
	from, to := span(r.from, r.to, z.Len())
	i := 0
	for s := range z.ScoreRange(math.Inf(-1), math.Inf(1), r.reverse) {
		if i >= to || i >= from && !fn(s) {
			return
		}
		i++
	}
}

// list returns the members of the range.
func (r *zrange) list(z *Collection) (out []Scored) {
	if r.by == byRankOnly {
		from, to := span(r.from, r.to, z.Len())
		out = make([]Scored, 0, min(to-from, 1024))
	}
	r.visit(z, func(s Scored) bool {
		out = append(out, s)
		return true
	})
	return out
}

// runRange answers ZRANGE and its relatives. The key is argument i; by and reverse
// are what the command's name says, fixed whether it says the direction.
func (c *Call) runRange(i int, store bool, by rangeBy, reverse, fixed bool) {
	offset, limit, scores := int64(0), int64(-1), false
	for j := i + 3; j < len(c.Args); j++ {
		var err error
		switch {
		case !store && c.Is(j, "withscores"):
			scores = true
		case c.Is(j, "limit") && j+2 < len(c.Args):
			if offset, err = c.parseInt(j + 1); err == nil {
				limit, err = c.parseInt(j + 2)
			}
			j += 2
		case !fixed && !reverse && c.Is(j, "rev"):
			reverse = true
		case by == byUnknown && c.Is(j, "bylex"):
			by = byLex
		case by == byUnknown && c.Is(j, "byscore"):
			by = byScore
		default:
			err = ErrSyntax
		}
		if err != nil {
			c.Fail(err)
			return
		}
	}
	if by == byUnknown {
		by = byRankOnly
	}
	switch {
	case limit != -1 && by == byRankOnly:
		c.Failf("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
		return
	case scores && by == byLex:
		c.Failf("syntax error, WITHSCORES not supported in combination with BYLEX")
		return
	}
	if reverse && by != byRankOnly { // the higher end comes first
		c.Args[i+1], c.Args[i+2] = c.Args[i+2], c.Args[i+1]
		defer func() { c.Args[i+1], c.Args[i+2] = c.Args[i+2], c.Args[i+1] }()
	}
	r, err := c.parseBounds(i+1, by)
	if err != nil {
		c.Fail(err)
		return
	}
	r.reverse, r.offset, r.limit = reverse, offset, limit
	z, ok := c.openKey(c.Args[i], KindZset)
	if !ok {
		return
	}
	list := r.list(z)
	if store {
		c.storeScored(c.Args[1], list, "zrangestore")
		return
	}
	c.scoredAll(list, scores)
}

// runCount answers ZCOUNT and ZLEXCOUNT.
func (c *Call) runCount(by rangeBy) {
	r, err := c.parseBounds(2, by)
	if err != nil {
		c.Fail(err)
		return
	}
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	c.Int(int64(r.count(z)))
}

// runRemoveRange answers ZREMRANGEBYRANK and its like.
func (c *Call) runRemoveRange(by rangeBy) {
	r, err := c.parseBounds(2, by)
	if err != nil {
		c.Fail(err)
		return
	}
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	list := r.list(z)
	switch {
	case len(list) == 0:
	case len(list) == z.Len():
		s := z.s
		s.Delete(z.key) // one range, however many
		s.Notify('z', c.Cmd.Name, z.key)
		s.Notify('g', "del", z.key)
	default:
		for _, e := range list {
			z.RemoveMember(e.Member)
		}
		c.closeWith(z, c.Cmd.Name)
	}
	c.Int(int64(len(list)))
}

// runRank answers ZRANK and ZREVRANK. WITHSCORE is of Redis 7.2.
func (c *Call) runRank(reverse bool) {
	withScore := len(c.Args) == 4
	if len(c.Args) > 4 || withScore && !c.Is(3, "withscore") {
		c.Fail(ErrSyntax)
		return
	}
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	rank, score, ok := z.Rank(c.Args[2], reverse)
	if !ok {
		if withScore {
			c.NullArray()
		} else {
			c.Null()
		}
		return
	}
	if !withScore {
		c.Int(int64(rank))
		return
	}
	c.Array(2)
	c.Int(int64(rank))
	c.Double(score)
}
