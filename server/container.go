package server

// container makes a command with subcommands, and adds HELP to them.
func container(name string, group Group, since, summary string, subs ...*Command) *Command {
	c := &Command{Name: name, Arity: -2, Group: group, Since: since, Summary: summary,
		Complexity: "Depends on subcommand.", Subs: subs}
	c.Subs = append(c.Subs, &Command{Name: "help", Arity: 2, Flags: Loading | Stale, Group: group, Since: since,
		Complexity: "O(1)", Summary: "Returns helpful text about the different subcommands.",
		Run: func(call *Call) { help(call, c) }})
	c.Run = func(call *Call) { call.Error(wrongArity(c)) }
	return c
}

// help lists the subcommands, in the form of Redis's HELP.
func help(call *Call, c *Command) {
	name := upper(c.Name)
	lines := []string{name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	for _, s := range c.Subs {
		if s.Name != "help" {
			lines = append(lines, upper(s.Name), "    "+s.Summary)
		}
	}
	lines = append(lines, "HELP", "    Print this help.")
	call.Array(len(lines))
	for _, l := range lines {
		call.Status(l)
	}
}

// subcommandSyntax is the error of a subcommand whose arguments make no sense.
func (c *Call) subcommandSyntax() {
	c.Failf("unknown subcommand or wrong number of arguments for '%.128s'. Try %s HELP.", printableWord(c.Args[1]), upper(c.Cmd.parent.Name))
}
