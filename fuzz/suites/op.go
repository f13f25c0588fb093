package suites

import (
	"fmt"
	"sort"
	"strings"
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
	Reopen                  // an orderly close and an open
)

var kindNames = map[Kind]string{
	Set: "set", Delete: "delete", Tx: "tx", Clear: "clear", Expire: "expire",
	Sweep: "sweep", Compact: "compact", Rotate: "rotate", Reopen: "reopen",
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
		return fmt.Sprintf("%v %s=%s", o.Kind, o.Key, short(o.Value))
	case Rotate:
		return fmt.Sprintf("%v (%s=%s)", o.Kind, o.Key, short(o.Value))
	case Delete:
		return fmt.Sprintf("%v %s", o.Kind, o.Key)
	case Tx:
		return fmt.Sprintf("%v %s=%s, -%s", o.Kind, o.Key, short(o.Value), o.Other)
	}
	return o.Kind.String()
}

func short(s string) string {
	if len(s) > 12 {
		return fmt.Sprintf("%s…(%d)", s[:8], len(s))
	}
	return s
}

// State is what a store holds: the model that it is held to. Deadlines are not
// in it, because the suites look with a clock at which nothing has expired.
type State map[string]string

// Apply returns the state after an operation.
func (s State) Apply(o Op) State {
	next := make(State, len(s)+1)
	for k, v := range s {
		next[k] = v
	}
	switch o.Kind {
	case Set, Rotate:
		next[o.Key] = o.Value
	case Expire:
		next[o.Key] = o.Value + expiring
	case Delete:
		delete(next, o.Key)
	case Tx:
		next[o.Key] = o.Value
		delete(next, o.Other)
	case Clear:
		clear(next)
	case Sweep:
		for k, v := range next {
			if strings.HasSuffix(v, expiring) {
				delete(next, k)
			}
		}
	}
	return next
}

// expiring ends the values of keys with a deadline, so that the model knows them.
const expiring = "~"

// String is the state in one canonical form: equal states, equal strings.
func (s State) String() string {
	keys := make([]string, 0, len(s))
	for k := range s {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%s=%s;", k, s[k])
	}
	return b.String()
}
