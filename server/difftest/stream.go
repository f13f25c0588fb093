package difftest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// Stream is one test case.
type Stream struct {
	Protocol int    // 2 or 3
	Events   string // what CONFIG SET notify-keyspace-events gets
	Steps    []Step
}

// Step is a pipeline on one of the two connections.
type Step struct {
	Conn  int
	Calls []Call
}

// Call is one command with its name and arguments.
type Call struct {
	Command *Command
	Args    []string
}

// String is the call as one could type it into redis-cli.
func (c Call) String() string {
	words := make([]string, len(c.Args))
	for i, a := range c.Args {
		if len(a) > 80 {
			words[i] = fmt.Sprintf("(%d bytes, %q...)", len(a), a[:20])
			continue
		}
		words[i] = a
		if quoted := strconv.QuoteToASCII(a); a == "" || quoted != `"`+a+`"` || strings.ContainsAny(a, " '") {
			words[i] = quoted
		}
	}
	return strings.Join(words, " ")
}

// String shows the stream, a step a line.
func (s Stream) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "RESP%d, events %q\n", s.Protocol, s.Events)
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%3d conn %d:", i, step.Conn)
		for j, c := range step.Calls {
			if j > 0 {
				b.WriteString("  |")
			}
			fmt.Fprintf(&b, " %s", c)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Streams draws streams of commands from some families.
func Streams(families []Family) *rapid.Generator[Stream] {
	var pool []*Command // each as often as its weight
	for i := range families {
		for j := range families[i].Commands {
			c := &families[i].Commands[j]
			for range c.weight() {
				pool = append(pool, c)
			}
		}
	}
	call := func(g *Gen) Call {
		c := pool[g.Number(0, len(pool)-1)]
		var args []string
		if c.Args != nil {
			args = c.Args(g)
		}
		if !c.Exact && g.Chance(4) {
			args = g.mutate(args)
		}
		name := c.Name
		if g.Chance(10) {
			name = strings.ToLower(name)
		}
		return Call{c, append(strings.Fields(name), args...)}
	}
	step := rapid.Custom(func(t *rapid.T) Step {
		g := &Gen{t}
		s := Step{Conn: g.OneOfInt(0, 0, 0, 1)}
		for range g.OneOfInt(1, 1, 1, 2, 5) {
			s.Calls = append(s.Calls, call(g))
		}
		return s
	})
	// Slices of slices, because rapid's slices are short.
	steps := rapid.SliceOfN(rapid.SliceOfN(step, 1, 12), 1, 10)
	return rapid.Custom(func(t *rapid.T) Stream {
		g := &Gen{t}
		return Stream{
			Protocol: g.OneOfInt(2, 3),
			Events:   g.OneOf("", "KEA", "KEAn", "Eg$", "Kx"),
			Steps:    slices.Concat(steps.Draw(t, "steps")...),
		}
	})
}

// Lines makes a stream of commands that are written as one would type them, on
// one connection, in RESP2. It panics when a command is in no family.
func Lines(families []Family, lines ...string) Stream {
	s := Stream{Protocol: 2}
	for _, line := range lines {
		words := strings.Fields(line)
		c := find(families, words)
		if c == nil {
			panic("no family has the command " + line)
		}
		s.Steps = append(s.Steps, Step{Calls: []Call{{c, words}}})
	}
	return s
}

func find(families []Family, words []string) *Command {
	for _, f := range families {
		for i := range f.Commands {
			name := strings.Fields(f.Commands[i].Name)
			if len(words) >= len(name) && strings.EqualFold(strings.Join(words[:len(name)], " "), f.Commands[i].Name) {
				return &f.Commands[i]
			}
		}
	}
	return nil
}
