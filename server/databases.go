package server

import (
	"context"

	"github.com/redis-lite/redis-lite/engine"
)

// databaseCommands are those of whole databases.
func databaseCommands() []*Command {
	g := func(name string, arity int, flags Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, Group: GroupServer, Since: since,
			Complexity: complexity, Summary: summary, Run: run, ACL: []string{"keyspace"}}
	}
	return []*Command{
		g("dbsize", 1, ReadOnly|Fast, "1.0.0", "O(1)", "Returns the number of keys in the database.", runDBSize),
		g("flushdb", -1, Write, "1.0.0", "O(1) in the log, O(N) in memory.", "Remove all keys from the current database.", runFlush),
		g("flushall", -1, Write, "1.0.0", "O(1) in the log, O(N) in memory.", "Removes all keys from all databases.", runFlush),
		g("swapdb", 3, Write|Fast, "4.0.0", "O(1)", "Swaps two Redis databases.", runSwapDB),
	}
}

// Len is the number of keys, with those that have expired and were not removed
// yet, as in Redis.
func (s *Space) Len() int { return s.str.Len() + s.records().Len() }

func runDBSize(c *Call) { c.Int(int64(c.Space().Len())) }

func runFlush(c *Call) {
	if len(c.Args) > 2 || len(c.Args) == 2 && !c.Is(1, "sync") && !c.Is(1, "async") {
		c.Fail(ErrSyntax)
		return
	}
	if c.Cmd.Name == "flushdb" {
		c.Space().Clear()
	} else {
		for db := range c.Server.opts.Databases {
			c.Tx.Space(db).Clear()
		}
	}
	c.OK()
}

// Clear removes every key of the database, with one mutation for each of its
// buckets that holds anything.
func (s *Space) Clear() {
	s.touchAll()
	for _, b := range []*engine.TxBucket{s.str, s.records(), s.elements(), s.deadlines()} {
		s.t.fail(b.DeleteRange(context.Background(), nil, nil))
	}
	s.t.flushed = append(s.t.flushed, s.db)
}

// touchAll touches what somebody watches and is about to change. Who tracks keys
// hears of the whole database instead.
func (s *Space) touchAll() {
	for _, k := range s.t.srv.watches.inDB(s.db) {
		if s.Exists([]byte(k.Key)) {
			s.t.watched = append(s.t.watched, k)
		}
	}
}

func runSwapDB(c *Call) {
	a, errA := c.dbNumber(1)
	b, errB := c.dbNumber(2)
	switch { // what is no number is complained of before what is none of ours
	case errA == ErrNotInteger:
		c.Failf("invalid first DB index")
		return
	case errB == ErrNotInteger:
		c.Failf("invalid second DB index")
		return
	case errA != nil || errB != nil:
		c.Fail(ErrDB)
		return
	}
	if a != b {
		touch := func() {
			c.Tx.Space(a).touchAll()
			c.Tx.Space(b).touchAll()
		}
		touch()
		c.Tx.swap(a, b)
		touch()
		c.Tx.flushed = append(c.Tx.flushed, a, b)
		for _, k := range c.Server.blocked.inDB(a, b) {
			if c.Tx.Space(k.DB).Exists([]byte(k.Key)) {
				c.Tx.touched = append(c.Tx.touched, k)
			}
		}
	}
	c.OK()
}
