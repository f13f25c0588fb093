package server

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/server/resp"
)

// slowLog keeps the latest commands that took long to run. What a command waits
// for (the disk, a key, a pause) does not count: that is the same for all.
type slowLog struct {
	slower atomic.Int64 // microseconds; negative: nothing is kept
	length atomic.Int64

	mu      sync.Mutex
	lastID  int64
	entries []slowEntry // newest first
}

type slowEntry struct {
	id, unix, micros int64
	args             []string
	address, name    string
}

const (
	slowArgs     = 32  // arguments that an entry keeps
	slowArgBytes = 128 // of each
)

// note keeps a command that took long.
func (l *slowLog) note(c *Call, took time.Duration, now time.Time) {
	limit := l.slower.Load()
	if limit < 0 || took.Microseconds() < limit || c.Cmd.is(SkipSlowlog) {
		return
	}
	e := slowEntry{unix: now.Unix(), micros: took.Microseconds(), address: c.Conn.address()}
	c.Conn.mu.Lock()
	e.name = c.Conn.name
	c.Conn.mu.Unlock()
	for i, a := range c.Args {
		if i == slowArgs-1 && len(c.Args) > slowArgs {
			e.args = append(e.args, fmt.Sprintf("... (%d more arguments)", len(c.Args)-slowArgs+1))
			break
		}
		if len(a) > slowArgBytes {
			e.args = append(e.args, fmt.Sprintf("%s... (%d more bytes)", a[:slowArgBytes], len(a)-slowArgBytes))
			continue
		}
		e.args = append(e.args, string(a))
	}
	if c.Cmd.Name == "auth" || c.Cmd.Name == "hello" || c.Cmd.FullName() == "config|set" {
		for i := 1; i < len(e.args); i++ {
			e.args[i] = "(redacted)"
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.id = l.lastID
	l.lastID++
	l.entries = append([]slowEntry{e}, l.entries...)
	l.trim()
}

func (l *slowLog) trim() {
	if n := int(max(0, l.length.Load())); len(l.entries) > n {
		l.entries = slices.Clone(l.entries[:n])
	}
}

func slowlogCommands() []*Command {
	const flags = Admin | Loading | Stale
	return []*Command{container("slowlog", GroupServer, "2.2.12", "A container for slow log commands.",
		&Command{Name: "get", Arity: -2, Flags: flags, Since: "2.2.12", Complexity: "O(N) where N is the number of entries returned",
			Summary: "Returns the slow log's entries.", Run: runSlowlogGet},
		&Command{Name: "len", Arity: 2, Flags: flags, Since: "2.2.12", Complexity: "O(1)",
			Summary: "Returns the number of entries in the slow log.", Run: func(c *Call) {
				l := &c.Server.slow
				l.mu.Lock()
				defer l.mu.Unlock()
				c.Int(int64(len(l.entries)))
			}},
		&Command{Name: "reset", Arity: 2, Flags: flags, Since: "2.2.12", Complexity: "O(N) where N is the number of entries in the slowlog",
			Summary: "Clears all entries from the slow log.", Run: func(c *Call) {
				l := &c.Server.slow
				l.mu.Lock()
				defer l.mu.Unlock()
				l.entries = nil
				c.OK()
			}},
	)}
}

func runSlowlogGet(c *Call) {
	n := int64(10)
	switch {
	case len(c.Args) > 3:
		c.subcommandSyntax()
		return
	case len(c.Args) == 3:
		var ok bool
		if n, ok = resp.ParseInt(c.Args[2]); !ok || n < -1 {
			c.Failf("count should be greater than or equal to -1")
			return
		}
	}
	l := &c.Server.slow
	l.mu.Lock()
	list := l.entries
	l.mu.Unlock()
	if n >= 0 && n < int64(len(list)) {
		list = list[:n]
	}
	c.Array(len(list))
	for _, e := range list {
		c.Array(6)
		c.Int(e.id)
		c.Int(e.unix)
		c.Int(e.micros)
		c.Array(len(e.args))
		for _, a := range e.args {
			c.BulkString(a)
		}
		c.BulkString(e.address)
		c.BulkString(e.name)
	}
}
