package server

import (
	"slices"
	"strings"
)

// commandCommands answer questions about the command table from the table.
func commandCommands() []*Command {
	sub := func(name string, arity int, since, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: Loading | Stale, Since: since, Complexity: "O(N) where N is the number of commands to look up", Summary: summary, Run: run, ACL: []string{"connection"}}
	}
	c := &Command{Name: "command", Arity: -1, Flags: Loading | Stale, Group: GroupServer, Since: "2.8.13",
		Complexity: "O(N) where N is the total number of commands", Summary: "Returns detailed information about all commands.", Run: runCommand, ACL: []string{"connection"},
		Subs: []*Command{
			sub("count", 2, "2.8.13", "Returns a count of commands.", func(c *Call) { c.Int(int64(len(c.Server.table.all))) }),
			sub("docs", -2, "7.0.0", "Returns documentary information about one, multiple or all commands.", runCommandDocs),
			sub("getkeys", -4, "2.8.13", "Extracts the key names from an arbitrary command.", runCommandGetKeys),
			sub("getkeysandflags", -3, "7.0.0", "Extracts the key names and access flags for an arbitrary command.", runCommandGetKeys),
			sub("info", -2, "2.8.13", "Returns information about one, multiple or all commands.", runCommandInfo),
			sub("list", -2, "7.0.0", "Returns a list of command names.", runCommandList),
		}}
	return []*Command{c}
}

// lookup finds a command by its full name ("config|set").
func (t *table) lookup(name []byte) *Command {
	first, second, has := strings.Cut(string(name), "|")
	c := t.find([]byte(first))
	if c != nil && has {
		return c.sub([]byte(second))
	}
	return c
}

// categories are the access categories of a command, without the @.
func (c *Command) categories() []string {
	out := slices.Clone(c.ACL)
	add := func(f Flag, names ...string) {
		if c.is(f) {
			out = append(out, names...)
		}
	}
	add(Write, "write")
	add(ReadOnly, "read")
	add(Admin, "admin", "dangerous")
	add(PubSub, "pubsub")
	add(Blocking, "blocking")
	if c.is(Fast) {
		out = append(out, "fast")
	} else {
		out = append(out, "slow")
	}
	switch c.Group {
	case GroupGeneric, GroupServer, GroupPubSub:
	case GroupSortedSet:
		out = append(out, "sortedset")
	case GroupTransactions:
		out = append(out, "transaction")
	default:
		out = append(out, string(c.Group))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func runCommand(c *Call) {
	c.Array(len(c.Server.table.all))
	for _, cmd := range c.Server.table.all {
		c.commandInfo(cmd)
	}
}

func runCommandInfo(c *Call) {
	if len(c.Args) == 2 {
		runCommand(c)
		return
	}
	c.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if cmd := c.Server.table.lookup(name); cmd != nil {
			c.commandInfo(cmd)
		} else {
			c.Null()
		}
	}
}

// commandInfo writes what COMMAND INFO says of a command.
func (c *Call) commandInfo(cmd *Command) {
	c.Array(10)
	c.BulkString(cmd.FullName())
	c.Int(int64(cmd.Arity))
	var flags []string
	for _, f := range flagNames {
		if cmd.is(f.f) {
			flags = append(flags, f.name)
		}
	}
	c.statuses(flags, "")
	c.Int(int64(cmd.First))
	c.Int(int64(cmd.Last))
	c.Int(int64(cmd.Step))
	c.statuses(cmd.categories(), "@")
	c.Set(0) // tips
	c.keySpecs(cmd)
	c.Set(len(cmd.Subs))
	for _, s := range cmd.Subs {
		c.commandInfo(s)
	}
}

func (c *Call) statuses(words []string, prefix string) {
	c.Set(len(words))
	for _, w := range words {
		c.Status(prefix + w)
	}
}

// access is how a command uses its keys, in the words of the key specifications.
func (c *Command) access() []string {
	if c.is(Write) {
		return []string{"RW", "access", "update"}
	}
	return []string{"RO", "access"}
}

// keySpecs describes where the keys are, for those at regular places.
func (c *Call) keySpecs(cmd *Command) {
	if cmd.First == 0 {
		c.Set(0)
		return
	}
	c.Set(1)
	c.Map(3)
	c.BulkString("flags")
	c.statuses(cmd.access(), "")
	c.BulkString("begin_search")
	c.Map(2)
	c.BulkString("type")
	c.BulkString("index")
	c.BulkString("spec")
	c.Map(1)
	c.BulkString("index")
	c.Int(int64(cmd.First))
	c.BulkString("find_keys")
	c.Map(2)
	c.BulkString("type")
	c.BulkString("range")
	c.BulkString("spec")
	c.Map(3)
	c.BulkString("lastkey")
	if cmd.Last < 0 {
		c.Int(int64(cmd.Last))
	} else {
		c.Int(int64(cmd.Last - cmd.First))
	}
	c.BulkString("keystep")
	c.Int(int64(max(cmd.Step, 1)))
	c.BulkString("limit")
	c.Int(0)
}

func runCommandDocs(c *Call) {
	var cmds []*Command
	if len(c.Args) == 2 {
		cmds = c.Server.table.all
	}
	for _, name := range c.Args[2:] {
		if cmd := c.Server.table.lookup(name); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	c.commandDocs(cmds)
}

func (c *Call) commandDocs(cmds []*Command) {
	c.Map(len(cmds))
	for _, cmd := range cmds {
		c.BulkString(cmd.FullName())
		n := 4
		if len(cmd.Subs) > 0 {
			n++
		}
		c.Map(n)
		for _, pair := range [][2]string{
			{"summary", cmd.Summary}, {"since", cmd.Since}, {"group", string(cmd.Group)}, {"complexity", cmd.Complexity},
		} {
			c.BulkString(pair[0])
			c.BulkString(pair[1])
		}
		if len(cmd.Subs) > 0 {
			c.BulkString("subcommands")
			c.commandDocs(cmd.Subs)
		}
	}
}

func runCommandGetKeys(c *Call) {
	args := c.Args[2:]
	cmd := c.Server.table.find(args[0])
	if cmd != nil && len(cmd.Subs) > 0 && len(args) > 1 {
		cmd = cmd.sub(args[1])
	}
	switch {
	case cmd == nil:
		c.Failf("Invalid command specified")
		return
	case cmd.First == 0 && cmd.Keys == nil:
		c.Failf("The command has no key arguments")
		return
	case !cmd.takes(len(args)):
		c.Failf("Invalid number of arguments specified for command")
		return
	}
	places, ok := cmd.keyPlaces(args)
	if !ok {
		c.Failf("Invalid arguments specified for command")
		return
	}
	c.Array(len(places))
	for _, i := range places {
		if c.Cmd.Name == "getkeysandflags" {
			c.Array(2)
			c.Bulk(args[i])
			c.statuses(cmd.access(), "")
			continue
		}
		c.Bulk(args[i])
	}
}

func runCommandList(c *Call) {
	keep := func(*Command) bool { return true }
	switch {
	case len(c.Args) == 2:
	case len(c.Args) == 5 && c.Is(2, "filterby") && c.Is(3, "pattern"):
		pattern := appendLower(nil, c.Args[4])
		keep = func(cmd *Command) bool { return globMatch(pattern, []byte(cmd.FullName())) }
	case len(c.Args) == 5 && c.Is(2, "filterby") && c.Is(3, "aclcat"):
		category := string(appendLower(nil, c.Args[4]))
		keep = func(cmd *Command) bool { return slices.Contains(cmd.categories(), category) }
	case len(c.Args) == 5 && c.Is(2, "filterby") && c.Is(3, "module"):
		keep = func(*Command) bool { return false }
	default:
		c.Fail(ErrSyntax)
		return
	}
	var names []string
	for _, cmd := range c.Server.table.all {
		for _, x := range append([]*Command{cmd}, cmd.Subs...) {
			if keep(x) {
				names = append(names, x.FullName())
			}
		}
	}
	c.Array(len(names))
	for _, n := range names {
		c.BulkString(n)
	}
}
