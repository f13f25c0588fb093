package difftest

import (
	"fmt"
	"strings"
)

// blockFamily is clients that wait for keys, and others that push to them. A
// scenario is one call of a stream, each line of it an argument: "+" and a command
// that a client of its own sends and waits for, or commands of the stream's own
// connection, as a pipeline with bars between them. At the end everybody who still
// waits is served. The reply is all replies.
func blockFamily() Family {
	key := func(g *Gen) string { return g.OneOf("w1", "w2", "w3", "w1") }
	end := func(g *Gen) string { return g.OneOf("LEFT", "RIGHT") }
	wait := func(g *Gen) string {
		switch g.Number(0, 9) {
		case 7:
			return fmt.Sprintf("+%s %s %s 0", g.OneOf("BZPOPMIN", "BZPOPMAX"), key(g), key(g))
		case 8:
			return fmt.Sprintf("+BZMPOP 0 2 %s %s %s COUNT %d", key(g), key(g), g.OneOf("MIN", "MAX"), g.Number(1, 3))
		case 0, 1:
			return fmt.Sprintf("+BLPOP %s %s 0", key(g), key(g))
		case 2:
			return fmt.Sprintf("+BRPOP %s 0", key(g))
		case 3:
			return fmt.Sprintf("+BLMOVE %s %s %s %s 0", key(g), key(g), end(g), end(g))
		case 4:
			return fmt.Sprintf("+BRPOPLPUSH %s %s 0", key(g), key(g))
		default:
			return fmt.Sprintf("+BLMPOP 0 2 %s %s %s COUNT %d", key(g), key(g), end(g), g.Number(1, 3))
		}
	}
	do := func(g *Gen) string {
		switch g.Number(0, 15) {
		case 12, 13:
			return fmt.Sprintf("ZADD %s %d x%d 5 y", key(g), g.Number(0, 9), g.Number(0, 99))
		case 14:
			return fmt.Sprintf("ZADD %s %d x%d", key(g), g.Number(0, 9), g.Number(0, 99))
		case 15:
			return fmt.Sprintf("ZPOPMIN %s", key(g))
		case 0, 1, 2:
			return fmt.Sprintf("%s %s x%d", g.OneOf("LPUSH", "RPUSH"), key(g), g.Number(0, 99))
		case 3, 4:
			return fmt.Sprintf("%s %s x%d y%d z", g.OneOf("LPUSH", "RPUSH"), key(g), g.Number(0, 99), g.Number(0, 9))
		case 5:
			return fmt.Sprintf("LPOP %s", key(g))
		case 6:
			return fmt.Sprintf("LMOVE %s %s LEFT RIGHT", key(g), key(g))
		case 7:
			return fmt.Sprintf("SET %s string", key(g))
		case 8:
			return fmt.Sprintf("DEL %s", key(g))
		case 9:
			return fmt.Sprintf("RENAME %s %s", key(g), key(g))
		case 10:
			return fmt.Sprintf("LRANGE %s 0 -1", key(g))
		default:
			return fmt.Sprintf("SADD %s m", key(g))
		}
	}
	scenario := func(g *Gen) []string {
		return g.Many(2, 9, func() []string {
			if g.Chance(50) {
				return []string{wait(g)}
			}
			var pipeline []string
			for range g.OneOfInt(1, 1, 2, 3) {
				pipeline = append(pipeline, do(g))
			}
			if g.Chance(25) {
				pipeline = append(append([]string{"MULTI"}, pipeline...), "EXEC")
			}
			return []string{strings.Join(pipeline, " | ")}
		})
	}
	return Family{
		Name: "blocked",
		Commands: []Command{
			{Name: "BLPOP", Weight: 10, Exact: true, Outside: true, Macro: playBlocked, Args: scenario},
		},
	}
}

func playBlocked(c *Conn, args []string) (Reply, error) {
	out := Reply{Kind: Array}
	var clients []*Conn
	defer func() {
		for _, w := range clients {
			w.Close()
		}
	}()
	pipeline := func(line string) error {
		commands := strings.Split(line, " | ")
		for _, one := range commands {
			if err := c.Send(strings.Fields(one)...); err != nil {
				return err
			}
		}
		for range commands {
			r, err := c.Receive()
			if err != nil {
				return err
			}
			out.Elems = append(out.Elems, r)
		}
		return nil
	}
	// The waiting clients are to be in the database of the stream.
	info, err := c.Do("CLIENT", "INFO")
	if err != nil {
		return out, err
	}
	_, db, _ := strings.Cut(info.Text, " db=")
	db, _, _ = strings.Cut(db, " ")
	for _, line := range args[1:] {
		if line[0] != '+' {
			if err := pipeline(line); err != nil {
				return out, err
			}
			continue
		}
		w, err := Dial(c.net.RemoteAddr().String())
		if err != nil {
			return out, err
		}
		clients = append(clients, w)
		// The SELECT is answered when the command behind it has begun to wait.
		if err := w.Send("SELECT", db); err != nil {
			return out, err
		}
		if err := w.Send(strings.Fields(line[1:])...); err != nil {
			return out, err
		}
		if _, err := w.Receive(); err != nil {
			return out, err
		}
	}
	for _, k := range []string{"w1", "w2", "w3"} {
		rest := "RPUSH " + k
		for i := range 3 * (len(clients) + 1) {
			rest += fmt.Sprintf(" last%d", i)
		}
		scored := "ZADD " + k
		for i := range 3 * (len(clients) + 1) {
			scored += fmt.Sprintf(" %d last%d", i, i)
		}
		if err := pipeline("DEL " + k + " | " + rest + " | DEL " + k + " | " + scored); err != nil {
			return out, err
		}
	}
	for _, w := range clients {
		r, err := w.Receive()
		if err != nil {
			return out, err
		}
		out.Elems = append(out.Elems, r)
	}
	return out, pipeline("DEL w1 w2 w3")
}
