package difftest

// stringFamily is the commands on strings, those on bits left out.
func stringFamily() Family {
	return Family{
		Name:    "strings",
		Readers: map[string]Reader{"string": {Args: []string{"GET", "KEY"}}},
		Commands: []Command{
			{Name: "GET", Weight: 8, Args: F("<key>")},
			{Name: "SET", Weight: 20, Args: func(g *Gen) []string {
				return append(g.Fill("<key> <value>"), g.Options(
					"NX", "XX", "GET", "KEEPTTL", "EX <sec>", "PX <ms>",
					// A deadline in the past: Redis removes the key some time later.
					"EXAT <future>", "PXAT <futurems>", "EX", "NONSENSE")...)
			}},
			{Name: "SETNX", Args: F("<key> <value>")},
			{Name: "SETEX", Args: F("<key> <sec> <value>")},
			{Name: "PSETEX", Args: F("<key> <ms> <value>")},
			{Name: "GETSET", Args: F("<key> <value>")},
			{Name: "GETDEL", Args: F("<key>")},
			{Name: "GETEX", Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Options("EX <sec>", "PX <ms>", "EXAT <at>", "PXAT <atms>", "PERSIST")...)
			}},
			{Name: "MGET", Args: func(g *Gen) []string { return g.Keys(1, 5) }},
			{Name: "MSET", Args: func(g *Gen) []string {
				return g.Many(1, 4, func() []string { return g.Fill("<key> <value>") })
			}},
			{Name: "MSETNX", Args: func(g *Gen) []string {
				return g.Many(1, 3, func() []string { return g.Fill("<key> <value>") })
			}},
			{Name: "APPEND", Args: F("<key> <value>")},
			{Name: "STRLEN", Args: F("<key>")},
			{Name: "INCR", Args: F("<key>")},
			{Name: "DECR", Args: F("<key>")},
			{Name: "INCRBY", Args: F("<key> <int>")},
			{Name: "DECRBY", Args: F("<key> <int>")},
			{Name: "INCRBYFLOAT", Weight: 6, Args: F("<key> <float>")},
			{Name: "GETRANGE", Args: F("<key> <index> <index>")},
			{Name: "SUBSTR", Args: F("<key> <index> <index>")},
			{Name: "SETRANGE", Args: F("<key> <offset> <value>")},
			{Name: "LCS", Args: func(g *Gen) []string {
				return append(g.Fill("<key> <key>"), g.Options("LEN", "IDX", "WITHMATCHLEN", "MINMATCHLEN <small>", "MINMATCHLEN", "BAD")...)
			}},
		},
	}
}
