package server

import (
	"bytes"
	"sort"
	"strconv"
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

// parameter is one setting of CONFIG GET. One without set cannot be changed while
// the server runs.
type parameter struct {
	name string
	get  func(*Server) string
	// set changes it; the error's text is what Redis says behind the name.
	set func(*Server, string) string
}

// fixed is a parameter that clients and tools ask for and that has one value here.
// It may be set to that value.
func fixed(name, value string) parameter {
	return parameter{name, func(*Server) string { return value }, func(_ *Server, v string) string {
		if strings.EqualFold(v, value) {
			return ""
		}
		return "this server knows no other value than " + strconv.Quote(value)
	}}
}

// readOnly is a parameter that the command line decides.
func readOnly(name string, get func(*Server) string) parameter {
	return parameter{name: name, get: get}
}

// integer is a parameter that is a number within bounds.
func integer(name string, from, to int64, get func(*Server) int64, set func(*Server, int64)) parameter {
	return parameter{name, func(s *Server) string { return number(get(s)) }, func(s *Server, v string) string {
		n, ok := resp.ParseInt([]byte(v))
		if !ok {
			return "argument couldn't be parsed into an integer"
		}
		if n < from || n > to {
			return "argument must be between " + number(from) + " and " + number(to) + " inclusive"
		}
		set(s, n)
		return ""
	}}
}

// parameters are all of them.
func parameters() []parameter {
	const maxInt32 = 1<<31 - 1
	return []parameter{
		{"requirepass", (*Server).password, func(s *Server, v string) string { s.setPassword(v); return "" }},
		{"notify-keyspace-events", func(s *Server) string { return s.events.Load().String() }, func(s *Server, v string) string {
			k, ok := parseEvents(v)
			if !ok {
				return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
			}
			s.setEvents(k)
			return ""
		}},
		integer("timeout", 0, maxInt32, func(s *Server) int64 { return s.limits.idle.Load() }, func(s *Server, n int64) { s.limits.idle.Store(n) }),
		integer("maxclients", 1, 1<<32-1, func(s *Server) int64 { return s.limits.clients.Load() }, func(s *Server, n int64) { s.limits.clients.Store(n) }),
		integer("slowlog-log-slower-than", -1, 1<<62, func(s *Server) int64 { return s.slow.slower.Load() }, func(s *Server, n int64) { s.slow.slower.Store(n) }),
		integer("slowlog-max-len", 0, 1<<31, func(s *Server) int64 { return s.slow.length.Load() }, func(s *Server, n int64) { s.slow.length.Store(n) }),
		integer("latency-monitor-threshold", 0, 1<<63-1, func(s *Server) int64 { return s.latency.threshold.Load() }, func(s *Server, n int64) { s.latency.threshold.Store(n) }),
		integer("tracking-table-max-keys", 0, 1<<62, func(s *Server) int64 { return s.tracking.max.Load() }, func(s *Server, n int64) { s.tracking.max.Store(n) }),
		readOnly("databases", func(s *Server) string { return strconv.Itoa(s.opts.Databases) }),
		readOnly("maxmemory", func(s *Server) string { return number(s.opts.MemoryLimit) }),
		readOnly("proto-max-bulk-len", func(s *Server) string { return number(s.opts.Limits.Bulk) }),
		readOnly("client-query-buffer-limit", func(s *Server) string { return number(s.opts.Limits.Request) }),
		readOnly("client-output-buffer-limit", func(s *Server) string {
			return "normal " + strconv.Itoa(s.opts.MaxOutput) + " 0 0 slave 0 0 0 pubsub " + number(s.opts.PubSubLimit.Hard) + " " +
				number(s.opts.PubSubLimit.Soft) + " " + number(int64(s.opts.PubSubLimit.SoftTime.Seconds()))
		}),
		readOnly("protected-mode", func(s *Server) string { return yesNo(!s.opts.Unprotected) }),
		readOnly("tcp-keepalive", func(s *Server) string { return number(int64(s.opts.KeepAlive.Seconds())) }),
		readOnly("appendfsync", func(s *Server) string { return s.opts.Fsync }),
		readOnly("dir", func(s *Server) string { return s.opts.Dir }),
		readOnly("port", func(s *Server) string { return s.port() }),
		fixed("maxmemory-policy", "noeviction"), fixed("appendonly", "yes"), fixed("save", ""), fixed("cluster-enabled", "no"),
		fixed("io-threads", "1"), fixed("hz", "10"), fixed("dynamic-hz", "yes"), fixed("lazyfree-lazy-user-del", "no"), fixed("activerehashing", "yes"),
		fixed("stop-writes-on-bgsave-error", "yes"), fixed("replica-read-only", "yes"), fixed("slave-read-only", "yes"), fixed("rdbcompression", "yes"),
		fixed("latency-tracking", "yes"), fixed("latency-tracking-info-percentiles", "50 99 99.9"), fixed("enable-debug-command", "yes"), fixed("appendfilename", ""), fixed("dbfilename", ""),
		fixed("set-max-intset-entries", "512"), fixed("hash-max-listpack-entries", "512"), fixed("hash-max-ziplist-entries", "512"),
		fixed("hash-max-listpack-value", "64"), fixed("hash-max-ziplist-value", "64"), fixed("zset-max-listpack-entries", "128"),
		fixed("zset-max-ziplist-entries", "128"), fixed("zset-max-listpack-value", "64"), fixed("zset-max-ziplist-value", "64"),
		fixed("list-max-listpack-size", "-2"), fixed("list-max-ziplist-size", "-2"), fixed("list-compress-depth", "0"), fixed("hll-sparse-max-bytes", "3000"),
		fixed("active-expire-effort", "1"), fixed("maxmemory-samples", "5"), fixed("busy-reply-threshold", "5000"), fixed("lua-time-limit", "5000"),
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func configCommands() []*Command {
	const flags = Admin | NoScript | Loading | Stale
	return []*Command{container("config", GroupServer, "2.0.0", "A container for server configuration commands.",
		&Command{Name: "get", Arity: -3, Flags: flags, Since: "2.0.0", Complexity: "O(N) when N is the number of configuration parameters provided",
			Summary: "Returns the effective values of configuration parameters.", Run: runConfigGet},
		&Command{Name: "set", Arity: -4, Flags: flags, Since: "2.0.0", Complexity: "O(N) when N is the number of configuration parameters provided",
			Summary: "Sets configuration parameters in-flight.", Run: runConfigSet},
		&Command{Name: "resetstat", Arity: 2, Flags: flags, Since: "2.0.0", Complexity: "O(1)",
			Summary: "Resets the server's statistics.", Run: func(c *Call) {
				c.Server.stats.reset()
				c.Server.table.reset()
				c.OK()
			}},
		&Command{Name: "rewrite", Arity: 2, Flags: flags, Since: "2.8.0", Complexity: "O(1)",
			Summary: "Persists the effective configuration to file: there is none.", Run: func(c *Call) { c.Failf("The server is running without a config file") }},
	)}
}

func runConfigGet(c *Call) {
	found := make(map[string]string)
	for _, p := range c.Server.params {
		for _, pattern := range c.Args[2:] {
			if globMatch(bytes.ToLower(pattern), []byte(p.name)) {
				name := p.name
				if !bytes.ContainsAny(pattern, "*?[\\") {
					name = string(pattern) // in the letters of the question
				}
				found[name] = p.get(c.Server)
			}
		}
	}
	names := make([]string, 0, len(found))
	for n := range found {
		names = append(names, n)
	}
	sort.Strings(names)
	c.Map(len(names))
	for _, n := range names {
		c.BulkString(n)
		c.BulkString(found[n])
	}
}

// runConfigSet changes all the parameters or none.
func runConfigSet(c *Call) {
	s := c.Server
	args := c.Args[2:]
	if len(args)%2 != 0 {
		c.Fail(ErrSyntax)
		return
	}
	var chosen []*parameter
	for i := 0; i < len(args); i += 2 {
		p := s.parameter(string(args[i]))
		if p == nil {
			c.Failf("Unknown option or number of arguments for CONFIG SET - '%s'", printableWord(args[i]))
			return
		}
		for _, other := range chosen {
			if other == p {
				c.Failf("CONFIG SET failed (possibly related to argument '%s') - duplicate parameter", printableWord(args[i]))
				return
			}
		}
		if p.set == nil {
			c.Failf("CONFIG SET failed (possibly related to argument '%s') - can't set immutable config", printableWord(args[i]))
			return
		}
		chosen = append(chosen, p)
	}
	var old []string
	for i, p := range chosen {
		old = append(old, p.get(s))
		if text := p.set(s, string(args[2*i+1])); text != "" {
			for j, q := range chosen[:i] {
				q.set(s, old[j])
			}
			c.Failf("CONFIG SET failed (possibly related to argument '%s') - %s", p.name, text)
			return
		}
	}
	c.OK()
}

// parameter finds one by its name.
func (s *Server) parameter(name string) *parameter {
	for i := range s.params {
		if strings.EqualFold(s.params[i].name, name) {
			return &s.params[i]
		}
	}
	return nil
}
