package server

import (
	"math"

	"github.com/redis-lite/redis-lite/server/resp"
)

// expireCommands are those of deadlines.
func expireCommands() []*Command {
	g := func(name string, arity int, flags Flag, since, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags | Fast, First: 1, Last: 1, Step: 1, Group: GroupGeneric,
			Since: since, Complexity: "O(1)", Summary: summary, Run: run, ACL: []string{"keyspace"}}
	}
	return []*Command{
		g("expire", -3, Write, "1.0.0", "Sets the expiration time of a key in seconds.", runExpire),
		g("pexpire", -3, Write, "2.6.0", "Sets the expiration time of a key in milliseconds.", runExpire),
		g("expireat", -3, Write, "1.2.0", "Sets the expiration time of a key to a Unix timestamp.", runExpire),
		g("pexpireat", -3, Write, "2.6.0", "Sets the expiration time of a key to a Unix milliseconds timestamp.", runExpire),
		g("expiretime", 2, ReadOnly, "7.0.0", "Returns the expiration time of a key as a Unix timestamp.", runTTL),
		g("pexpiretime", 2, ReadOnly, "7.0.0", "Returns the expiration time of a key as a Unix milliseconds timestamp.", runTTL),
		g("ttl", 2, ReadOnly, "1.0.0", "Returns the expiration time in seconds of a key.", runTTL),
		g("pttl", 2, ReadOnly, "2.6.0", "Returns the expiration time in milliseconds of a key.", runTTL),
		g("persist", 2, Write, "2.2.0", "Removes the expiration time of a key.", runPersist),
	}
}

func runExpire(c *Call) {
	name := c.Cmd.Name
	n, ok := resp.ParseInt(c.Args[2])
	var nx, xx, gt, lt bool
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "nx"):
			nx = true
		case c.Is(i, "xx"):
			xx = true
		case c.Is(i, "gt"):
			gt = true
		case c.Is(i, "lt"):
			lt = true
		default:
			c.Failf("Unsupported option %s", printableWord(c.Args[i]))
			return
		}
	}
	switch {
	case nx && (xx || gt || lt):
		c.Failf("NX and XX, GT or LT options at the same time are not compatible")
		return
	case gt && lt:
		c.Failf("GT and LT options at the same time are not compatible")
		return
	case !ok:
		c.Fail(ErrNotInteger)
		return
	}
	invalid := Reply("ERR invalid expire time in '" + name + "' command")
	if name == "expire" || name == "expireat" {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			c.Fail(invalid)
			return
		}
		n *= 1000
	}
	if name == "expire" || name == "pexpire" {
		if n > math.MaxInt64-c.Tx.now {
			c.Fail(invalid)
			return
		}
		n += c.Tx.now
	}
	s, key := c.Space(), c.Args[1]
	now, exists := s.Deadline(key)
	if !exists ||
		nx && now != 0 || xx && now == 0 ||
		gt && (now == 0 || n <= now) ||
		lt && now != 0 && n >= now {
		c.Int(0)
		return
	}
	if n <= c.Tx.now {
		s.Delete(key)
		s.Notify('g', "del", key)
	} else {
		s.SetDeadline(key, n)
		s.Notify('g', "expire", key)
	}
	c.Int(1)
}

func runTTL(c *Call) {
	ms, ok := c.Space().Deadline(c.Args[1])
	switch {
	case !ok:
		c.Int(-2)
		return
	case ms == 0:
		c.Int(-1)
		return
	}
	if name := c.Cmd.Name; name == "ttl" || name == "pttl" {
		ms = max(ms-c.Tx.now, 0)
	}
	switch c.Cmd.Name {
	case "ttl":
		c.Int(int64((uint64(ms) + 500) / 1000))
	case "expiretime":
		c.Int(int64((uint64(ms) + 500) / 1000))
	default:
		c.Int(ms)
	}
}

func runPersist(c *Call) {
	s, key := c.Space(), c.Args[1]
	if ms, ok := s.Deadline(key); !ok || ms == 0 {
		c.Int(0)
		return
	}
	s.SetDeadline(key, 0)
	s.Notify('g', "persist", key)
	c.Int(1)
}
