package server

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis-lite/redis-lite/server/resp"
)

// adminCommands are those for operators. What Redis does for durability is done
// here before a client hears OK, so that SAVE and its relatives compact the log;
// nothing waits for them.
func adminCommands() []*Command {
	const flags = Admin | NoScript
	cmd := func(name string, arity int, f Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: f, Group: GroupServer, Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	return []*Command{
		cmd("time", 1, Loading|Stale|Fast, "2.6.0", "O(1)", "Returns the server time.", runTime),
		cmd("lastsave", 1, Loading|Stale|Fast, "1.0.0", "O(1)", "Returns the Unix timestamp of the last successful save to disk.",
			func(c *Call) { c.Int(c.Server.saved.Load()) }),
		cmd("save", 1, flags|NoAsyncLoading|NoMulti, "1.0.0", "O(N) where N is the total number of keys in all databases", "Synchronously saves the database(s) to disk.", runSave),
		cmd("bgsave", -1, flags|NoAsyncLoading, "1.0.0", "O(1)", "Asynchronously saves the database(s) to disk.", runBgsave),
		cmd("bgrewriteaof", 1, flags|NoAsyncLoading, "1.0.0", "O(1)", "Asynchronously rewrites the append-only file to disk.", func(c *Call) {
			c.Server.saveInBackground()
			c.Status("Background append only file rewriting started")
		}),
		cmd("shutdown", -1, flags|Loading|Stale|NoMulti|AllowBusy, "1.0.0", "O(1)", "Finishes what is under way, closes the store and ends the server.", runShutdown),
		cmd("wait", 3, NoScript, "3.0.0", "O(1)", "Returns the number of replicas that acknowledged the preceding writes: there are none.", runWait),
		cmd("waitaof", 4, NoScript, "7.2.0", "O(1)", "Waits until the preceding writes are on the disk.", runWaitAOF),
		{Name: "role", Arity: 1, Flags: NoScript | Loading | Stale | Fast, ACL: []string{"admin", "dangerous"}, Group: GroupServer, Since: "2.8.12",
			Complexity: "O(1)", Summary: "Returns the replication role.", Run: func(c *Call) {
				c.Array(3)
				c.BulkString("master")
				c.Int(int64(c.Server.db.LSN()))
				c.Array(0)
			}},
		cmd("lolwut", -1, ReadOnly|Fast, "5.0.0", "O(1)", "Displays the version.", func(c *Call) { c.Verbatim("txt", "redis-lite, which speaks Redis "+redisVersion+"\n") }),
		container("memory", GroupServer, "4.0.0", "A container for memory diagnostics commands.",
			&Command{Name: "usage", Arity: -3, Flags: ReadOnly, First: 2, Last: 2, Step: 1, Since: "4.0.0", Complexity: "O(N) where N is the number of samples.",
				Summary: "Estimates the memory usage of a key.", Run: runMemoryUsage},
			&Command{Name: "doctor", Arity: 2, Since: "4.0.0", Complexity: "O(1)", Summary: "Outputs a memory problems report.",
				Run: func(c *Call) { c.Verbatim("txt", c.Server.memoryAdvice()) }},
			&Command{Name: "stats", Arity: 2, Since: "4.0.0", Complexity: "O(1)", Summary: "Returns details about memory usage.", Run: runMemoryStats},
			&Command{Name: "purge", Arity: 2, Since: "4.0.0", Complexity: "Depends on how much memory is allocated, could be slow",
				Summary: "Asks the allocator to release memory: Go does so by itself.", Run: func(c *Call) { c.OK() }},
		),
		latencyCommands(),
		monitorCommand(),
		container("function", GroupScripting, "7.0.0", "A container for function commands: there are no functions.",
			&Command{Name: "flush", Arity: -2, Flags: Write | NoScript, Since: "7.0.0", Complexity: "O(1)", Summary: "Deletes all libraries and functions.", Run: runFlushNothing},
			&Command{Name: "list", Arity: -2, Flags: NoScript, Since: "7.0.0", Complexity: "O(1)", Summary: "Returns information about all libraries.", Run: func(c *Call) { c.Array(0) }},
		),
		container("script", GroupScripting, "2.6.0", "A container for Lua scripts management commands: there are no scripts.",
			&Command{Name: "flush", Arity: -2, Flags: NoScript, Since: "2.6.0", Complexity: "O(1)", Summary: "Removes all server-side Lua scripts from the script cache.", Run: runFlushNothing},
			&Command{Name: "exists", Arity: -3, Flags: NoScript, Since: "2.6.0", Complexity: "O(1)", Summary: "Determines whether server-side Lua scripts exist in the script cache.", Run: func(c *Call) {
				c.Array(len(c.Args) - 2)
				for range c.Args[2:] {
					c.Int(0)
				}
			}},
		),
		flagged(flags|Loading|Stale, container("debug", GroupServer, "1.0.0", "A container for debugging commands: only what harms nobody.",
			&Command{Name: "sleep", Arity: 3, Flags: flags | Loading | Stale, Since: "1.0.0", Complexity: "Depends on the time", Summary: "Has this connection, and no other, wait for some seconds.", Run: runDebugSleep},
			&Command{Name: "set-active-expire", Arity: 3, Flags: flags | Loading | Stale, Since: "1.0.0", Complexity: "O(1)", Summary: "Does nothing: expired keys are invisible at once in any case.", Run: func(c *Call) { c.OK() }},
			&Command{Name: "reload", Arity: -2, Flags: flags, Since: "1.0.0", Complexity: "O(1)", Summary: "Does nothing: what is acknowledged is on the disk.", Run: func(c *Call) { c.OK() }},
			&Command{Name: "error", Arity: 3, Flags: flags | Loading | Stale, Since: "1.0.0", Complexity: "O(1)", Summary: "Answers an error with the text that is given.",
				Run: func(c *Call) { c.Error(printableWord(c.Args[2])) }},
			&Command{Name: "log", Arity: 3, Flags: flags | Loading | Stale, Since: "1.0.0", Complexity: "O(1)", Summary: "Writes a message to the server's log.", Run: func(c *Call) {
				c.Server.opts.Logger.Info("DEBUG LOG", "message", c.Arg(2), "client", c.Conn.id)
				c.OK()
			}},
			&Command{Name: "protocol", Arity: 3, Flags: flags | Loading | Stale, Since: "1.0.0", Complexity: "O(1)", Summary: "Answers a value of the type that is given.", Run: runDebugProtocol},
		)),
	}
}

// flagged gives a container flags of its own: Redis has no subcommands there.
func flagged(f Flag, c *Command) *Command {
	c.Flags |= f
	return c
}

func runTime(c *Call) {
	now := c.Server.opts.Clock()
	c.Array(2)
	c.BulkInt(now.Unix())
	c.BulkInt(int64(now.Nanosecond() / 1000))
}

func runSave(c *Call) {
	if err := c.Server.compact(context.Background()); err != nil {
		c.Fail(err)
		return
	}
	c.OK()
}

func runBgsave(c *Call) {
	if len(c.Args) > 2 || len(c.Args) == 2 && !c.Is(1, "schedule") {
		c.Fail(ErrSyntax)
		return
	}
	c.Server.saveInBackground()
	c.Status("Background saving started")
}

// compact writes a snapshot and notes the time.
func (s *Server) compact(ctx context.Context) error {
	_, err := s.db.Compact(ctx)
	if err == nil {
		s.saved.Store(s.opts.Clock().Unix())
	}
	return err
}

// saveInBackground compacts, unless that is being done.
func (s *Server) saveInBackground() {
	if !s.saving.CompareAndSwap(false, true) {
		return
	}
	s.start(func(ctx context.Context) {
		defer s.saving.Store(false)
		if err := s.compact(ctx); err != nil && ctx.Err() == nil {
			s.opts.Logger.Error("the snapshot that a client asked for failed", "error", err)
		}
	})
}

func runShutdown(c *Call) {
	abort := false
	for _, a := range c.Args[1:] {
		switch {
		case equalFold(a, "abort"):
			abort = true
		case equalFold(a, "save"), equalFold(a, "nosave"), equalFold(a, "now"), equalFold(a, "force"):
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	if abort {
		c.Failf("No shutdown in progress.")
		return
	}
	if c.Server.opts.OnShutdown == nil {
		c.Failf("Errors trying to SHUTDOWN. This server is part of a program that ends by itself.")
		return
	}
	c.Server.opts.Logger.Info("a client asks the server to end", "client", c.Conn.id, "address", c.Conn.address())
	c.Conn.closing = true // no reply: as with Redis, the connection just ends
	c.Server.opts.OnShutdown()
}

// runWait answers at once: no replica will ever acknowledge anything, and what the
// connection wrote is on the disk before its replies go out.
func runWait(c *Call) {
	if _, ok := resp.ParseInt(c.Args[1]); !ok {
		c.Fail(ErrNotInteger)
		return
	}
	if !c.timeout(2) {
		return
	}
	c.Int(0)
}

// timeout checks a time in milliseconds, and answers what is wrong with it.
func (c *Call) timeout(i int) bool {
	ms, ok := resp.ParseInt(c.Args[i])
	switch {
	case !ok:
		c.Failf("timeout is not an integer or out of range")
	case ms < 0:
		c.Failf("timeout is negative")
	default:
		return true
	}
	return false
}

func runWaitAOF(c *Call) {
	local, ok := resp.ParseInt(c.Args[1])
	if _, ok2 := resp.ParseInt(c.Args[2]); !ok || !ok2 || local < 0 || local > 1 {
		c.Fail(ErrNotInteger)
		return
	}
	if !c.timeout(3) {
		return
	}
	if c.Tx == nil {
		c.Conn.settled()
		if err := c.Server.db.Sync(context.Background()); err != nil {
			c.Fail(err)
			return
		}
	}
	c.Array(2)
	c.Int(1)
	c.Int(0)
}

func runFlushNothing(c *Call) {
	if len(c.Args) > 3 && c.Cmd.parent.Name == "function" {
		c.subcommandSyntax()
		return
	}
	if len(c.Args) > 3 || len(c.Args) == 3 && !c.Is(2, "async") && !c.Is(2, "sync") {
		supports := "supports"
		if c.Cmd.parent.Name == "script" {
			supports = "support" // Redis's own
		}
		c.Failf("%s FLUSH only %s SYNC|ASYNC option", upper(c.Cmd.parent.Name), supports)
		return
	}
	c.OK()
}

func runDebugSleep(c *Call) {
	seconds, err := strconv.ParseFloat(c.Arg(2), 64)
	if err != nil || seconds < 0 {
		c.OK() // Redis takes it for zero
		return
	}
	timer := time.NewTimer(time.Duration(min(seconds, 1e9) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Server.closing:
	}
	c.OK()
}

func runDebugProtocol(c *Call) {
	switch {
	case c.Is(2, "string"):
		c.BulkString("Hello World")
	case c.Is(2, "integer"):
		c.Int(12345)
	case c.Is(2, "double"):
		c.Double(3.141)
	case c.Is(2, "null"):
		c.Null()
	case c.Is(2, "array"):
		c.Array(3)
		for i := range 3 {
			c.Int(int64(i))
		}
	case c.Is(2, "set"):
		c.Set(3)
		for i := range 3 {
			c.Int(int64(i))
		}
	case c.Is(2, "map"):
		c.Map(3)
		for i := range 3 {
			c.Int(int64(i))
			c.Bool(i == 1)
		}
	case c.Is(2, "bignum"):
		c.BigNumber("1234567999999999999999999999999999999")
	case c.Is(2, "true"), c.Is(2, "false"):
		c.Bool(c.Is(2, "true"))
	case c.Is(2, "verbatim"):
		c.Verbatim("txt", "This is a verbatim\nstring")
	default:
		c.Failf("Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|bignum|true|false|verbatim")
	}
}

// runID names one run of the server, as clients and tools tell restarts apart.
func runID() string {
	var b []byte
	for range 40 {
		b = append(b, "0123456789abcdef"[rand.IntN(16)])
	}
	return string(b)
}
