package server

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// monitors are the connections that asked, by MONITOR, to be shown every command.
// They are shown it once it has run, as with Redis: before it is durable, and even if
// the transaction that it shared with others is undone and it runs again in one of
// its own. While there are none a command pays one load.
type monitors struct {
	n     atomic.Int32
	mu    sync.Mutex
	conns map[*Conn]struct{}
}

func monitorCommand() *Command {
	return &Command{Name: "monitor", Arity: 1, Flags: Admin | NoScript | Loading | Stale, Group: GroupServer, Since: "1.0.0",
		Complexity: "O(1)", Summary: "Listens for all requests received by the server in real-time.", Run: runMonitor}
}

func runMonitor(c *Call) {
	switch {
	case c.Multi:
		c.Failf("MONITOR isn't allowed for DENY BLOCKING client")
		return
	case c.Conn.shown.monitor.Load(): // as with Redis, there is no reply
		return
	}
	c.beforeMessages()
	m := &c.Server.monitors
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conns == nil {
		m.conns = make(map[*Conn]struct{})
	}
	m.conns[c.Conn] = struct{}{}
	m.n.Add(1)
	c.Conn.shown.monitor.Store(true)
	// Who has read the reply is shown every command from then on, and none before it:
	// nobody is shown one meanwhile.
	c.Conn.out.force([]byte("+OK\r\n"))
}

// remove ends MONITOR for a connection, if it was asked for.
func (m *monitors) remove(c *Conn) {
	if !c.shown.monitor.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conns, c)
	m.n.Add(-1)
	c.shown.monitor.Store(false)
}

// feed shows a command that has run. What is for operators is not shown, and of
// passwords only that there were some.
func (m *monitors) feed(c *Call) {
	if c.Cmd.is(SkipMonitor|Admin) || c.woken != nil {
		return
	}
	// A command larger than a client may have waiting is built for nobody.
	size, limit := 0, int(c.Server.opts.PubSubLimit.Hard)
	for _, a := range c.Args {
		size += len(a)
	}
	var b []byte
	if size <= limit {
		b = c.describe(b)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for conn := range m.conns {
		if size > limit {
			conn.cutOff()
		} else {
			conn.pushOrClose(b)
		}
	}
}

// describe appends the line that shows the command:
//
//	+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
func (c *Call) describe(b []byte) []byte {
	now := c.Server.opts.Clock()
	b = fmt.Appendf(b, "+%d.%06d [%d %s]", now.Unix(), now.Nanosecond()/1000, c.Conn.db, c.Conn.address())
	hidden := c.Cmd.secrets(c.Args)
	for i, a := range c.Args {
		if b = append(b, ' '); i < len(hidden) && hidden[i] {
			b = append(b, `"(redacted)"`...)
		} else {
			b = appendQuoted(b, a)
		}
	}
	return append(b, "\r\n"...)
}

// secrets says which arguments are passwords, or may be; nil for none.
func (c *Command) secrets(args [][]byte) []bool {
	if c.parent != nil {
		return nil
	}
	hidden := make([]bool, len(args))
	switch c.Name {
	case "auth":
		for i := range args {
			hidden[i] = i > 0
		}
	case "hello":
		for i := 2; i+2 < len(args); i++ {
			if equalFold(args[i], "auth") {
				hidden[i+1], hidden[i+2] = true, true
				i += 2
			}
		}
	default:
		return nil
	}
	return hidden
}

// appendQuoted appends a string in the quotes of Redis.
func appendQuoted(b, s []byte) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch c {
		case '\\', '"':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		case '\a':
			b = append(b, `\a`...)
		case '\b':
			b = append(b, `\b`...)
		default:
			if c < ' ' || c > '~' {
				const hex = "0123456789abcdef"
				b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}
