package difftest

// bitFamily is the commands on the bits of strings.
func bitFamily() Family {
	return Family{
		Name: "bits",
		Commands: []Command{
			{Name: "SETBIT", Args: func(g *Gen) []string {
				return append(g.Fill("<key> <offset>"), g.OneOf("0", "1", "1", "2", "x"))
			}},
			{Name: "GETBIT", Args: F("<key> <offset>")},
			{Name: "BITCOUNT", Args: func(g *Gen) []string { return append(g.Fill("<key>"), bitRange(g)...) }},
			{Name: "BITPOS", Args: func(g *Gen) []string {
				return append(append(g.Fill("<key>"), g.OneOf("0", "1", "1", "2", "x")), bitRange(g)...)
			}},
			{Name: "BITOP", Args: func(g *Gen) []string {
				out := append([]string{g.OneOf("AND", "OR", "XOR", "NOT", "and", "BAD")}, g.Key())
				return append(out, g.Keys(1, 3)...)
			}},
			{Name: "BITFIELD", Weight: 8, Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Many(0, 4, func() []string {
					switch g.Number(0, 4) {
					case 0:
						return []string{"GET", fieldType(g), fieldOffset(g)}
					case 1:
						return []string{"SET", fieldType(g), fieldOffset(g), g.Int()}
					case 2:
						return []string{"INCRBY", fieldType(g), fieldOffset(g), g.Int()}
					case 3:
						return []string{"OVERFLOW", g.OneOf("WRAP", "SAT", "FAIL", "fail", "BAD")}
					default:
						return []string{"GET", fieldType(g)}
					}
				})...)
			}},
			{Name: "BITFIELD_RO", Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Many(0, 3, func() []string {
					return []string{g.OneOf("GET", "GET", "get", "SET"), fieldType(g), fieldOffset(g)}
				})...)
			}},
		},
	}
}

func bitRange(g *Gen) []string {
	switch g.Number(0, 4) {
	case 0:
		return nil
	case 1:
		return g.Fill("<index>")
	case 2:
		return g.Fill("<index> <index>")
	default:
		return append(g.Fill("<index> <index>"), g.OneOf("BIT", "BYTE", "bit", "BITS"))
	}
}

func fieldType(g *Gen) string {
	return g.OneOf("u8", "i8", "u1", "i1", "u63", "i64", "i63", "u16", "i5", "u7", "u64", "i65", "i0", "u0", "x8", "u", "U8", "u-1", "u8x", "")
}

func fieldOffset(g *Gen) string {
	if g.Chance(20) {
		return g.OneOf("-1", "#-1", "x", "#x", "", "#", "4294967296", "#9223372036854775807", "9223372036854775807", "34359738361")
	}
	return g.OneOf("0", "1", "7", "8", "100", "#0", "#1", "#3", "63", "64", "65", "1000")
}
