package server

import (
	"math/bits"

	"github.com/redis-lite/redis-lite/server/resp"
)

// bitCommands are those that see a string as bits, the most significant bit of a
// byte first.
func bitCommands() []*Command {
	g := func(name string, arity int, flags Flag, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: 1, Step: 1, Group: GroupBitmap,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	op := g("bitop", -4, Write|DenyOOM, "2.6.0", "O(N)", "Performs bitwise operations on multiple strings, and stores the result.", runBitOp)
	op.First, op.Last = 2, -1
	return []*Command{
		g("setbit", 4, Write|DenyOOM, "2.2.0", "O(1)", "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.", runSetBit),
		g("getbit", 3, ReadOnly|Fast, "2.2.0", "O(1)", "Returns a bit value by offset.", runGetBit),
		g("bitcount", -2, ReadOnly, "2.6.0", "O(N)", "Counts the number of set bits (population counting) in a string.", runBitCount),
		g("bitpos", -3, ReadOnly, "2.8.7", "O(N)", "Finds the first set (1) or clear (0) bit in a string.", runBitPos),
		g("bitfield", -2, Write|DenyOOM, "3.2.0", "O(1) for each subcommand specified", "Performs arbitrary bitfield integer operations on strings.", runBitField),
		g("bitfield_ro", -2, ReadOnly|Fast, "6.0.0", "O(1) for each subcommand specified", "Performs arbitrary read-only bitfield integer operations on strings.", runBitField),
		op,
	}
}

const errBitOffset = Reply("ERR bit offset is not an integer or out of range")

// bitOffset reads an offset; with width, "#3" means the fourth field of so many
// bits.
func bitOffset(arg []byte, width int64) (int64, error) {
	times := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, times = arg[1:], width
	}
	n, ok := resp.ParseInt(arg)
	if !ok || n < 0 || n > (maxString<<3)/times || n*times>>3 >= maxString {
		return 0, errBitOffset
	}
	return n * times, nil
}

// grown returns a copy of a string that is at least size bytes long.
func grown(v []byte, size int) []byte {
	out := make([]byte, max(len(v), size))
	copy(out, v)
	return out
}

func bitAt(v []byte, at int64) byte {
	if at>>3 >= int64(len(v)) {
		return 0
	}
	return v[at>>3] >> (7 - at&7) & 1
}

func runSetBit(c *Call) {
	at, err := bitOffset(c.Args[2], 0)
	if err != nil {
		c.Fail(err)
		return
	}
	bit, ok := resp.ParseInt(c.Args[3])
	if !ok || bit&^1 != 0 {
		c.Failf("bit is not an integer or out of range")
		return
	}
	s, key := c.Space(), c.Args[1]
	it, _, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	old := bitAt(it.Value, at)
	if int64(old) == bit && at>>3 < int64(len(it.Value)) {
		c.Int(bit) // nothing changes, nobody is told
		return
	}
	v := grown(it.Value, int(at>>3)+1)
	v[at>>3] = v[at>>3]&^(1<<(7-at&7)) | byte(bit)<<(7-at&7)
	s.Update(it, key, v)
	s.Notify('$', "setbit", key)
	c.Int(int64(old))
}

func runGetBit(c *Call) {
	at, err := bitOffset(c.Args[2], 0)
	if err != nil {
		c.Fail(err)
		return
	}
	v, _, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	c.Int(int64(bitAt(v, at)))
}

// bitUnit reads BIT or BYTE.
func (c *Call) bitUnit(i int) (inBits bool, err error) {
	switch {
	case c.Is(i, "bit"):
		return true, nil
	case c.Is(i, "byte"):
		return false, nil
	}
	return false, ErrSyntax
}

// clampRange makes a range with negative ends one inside of n units; ends are
// inclusive.
func clampRange(from, to, n int64) (int64, int64) {
	if from < 0 {
		from = max(from+n, 0)
	}
	if to < 0 {
		to = max(to+n, 0)
	}
	return from, min(to, n-1)
}

func runBitCount(c *Call) {
	v, ok, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	if !ok {
		c.Int(0)
		return
	}
	from, to := int64(0), int64(len(v))*8-1
	switch len(c.Args) {
	case 2:
	case 4, 5:
		if from, err = c.parseInt(2); err == nil {
			to, err = c.parseInt(3)
		}
		if err != nil {
			c.Fail(err)
			return
		}
		if from < 0 && to < 0 && from > to {
			c.Int(0)
			return
		}
		inBits := false
		if len(c.Args) == 5 {
			if inBits, err = c.bitUnit(4); err != nil {
				c.Fail(err)
				return
			}
		}
		if inBits {
			from, to = clampRange(from, to, int64(len(v))*8)
		} else {
			if from, to = clampRange(from, to, int64(len(v))); from <= to { // else from may be anything
				from, to = from*8, to*8+7
			}
		}
	default:
		c.Fail(ErrSyntax)
		return
	}
	c.Int(countBits(v, from, to))
}

// countBits counts the ones from bit from to bit to, inclusive.
func countBits(v []byte, from, to int64) (n int64) {
	for at := from; at <= to; {
		if at&7 == 0 && to-at >= 7 {
			n += int64(bits.OnesCount8(v[at>>3]))
			at += 8
			continue
		}
		n += int64(bitAt(v, at))
		at++
	}
	return n
}

func runBitPos(c *Call) {
	bit, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	if bit&^1 != 0 {
		c.Failf("The bit argument must be 1 or 0.")
		return
	}
	v, ok, err := c.Space().Get(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	if !ok {
		c.Int(-bit)
		return
	}
	from, to, ended := int64(0), int64(len(v))*8-1, false
	switch len(c.Args) {
	case 3:
	case 4, 5, 6:
		if from, err = c.parseInt(3); err != nil {
			c.Fail(err)
			return
		}
		inBits := false
		if len(c.Args) == 6 {
			if inBits, err = c.bitUnit(5); err != nil {
				c.Fail(err)
				return
			}
		}
		n := int64(len(v))
		if inBits {
			n *= 8
		}
		to = n - 1
		if len(c.Args) >= 5 {
			if to, err = c.parseInt(4); err != nil {
				c.Fail(err)
				return
			}
			ended = true
		}
		from, to = clampRange(from, to, n)
		if !inBits && from <= to { // else from may be anything
			from, to = from*8, to*8+7
		}
	default:
		c.Fail(ErrSyntax)
		return
	}
	if from > to {
		c.Int(-1)
		return
	}
	at := findBit(v, byte(bit), from, to)
	if at < 0 && bit == 0 && !ended {
		at = int64(len(v)) * 8 // zeros follow
	}
	c.Int(at)
}

// findBit returns the place of the first bit with this value, or -1.
func findBit(v []byte, bit byte, from, to int64) int64 {
	skip := byte(0)
	if bit == 0 {
		skip = 0xff
	}
	for at := from; at <= to; {
		if at&7 == 0 && v[at>>3] == skip {
			at += 8
			continue
		}
		if bitAt(v, at) == bit {
			return at
		}
		at++
	}
	return -1
}

func runBitOp(c *Call) {
	var combine func(a, b byte) byte
	not := c.Is(1, "not")
	switch {
	case c.Is(1, "and"):
		combine = func(a, b byte) byte { return a & b }
	case c.Is(1, "or"):
		combine = func(a, b byte) byte { return a | b }
	case c.Is(1, "xor"):
		combine = func(a, b byte) byte { return a ^ b }
	case !not:
		c.Fail(ErrSyntax)
		return
	}
	if not && len(c.Args) != 4 {
		c.Failf("BITOP NOT must be called with a single source key.")
		return
	}
	s, dst := c.Space(), c.Args[2]
	var sources [][]byte
	size := 0
	for _, k := range c.Args[3:] {
		v, _, err := s.Get(k)
		if err != nil {
			c.Fail(err)
			return
		}
		sources = append(sources, v)
		size = max(size, len(v))
	}
	if size == 0 {
		if s.Delete(dst) {
			s.Notify('g', "del", dst)
		}
		c.Int(0)
		return
	}
	out := grown(sources[0], size)
	if not {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	for _, v := range sources[1:] {
		for i := range out {
			var b byte // shorter strings go on with zeros
			if i < len(v) {
				b = v[i]
			}
			out[i] = combine(out[i], b)
		}
	}
	s.Set(dst, out, 0)
	s.Notify('$', "set", dst)
	c.Int(int64(size))
}
