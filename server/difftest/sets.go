package difftest

import "strconv"

// setFamily is the commands on sets.
func setFamily() Family {
	members := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string { return append(g.Fill("<key>"), g.Elements(from, to)...) }
	}
	keys := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string { return g.Keys(from, to) }
	}
	return Family{
		Name:    "sets",
		Readers: map[string]Reader{"set": {Args: []string{"SMEMBERS", "KEY"}, Compare: Unordered}},
		Commands: []Command{
			{Name: "SADD", Weight: 20, Args: func(g *Gen) []string {
				if g.Chance(10) {
					return append(g.Fill("<key>"), g.Run(g.OneOfInt(20, 130, 600))...)
				}
				return members(1, 5)(g)
			}},
			{Name: "SREM", Weight: 6, Args: func(g *Gen) []string {
				if g.Chance(10) {
					return append(g.Fill("<key>"), g.Run(130)...)
				}
				return members(1, 5)(g)
			}},
			{Name: "SCARD", Args: F("<key>")},
			{Name: "SISMEMBER", Args: members(1, 1)},
			{Name: "SMISMEMBER", Args: members(1, 5)},
			{Name: "SMEMBERS", Args: F("<key>"), Compare: Unordered},
			// What is popped at random differs, so that of larger sets all is.
			{Name: "SPOP", Exact: true, Compare: Unordered, Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.OneOf("0", "1000", "9223372036854775807", "9223372036854775808", "-1", "x", ""))
			}},
			{Name: "SPOP", Exact: true, Weight: 2, Macro: popSmall, Outside: true, Compare: Shape, Args: F("<key>")},
			{Name: "SPOP", Weight: 1, Exact: true, Args: F("<key> 1 1")},
			{Name: "SRANDMEMBER", Exact: true, Weight: 6, Compare: Shape, Args: func(g *Gen) []string {
				out := g.Fill("<key>")
				if g.Chance(70) {
					out = append(out, g.RandomCount())
					out = append(out, g.Many(0, 1, func() []string { return []string{g.OneOf("1", "")} })...)
				}
				return out
			}},
			{Name: "SMOVE", Weight: 8, Args: func(g *Gen) []string { return []string{g.Key(), g.Key(), g.Element()} }},
			{Name: "SINTER", Args: keys(1, 4), Compare: Unordered},
			{Name: "SUNION", Args: keys(1, 4), Compare: Unordered},
			{Name: "SDIFF", Args: keys(1, 4), Compare: Unordered},
			{Name: "SINTERSTORE", Args: keys(2, 4)},
			{Name: "SUNIONSTORE", Args: keys(2, 4)},
			{Name: "SDIFFSTORE", Args: keys(2, 4)},
			{Name: "SINTERCARD", Weight: 6, Args: func(g *Gen) []string {
				keys := g.Keys(1, 4)
				n := strconv.Itoa(len(keys))
				if g.Chance(15) {
					n = g.Small()
				}
				return append(append([]string{n}, keys...), g.Options("LIMIT <small>", "LIMIT <int>", "LIMIT", "BAD")...)
			}},
			{Name: "SSCAN", Exact: true, Macro: scanAll, Compare: scanned, Args: elementScan},
		},
	}
}

// popSmall pops a random member and puts it back, unless the set is gone.
func popSmall(c *Conn, args []string) (Reply, error) {
	before, err := c.Do("SCARD", args[1])
	if err != nil || before.Kind == Error {
		return before, err
	}
	popped, err := c.Do(args...)
	if err != nil || popped.Kind != Bulk {
		return popped, err
	}
	after, err := c.Do("SCARD", args[1])
	if err != nil {
		return after, err
	}
	back, err := c.Do("SADD", args[1], popped.Text)
	popped.Text = ""
	return Reply{Kind: Array, Elems: []Reply{before, popped, after, back}}, err
}
