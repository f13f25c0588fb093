package difftest

import "strconv"

// zsetFamily is the commands on sorted sets.
//
// Ranges by member are only defined where all scores are equal; elsewhere this
// server and Redis may differ, so they have keys of their own.
func zsetFamily() Family {
	pairs := func(g *Gen) []string {
		return g.Many(1, 4, func() []string { return []string{g.Score(), g.Element()} })
	}
	keys := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string { return g.Keys(from, to) }
	}
	counted := func(g *Gen, from, to int) []string {
		k := keys(from, to)(g)
		n := strconv.Itoa(len(k))
		if g.Chance(12) {
			n = g.Small()
		}
		return append([]string{n}, k...)
	}
	weights := func(g *Gen, scores bool) []string {
		options := []string{"WEIGHTS 2 0.5", "WEIGHTS 1", "WEIGHTS 2 3 1", "WEIGHTS inf 1", "WEIGHTS x 1", "AGGREGATE SUM", "AGGREGATE MIN", "AGGREGATE MAX", "AGGREGATE X", "AGGREGATE", "BAD"}
		if scores {
			options = append(options, "WITHSCORES", "WITHSCORES")
		}
		return g.Options(options...)
	}
	scoreRange := func(g *Gen) []string { return []string{g.Key(), g.ScoreBound(), g.ScoreBound()} }
	lexRange := func(g *Gen) []string { return []string{g.OneOf(lexKeys...), g.LexBound(), g.LexBound()} }
	ranks := F("<key> <index> <index>")
	limit := func(g *Gen, scores bool) []string {
		options := []string{"LIMIT <small> <small>", "LIMIT 0 <index>", "LIMIT -1 2", "LIMIT 1", "LIMIT x 1", "BAD"}
		if scores {
			options = append(options, "WITHSCORES", "WITHSCORES")
		}
		return g.Options(options...)
	}
	zrange := func(g *Gen) []string {
		switch g.Number(0, 3) {
		case 0:
			return append(append(scoreRange(g), "BYSCORE"), limit(g, true)...)
		case 1:
			return append(append(lexRange(g), "BYLEX"), limit(g, true)...)
		case 2:
			return append(append(scoreRange(g), "BYSCORE", "REV"), limit(g, true)...)
		default:
			return append(ranks(g), g.Options("WITHSCORES", "REV", "LIMIT 0 1", "BAD")...)
		}
	}
	return Family{
		Name:    "zsets",
		Readers: map[string]Reader{"zset": {Args: []string{"ZRANGE", "KEY", "0", "-1", "WITHSCORES"}}},
		Commands: []Command{
			{Name: "ZADD", Weight: 24, Args: func(g *Gen) []string {
				if g.Chance(15) {
					out := g.Fill("<key>")
					for i, m := range g.Run(g.OneOfInt(20, 130, 300)) {
						out = append(out, strconv.Itoa(i%7), m)
					}
					return out
				}
				return append(append(g.Fill("<key>"), g.Options("NX", "XX", "GT", "LT", "CH", "CH", "INCR")...), pairs(g)...)
			}},
			{Name: "ZADD", Weight: 12, Exact: true, Args: func(g *Gen) []string {
				return append([]string{g.OneOf(lexKeys...)}, g.Many(1, 6, func() []string { return []string{"0", g.Element()} })...)
			}},
			{Name: "ZINCRBY", Weight: 8, Args: func(g *Gen) []string { return []string{g.Key(), g.Score(), g.Element()} }},
			{Name: "ZREM", Weight: 6, Args: func(g *Gen) []string { return append(g.Fill("<key>"), g.Elements(1, 4)...) }},
			{Name: "ZCARD", Args: F("<key>")},
			{Name: "ZSCORE", Args: func(g *Gen) []string { return []string{g.Key(), g.Element()} }},
			{Name: "ZMSCORE", Args: func(g *Gen) []string { return append(g.Fill("<key>"), g.Elements(1, 4)...) }},
			{Name: "ZRANK", Exact: true, Args: func(g *Gen) []string { return []string{g.Key(), g.Element()} }},
			{Name: "ZREVRANK", Exact: true, Args: func(g *Gen) []string { return []string{g.Key(), g.Element()} }},
			{Name: "ZCOUNT", Args: scoreRange},
			{Name: "ZLEXCOUNT", Exact: true, Args: lexRange},
			{Name: "ZRANGE", Weight: 16, Exact: true, Args: zrange},
			{Name: "ZRANGE", Args: ranks},
			{Name: "ZRANGESTORE", Weight: 8, Exact: true, Args: func(g *Gen) []string {
				return append([]string{g.OneOf("a", "b", "c", "d")}, zrange(g)...)
			}},
			{Name: "ZREVRANGE", Args: func(g *Gen) []string { return append(ranks(g), g.Options("WITHSCORES", "LIMIT 0 1", "REV")...) }},
			{Name: "ZRANGEBYSCORE", Args: func(g *Gen) []string { return append(scoreRange(g), limit(g, true)...) }},
			{Name: "ZREVRANGEBYSCORE", Args: func(g *Gen) []string { return append(scoreRange(g), limit(g, true)...) }},
			{Name: "ZRANGEBYLEX", Exact: true, Args: func(g *Gen) []string { return append(lexRange(g), limit(g, false)...) }},
			{Name: "ZREVRANGEBYLEX", Exact: true, Args: func(g *Gen) []string { return append(lexRange(g), limit(g, false)...) }},
			{Name: "ZREMRANGEBYRANK", Args: ranks},
			{Name: "ZREMRANGEBYSCORE", Args: scoreRange},
			{Name: "ZREMRANGEBYLEX", Exact: true, Args: lexRange},
			{Name: "ZPOPMIN", Weight: 6, Args: func(g *Gen) []string { return append(g.Fill("<key>"), g.Options("<small>", "-1", "x")...) }},
			{Name: "ZPOPMAX", Weight: 6, Args: func(g *Gen) []string { return append(g.Fill("<key>"), g.Options("<small>", "-1", "x")...) }},
			{Name: "ZMPOP", Weight: 6, Args: func(g *Gen) []string {
				return append(append(counted(g, 1, 3), g.OneOf("MIN", "max", "X")), g.Options("COUNT <small>", "COUNT", "COUNT 0")...)
			}},
			{Name: "ZUNION", Args: func(g *Gen) []string { return append(counted(g, 1, 3), weights(g, true)...) }},
			{Name: "ZINTER", Args: func(g *Gen) []string { return append(counted(g, 1, 3), weights(g, true)...) }},
			{Name: "ZDIFF", Args: func(g *Gen) []string { return append(counted(g, 1, 3), g.Options("WITHSCORES", "BAD", "WEIGHTS 1")...) }},
			{Name: "ZINTERCARD", Args: func(g *Gen) []string {
				return append(counted(g, 1, 3), g.Options("LIMIT <small>", "LIMIT <int>", "LIMIT", "BAD")...)
			}},
			{Name: "ZUNIONSTORE", Args: func(g *Gen) []string {
				return append(append(g.Fill("<key>"), counted(g, 1, 3)...), weights(g, false)...)
			}},
			{Name: "ZINTERSTORE", Args: func(g *Gen) []string {
				return append(append(g.Fill("<key>"), counted(g, 1, 3)...), weights(g, false)...)
			}},
			{Name: "ZDIFFSTORE", Args: func(g *Gen) []string { return append(g.Fill("<key>"), counted(g, 1, 3)...) }},
			{Name: "ZRANDMEMBER", Exact: true, Weight: 6, Compare: Shape, Args: func(g *Gen) []string {
				out := g.Fill("<key>")
				if g.Chance(70) {
					out = append(out, g.RandomCount())
					out = append(out, g.Many(0, 1, func() []string { return []string{g.OneOf("WITHSCORES", "1", "")} })...)
				}
				return out
			}},
			{Name: "ZSCAN", Exact: true, Macro: scanAll, Compare: scanned, Args: elementScan},
		},
	}
}

// lexKeys hold members of one score, unless another command gets at them.
var lexKeys = []string{"lex{x}1", "lex{x}2"}

// Score draws a score. Minus zero is left out: this server keeps it as zero.
func (g *Gen) Score() string {
	if g.Chance(10) {
		return g.Float()
	}
	return g.OneOf("0", "1", "2", "3", "-1", "1.5", "0.1", "-2.25", "1e300", "inf", "-inf", "3", "2")
}

// ScoreBound draws an end of a range of scores.
func (g *Gen) ScoreBound() string {
	if g.Chance(8) {
		return g.OneOf("", "(", "x", "((1", "nan", "(x", "[1", "+")
	}
	return g.OneOf("0", "1", "2", "3", "-1", "(1", "(2", "-inf", "+inf", "inf", "(inf", "(-inf", "1.5", "0.1", "(0.1", "1e300", "5")
}

// LexBound draws an end of a range of members.
func (g *Gen) LexBound() string {
	if g.Chance(8) {
		return g.OneOf("", "a", "(", "[", "++", "*")
	}
	return g.OneOf("-", "+", "-", "+", "[a", "(a", "[b", "(c", "[d", "[1", "(3", "[bin", "(9")
}
