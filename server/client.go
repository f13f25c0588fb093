package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/server/resp"
)

// clientCommands are CLIENT and its subcommands.
func clientCommands() []*Command {
	const flags = NoScript | Loading | Stale
	sub := func(name string, arity int, f Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags | f, Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	return []*Command{container("client", GroupConnection, "2.4.0", "A container for client connection commands.",
		sub("id", 2, 0, "5.0.0", "O(1)", "Returns the unique client ID of the connection.", func(c *Call) { c.Int(c.Conn.id) }),
		sub("getname", 2, 0, "2.6.9", "O(1)", "Returns the name of the connection.", runGetName),
		sub("setname", 3, 0, "2.6.9", "O(1)", "Sets the connection name.", runSetName),
		sub("setinfo", 4, 0, "7.2.0", "O(1)", "Sets information specific to the client or connection.", runSetInfo),
		sub("info", 2, 0, "6.2.0", "O(1)", "Returns information about the connection.", func(c *Call) {
			c.Conn.show()
			c.Verbatim("txt", c.Conn.describe()+"\n")
		}),
		sub("list", -2, Admin, "2.4.0", "O(N) where N is the number of client connections", "Lists open connections.", runClientList),
		sub("kill", -3, Admin, "2.4.0", "O(N) where N is the number of client connections", "Terminates open connections.", runClientKill),
		sub("no-evict", 3, Admin, "7.0.0", "O(1)", "Sets the client eviction mode of the connection: there is no eviction.", func(c *Call) {
			if onOff(c) {
				c.Conn.noEvict.Store(c.Is(2, "on"))
			}
		}),
		sub("no-touch", 3, 0, "7.2.0", "O(1)", "Controls whether commands sent by the client affect the LRU/LFU of accessed keys: there is none.", func(c *Call) { onOff(c) }),
		sub("reply", 3, 0, "3.2.0", "O(1)", "Instructs the server whether to reply to commands.", runClientReply),
		sub("unblock", -3, Admin, "5.0.0", "O(log N) where N is the number of client connections", "Unblocks a client blocked by a blocking command from a different connection.", runUnblock),
		sub("pause", -3, Admin, "3.0.0", "O(1)", "Suspends commands processing.", runPause),
		sub("unpause", 2, Admin, "6.2.0", "O(N) Where N is the number of paused clients", "Resumes processing commands from paused clients.", func(c *Call) {
			c.Server.pause.end()
			c.OK()
		}),
		sub("getredir", 2, 0, "6.0.0", "O(1)", "Returns the client ID to which the connection's tracking notifications are redirected.", runGetRedir),
		sub("tracking", -3, 0, "6.0.0", "O(1). Some options may introduce additional complexity.", "Controls server-assisted client-side caching for the connection.", runTracking),
		sub("caching", 3, 0, "6.0.0", "O(1)", "Instructs the server whether to track the keys in the next request.", runCaching),
		sub("trackinginfo", 2, 0, "6.2.0", "O(1)", "Returns information about server-assisted client-side caching for the connection.", runTrackingInfo),
	)}
}

func runGetName(c *Call) {
	c.Conn.mu.Lock()
	name := c.Conn.name
	c.Conn.mu.Unlock()
	if name == "" {
		c.Null()
		return
	}
	c.BulkString(name)
}

func runSetName(c *Call) {
	name := c.Arg(2)
	if !validClientName(name) {
		c.Failf("Client names cannot contain spaces, newlines or special characters.")
		return
	}
	c.Conn.setName(name)
	c.OK()
}

func runSetInfo(c *Call) {
	value := c.Arg(3)
	if !validClientName(value) {
		c.Failf("%s cannot contain spaces, newlines or special characters.", strings.ToLower(c.Arg(2)))
		return
	}
	c.Conn.mu.Lock()
	defer c.Conn.mu.Unlock()
	switch {
	case c.Is(2, "lib-name"):
		c.Conn.libName = value
	case c.Is(2, "lib-ver"):
		c.Conn.libVersion = value
	default:
		c.Failf("Unrecognized option '%s'", printableWord(c.Args[2]))
		return
	}
	c.OK()
}

func onOff(c *Call) bool {
	if !c.Is(2, "on") && !c.Is(2, "off") {
		c.Fail(ErrSyntax)
		return false
	}
	c.OK()
	return true
}

func runClientReply(c *Call) {
	switch {
	case c.Is(2, "on"):
		c.Conn.replies = replyOn
		c.OK()
	case c.Is(2, "off"):
		c.Conn.replies = replyOff
	case c.Is(2, "skip"):
		if c.Conn.replies != replyOff {
			c.Conn.replies = replySkipNext
		}
	default:
		c.Fail(ErrSyntax)
	}
}

// kindOf is a client's type, as CLIENT LIST TYPE and CLIENT KILL TYPE have it.
func clientType(word []byte) (string, bool) {
	for _, t := range []string{"normal", "slave", "replica", "pubsub", "master"} {
		if equalFold(word, t) {
			return t, true
		}
	}
	return "", false
}

func (c *Conn) clientType() string {
	if c.subscribed() {
		return "pubsub"
	}
	return "normal"
}

func runClientList(c *Call) {
	args := c.Args[2:]
	c.Conn.show()
	var out strings.Builder
	add := func(x *Conn) {
		out.WriteString(x.describe())
		out.WriteByte('\n')
	}
	switch {
	case len(args) == 0:
		for _, x := range c.Server.connections() {
			add(x)
		}
	case len(args) == 2 && equalFold(args[0], "type"):
		t, ok := clientType(args[1])
		if !ok {
			c.Failf("Unknown client type '%s'", printableWord(args[1]))
			return
		}
		for _, x := range c.Server.connections() {
			if x.clientType() == t {
				add(x)
			}
		}
	case len(args) >= 2 && equalFold(args[0], "id"):
		for _, a := range args[1:] {
			id, ok := resp.ParseInt(a)
			if !ok {
				c.Failf("Invalid client ID")
				return
			}
			if x := c.Server.connection(id); x != nil {
				add(x)
			}
		}
	default:
		c.Fail(ErrSyntax)
		return
	}
	c.Verbatim("txt", out.String())
}

// killFilter is what CLIENT KILL asks for; empty fields ask for nothing.
type killFilter struct {
	id                int64
	kind, addr, laddr string
	skipMe            bool
}

func (f *killFilter) matches(x, me *Conn) bool {
	switch {
	case f.addr != "" && x.address() != f.addr, f.laddr != "" && x.localAddress() != f.laddr,
		f.id != 0 && x.id != f.id, f.kind != "" && x.clientType() != f.kind, x == me && f.skipMe:
		return false
	}
	return true
}

func runClientKill(c *Call) {
	var f killFilter
	old := len(c.Args) == 3
	if old {
		f.addr = c.Arg(2)
		if f.addr == "" {
			f.addr = "\x00" // nobody's
		}
	} else if err := f.parse(c.Args[2:]); err != nil {
		c.Fail(err)
		return
	}
	killed := int64(0)
	for _, x := range c.Server.connections() {
		if !f.matches(x, c.Conn) {
			continue
		}
		killed++
		if x == c.Conn {
			c.Conn.closing = true
		} else {
			x.Close()
		}
	}
	switch {
	case !old:
		c.Int(killed)
	case killed == 0:
		c.Failf("No such client")
	default:
		c.OK()
	}
}

func (f *killFilter) parse(args [][]byte) error {
	f.skipMe = true
	for ; len(args) > 0; args = args[2:] {
		if len(args) == 1 {
			return ErrSyntax
		}
		switch word, value := args[0], args[1]; {
		case equalFold(word, "id"):
			n, ok := resp.ParseInt(value)
			if !ok || n < 1 {
				return Reply("ERR client-id should be greater than 0")
			}
			f.id = n
		case equalFold(word, "type"):
			t, ok := clientType(value)
			if !ok {
				return Reply("ERR Unknown client type '" + printableWord(value) + "'")
			}
			f.kind = t
		case equalFold(word, "addr"):
			f.addr = string(value)
		case equalFold(word, "laddr"):
			f.laddr = string(value)
		case equalFold(word, "user"):
			if string(value) != "default" {
				return Reply("ERR No such user '" + printableWord(value) + "'")
			}
		case equalFold(word, "skipme") && equalFold(value, "yes"):
			f.skipMe = true
		case equalFold(word, "skipme") && equalFold(value, "no"):
			f.skipMe = false
		default:
			return ErrSyntax
		}
	}
	return nil
}

func runUnblock(c *Call) {
	reason := ""
	switch {
	case len(c.Args) > 4:
		c.subcommandSyntax()
		return
	case len(c.Args) == 4 && c.Is(3, "error"):
		reason = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
	case len(c.Args) == 4 && !c.Is(3, "timeout"):
		c.Failf("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	}
	id, ok := resp.ParseInt(c.Args[2])
	if !ok {
		c.Fail(ErrNotInteger)
		return
	}
	x := c.Server.connection(id)
	c.Flag(x != nil && x.unblock(c.Tx, reason))
}

func runPause(c *Call) {
	writes := false
	switch {
	case len(c.Args) > 4:
		c.subcommandSyntax()
		return
	case len(c.Args) == 4 && c.Is(3, "write"):
		writes = true
	case len(c.Args) == 4 && !c.Is(3, "all"):
		c.Failf("CLIENT PAUSE mode must be WRITE or ALL")
		return
	}
	ms, ok := resp.ParseInt(c.Args[2])
	if !ok {
		c.Failf("timeout is not an integer or out of range")
		return
	}
	if ms < 0 {
		c.Failf("timeout is negative")
		return
	}
	if ms > math.MaxInt64/int64(time.Millisecond) {
		c.Failf("timeout is out of range")
		return
	}
	c.Server.pause.begin(c.Server.opts.Clock().Add(time.Duration(ms)*time.Millisecond), writes)
	c.OK()
}

// describe is the connection's line of CLIENT LIST.
func (c *Conn) describe() string {
	now := c.srv.opts.Clock()
	c.mu.Lock()
	name, lib, version := c.name, c.libName, c.libVersion
	c.mu.Unlock()
	c.srv.hub.mu.RLock()
	sub, psub, ssub := len(c.subs[toChannel]), len(c.subs[toPattern]), len(c.subs[toShard])
	c.srv.hub.mu.RUnlock()
	flags := ""
	if c.shown.monitor.Load() {
		flags += "O"
	}
	if sub+psub+ssub > 0 {
		flags += "P"
	}
	if c.shown.multi.Load() >= 0 {
		flags += "x"
	}
	if c.waiter.Load() != nil {
		flags += "b"
	}
	c.srv.tracking.mu.Lock()
	track := c.track
	c.srv.tracking.mu.Unlock()
	for _, f := range [...]struct {
		is   bool
		name string
	}{{track.on, "t"}, {track.broken, "R"}, {track.bcast, "B"}} {
		if f.is {
			flags += f.name
		}
	}
	if c.noEvict.Load() {
		flags += "e"
	}
	if flags == "" {
		flags = "N"
	}
	cmd := "NULL"
	if p := c.lastCmd.Load(); p != nil {
		cmd = p.FullName()
	}
	proto := 2
	if c.resp3.Load() {
		proto = 3
	}
	idle := max(0, now.UnixMilli()-c.lastActive.Load()) / 1000
	out := c.out.pendingBytes()
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=%d multi=%d "+
		"qbuf=%d qbuf-free=%d argv-mem=%d multi-mem=%d rbs=%d rbp=%d obl=%d oll=%d omem=%d tot-mem=%d events=r cmd=%s user=default redir=%d resp=%d lib-name=%s lib-ver=%s",
		c.id, c.address(), c.localAddress(), c.id, name, int64(now.Sub(c.created).Seconds()), idle, flags, c.shown.db.Load(), sub, psub, ssub, c.shown.multi.Load(),
		c.shown.buffered.Load(), max(0, c.shown.size.Load()-c.shown.buffered.Load()), 0, c.shown.multiBytes.Load(), 0, 0, 0, 0, out, c.shown.size.Load()+int64(out), cmd, track.redirection(), proto, lib, version)
}

// address is the client's, as IP:port.
func (c *Conn) address() string { return c.nc.RemoteAddr().String() }

// localAddress is the server's end of the connection.
func (c *Conn) localAddress() string { return c.nc.LocalAddr().String() }

// number writes an integer as text.
func number(n int64) string { return strconv.FormatInt(n, 10) }
