package difftest

import "strconv"

// listFamily is the commands on lists. Those that block do so for at most a moment
// here; see blockFamily for clients that are served.
func listFamily() Family {
	elements := func(from, to int) func(g *Gen) []string {
		return func(g *Gen) []string { return append(g.Fill("<key>"), g.Elements(from, to)...) }
	}
	push := func(g *Gen) []string {
		if g.Chance(10) {
			return append(g.Fill("<key>"), g.Run(g.OneOfInt(20, 130, 600))...)
		}
		return elements(1, 4)(g)
	}
	end := func(g *Gen) string { return g.OneOf("LEFT", "RIGHT", "LEFT", "RIGHT", "left", "right", "MIDDLE") }
	timeout := func(g *Gen) string {
		return g.OneOf("0.001", "0.01", "0.0021", "1e-3", "-1", "-0.5", "x", "", "nan", "inf", "1e300", "9223372036854775808")
	}
	many := func(g *Gen) []string {
		keys := g.Keys(1, 3)
		n := strconv.Itoa(len(keys))
		if g.Chance(15) {
			n = g.OneOf("0", "1", "2", "3", "5", "-1", "x", "100")
		}
		out := append(append([]string{n}, keys...), end(g))
		return append(out, g.Options("COUNT <small>", "COUNT 1000", "COUNT 9223372036854775807", "COUNT", "BAD")...)
	}
	return Family{
		Name:    "lists",
		Readers: map[string]Reader{"list": {Args: []string{"LRANGE", "KEY", "0", "-1"}}},
		Commands: []Command{
			{Name: "LPUSH", Weight: 14, Args: push},
			{Name: "RPUSH", Weight: 14, Args: push},
			{Name: "LPUSHX", Args: elements(1, 3)},
			{Name: "RPUSHX", Args: elements(1, 3)},
			{Name: "LPOP", Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Many(0, 1, func() []string { return []string{g.Int()} })...)
			}},
			{Name: "RPOP", Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Many(0, 1, func() []string { return []string{g.Int()} })...)
			}},
			{Name: "LPOP", Args: F("<key> <small>")},
			{Name: "RPOP", Args: F("<key> <small>")},
			{Name: "LLEN", Args: F("<key>")},
			{Name: "LRANGE", Weight: 8, Args: F("<key> <index> <index>")},
			{Name: "LINDEX", Args: F("<key> <index>")},
			{Name: "LSET", Weight: 6, Args: func(g *Gen) []string { return append(g.Fill("<key> <index>"), g.Element()) }},
			{Name: "LINSERT", Weight: 10, Args: func(g *Gen) []string {
				return []string{g.Key(), g.OneOf("BEFORE", "AFTER", "before", "AFTER", "BESIDE"), g.Pivot(), g.Element()}
			}},
			{Name: "LREM", Weight: 8, Args: func(g *Gen) []string { return append(g.Fill("<key> <index>"), g.Pivot()) }},
			{Name: "LTRIM", Args: F("<key> <index> <index>")},
			{Name: "LPOS", Weight: 6, Args: func(g *Gen) []string {
				return append([]string{g.Key(), g.Pivot()}, g.Options("RANK <small>", "RANK -1", "RANK -2", "COUNT <small>", "COUNT 0", "MAXLEN <small>", "MAXLEN 0",
					"COUNT <index>", "MAXLEN <index>", "RANK 0", "RANK x", "RANK", "BAD")...)
			}},
			{Name: "LMOVE", Weight: 6, Args: func(g *Gen) []string { return append(g.Keys(2, 2), end(g), end(g)) }},
			{Name: "RPOPLPUSH", Args: F("<key> <key>")},
			{Name: "LMPOP", Args: many},
			{Name: "BLPOP", Args: func(g *Gen) []string { return append(g.Keys(1, 3), timeout(g)) }, Exact: true},
			{Name: "BRPOP", Args: func(g *Gen) []string { return append(g.Keys(1, 3), timeout(g)) }, Exact: true},
			{Name: "BLMOVE", Args: func(g *Gen) []string { return append(g.Keys(2, 2), end(g), end(g), timeout(g)) }, Exact: true},
			{Name: "BRPOPLPUSH", Args: func(g *Gen) []string { return append(g.Keys(2, 2), timeout(g)) }, Exact: true},
			{Name: "BLMPOP", Args: func(g *Gen) []string { return append([]string{timeout(g)}, many(g)...) }, Exact: true},
		},
	}
}

// Pivot draws an element that a list may well hold.
func (g *Gen) Pivot() string {
	if g.Chance(40) {
		return strconv.Itoa(g.Number(0, 150))
	}
	return g.Element()
}
