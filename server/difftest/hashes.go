package difftest

// hashFamily is the commands on hashes.
func hashFamily() Family {
	pairs := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string {
			return append(g.Fill("<key>"), g.Many(from, to, func() []string { return []string{g.Element(), g.Value()} })...)
		}
	}
	fields := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string { return append(g.Fill("<key>"), g.Elements(from, to)...) }
	}
	return Family{
		Name:    "hashes",
		Readers: map[string]Reader{"hash": {Args: []string{"HGETALL", "KEY"}, Compare: UnorderedPairs}},
		Commands: []Command{
			{Name: "HSET", Weight: 16, Args: func(g *Gen) []string {
				if g.Chance(5) { // more than is kept in one piece
					return append(g.Fill("<key>"), g.Run(2*g.OneOfInt(20, 130, 600))...)
				}
				return pairs(1, 4)(g)
			}},
			{Name: "HMSET", Args: pairs(1, 3)},
			{Name: "HSETNX", Args: pairs(1, 1)},
			{Name: "HGET", Weight: 6, Args: fields(1, 1)},
			{Name: "HMGET", Args: fields(1, 5)},
			{Name: "HGETALL", Args: F("<key>"), Compare: UnorderedPairs},
			{Name: "HKEYS", Args: F("<key>"), Compare: Unordered},
			{Name: "HVALS", Args: F("<key>"), Compare: Unordered},
			{Name: "HLEN", Args: F("<key>")},
			{Name: "HDEL", Weight: 10, Args: func(g *Gen) []string {
				if g.Chance(10) {
					return append(g.Fill("<key>"), g.Run(130)...)
				}
				return fields(1, 6)(g)
			}},
			{Name: "HEXISTS", Args: fields(1, 1)},
			{Name: "HINCRBY", Weight: 6, Args: func(g *Gen) []string { return []string{g.Key(), g.Element(), g.Int()} }},
			{Name: "HINCRBYFLOAT", Weight: 6, Args: func(g *Gen) []string { return []string{g.Key(), g.Element(), g.Float()} }},
			{Name: "HSTRLEN", Args: fields(1, 1)},
			{Name: "HRANDFIELD", Exact: true, Weight: 6, Compare: Shape, Args: func(g *Gen) []string {
				out := g.Fill("<key>")
				if g.Chance(70) {
					out = append(out, g.RandomCount())
					out = append(out, g.Many(0, 1, func() []string { return []string{g.OneOf("WITHVALUES", "withvalues", "WITHVALUES", "BAD")} })...)
				}
				return out
			}},
			{Name: "HSCAN", Exact: true, Macro: scanAll, Compare: scannedPairs, Args: elementScan},
		},
	}
}

// elementScan draws the arguments of a scan within a key.
func elementScan(g *Gen) []string {
	return append([]string{g.Key(), g.OneOf("0", "0", "0", "0", "x", "")},
		g.Options("MATCH <pattern>", "COUNT <small>", "COUNT 1000", "COUNT 1", "TYPE string", "NOVALUES", "BAD")...)
}

// UnorderedPairs is Unordered for a map, or what RESP2 makes of one.
func UnorderedPairs(redis, ours Reply) bool {
	if redis.Kind != ours.Kind {
		return false
	}
	redis.Kind, ours.Kind = Map, Map
	return redis.Sorted().Equal(ours.Sorted())
}

// scannedPairs is scanned for scans that return pairs.
func scannedPairs(redis, ours Reply) bool {
	whole := func(r Reply) Reply {
		if len(r.Elems) == 2 && r.Elems[1].Kind == Array && len(r.Elems[1].Elems)%2 == 0 {
			pairs := r.Elems[1]
			pairs.Kind = Map
			r.Elems = []Reply{r.Elems[0], pairs.Sorted()}
		}
		return r
	}
	return scanned(whole(redis), whole(ours))
}
