package difftest

import (
	"fmt"
	"slices"
	"strings"
)

// keyFamily is the commands on keys of any type, those on time left out.
func keyFamily() Family {
	return Family{
		Name: "keys",
		Commands: []Command{
			{Name: "DEL", Args: func(g *Gen) []string { return g.Keys(1, 4) }},
			{Name: "UNLINK", Args: func(g *Gen) []string { return g.Keys(1, 3) }},
			{Name: "EXISTS", Args: func(g *Gen) []string { return g.Keys(1, 4) }},
			{Name: "TYPE", Args: F("<key>")},
			{Name: "TOUCH", Args: func(g *Gen) []string { return g.Keys(1, 3) }},
			{Name: "RENAME", Args: F("<key> <key>")},
			{Name: "RENAMENX", Args: F("<key> <key>")},
			{Name: "COPY", Args: func(g *Gen) []string {
				return append(g.Fill("<key> <key>"), g.Options("DB 0", "DB 1", "DB 2", "DB 16", "DB -1", "DB x", "DB", "REPLACE", "BAD")...)
			}},
			{Name: "MOVE", Args: func(g *Gen) []string { return append(g.Fill("<key>"), g.OneOf("0", "1", "2", "16", "-1", "x")) }},
			{Name: "KEYS", Args: F("<pattern>"), Compare: Unordered},
			{Name: "SCAN", Exact: true, Args: func(g *Gen) []string {
				return append([]string{g.OneOf("0", "0", "0", "0", "x", "")},
					g.Options("MATCH <pattern>", "COUNT <small>", "COUNT 1000", "COUNT 1", "TYPE string", "TYPE list", "TYPE nonsense", "TYPE STRING", "BAD")...)
			}, Macro: scanAll, Compare: scanned},
			{Name: "RANDOMKEY", Compare: func(redis, ours Reply) bool { return redis.Kind == ours.Kind }},
			{Name: "DUMP", Args: F("<key>"), Compare: Type},
			{Name: "RESTORE", Weight: 6, Macro: restore, Args: func(g *Gen) []string {
				out := append(g.Fill("<key> <key>"), g.OneOf("0", "0", "1000000", "4102444800000", "-1", "x"))
				return append(out, g.Options("REPLACE", "ABSTTL", "IDLETIME 1000", "IDLETIME -1", "FREQ 5", "FREQ 256", "BAD")...)
			}},
			{Name: "RESTORE", Weight: 2, Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), "0", g.OneOf("", "x", "\x00\x03bar\n\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\xc0\x0a\x0a\x00\x00\x00"))
			}},
			{Name: "SORT", Exact: true, Args: sortArgs(true)},
			{Name: "SORT_RO", Exact: true, Args: sortArgs(false)},
			// The order of a set or a hash is its own.
			{Name: "SORT", Weight: 2, Exact: true, Compare: Unordered, Args: F("<key> BY nosort")},
			{Name: "OBJECT ENCODING", Args: F("<key>")},
			{Name: "OBJECT REFCOUNT", Args: F("<key>")},
			{Name: "OBJECT IDLETIME", Args: F("<key>"), Compare: Seconds},
			{Name: "OBJECT FREQ", Args: F("<key>")},
			{Name: "DBSIZE"},
			{Name: "FLUSHDB", Weight: 1, Args: func(g *Gen) []string { return g.Options("ASYNC", "SYNC", "BAD") }},
			{Name: "FLUSHALL", Weight: 1, Args: func(g *Gen) []string { return g.Options("ASYNC", "SYNC", "BAD") }},
			{Name: "SELECT", Args: func(g *Gen) []string { return []string{g.OneOf("0", "0", "0", "1", "2", "15", "16", "-1", "x", "")} }},
			{Name: "SWAPDB", Weight: 2, Args: func(g *Gen) []string {
				db := func() string { return g.OneOf("0", "0", "1", "2", "15", "16", "-1", "x") }
				return []string{db(), db()}
			}},
		},
	}
}

func sortArgs(store bool) func(g *Gen) []string {
	options := []string{"LIMIT <index> <index>", "ASC", "DESC", "ALPHA", "GET #", "GET a", "GET *", "BAD"}
	if store {
		options = append(options, "STORE <key>")
	}
	return func(g *Gen) []string { return append(g.Fill("<key>"), g.Options(options...)...) }
}

// scanAll runs a scan to its end and makes one array of all it found. A key may
// be reported twice, so that doubles are dropped.
func scanAll(c *Conn, args []string) (Reply, error) {
	args = append([]string(nil), args...)
	var all Reply
	seen := make(map[string]bool)
	for range 10000 {
		r, err := c.Do(args...)
		if err != nil || r.Kind != Array || len(r.Elems) != 2 || r.Elems[1].Kind != Array {
			return r, err
		}
		all.Kind = r.Elems[1].Kind
		width := 1
		if strings.EqualFold(args[0], "HSCAN") || strings.EqualFold(args[0], "ZSCAN") {
			width = 2
		}
		for run := range slices.Chunk(r.Elems[1].Elems, width) {
			one := Reply{Kind: Array, Elems: run}
			if !seen[one.String()] {
				seen[one.String()] = true
				all.Elems = append(all.Elems, run...)
			}
		}
		if r.Elems[0].Text == "0" {
			return Reply{Kind: Array, Elems: []Reply{r.Elems[0], all}}, nil
		}
		// Behind SCAN: the cursor is the next word, behind HSCAN and the like
		// the one after the key.
		at := 1
		if !strings.EqualFold(args[0], "SCAN") {
			at = 2
		}
		args[at] = r.Elems[0].Text
	}
	return Reply{}, fmt.Errorf("%q does not end", args)
}

// scanned compares whole scans without their order. A single call of a
// transaction may return any part, so that only its form is compared.
func scanned(redis, ours Reply) bool {
	if len(redis.Elems) != 2 || len(ours.Elems) != 2 {
		return redis.Equal(ours)
	}
	if redis.Elems[0].Text == "0" && ours.Elems[0].Text == "0" {
		return redis.Elems[0].Equal(ours.Elems[0]) && Unordered(redis.Elems[1], ours.Elems[1])
	}
	return redis.Elems[0].Kind == ours.Elems[0].Kind && redis.Elems[1].Kind == ours.Elems[1].Kind
}

// restore dumps the first key and restores it under the second: the payload is
// a server's own business, the result is not.
func restore(c *Conn, args []string) (Reply, error) {
	if len(args) < 4 {
		return c.Do(args...)
	}
	dump, err := c.Do("DUMP", args[1])
	if err != nil || dump.Kind != Bulk {
		return dump, err
	}
	return c.Do(append([]string{args[0], args[2], args[3], dump.Text}, args[4:]...)...)
}
