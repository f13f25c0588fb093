package difftest

// transactionFamily is MULTI and what belongs to it; weighted so that many
// transactions come to their end.
func transactionFamily() Family {
	return Family{
		Name: "transactions",
		Commands: []Command{
			{Name: "MULTI", Weight: 10},
			{Name: "EXEC", Weight: 16},
			{Name: "DISCARD", Weight: 2},
			{Name: "WATCH", Weight: 6, Args: func(g *Gen) []string { return g.Keys(1, 3) }},
			{Name: "UNWATCH", Weight: 1},
		},
	}
}
