package server

import (
	"math"
	"strconv"
	"strings"
)

// zsetCommands are those of sorted sets on one key: ranges, pops and the algebra
// of several are in files of their own.
func zsetCommands() []*Command {
	return []*Command{
		zsetCommand("zadd", -4, Write|DenyOOM|Fast, 1, "1.2.0", "O(log(N)) for each item added, where N is the number of elements in the sorted set.", "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.", runZAdd),
		zsetCommand("zincrby", 4, Write|DenyOOM|Fast, 1, "1.2.0", "O(log(N)) where N is the number of elements in the sorted set.", "Increments the score of a member in a sorted set.", runZAdd),
		zsetCommand("zrem", -3, Write|Fast, 1, "1.2.0", "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.", "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.", runZRem),
		zsetCommand("zcard", 2, ReadOnly|Fast, 1, "1.2.0", "O(1)", "Returns the number of members in a sorted set.", func(c *Call) { c.runLen(KindZset) }),
		zsetCommand("zscore", 3, ReadOnly|Fast, 1, "1.2.0", "O(1)", "Returns the score of a member in a sorted set.", runZScore),
		zsetCommand("zmscore", -3, ReadOnly|Fast, 1, "6.2.0", "O(N) where N is the number of members being requested.", "Returns the score of one or more members in a sorted set.", runZMScore),
		zsetCommand("zrandmember", -2, ReadOnly, 1, "6.2.0", "O(N) where N is the number of members returned", "Returns one or more random members from a sorted set.", runZRandMember),
		zsetCommand("zscan", -3, ReadOnly, 1, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.", "Iterates over members and scores of a sorted set.", func(c *Call) { c.runScanIn(KindZset) }),
	}
}

// zsetCommand is an entry of the table for a command whose first key is its first
// argument.
func zsetCommand(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
	return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupSortedSet,
		Since: since, Complexity: complexity, Summary: summary, Run: run}
}

// parseDouble reads a number as C's strtod would, all of it; ok is false for what
// is none, too large for one, or NaN.
func parseDouble(b []byte) (f float64, ok bool) {
	s := string(b)
	digits := strings.ToLower(strings.TrimLeft(s, "+-"))
	hex := strings.HasPrefix(digits, "0x")
	switch {
	case s == "" || strings.ContainsRune(s, '_') || strings.HasPrefix(digits, "nan"):
		return 0, false
	case hex && !strings.Contains(digits, "p"):
		s += "p0" // Go wants the exponent that C can do without
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	if f == 0 { // C tells a number that is too small from a zero
		mantissa, _, _ := strings.Cut(strings.TrimPrefix(digits, "0x"), map[bool]string{false: "e", true: "p"}[hex])
		if strings.Trim(mantissa, "0.") != "" {
			return 0, false
		}
	}
	return f, true
}

// zaddOptions are the words between the key and the scores.
type zaddOptions struct {
	nx, xx, gt, lt, ch, incr bool
}

// parseZAdd reads the options, and says where the scores begin.
func (c *Call) parseZAdd() (o zaddOptions, at int, err error) {
	o.incr = c.Cmd.Name == "zincrby" // which takes the options too, as in Redis
	words := [...]struct {
		name string
		set  *bool
	}{{"nx", &o.nx}, {"xx", &o.xx}, {"gt", &o.gt}, {"lt", &o.lt}, {"ch", &o.ch}, {"incr", &o.incr}}
options:
	for at = 2; at < len(c.Args); at++ {
		for _, w := range words {
			if c.Is(at, w.name) {
				*w.set = true
				continue options
			}
		}
		break
	}
	n := len(c.Args) - at
	switch {
	case n == 0 || n%2 != 0:
		err = ErrSyntax
	case o.nx && o.xx:
		err = Reply("ERR XX and NX options at the same time are not compatible")
	case o.gt && o.nx || o.lt && o.nx || o.gt && o.lt:
		err = Reply("ERR GT, LT, and/or NX options at the same time are not compatible")
	case o.incr && n > 2:
		err = Reply("ERR INCR option supports a single increment-element pair")
	}
	return o, at, err
}

func runZAdd(c *Call) {
	opt, at, err := c.parseZAdd()
	if err != nil {
		c.Fail(err)
		return
	}
	pairs := c.Args[at:]
	scores := make([]float64, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		f, ok := parseDouble(pairs[i])
		if !ok {
			c.Fail(ErrNotFloat)
			return
		}
		scores = append(scores, f)
	}
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	var added, moved int64
	var last float64
	done := false // INCR has done something
	for i, score := range scores {
		member := pairs[2*i+1]
		was := z.seekMember(member)
		if was.ok && opt.nx || !was.ok && opt.xx {
			continue
		}
		old := was.score()
		if was.ok && opt.incr {
			if score += old; math.IsNaN(score) {
				c.Failf("resulting score is not a number (NaN)")
				return
			}
		}
		if was.ok && (opt.gt && score <= old || opt.lt && score >= old) {
			continue
		}
		isNew, isOther := z.setScoreAt(was, member, score)
		if isNew {
			added++
		}
		if isOther {
			moved++
		}
		last, done = score, true
	}
	if added+moved > 0 {
		event := "zadd"
		if opt.incr {
			event = "zincr"
		}
		c.closeWith(z, event)
	}
	switch {
	case opt.incr && done:
		c.Double(last)
	case opt.incr:
		c.Null()
	case opt.ch:
		c.Int(added + moved)
	default:
		c.Int(added)
	}
}

func runZRem(c *Call) {
	z, ok := c.open(KindZset)
	if !ok {
		return
	}
	n := int64(0)
	for _, m := range c.Args[2:] {
		if z.RemoveMember(m) {
			n++
		}
	}
	if n > 0 {
		c.closeWith(z, "zrem")
	}
	c.Int(n)
}

func runZScore(c *Call) {
	if z, ok := c.open(KindZset); ok {
		c.doubleOrNull(z.Score(c.Args[2]))
	}
}

func (c *Call) doubleOrNull(f float64, ok bool) {
	if ok {
		c.Double(f)
	} else {
		c.Null()
	}
}

func runZMScore(c *Call) {
	c.runEach(KindZset, func(z *Collection, m []byte) { c.doubleOrNull(z.Score(m)) })
}

func runZRandMember(c *Call) {
	c.runRandom(KindZset, "withscores", func(e entry, withScore bool) {
		c.scored(Scored{e.k, decodeScore(e.v)}, withScore)
	})
}

// scored answers a member, with its score when that is wanted: as a pair in RESP3,
// one behind the other in RESP2.
func (c *Call) scored(s Scored, withScore bool) {
	if withScore && c.Proto() == 3 {
		c.Array(2)
	}
	c.Bulk(s.Member)
	if withScore {
		c.Double(s.Score)
	}
}

// scoredAll answers a list of members.
func (c *Call) scoredAll(list []Scored, withScores bool) {
	if withScores && c.Proto() != 3 {
		c.Array(2 * len(list))
	} else {
		c.Array(len(list))
	}
	for _, s := range list {
		c.scored(s, withScores)
	}
}

// storeScored makes key the sorted set of a list, or removes it when that is
// empty, announces it and answers the count.
func (c *Call) storeScored(key []byte, list []Scored, event string) {
	s := c.Space()
	c.Int(int64(len(list)))
	if len(list) == 0 {
		if s.Delete(key) {
			s.Notify('g', "del", key)
		}
		return
	}
	z := s.Create(key, KindZset)
	for _, e := range list {
		z.SetScore(e.Member, e.Score)
	}
	c.closeWith(z, event)
}
