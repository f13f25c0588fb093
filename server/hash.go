package server

import (
	"math"
	"math/big"
	"strconv"

	"github.com/redis-lite/redis-lite/server/resp"
)

// hashCommands are those of hashes.
func hashCommands() []*Command {
	g := func(name string, arity int, flags Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: 1, Step: 1, Group: GroupHash,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	const set = Write | DenyOOM | Fast
	return []*Command{
		g("hset", -4, set, "2.0.0", "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.", "Creates or modifies the value of a field in a hash.", runHSet),
		g("hsetnx", 4, set, "2.0.0", "O(1)", "Sets the value of a field in a hash only when the field doesn't exist.", runHSetNX),
		g("hmset", -4, set, "2.0.0", "O(N) where N is the number of fields being set.", "Sets the values of multiple fields.", runHSet),
		g("hget", 3, ReadOnly|Fast, "2.0.0", "O(1)", "Returns the value of a field in a hash.", runHGet),
		g("hmget", -3, ReadOnly|Fast, "2.0.0", "O(N) where N is the number of fields being requested.", "Returns the values of all fields in a hash.", runHMGet),
		g("hgetall", 2, ReadOnly, "2.0.0", "O(N) where N is the size of the hash.", "Returns all fields and values in a hash.", runHGetAll),
		g("hkeys", 2, ReadOnly, "2.0.0", "O(N) where N is the size of the hash.", "Returns all fields in a hash.", runHKeys),
		g("hvals", 2, ReadOnly, "2.0.0", "O(N) where N is the size of the hash.", "Returns all values in a hash.", runHVals),
		g("hlen", 2, ReadOnly|Fast, "2.0.0", "O(1)", "Returns the number of fields in a hash.", func(c *Call) { c.runLen(KindHash) }),
		g("hdel", -3, Write|Fast, "2.0.0", "O(N) where N is the number of fields to be removed.", "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.", func(c *Call) { c.runRemove(KindHash, "hdel") }),
		g("hexists", 3, ReadOnly|Fast, "2.0.0", "O(1)", "Determines whether a field exists in a hash.", func(c *Call) { c.runHas(KindHash) }),
		g("hincrby", 4, set, "2.0.0", "O(1)", "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.", runHIncrBy),
		g("hincrbyfloat", 4, set, "2.6.0", "O(1)", "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.", runHIncrByFloat),
		g("hstrlen", 3, ReadOnly|Fast, "3.2.0", "O(1)", "Returns the length of the value of a field.", runHStrlen),
		g("hrandfield", -2, ReadOnly, "6.2.0", "O(N) where N is the number of fields returned", "Returns one or more random fields from a hash.", runHRandField),
		g("hscan", -3, ReadOnly, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.", "Iterates over fields and values of a hash.", func(c *Call) { c.runScanIn(KindHash) }),
	}
}

func runHSet(c *Call) {
	if len(c.Args)%2 != 0 {
		c.Error(wrongArity(c.Cmd))
		return
	}
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	added := int64(0)
	for i := 2; i < len(c.Args); i += 2 {
		if h.Put(c.Args[i], c.Args[i+1]) {
			added++
		}
	}
	c.closeWith(h, "hset")
	if c.Cmd.Name == "hmset" {
		c.OK()
	} else {
		c.Int(added)
	}
}

func runHSetNX(c *Call) {
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	if h.Has(c.Args[2]) {
		c.Int(0)
		return
	}
	h.Put(c.Args[2], c.Args[3])
	c.closeWith(h, "hset")
	c.Int(1)
}

// bulkOrNull answers a value, or that there is none.
func (c *Call) bulkOrNull(v []byte, ok bool) {
	if ok {
		c.Bulk(v)
	} else {
		c.Null()
	}
}

func runHGet(c *Call) {
	if h, ok := c.open(KindHash); ok {
		c.bulkOrNull(h.Get(c.Args[2]))
	}
}

func runHMGet(c *Call) {
	c.runEach(KindHash, func(h *Collection, field []byte) { c.bulkOrNull(h.Get(field)) })
}

func runHGetAll(c *Call) {
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	from, n := c.Len(), 0
	c.Map(h.Len())
	for k, v := range h.All() {
		c.Bulk(k)
		c.Bulk(v)
		n++
	}
	c.checkCount(h, from, n)
}

func runHKeys(c *Call) {
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	from, n := c.Len(), 0
	c.Array(h.Len())
	for k := range h.All() {
		c.Bulk(k)
		n++
	}
	c.checkCount(h, from, n)
}

func runHVals(c *Call) {
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	from, n := c.Len(), 0
	c.Array(h.Len())
	for _, v := range h.All() {
		c.Bulk(v)
		n++
	}
	c.checkCount(h, from, n)
}

func runHStrlen(c *Call) {
	if h, ok := c.open(KindHash); ok {
		v, _ := h.Get(c.Args[2])
		c.Int(int64(len(v)))
	}
}

func runHIncrBy(c *Call) {
	by, err := c.parseInt(3)
	if err != nil {
		c.Fail(err)
		return
	}
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	n := int64(0)
	if v, ok := h.Get(c.Args[2]); ok {
		if n, ok = resp.ParseInt(v); !ok {
			c.Failf("hash value is not an integer")
			return
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		c.Failf("increment or decrement would overflow")
		return
	}
	n += by
	h.Put(c.Args[2], strconv.AppendInt(nil, n, 10))
	c.closeWith(h, "hincrby")
	c.Int(n)
}

func runHIncrByFloat(c *Call) {
	by, ok := parseLongDouble(c.Args[3])
	if !ok {
		c.Fail(ErrNotFloat)
		return
	}
	if by.IsInf() {
		c.Failf("value is NaN or Infinity")
		return
	}
	h, ok := c.open(KindHash)
	if !ok {
		return
	}
	n := new(big.Float).SetPrec(longDouble)
	if v, there := h.Get(c.Args[2]); there {
		if n, ok = parseLongDouble(v); !ok {
			c.Failf("hash value is not a float")
			return
		}
	}
	text, ok := addLongDouble(n, by)
	if !ok {
		c.Failf("increment would produce NaN or Infinity")
		return
	}
	h.Put(c.Args[2], []byte(text))
	c.closeWith(h, "hincrbyfloat")
	c.BulkString(text)
}

func runHRandField(c *Call) {
	c.runRandom(KindHash, "withvalues", func(e entry, withValue bool) {
		if withValue && c.Proto() == 3 {
			c.Array(2)
		}
		c.Bulk(e.k)
		if withValue {
			c.Bulk(e.v)
		}
	})
}
