package server

import "github.com/redis-lite/redis-lite/server/resp"

// objectCommand tells about the insides of values what clients ask for. Accesses
// are not counted here, for nothing is ever evicted.
func objectCommands() []*Command {
	sub := func(name, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: 3, Flags: ReadOnly, First: 2, Last: 2, Step: 1, Group: GroupGeneric, Since: "2.2.3",
			Complexity: "O(1)", Summary: summary, Run: run, ACL: []string{"keyspace"}}
	}
	return []*Command{{Name: "object", Arity: -2, Group: GroupGeneric, Since: "2.2.3", Complexity: "Depends on subcommand.",
		Summary: "A container for object introspection commands.",
		Run:     func(c *Call) { c.Error(wrongArity(c.Cmd)) },
		Subs: []*Command{
			sub("encoding", "Returns the internal encoding of an object.", ifKey(func(c *Call, s *Space) { c.BulkString(s.encoding(c.Args[2])) })),
			sub("freq", "Returns the logarithmic access frequency counter of an object.", ifKey(func(c *Call, _ *Space) {
				c.Failf("An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
			})),
			sub("idletime", "Returns the time since the last access to an object. Always 0.", ifKey(func(c *Call, _ *Space) { c.Int(0) })),
			sub("refcount", "Returns the reference count of a value. Always 1.", ifKey(func(c *Call, _ *Space) { c.Int(1) })),
		}}}
}

// ifKey answers null when the key, argument 2, is not there.
func ifKey(run func(*Call, *Space)) func(*Call) {
	return func(c *Call) {
		s := c.Space()
		if !s.Exists(c.Args[2]) {
			c.Null()
			return
		}
		run(c, s)
	}
}

// listpackFields is how many short fields Redis keeps in a listpack.
const listpackFields = 512

// encoding names what Redis would hold the value in: clients and tests look at it.
func (s *Space) encoding(key []byte) string {
	if it, ok := s.item(key); ok {
		if _, isInt := resp.ParseInt(it.Value); isInt {
			return "int"
		}
		if len(it.Value) <= 44 {
			return "embstr"
		}
		return "raw"
	}
	c, _ := s.OpenAny(key)
	switch c.Kind() {
	case KindList:
		return "quicklist"
	case KindSet:
		if c.onlyInts() {
			return "intset"
		}
		return "hashtable"
	case KindZset:
		if !c.Packed() {
			return "skiplist"
		}
	default:
		if c.m.pages.apart > 0 || c.Len() > listpackFields {
			return "hashtable"
		}
	}
	return "listpack"
}

// onlyInts reports whether a set is one that Redis would keep as numbers.
func (c *Collection) onlyInts() bool {
	if c.Len() > 512 {
		return false
	}
	for e := range c.All() {
		if _, ok := resp.ParseInt(e); !ok {
			return false
		}
	}
	return true
}
