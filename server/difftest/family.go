package difftest

import "strings"

// Family is a group of commands with generators for their arguments.
type Family struct {
	Name     string
	Commands []Command
	// Readers say how to read whole values, by the types that TYPE names.
	Readers map[string]Reader
}

// Command is one command of the streams.
type Command struct {
	// Name is the command, of two words for one with subcommands.
	Name string
	// Weight is how often the command is drawn, compared with others; 0 counts
	// as 4.
	Weight int
	// Args draws the arguments behind the name; nil for none.
	Args func(g *Gen) []string
	// Compare decides whether two replies agree; nil stands for Reply.Equal.
	// Two errors are always compared by their text.
	Compare Compare
	// Exact keeps the arguments from being mutated: for commands that are
	// harmless only as they are.
	Exact bool
	// Macro runs the command as several and makes one reply of theirs, for
	// commands whose single replies cannot agree. In a transaction the command
	// is queued as it is, or left out when it is for Outside alone.
	Outside bool
	Macro   func(c *Conn, args []string) (Reply, error)
}

// Reader reads the value of a key of one type.
type Reader struct {
	// Args are the command with its arguments; "KEY" stands for the key.
	Args    []string
	Compare Compare // nil: Reply.Equal
}

func (r Reader) args(key string) []string {
	out := make([]string, len(r.Args))
	for i, a := range r.Args {
		if out[i] = a; a == "KEY" {
			out[i] = key
		}
	}
	return out
}

func (c *Command) weight() int {
	if c.Weight == 0 {
		return 4
	}
	return c.Weight
}

func (c *Command) compare(redis, ours Reply) bool {
	if redis.Kind == Error || ours.Kind == Error || c.Compare == nil {
		return redis.Equal(ours)
	}
	return c.Compare(redis, ours)
}

// Families are all there are.
func Families() []Family {
	return []Family{
		stringFamily(), bitFamily(), keyFamily(), expiryFamily(), transactionFamily(),
		connectionFamily(), serverFamily(), hashFamily(), setFamily(), listFamily(), blockFamily(), zsetFamily(),
		hyperLogLogFamily(), geoFamily(), trackingFamily(),
	}
}

// Names lists the commands of the families, in upper case.
func Names(families []Family) map[string]bool {
	names := make(map[string]bool)
	for _, f := range families {
		for _, c := range f.Commands {
			names[strings.ToUpper(c.Name)] = true
		}
	}
	return names
}
