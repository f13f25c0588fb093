package server

import (
	"strings"
	"sync/atomic"
)

// Flag says what a command is, in the words of Redis's own command table, which
// COMMAND INFO repeats to clients.
type Flag uint32

// A command that has Write or ReadOnly works on keys and runs inside a
// transaction of the engine; one that has neither runs outside of any, unless it
// was queued by MULTI.
const (
	Write       Flag = 1 << iota // may change keys
	ReadOnly                     // only reads keys
	DenyOOM                      // refused at the memory limit
	Admin                        // for operators
	PubSub                       // of the publish/subscribe family
	NoScript                     // not for scripts
	Blocking                     // may block its client
	Loading                      // allowed while data is loaded
	Stale                        // allowed on a stale replica
	SkipMonitor                  // not shown to MONITOR
	SkipSlowlog                  // not in the slow log
	Fast                         // constant or logarithmic time
	NoAuth                       // allowed before AUTH
	NoMulti                      // refused inside MULTI
	MovableKeys                  // First, Last and Step do not tell where all keys are
	NoAsyncLoading
	AllowBusy
	NoMandatoryKeys
	MayReplicate
	keepsCache // reads, and writes what it has worked out if it can; no flag of Redis
)

// flagNames are Redis's names, in the order in which COMMAND INFO lists them.
var flagNames = [...]struct {
	f    Flag
	name string
}{
	{Write, "write"}, {ReadOnly, "readonly"}, {DenyOOM, "denyoom"}, {Admin, "admin"},
	{PubSub, "pubsub"}, {NoScript, "noscript"}, {Blocking, "blocking"}, {Loading, "loading"},
	{Stale, "stale"}, {SkipMonitor, "skip_monitor"}, {SkipSlowlog, "skip_slowlog"},
	{Fast, "fast"}, {NoAuth, "no_auth"}, {MayReplicate, "may_replicate"},
	{NoMandatoryKeys, "no_mandatory_keys"}, {NoAsyncLoading, "no_async_loading"},
	{NoMulti, "no_multi"}, {MovableKeys, "movablekeys"}, {AllowBusy, "allow_busy"},
}

// Group is the family that COMMAND DOCS files a command under. Its access
// category ("@string") follows from it.
type Group string

const (
	GroupGeneric      Group = "generic"
	GroupString       Group = "string"
	GroupList         Group = "list"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupHash         Group = "hash"
	GroupPubSub       Group = "pubsub"
	GroupTransactions Group = "transactions"
	GroupConnection   Group = "connection"
	GroupServer       Group = "server"
	GroupScripting    Group = "scripting"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupGeo          Group = "geo"
	GroupBitmap       Group = "bitmap"
)

// Command is an entry of the command table. The table is built anew for each
// Server, so an entry also carries the server's counters for it.
type Command struct {
	Name       string // lower case; a subcommand's own word ("list")
	Arity      int    // counts the name (and the subcommand); negative: at least so many
	Flags      Flag
	First      int // place of the first key, 0 for none; the name is place 0
	Last       int // of the last key; negative counts from the end
	Step       int // from one key to the next
	Group      Group
	Since      string
	Complexity string
	Summary    string
	ACL        []string // categories besides those that flags and group imply, without the @

	// Keys finds the keys where First, Last and Step cannot. It returns their
	// places in args; ok is false when args make no sense.
	Keys func(args [][]byte) (places []int, ok bool)

	// Run executes the command and writes exactly one reply to the Call (push
	// messages aside). Inside a transaction it may run more than once, when
	// the transaction it shared with others of its pipeline had to be undone:
	// it changes nothing but through the Call's Tx.
	Run func(*Call)

	// direct answers a command that only reads without a transaction, from what is
	// published, if it can: else it has written nothing and returns false.
	direct func(*Call) bool

	// Subs are the subcommands of a container ("client"), whose own Run serves
	// a call that names none; Arity of a subcommand counts both words.
	Subs []*Command

	parent *Command
	quick  bool      // the event loop may run it
	sized  bool      // or may, depending on what it reads: see short
	took   histogram // of its calls
	micros atomic.Int64
	failed atomic.Int64 // ran and answered an error
	denied atomic.Int64 // refused before it ran
}

// FullName is the name that Redis gives the command: "get", "client|list".
func (c *Command) FullName() string {
	if c.parent != nil {
		return c.parent.Name + "|" + c.Name
	}
	return c.Name
}

func (c *Command) is(f Flag) bool { return c.Flags&f != 0 }

// transactional reports whether the command runs inside a transaction.
func (c *Command) transactional() bool { return c.is(Write | ReadOnly) }

// takes reports whether n arguments, the name included, are a right number.
func (c *Command) takes(n int) bool {
	if c.Arity >= 0 {
		return n == c.Arity
	}
	return n >= -c.Arity
}

// keyPlaces returns the places of the keys in args.
func (c *Command) keyPlaces(args [][]byte) (places []int, ok bool) {
	if c.Keys != nil {
		return c.Keys(args)
	}
	if c.First == 0 {
		return nil, true
	}
	last := c.Last
	if last < 0 {
		last += len(args)
	}
	for i := c.First; i <= last && i < len(args); i += max(c.Step, 1) {
		places = append(places, i)
	}
	return places, len(places) > 0
}

// table is the commands by name.
type table struct {
	byName map[string]*Command
	all    []*Command // in the order of assembly
}

func newTable(groups ...[]*Command) *table {
	t := &table{byName: make(map[string]*Command, 256)}
	for _, g := range groups {
		for _, c := range g {
			t.byName[c.Name] = c
			c.quick = isQuick(c)
			c.sized = !c.quick && readsOne(c)
			t.all = append(t.all, c)
			for _, sub := range c.Subs {
				sub.parent = c
				if sub.Group == "" {
					sub.Group = c.Group
				}
			}
		}
	}
	return t
}

// find looks a name up in any case, without allocating.
func (t *table) find(name []byte) *Command {
	if c := t.byName[string(name)]; c != nil {
		return c
	}
	var lower [64]byte
	if len(name) > len(lower) {
		return nil
	}
	return t.byName[string(appendLower(lower[:0], name))]
}

// sub looks a subcommand up in any case.
func (c *Command) sub(name []byte) *Command {
	for _, s := range c.Subs {
		if strings.EqualFold(s.Name, string(name)) {
			return s
		}
	}
	return nil
}

func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// each visits all commands, each container before its subcommands.
func (t *table) each(fn func(*Command)) {
	for _, c := range t.all {
		fn(c)
		for _, sub := range c.Subs {
			fn(sub)
		}
	}
}

// reset sets all counters to zero.
func (t *table) reset() {
	t.each(func(c *Command) {
		c.took.reset()
		c.micros.Store(0)
		c.failed.Store(0)
		c.denied.Store(0)
	})
}
