package difftest

import "strings"

// serverFamily is the commands about the server.
func serverFamily() Family {
	words := func(lines ...string) func(g *Gen) []string {
		return func(g *Gen) []string { return strings.Fields(g.OneOf(lines...)) }
	}
	return Family{
		Name: "server",
		Commands: []Command{
			{Name: "COMMAND COUNT", Weight: 1, Compare: Type},
			{Name: "COMMAND INFO", Weight: 3, Exact: true, Compare: commandInfo, Args: words("get", "set", "del", "nonsense", "get set nonsense", "client|id", "mset", "sort", "GET", "bitop", "multi", "expire")},
			{Name: "COMMAND LIST", Weight: 1, Args: words("", "FILTERBY PATTERN setn*", "FILTERBY PATTERN nonsense", "FILTERBY BAD x", "FILTERBY ACLCAT nonsense", "FILTERBY MODULE none"),
				Compare: func(redis, ours Reply) bool {
					return Type(redis, ours) && (len(redis.Elems) > 5 || Unordered(redis, ours))
				}},
			{Name: "COMMAND DOCS", Weight: 1, Args: words("get", "nonsense"), Compare: Type},
			{Name: "COMMAND GETKEYS", Args: words("GET a", "SET a b", "MSET a 1 b 2", "DEL a b c", "PING", "nonsense", "GET", "BITOP AND a b c", "RENAME a b", "COPY a b", "SORT a STORE b")},
			{Name: "CONFIG GET", Exact: true, Args: words("maxclients", "databases", "no*such", "requirepass", "timeout", "maxmemory-policy", "TIMEOUT", "requirepass timeout", "proto-max-bulk-len"), Compare: Unordered},
			{Name: "CONFIG SET", Weight: 3, Exact: true, Args: words("timeout 0", "timeout x", "timeout -1", "no-such 1", "timeout", "maxmemory-policy noeviction", "timeout 0 timeout 0", "maxclients 0", "hz 10")},
			{Name: "CONFIG RESETSTAT", Weight: 1},
			{Name: "CONFIG NONSENSE", Weight: 1},
			{Name: "TIME", Compare: Type},
			{Name: "LASTSAVE", Compare: Type},
			{Name: "SAVE", Weight: 1, Exact: true},

			{Name: "WAIT", Weight: 2, Exact: true, Args: words("0 0", "0 1", "-1 0", "x 0", "0 -1", "0 x")},
			{Name: "SLOWLOG LEN", Weight: 2, Compare: Type},
			{Name: "SLOWLOG RESET", Weight: 1},
			{Name: "SLOWLOG GET", Weight: 2, Args: words("", "0", "-1", "x", "-2", "10"), Compare: Type},
			{Name: "MEMORY USAGE", Args: func(g *Gen) []string {
				return append(g.Fill("<key>"), g.Options("SAMPLES 0", "SAMPLES 5", "SAMPLES -1", "SAMPLES x", "BAD")...)
			}, Compare: Type},
			{Name: "MEMORY DOCTOR", Weight: 1, Compare: Type},
			{Name: "LATENCY LATEST", Weight: 1, Compare: Type},
			{Name: "LATENCY HISTORY", Weight: 1, Args: words("command", "nonsense"), Compare: Type},
			{Name: "LATENCY RESET", Weight: 1, Args: words("", "command"), Compare: Type},
			{Name: "LATENCY GRAPH", Weight: 1, Exact: true, Args: words("nonsense", "none at all", "")},
			{Name: "LATENCY DOCTOR", Weight: 1, Compare: Type},
			{Name: "LATENCY HISTOGRAM", Weight: 1, Exact: true, Args: words("nonsense", "nonsense more", "config|nonsense")},
			{Name: "LATENCY HISTOGRAM", Weight: 1, Args: words("get", "config|get", "CONFIG|GET", "get get set"), Compare: Type},
			{Name: "CONFIG GET", Weight: 1, Exact: true, Args: words("latency-monitor-threshold", "latency-tracking", "latency-tracking-info-percentiles")},
			{Name: "CONFIG SET", Weight: 1, Exact: true, Args: words("latency-monitor-threshold 0", "latency-monitor-threshold x", "latency-monitor-threshold -1", "latency-monitor-threshold")},
			{Name: "ACL WHOAMI"},
			{Name: "ACL USERS", Weight: 1},
			{Name: "ACL CAT", Weight: 1, Args: words("", "nonsense"), Compare: Unordered},
			{Name: "FUNCTION FLUSH", Weight: 1, Args: words("", "ASYNC", "SYNC", "BAD")},
			{Name: "SCRIPT FLUSH", Weight: 1, Args: words("", "ASYNC", "SYNC", "BAD")},
			{Name: "INFO", Weight: 2, Args: words("", "server", "keyspace", "everything", "nonsense", "clients memory"), Compare: Type},
			{Name: "DEBUG SLEEP", Weight: 1, Exact: true, Args: words("0", "0.0001")},
			{Name: "PUBLISH", Args: func(g *Gen) []string { return append([]string{g.OneOf("news", "a", "")}, g.Value()) }},
			{Name: "SPUBLISH", Weight: 2, Args: func(g *Gen) []string { return append([]string{g.OneOf("news", "a", "")}, g.Value()) }},
			{Name: "PUBSUB CHANNELS", Weight: 2, Args: func(g *Gen) []string { return g.Many(0, 1, func() []string { return []string{g.Pattern()} }) }},
			{Name: "PUBSUB NUMPAT", Weight: 2},
			{Name: "PUBSUB NUMSUB", Weight: 2, Args: func(g *Gen) []string { return g.Keys(0, 2) }},
			{Name: "PUBSUB SHARDCHANNELS", Weight: 1},
			{Name: "PUBSUB SHARDNUMSUB", Weight: 1, Args: func(g *Gen) []string { return g.Keys(0, 2) }},
			{Name: "ROLE", Weight: 1, Compare: Type},
			{Name: "LOLWUT", Weight: 1, Compare: Type},
		},
	}
}

// commandInfo compares what COMMAND INFO has had since Redis 2.8 and what clients
// route by: name, arity, flags, places of the keys, categories. Tips, key
// specifications and subcommands are left to the documentation.
func commandInfo(redis, ours Reply) bool {
	const compared = 7
	head := func(r Reply) Reply {
		out := Reply{Kind: r.Kind}
		for _, c := range r.Elems {
			if len(c.Elems) >= compared {
				c.Elems = append([]Reply(nil), c.Elems[:compared]...)
				c.Elems[2], c.Elems[6] = c.Elems[2].Sorted(), c.Elems[6].Sorted()
			}
			out.Elems = append(out.Elems, c)
		}
		return out
	}
	return head(redis).Equal(head(ours))
}
