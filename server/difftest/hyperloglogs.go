package difftest

import (
	"fmt"
	"strings"
)

// hyperLogLogFamily is the commands on HyperLogLogs. What GET says of one must be
// the same bytes.
func hyperLogLogFamily() Family {
	key := func(g *Gen) string {
		if g.Chance(25) {
			return g.Key()
		}
		return g.OneOf("h1", "h2", "h3")
	}
	keys := func(g *Gen, from, to int) []string {
		return g.Many(from, to, func() []string { return []string{key(g)} })
	}
	return Family{
		Name: "hyperloglogs",
		Commands: []Command{
			{Name: "PFADD", Weight: 16, Args: func(g *Gen) []string {
				out := []string{key(g)}
				if out[0][0] == 'h' && g.Chance(35) {
					from := g.OneOfInt(0, 0, 500, 5000)
					for i := range g.OneOfInt(20, 200, 800, 2000) {
						out = append(out, fmt.Sprint("e", from+i))
					}
					return out
				}
				return append(out, g.Many(0, 4, func() []string { return []string{g.Value()} })...)
			}},
			{Name: "PFCOUNT", Weight: 8, Args: func(g *Gen) []string { return keys(g, 1, 1) }},
			{Name: "PFCOUNT", Args: func(g *Gen) []string { return keys(g, 1, 3) }},
			{Name: "PFMERGE", Weight: 8, Args: func(g *Gen) []string { return keys(g, 1, 4) }},
			{Name: "GET", Weight: 8, Args: func(g *Gen) []string { return keys(g, 1, 1) }},
			// No broken one of which some registers can be reached: Redis adds to it
			// until an element fails.
			{Name: "SET", Weight: 2, Exact: true, Args: func(g *Gen) []string {
				return []string{key(g), g.OneOf(
					"HYLL", "HYLL\x00"+strings.Repeat("\x00", 11), "HYLL\x01"+strings.Repeat("\x00", 11), "HYLL\x02"+strings.Repeat("\x00", 12299),
					"HYLL\x00"+strings.Repeat("\x00", 12299), "HYLL\x00"+strings.Repeat("\x00", 10)+"\x80"+strings.Repeat("\x41\x10\x04", 4096),
					"HYLL\x01"+strings.Repeat("\x00", 10)+"\x80\x7f\xff",
					"HYLL\x01"+strings.Repeat("\x00", 11)+"\x7f\xfe\x80",
					"HYLL\x01"+strings.Repeat("\x00", 11)+"\x7f\xfd\x84\x84", "HYLL\x01"+strings.Repeat("\x00", 11)+strings.Repeat("\x87", 4096),
				)}
			}},
		},
	}
}
