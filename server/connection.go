package server

import (
	"github.com/redis-lite/redis-lite/server/resp"
)

// connectionCommands are those that concern the connection alone.
func connectionCommands() []*Command {
	return []*Command{
		{Name: "ping", Arity: -1, Flags: Fast, Group: GroupConnection, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Returns the server's liveliness response.", Run: runPing},
		{Name: "echo", Arity: 2, Flags: Loading | Stale | Fast, Group: GroupConnection, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Returns the given string.", Run: func(c *Call) { c.Bulk(c.Args[1]) }},
		{Name: "quit", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: GroupConnection, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Closes the connection.", Run: func(c *Call) { c.OK(); c.Conn.closing = true }},
		{Name: "select", Arity: 2, Flags: Loading | Stale | Fast, Group: GroupConnection, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Changes the selected database.", Run: runSelect},
		{Name: "reset", Arity: 1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: GroupConnection, Since: "6.2.0", Complexity: "O(1)",
			Summary: "Resets the connection.", Run: runReset},
		{Name: "hello", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Group: GroupConnection, Since: "6.0.0", Complexity: "O(1)",
			Summary: "Handshakes with the Redis server.", Run: runHello},
	}
}

func runPing(c *Call) {
	switch {
	case len(c.Args) > 2:
		c.Error(wrongArity(c.Cmd))
	case c.Proto() == 2 && c.Conn.subs.any():
		// Between messages a bulk string could not be told from one.
		c.Array(2)
		c.BulkString("pong")
		if len(c.Args) == 2 {
			c.Bulk(c.Args[1])
		} else {
			c.BulkString("")
		}
	case len(c.Args) == 2:
		c.Bulk(c.Args[1])
	default:
		c.Status("PONG")
	}
}

// dbNumber reads the number of a database.
func (c *Call) dbNumber(i int) (int, error) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok {
		return 0, ErrNotInteger
	}
	if n < 0 || n >= int64(c.Server.opts.Databases) {
		return 0, ErrDB
	}
	return int(n), nil
}

func runSelect(c *Call) {
	n, err := c.dbNumber(1)
	if err != nil {
		c.Fail(err)
		return
	}
	c.Conn.db = n
	c.OK()
}

func runReset(c *Call) {
	c.Conn.reset()
	c.Status("RESET")
}

// reset makes the connection as it was when it began.
func (c *Conn) reset() {
	c.endMulti()
	c.unwatch()
	c.db = 0
	c.setProto(2)
	c.srv.hub.removeAll(c)
	c.srv.tracking.disable(c)
	c.srv.monitors.remove(c)
	c.authenticated = false
	c.replies = replyOn
	c.setName("")
}

func (c *Conn) setName(name string) {
	c.mu.Lock()
	c.name = name
	c.mu.Unlock()
}

// redisVersion is the version whose behaviour this server follows; clients decide
// by it what they may send.
const redisVersion = "7.0.15"

// runHello changes the protocol and introduces both sides.
func runHello(c *Call) {
	proto := c.Proto()
	args := c.Args[1:]
	if len(args) > 0 {
		n, ok := resp.ParseInt(args[0])
		if !ok {
			c.Failf("Protocol version is not an integer or out of range")
			return
		}
		if n != 2 && n != 3 {
			c.Error("NOPROTO unsupported protocol version")
			return
		}
		proto = int(n)
		args = args[1:]
	}
	for len(args) > 0 {
		switch {
		case equalFold(args[0], "auth") && len(args) >= 3:
			if text := c.Conn.authenticate(args[1], args[2]); text != "" {
				c.Error(text)
				return
			}
			args = args[3:]
		case equalFold(args[0], "setname") && len(args) >= 2:
			name := string(args[1])
			if !validClientName(name) {
				c.Failf("Client names cannot contain spaces, newlines or special characters.")
				return
			}
			c.Conn.setName(name) // stays, whatever comes behind it
			args = args[2:]
		default:
			c.Failf("Syntax error in HELLO option '%s'", printableWord(args[0]))
			return
		}
	}
	if text := c.Conn.mayHello(); text != "" {
		c.Error(text)
		return
	}
	c.Conn.setProto(proto)
	c.Map(7)
	c.BulkString("server")
	c.BulkString("redis")
	c.BulkString("version")
	c.BulkString(redisVersion)
	c.BulkString("proto")
	c.Int(int64(proto))
	c.BulkString("id")
	c.Int(c.Conn.id)
	c.BulkString("mode")
	c.BulkString("standalone")
	c.BulkString("role")
	c.BulkString("master")
	c.BulkString("modules")
	c.Array(0)
}

func validClientName(name string) bool {
	for i := range len(name) {
		if name[i] < '!' || name[i] > '~' {
			return false
		}
	}
	return true
}
