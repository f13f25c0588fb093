package suites

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// Kind is what an operation does to the store.
type Kind uint8

// The operations that histories are made of.
const (
	Set     Kind = iota + 1 // one key
	Delete                  // one key
	Tx                      // sets Key and deletes Other, as one transaction
	Clear                   // deletes every key, as one logged range
	Expire                  // sets Key with a deadline that has passed when it is next read
	Sweep                   // logs the deletion of what has expired
	Compact                 // snapshot, MANIFEST, removal of old log
	Rotate                  // a value so large that the log has to go on in a new segment
)

var kindNames = map[Kind]string{
	Set: "set", Delete: "delete", Tx: "tx", Clear: "clear", Expire: "expire",
	Sweep: "sweep", Compact: "compact", Rotate: "rotate",
}

func (k Kind) String() string { return kindNames[k] }

// Op is one operation of a history. Value tells writes of the same key apart, so
// that what a crash leaves says which of them it was.
type Op struct {
	Kind  Kind
	Key   string
	Other string
	Value string
}

func (o Op) String() string {
	switch o.Kind {
	case Set, Expire:
		return fmt.Sprintf("%v %s=%s", o.Kind, o.Key, brief(o.Value))
	case Rotate:
		return fmt.Sprintf("%v (%s=%s)", o.Kind, o.Key, brief(o.Value))
	case Delete:
		return fmt.Sprintf("%v %s", o.Kind, o.Key)
	case Tx:
		return fmt.Sprintf("%v %s=%s, -%s", o.Kind, o.Key, brief(o.Value), o.Other)
	}
	return o.Kind.String()
}

func brief(s string) string {
	if len(s) > 12 {
		return fmt.Sprintf("%s…(%d)", s[:8], len(s))
	}
	return s
}

// expiring ends the values of keys with a deadline, so that the model knows them.
const expiring = "~"

// apply is the model. Deadlines are not in it: the suites look with a clock at
// which nothing has expired, and sweep with one at which everything has.
func apply(s crashtest.State, o Op) {
	switch o.Kind {
	case Set, Rotate:
		s[o.Key] = o.Value
	case Expire:
		s[o.Key] = o.Value + expiring
	case Delete:
		delete(s, o.Key)
	case Tx:
		s[o.Key] = o.Value
		delete(s, o.Other)
	case Clear:
		clear(s)
	case Sweep:
		for k, v := range s {
			if strings.HasSuffix(v, expiring) {
				delete(s, k)
			}
		}
	}
}

// Alphabet is one operation of each kind, and an orderly reopen: what short
// histories are made of. Two keys are enough to overwrite, to delete what is
// there and what is not, and to move between.
func Alphabet() []crashtest.Step[Op] {
	steps := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"},
		Op{Kind: Set, Key: "a", Value: strings.Repeat("two", 400)},
		Op{Kind: Delete, Key: "a"},
		Op{Kind: Tx, Key: "a", Value: "3", Other: "b"},
		Op{Kind: Tx, Key: "b", Value: "4", Other: "a"},
		Op{Kind: Clear},
		Op{Kind: Expire, Key: "b", Value: "5"},
		Op{Kind: Sweep},
		Op{Kind: Compact},
		Op{Kind: Rotate, Key: "b", Value: strings.Repeat("6", rotateSize)},
	)
	return append(steps, crashtest.Step[Op]{Action: crashtest.Reopen})
}

// Draw draws one operation of a long history.
func Draw(t *rapid.T) Op {
	keys := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	o := Op{
		Kind: rapid.SampledFrom([]Kind{Set, Set, Set, Tx, Tx, Delete, Expire, Sweep, Compact, Rotate, Clear}).Draw(t, "kind"),
		Key:  keys.Draw(t, "key"),
	}
	o.Other = keys.Filter(func(k string) bool { return k != o.Key }).Draw(t, "other")
	length := rapid.SampledFrom([]int{1, 10, 600, 2000}).Draw(t, "length")
	if o.Kind == Rotate {
		length = rotateSize
	}
	o.Value = strings.Repeat(string(rapid.RuneFrom([]rune("abcdefghij")).Draw(t, "value")), length)
	return o
}
