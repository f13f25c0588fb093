package server

import (
	"math"
	"strconv"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/resp"
)

// stringCommands are those of plain strings.
func stringCommands() []*Command {
	g := func(name string, arity int, flags Flag, last, step int, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: step, Group: GroupString,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	const set = Write | DenyOOM
	commands := []*Command{
		g("get", 2, ReadOnly|Fast, 1, 1, "1.0.0", "O(1)", "Returns the string value of a key.", runGet),
		g("set", -3, set, 1, 1, "1.0.0", "O(1)", "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.", runSet),
		g("setnx", 3, set|Fast, 1, 1, "1.0.0", "O(1)", "Set the string value of a key only when the key doesn't exist.", runSetNX),
		g("setex", 4, set, 1, 1, "2.0.0", "O(1)", "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.", runSetEX),
		g("psetex", 4, set, 1, 1, "2.6.0", "O(1)", "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.", runSetEX),
		g("getset", 3, set|Fast, 1, 1, "1.0.0", "O(1)", "Returns the previous string value of a key after setting it to a new value.", runGetSet),
		g("getdel", 2, Write|Fast, 1, 1, "6.2.0", "O(1)", "Returns the string value of a key after deleting the key.", runGetDel),
		g("getex", -2, Write|Fast, 1, 1, "6.2.0", "O(1)", "Returns the string value of a key after setting its expiration time.", runGetEX),
		g("mget", -2, ReadOnly|Fast, -1, 1, "1.0.0", "O(N) where N is the number of keys to retrieve.", "Atomically returns the string values of one or more keys.", runMGet),
		g("mset", -3, set, -1, 2, "1.0.1", "O(N) where N is the number of keys to set.", "Atomically creates or modifies the string values of one or more keys.", runMSet),
		g("msetnx", -3, set, -1, 2, "1.0.1", "O(N) where N is the number of keys to set.", "Atomically modifies the string values of one or more keys only when all keys don't exist.", runMSet),
		g("append", 3, set|Fast, 1, 1, "2.0.0", "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.", "Appends a string to the value of a key. Creates the key if it doesn't exist.", runAppend),
		g("strlen", 2, ReadOnly|Fast, 1, 1, "2.2.0", "O(1)", "Returns the length of a string value.", runStrlen),
		g("incr", 2, set|Fast, 1, 1, "1.0.0", "O(1)", "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", func(c *Call) { c.incrBy(1) }),
		g("decr", 2, set|Fast, 1, 1, "1.0.0", "O(1)", "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", func(c *Call) { c.incrBy(-1) }),
		g("incrby", 3, set|Fast, 1, 1, "1.0.0", "O(1)", "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.", runIncrBy),
		g("decrby", 3, set|Fast, 1, 1, "1.0.0", "O(1)", "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.", runDecrBy),
		g("incrbyfloat", 3, set|Fast, 1, 1, "2.6.0", "O(1)", "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.", runIncrByFloat),
		g("getrange", 4, ReadOnly, 1, 1, "2.4.0", "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.", "Returns a substring of the string stored at a key.", runGetRange),
		g("substr", 4, ReadOnly, 1, 1, "1.0.0", "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.", "Returns a substring from a string value.", runGetRange),
		g("setrange", 4, set, 1, 1, "2.2.0", "O(1), not counting the time taken to copy the new string in place.", "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.", runSetRange),
		g("lcs", -3, ReadOnly, 2, 1, "7.0.0", "O(N*M) where N and M are the lengths of s1 and s2, respectively", "Finds the longest common substring.", runLCS),
	}
	commands[0].direct = getDirect
	return commands
}

// parseInt reads an integer argument.
func (c *Call) parseInt(i int) (int64, error) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok {
		return 0, ErrNotInteger
	}
	return n, nil
}

// getDirect is GET of a string that is there. Whether a key that is not has
// another type takes a second look, and so a snapshot.
func getDirect(c *Call) bool {
	if c.Server.swapped.Load() {
		return false
	}
	v, err := c.Server.strings[c.Conn.db].GetNoCopy(c.Args[1])
	if err != nil {
		return false
	}
	c.lookedUp(true)
	c.Bulk(v)
	return true
}

func runGet(c *Call) {
	v, ok, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	c.lookedUp(ok)
	c.bulkOrNull(v, ok)
}

// expiry is a deadline as an option gives it.
type expiry struct {
	given bool
	ms    int64 // Unix ms
}

// parseExpiry reads the number behind EX, PX, EXAT or PXAT.
func (c *Call) parseExpiry(unit string, arg []byte) (expiry, error) {
	n, ok := resp.ParseInt(arg)
	if !ok {
		return expiry{}, ErrNotInteger
	}
	invalid := Reply("ERR invalid expire time in '" + c.Cmd.Name + "' command")
	if n <= 0 {
		return expiry{}, invalid
	}
	if unit == "ex" || unit == "exat" {
		if n > math.MaxInt64/1000 {
			return expiry{}, invalid
		}
		n *= 1000
	}
	if unit == "ex" || unit == "px" {
		if n > math.MaxInt64-c.Tx.now {
			return expiry{}, invalid
		}
		n += c.Tx.now
	}
	return expiry{true, n}, nil
}

// expiryUnit recognizes the word before a time.
func expiryUnit(word []byte) string {
	for _, u := range [...]string{"ex", "px", "exat", "pxat"} {
		if equalFold(word, u) {
			return u
		}
	}
	return ""
}

func runSet(c *Call) {
	var (
		nx, xx, keep, get bool
		unit              string
		when              []byte
		exp               expiry
	)
	for i := 3; i < len(c.Args); i++ {
		u := expiryUnit(c.Args[i])
		switch {
		case c.Is(i, "nx") && !xx:
			nx = true
		case c.Is(i, "xx") && !nx:
			xx = true
		case c.Is(i, "get"):
			get = true
		case c.Is(i, "keepttl") && unit == "":
			keep = true
		case u != "" && (unit == "" || unit == u) && !keep && i+1 < len(c.Args):
			unit, when = u, c.Args[i+1]
			i++
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	if unit != "" { // after the syntax: its errors come first
		var err error
		if exp, err = c.parseExpiry(unit, when); err != nil {
			c.Fail(err)
			return
		}
	}
	c.set(c.Args[2], setOptions{nx: nx, xx: xx, keep: keep, get: get, exp: exp})
}

type setOptions struct {
	nx, xx, keep, get bool
	exp               expiry
}

// set is SET in all its forms.
func (c *Call) set(value []byte, o setOptions) {
	s, key := c.Space(), c.Args[1]
	var old engine.Item
	var exists bool
	if o.get || o.nx || o.xx || o.keep {
		var err error
		if old, exists, err = s.Item(key); err != nil {
			if o.get {
				c.Fail(err)
				return
			}
			exists = true
			if o.keep && !(o.nx) {
				ms, _ := s.Deadline(key)
				if ms != 0 {
					o.exp.ms = ms // kept, not given: no event
				}
			}
		}
	}
	if o.nx && exists || o.xx && !exists {
		c.oldValue(old, exists && o.get)
		return
	}
	dead := o.exp.ms
	if o.keep && !old.Deadline.IsZero() {
		dead = old.Deadline.UnixMilli()
	}
	s.setString(key, value, dead)
	s.Notify('$', "set", key)
	if o.exp.given {
		s.Notify('g', "expire", key)
	}
	if o.get {
		c.oldValue(old, exists)
		return
	}
	c.OK()
}

func (c *Call) oldValue(old engine.Item, there bool) {
	if there {
		c.Bulk(old.Value)
	} else {
		c.Null()
	}
}

// setString is Set for a deadline that may have passed: then the key is gone.
func (s *Space) setString(key, value []byte, dead int64) {
	if dead != 0 && dead <= s.t.now {
		s.Delete(key)
		s.t.touch(s.db, key)
		return
	}
	s.Set(key, value, dead)
}

func runSetNX(c *Call) {
	s := c.Space()
	if s.Exists(c.Args[1]) {
		c.Int(0)
		return
	}
	s.Set(c.Args[1], c.Args[2], 0)
	s.Notify('$', "set", c.Args[1])
	c.Int(1)
}

func runSetEX(c *Call) {
	unit := "ex"
	if c.Cmd.Name == "psetex" {
		unit = "px"
	}
	exp, err := c.parseExpiry(unit, c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	c.set(c.Args[3], setOptions{exp: exp})
}

func runGetSet(c *Call) {
	c.getThen(func(s *Space) { s.Set(c.Args[1], c.Args[2], 0); s.Notify('$', "set", c.Args[1]) }, true)
}

func runGetDel(c *Call) {
	c.getThen(func(s *Space) { s.Delete(c.Args[1]); s.Notify('g', "del", c.Args[1]) }, false)
}

// getThen answers the old value and runs change, for a missing key only if always.
func (c *Call) getThen(change func(*Space), always bool) {
	s := c.Space()
	v, ok, err := s.Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	if ok || always {
		change(s)
	}
	if ok {
		c.Bulk(v)
	} else {
		c.Null()
	}
}

func runGetEX(c *Call) {
	var (
		unit    string
		when    []byte
		exp     expiry
		persist bool
	)
	for i := 2; i < len(c.Args); i++ {
		u := expiryUnit(c.Args[i])
		switch {
		case c.Is(i, "persist") && unit == "":
			persist = true
		case u != "" && (unit == "" || unit == u) && !persist && i+1 < len(c.Args):
			unit, when = u, c.Args[i+1]
			i++
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	if !ok {
		c.Null()
		return
	}
	if unit != "" {
		if exp, err = c.parseExpiry(unit, when); err != nil {
			c.Fail(err)
			return
		}
	}
	switch {
	case exp.given && exp.ms <= c.Tx.now:
		s.Delete(key)
		s.Notify('g', "del", key)
	case exp.given:
		s.putString(key, it.Value, exp.ms)
		s.Notify('g', "expire", key)
	case persist && !it.Deadline.IsZero():
		s.putString(key, it.Value, 0)
		s.Notify('g', "persist", key)
	}
	c.Bulk(it.Value)
}

func runMGet(c *Call) {
	s := c.Space()
	c.Array(len(c.Args) - 1)
	for _, k := range c.Args[1:] {
		it, ok := s.item(k)
		c.lookedUp(ok)
		c.bulkOrNull(it.Value, ok)
	}
}

func runMSet(c *Call) {
	if len(c.Args)%2 == 0 {
		c.Error(wrongArity(c.Cmd))
		return
	}
	s := c.Space()
	nx := c.Cmd.Name == "msetnx"
	if nx {
		for i := 1; i < len(c.Args); i += 2 {
			if s.Exists(c.Args[i]) {
				c.Int(0)
				return
			}
		}
	}
	for i := 1; i < len(c.Args); i += 2 {
		s.Set(c.Args[i], c.Args[i+1], 0)
		s.Notify('$', "set", c.Args[i])
	}
	if nx {
		c.Int(1)
	} else {
		c.OK()
	}
}

// maxString is the longest string, as Redis has it. The engine's limit for a
// value may be lower and then decides.
const maxString = 512 << 20

const errStringSize = Reply("ERR string exceeds maximum allowed size (proto-max-bulk-len)")

func runAppend(c *Call) {
	s, key := c.Space(), c.Args[1]
	it, _, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	if len(it.Value)+len(c.Args[2]) > maxString {
		c.Fail(errStringSize)
		return
	}
	v := append(append(make([]byte, 0, len(it.Value)+len(c.Args[2])), it.Value...), c.Args[2]...)
	s.Update(it, key, v)
	s.Notify('$', "append", key)
	c.Int(int64(len(v)))
}

func runStrlen(c *Call) {
	v, _, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	c.Int(int64(len(v)))
}

func runIncrBy(c *Call) {
	n, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	c.incrBy(n)
}

func runDecrBy(c *Call) {
	n, err := c.parseInt(2)
	switch {
	case err != nil:
		c.Fail(err)
	case n == math.MinInt64:
		c.Failf("decrement would overflow")
	default:
		c.incrBy(-n)
	}
}

func (c *Call) incrBy(by int64) {
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	var n int64
	if ok {
		if n, ok = resp.ParseInt(it.Value); !ok {
			c.Fail(ErrNotInteger)
			return
		}
	}
	if by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by {
		c.Failf("increment or decrement would overflow")
		return
	}
	n += by
	var tmp [20]byte
	s.Update(it, key, strconv.AppendInt(tmp[:0], n, 10))
	s.Notify('$', "incrby", key)
	c.Int(n)
}

func runGetRange(c *Call) {
	from, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	to, err := c.parseInt(3)
	if err != nil {
		c.Fail(err)
		return
	}
	v, _, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	n := int64(len(v))
	if from < 0 && to < 0 && from > to {
		c.Bulk(nil)
		return
	}
	if from < 0 {
		from = max(from+n, 0)
	}
	if to < 0 {
		to = max(to+n, 0)
	}
	to = min(to, n-1)
	if from > to || n == 0 {
		c.Bulk(nil)
		return
	}
	c.Bulk(v[from : to+1])
}

func runSetRange(c *Call) {
	at, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	if at < 0 {
		c.Failf("offset is out of range")
		return
	}
	s, key, part := c.Space(), c.Args[1], c.Args[3]
	it, _, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	if len(part) == 0 {
		c.Int(int64(len(it.Value)))
		return
	}
	if at > maxString-int64(len(part)) {
		c.Fail(errStringSize)
		return
	}
	v := make([]byte, max(len(it.Value), int(at)+len(part)))
	copy(v, it.Value)
	copy(v[at:], part)
	s.Update(it, key, v)
	s.Notify('$', "setrange", key)
	c.Int(int64(len(v)))
}
