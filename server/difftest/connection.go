package difftest

import "strings"

// connectionFamily is the commands about the connection itself.
func connectionFamily() Family {
	return Family{
		Name: "connection",
		Commands: []Command{
			{Name: "PING", Args: func(g *Gen) []string {
				if g.Chance(50) {
					return nil
				}
				return []string{g.Value()}
			}},
			{Name: "ECHO", Args: F("<value>")},
			{Name: "HELLO", Compare: hello, Args: func(g *Gen) []string {
				if g.Chance(20) {
					return nil
				}
				return append([]string{g.OneOf("2", "3", "3", "1", "4", "x", "")},
					g.Options("SETNAME me", "SETNAME <value>", "AUTH default wrong", "AUTH nobody x", "AUTH x", "BAD")...)
			}},
			{Name: "AUTH", Weight: 2, Args: func(g *Gen) []string {
				return g.Many(1, 3, func() []string { return []string{g.OneOf("default", "secret", "nobody", "")} })
			}},
			{Name: "QUIT", Weight: 1, Exact: true},
			{Name: "RESET", Weight: 2},
			{Name: "CLIENT ID", Compare: Type},
			{Name: "CLIENT GETNAME"},
			{Name: "CLIENT SETNAME", Args: func(g *Gen) []string { return []string{g.OneOf("me", "you", "", "with space", "a\nb", "\xff", "~!")} }},
			{Name: "CLIENT INFO", Compare: clientLines},
			{Name: "CLIENT LIST", Args: func(g *Gen) []string {
				return g.Options("TYPE normal", "TYPE pubsub", "TYPE nonsense", "TYPE", "ID 999999", "ID x", "ID", "BAD")
			}, Compare: Type},
			{Name: "CLIENT NO-EVICT", Args: func(g *Gen) []string { return []string{g.OneOf("on", "OFF", "off", "x")} }},
			{Name: "CLIENT KILL", Weight: 2, Exact: true, Args: func(g *Gen) []string {
				return strings.Fields(g.OneOf("ID 99999999", "ID x", "ID", "ID 0", "ADDR 1.2.3.4:5", "1.2.3.4:5", "ADDR 1.2.3.4:5 SKIPME no",
					"TYPE nonsense", "USER nobody", "LADDR 1.2.3.4:5", "SKIPME maybe", "ID 99999999 BAD x", "TYPE master", ""))
			}},
			{Name: "CLIENT UNBLOCK", Args: func(g *Gen) []string {
				return strings.Fields(g.OneOf("99999999", "99999999 TIMEOUT", "99999999 ERROR", "99999999 BAD", "x", "0"))
			}},
			{Name: "CLIENT UNPAUSE", Weight: 1},
			{Name: "CLIENT PAUSE", Weight: 1, Exact: true, Args: func(g *Gen) []string {
				return strings.Fields(g.OneOf("0", "-1", "x", "0 BAD", "1 WRITE", "0 ALL"))
			}},
			{Name: "CLIENT REPLY", Weight: 2, Exact: true, Outside: true, Macro: silence, Args: func(g *Gen) []string {
				return []string{g.OneOf("ON", "OFF", "SKIP", "BAD")}
			}},
			{Name: "CLIENT NONSENSE", Weight: 1},
			{Name: "NONSENSE", Weight: 1, Args: func(g *Gen) []string { return g.Many(0, 4, func() []string { return []string{g.Value()} }) }},
		},
	}
}

// hello leaves out of a HELLO's answer what belongs to the server alone.
func hello(redis, ours Reply) bool {
	mask := func(r Reply) Reply {
		r.Elems = append([]Reply(nil), r.Elems...)
		for i := 0; i+1 < len(r.Elems); i += 2 {
			switch r.Elems[i].Text {
			case "version", "id":
				r.Elems[i+1].Text = ""
			}
		}
		return r
	}
	return mask(redis).Equal(mask(ours))
}

// clientLines compares the fields of a client's line that say the same on any
// server, and the names of all fields.
func clientLines(redis, ours Reply) bool {
	return redis.Kind == ours.Kind && clientLine(redis.Text) == clientLine(ours.Text)
}

func clientLine(line string) string {
	fields := strings.Split(line, " ")
	for i, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		switch name {
		case "flags": // d, a watched key has changed, is not kept as a flag here
			if value = strings.ReplaceAll(value, "d", ""); value == "" {
				value = "N"
			}
			fields[i] = "flags=" + value
		case "name", "db", "sub", "psub", "ssub", "multi", "cmd", "user", "redir", "resp":
		default:
			fields[i] = name
		}
	}
	return strings.Join(fields, " ")
}

// silence tries CLIENT REPLY so that the connection answers again behind it: the
// reply is everything that came up to a PING that is answered for certain.
func silence(c *Conn, args []string) (Reply, error) {
	const end = "the replies are on"
	for _, command := range [][]string{args, {"ECHO", "one"}, {"ECHO", "two"}, {"CLIENT", "REPLY", "ON"}, {"PING", end}} {
		if err := c.Send(command...); err != nil {
			return Reply{}, err
		}
	}
	out := Reply{Kind: Array}
	for {
		r, err := c.Receive()
		if err != nil {
			return out, err
		}
		out.Elems = append(out.Elems, r)
		if r.Text == end {
			return out, nil
		}
	}
}
