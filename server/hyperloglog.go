package server

import (
	"bytes"
	"errors"

	"github.com/redis-lite/redis-lite/server/hll"
)

// hyperLogLogCommands are PFADD, PFCOUNT and PFMERGE, on strings in Redis's own
// form: GET and SET carry them to Redis and back.
func hyperLogLogCommands() []*Command {
	g := func(name string, flags Flag, last int, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: -2, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupHyperLogLog,
			Since: "2.8.9", Complexity: complexity, Summary: summary, Run: run}
	}
	return []*Command{
		g("pfadd", Write|DenyOOM|Fast, 1, "O(1) to add every element.", "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.", runPFAdd),
		g("pfcount", ReadOnly|MayReplicate|keepsCache, -1, "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.", "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).", runPFCount),
		g("pfmerge", Write|DenyOOM, -1, "O(N) to merge N HyperLogLogs, but with high constant times.", "Merges one or more HyperLogLog values into a single key.", runPFMerge),
	}
}

const (
	errNoHLL      = Reply("WRONGTYPE Key is not a valid HyperLogLog string value.")
	errCorruptHLL = Reply("INVALIDOBJ Corrupted HLL object detected")
)

// sketch parses a stored value.
func sketch(value []byte) (hll.Sketch, error) {
	s, err := hll.Parse(value)
	if err != nil {
		return nil, errNoHLL
	}
	return s, nil
}

// failHLL answers what went wrong.
func (c *Call) failHLL(err error) {
	if errors.Is(err, hll.ErrCorrupt) {
		err = errCorruptHLL
	}
	c.Fail(err)
}

func runPFAdd(c *Call) {
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	h := hll.New()
	changed := !ok
	if ok {
		if h, err = sketch(it.Value); err != nil {
			c.Fail(err)
			return
		}
		h = bytes.Clone(h)
	}
	for _, element := range c.Args[2:] {
		one, err := h.Add(element)
		if err != nil {
			c.failHLL(err)
			return
		}
		changed = changed || one
	}
	if changed {
		h.Invalidate()
		s.Update(it, key, h)
		s.Notify('$', "pfadd", key)
	}
	c.Flag(changed)
}

// union merges the HyperLogLogs of some keys, of which any may be absent.
func (c *Call) union(keys [][]byte) (r *hll.Registers, dense bool, err error) {
	r = new(hll.Registers)
	for _, k := range keys {
		v, ok, err := c.Space().Get(k)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			continue
		}
		h, err := sketch(v)
		if err != nil {
			return nil, false, err
		}
		dense = dense || h.Dense()
		if err := r.Merge(h); err != nil {
			return nil, false, err
		}
	}
	return r, dense, nil
}

// runPFCount keeps the count of a single key in its value, as Redis does, unless
// that cannot be written now.
func runPFCount(c *Call) {
	if len(c.Args) > 2 {
		r, _, err := c.union(c.Args[1:])
		if err != nil {
			c.failHLL(err)
			return
		}
		c.Int(int64(r.Count()))
		return
	}
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	switch {
	case err != nil:
		c.Fail(err)
		return
	case !ok:
		c.Int(0)
		return
	}
	h, err := sketch(it.Value)
	if err != nil {
		c.Fail(err)
		return
	}
	n, ok := h.Cached()
	if !ok {
		if n, err = h.Count(); err != nil {
			c.failHLL(err)
			return
		}
		if c.Tx.Writable() {
			h = bytes.Clone(h)
			h.Keep(n)
			s.Update(it, key, h)
		}
	}
	c.Int(int64(n))
}

func runPFMerge(c *Call) {
	r, dense, err := c.union(c.Args[1:])
	if err != nil {
		c.failHLL(err)
		return
	}
	s, key := c.Space(), c.Args[1]
	it, ok, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	h := hll.New()
	if ok {
		h = bytes.Clone(it.Value)
	}
	if dense {
		err = h.MakeDense()
	}
	if err == nil {
		err = r.MergeInto(&h)
	}
	if err != nil {
		c.failHLL(err)
		return
	}
	s.Update(it, key, h)
	s.Notify('$', "pfadd", key)
	c.OK()
}
