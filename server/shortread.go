package server

import (
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

// maxShortRead is how many elements a read may visit for the event loop to run it:
// some hundred microseconds' worth, in which no other connection is served.
const maxShortRead = 1000

// maxShortReads is how many of them the loop runs for one connection at a time.
const maxShortReads = 4

// readsOne reports whether a command only reads one collection, and no more than all
// of it.
func readsOne(c *Command) bool {
	switch c.Group {
	case GroupHash, GroupList, GroupSet, GroupSortedSet:
		// Random elements may be asked for more often than there are any.
		return c.is(ReadOnly) && c.First == 1 && c.Last == 1 && !strings.Contains(c.Name, "rand")
	}
	return false
}

// short reports whether a read of a collection is soon done: because there is not
// much of it, or because its arguments ask for no more.
func (c *Conn) short(cmd *Command, args [][]byte) bool {
	if c.srv.swapped.Load() || c.reads >= maxShortReads {
		return false
	}
	v, err := c.srv.records[c.db].GetNoCopy(args[1])
	if err != nil {
		return true // there is nothing to read, or no read finds anything
	}
	if m, ok := decodeMeta(v); !ok || m.isPacked || m.count <= maxShortRead {
		return true
	}
	switch cmd.Name {
	case "lrange", "zrange", "zrevrange":
		if len(args) > 4 && (len(args) > 5 || !equalFold(args[4], "withscores")) {
			return false
		}
		from, ok1 := resp.ParseInt(args[2])
		to, ok2 := resp.ParseInt(args[3])
		return ok1 && ok2 && from >= 0 && to >= 0 && to-from < maxShortRead
	}
	return false
}
