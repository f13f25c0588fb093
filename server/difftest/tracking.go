package difftest

import (
	"fmt"
	"slices"
	"strings"
)

// trackingFamily is clients that keep copies of keys, others that change these, and
// what the first hear of it. A scenario is one call of a stream, each line of it an
// argument: the client (T tracks, R may be redirected to, W writes), then a command.
// The reply is all replies and, behind each, all messages.
func trackingFamily() Family {
	key := func(g *Gen) string { return g.OneOf("t1", "t2", "t3", "tab") }
	line := func(g *Gen) string {
		switch g.Number(0, 15) {
		case 0:
			return "T CLIENT TRACKING ON " + strings.Join(g.Options("BCAST", "OPTIN", "OPTOUT", "NOLOOP", "NOLOOP", "REDIRECT R", "REDIRECT R", "PREFIX t", "PREFIX x", "BCAST PREFIX t", "BCAST PREFIX ta PREFIX t1", "REDIRECT 999999", "BAD"), " ")
		case 1:
			return g.OneOf("T CLIENT TRACKING ON", "T CLIENT TRACKING ON OPTIN", "T CLIENT TRACKING ON OPTOUT NOLOOP", "T CLIENT TRACKING ON BCAST", "T CLIENT TRACKING ON REDIRECT R", "T CLIENT TRACKING ON BCAST REDIRECT R NOLOOP")
		case 2:
			return g.OneOf("T CLIENT TRACKING OFF", "T CLIENT TRACKINGINFO", "T CLIENT GETREDIR", "T CLIENT CACHING yes", "T CLIENT CACHING no", "T CLIENT CACHING yes", "T RESET", "T CLIENT CACHING x")
		case 3:
			return g.OneOf("T HELLO 3", "T HELLO 2", "R SUBSCRIBE __redis__:invalidate", "R HELLO 3", "R UNSUBSCRIBE", "R QUIT", "T MULTI | GET t1 | GET t2 | EXEC", "T MULTI | SET t2 v | EXEC", "T MULTI | MGET t1 t2 | EXEC", "W MULTI | SET t1 v | DEL t1 t2 | EXEC")
		case 4, 5, 6, 7:
			return fmt.Sprintf("T %s %s", g.OneOf("GET", "GET", "TTL", "STRLEN", "EXISTS"), key(g))
		case 8:
			return fmt.Sprintf("T MGET %s %s", key(g), key(g))
		case 9:
			return fmt.Sprintf("T SET %s v", key(g))
		case 10:
			return fmt.Sprintf("W %s %s %s", g.OneOf("DEL", "RENAME", "COPY"), key(g), key(g))
		case 11:
			return fmt.Sprintf("W MSET %s 1 %s 2", key(g), key(g))
		case 12:
			return g.OneOf("W FLUSHDB", "W EXPIRE t1 1000", "W SADD ts a", "W PUBLISH __redis__:invalidate x")
		default:
			return fmt.Sprintf("W %s %s v", g.OneOf("SET", "APPEND", "SETNX"), key(g))
		}
	}
	return Family{
		Name: "tracking",
		Commands: []Command{{
			Name: "CLIENT TRACKING", Weight: 10, Exact: true, Outside: true, Macro: playTracking, Compare: nullsAlike,
			Args: func(g *Gen) []string {
				out := []string{"T HELLO 3", "T CLIENT TRACKING ON " + g.OneOf("", "", "NOLOOP", "BCAST", "OPTIN", "OPTOUT", "REDIRECT R")}
				return append(out, g.Many(4, 16, func() []string { return []string{line(g)} })...)
			},
		}},
	}
}

// nullsAlike compares without regard to which null it is: Redis sends a client of
// RESP2 that of RESP3, when one of RESP3 redirects to it.
func nullsAlike(redis, ours Reply) bool { return redis.oneNull().Equal(ours.oneNull()) }

func (r Reply) oneNull() Reply {
	if r.Kind == Null {
		r.Kind = NullBulk
	}
	r.Elems = slices.Clone(r.Elems)
	for i := range r.Elems {
		r.Elems[i] = r.Elems[i].oneNull()
	}
	return r
}

func playTracking(c *Conn, args []string) (Reply, error) {
	out := Reply{Kind: Array}
	if len(args) < 3 || !strings.HasPrefix(args[2], "T ") { // as known asks
		return c.Do(args...)
	}
	if _, err := c.Do("DEL", "t1", "t2", "t3", "tab", "ts"); err != nil {
		return out, err
	}
	clients := make(map[string]*Conn)
	names := []string{"T", "R", "W"}
	for _, name := range names {
		x, err := Dial(c.net.RemoteAddr().String())
		if err != nil {
			return out, err
		}
		defer x.Close()
		clients[name] = x
	}
	ids := make(map[string]string)
	for _, name := range names {
		id, err := clients[name].Do("CLIENT", "ID")
		if err != nil {
			return out, err
		}
		ids[name] = id.Text
	}
	for i, line := range args[2:] {
		words := strings.Fields(line)
		for k, w := range words[1:] {
			if w == "R" {
				words[k+1] = ids["R"]
			}
		}
		if clients[words[0]] == nil {
			continue
		}
		commands := strings.Split(strings.Join(words[1:], " "), " | ")
		for _, one := range commands {
			if err := clients[words[0]].Send(strings.Fields(one)...); err != nil {
				return out, err
			}
		}
		token := fmt.Sprint("end of line ", i)
		// Whoever sent comes first: only then has everybody else been told.
		slices.SortStableFunc(names, func(a, b string) int {
			if a == words[0] {
				return -1
			} else if b == words[0] {
				return 1
			}
			return strings.Compare(a, b)
		})
		for _, name := range names {
			x := clients[name]
			if x == nil {
				continue
			}
			if name == words[0] && line == "R QUIT" {
				if _, err := x.Receive(); err == nil {
					_, _ = x.Receive() // the end
				}
				clients[name] = nil
				continue
			}
			replies := 0
			if name == words[0] && name != "R" {
				replies = len(commands)
			}
			r, err := heardUntil(x, replies, token)
			if err != nil {
				return out, err
			}
			r.Text = name
			out.Elems = append(out.Elems, r.replacing(ids["R"], "R").replacing(ids["T"], "T"))
		}
	}
	_, err := c.Do("DEL", "t1", "t2", "t3", "tab", "ts")
	return out, err
}

// heardUntil reads some replies, and then what comes in front of the answer to a PING,
// which is an array for who listens to channels. Without waiting for the replies the
// PING would be of their pipeline, and messages come behind all of a pipeline.
func heardUntil(c *Conn, replies int, token string) (Reply, error) {
	out := Reply{Kind: Array}
	for replies > 0 {
		m, err := c.Receive()
		if err != nil {
			return out, err
		}
		if m.Kind != Push {
			replies--
		}
		out.Elems = append(out.Elems, m)
	}
	if err := c.Send("PING", token); err != nil {
		return out, err
	}
	for {
		m, err := c.Receive()
		if err != nil {
			return out, err
		}
		if m.Text == token || len(m.Elems) == 2 && m.Elems[1].Text == token {
			return out, nil
		}
		out.Elems = append(out.Elems, m)
	}
}

// replacing puts a word for an integer that differs from server to server.
func (r Reply) replacing(text, word string) Reply {
	if r.Kind == Integer && r.Text == text {
		r.Text = word
	}
	r.Elems = slices.Clone(r.Elems)
	for i := range r.Elems {
		r.Elems[i] = r.Elems[i].replacing(text, word)
	}
	return r
}
