package difftest

import (
	"slices"
	"strings"
)

// Difference is an answer that is meant to be another one than Redis gives.
type Difference struct {
	// Command is the one command that it is about.
	Command string
	// Case tells several differences of a command apart; may be empty.
	Case string
	// Reason says why, to a user.
	Reason string
	// Example is a stream, a command a line, in which it is seen.
	Example []string
	// Excuses decides which pairs of replies the difference covers.
	Excuses func(redis, ours Reply) bool
}

// Name is the command and the case.
func (d Difference) Name() string {
	if d.Case == "" {
		return d.Command
	}
	return d.Command + ": " + d.Case
}

// Differences are the meant ones.
func Differences() []Difference {
	return []Difference{
		{Command: "CLIENT INFO", Reason: "has lib-name and lib-ver as Redis 7.2 does: clients of today send them",
			Example: []string{"CLIENT INFO"},
			Excuses: func(redis, ours Reply) bool {
				line, _, _ := strings.Cut(ours.Text, " lib-name=")
				return redis.Kind == ours.Kind && clientLine(redis.Text) == clientLine(line+"\n")
			}},
		{Command: "OBJECT ENCODING", Reason: "goes by what the key holds now and by this server's own limits; Redis also by how it came there, and does not go back to a smaller form",
			Example: []string{"SET a short", "APPEND a er", "OBJECT ENCODING a"},
			Excuses: func(redis, ours Reply) bool {
				other := map[string]string{
					"raw": "embstr int", "embstr": "int", "hashtable": "intset listpack", "skiplist": "listpack", "quicklist": "listpack",
					"listpack": "hashtable skiplist quicklist", "intset": "hashtable",
				}
				return redis.Kind == ours.Kind && slices.Contains(strings.Fields(other[redis.Text]), ours.Text)
			}},
		{Command: "OBJECT IDLETIME", Reason: "begins at 0: the IDLETIME that RESTORE is given is not kept, for nothing is evicted",
			Example: []string{"SET b 1", "RESTORE b a 0 IDLETIME 1000", "OBJECT IDLETIME a"},
			Excuses: func(redis, ours Reply) bool {
				n, ok := redis.Int()
				m, ok2 := ours.Int()
				return ok && ok2 && n >= 10 && m < n
			}},
		{Command: "OBJECT REFCOUNT", Reason: "is always 1: values are not shared, as small integers and copies are in Redis",
			Example: []string{"SET a 1", "OBJECT REFCOUNT a"},
			Excuses: func(redis, ours Reply) bool {
				n, ok := redis.Int()
				return ok && n > 1 && ours.Equal(Reply{Kind: Integer, Text: "1"})
			}},
	}
}
