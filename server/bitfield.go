package server

import (
	"math"

	"github.com/redis-lite/redis-lite/server/resp"
)

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	set, incr bool // neither: get
	signed    bool
	bits      int64
	at        int64
	value     int64
	overflow  byte // w, s, f: wrap, saturate, fail
}

// fieldType reads a type: i1 to i64, u1 to u63.
func fieldType(arg []byte) (signed bool, bits int64, err error) {
	if len(arg) > 1 && (arg[0] == 'i' || arg[0] == 'u') {
		signed = arg[0] == 'i'
		n, ok := resp.ParseInt(arg[1:])
		if ok && n >= 1 && (n <= 63 || signed && n == 64) {
			return signed, n, nil
		}
	}
	return false, 0, Reply("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
}

// parseFields reads the operations; last is the highest bit that one of them
// writes, -1 when none does.
func (c *Call) parseFields() (ops []fieldOp, last int64, err error) {
	overflow, last := byte('w'), int64(-1)
	for i := 2; i < len(c.Args); {
		left := len(c.Args) - i - 1
		if c.Is(i, "overflow") && left >= 1 {
			switch {
			case c.Is(i+1, "wrap"):
				overflow = 'w'
			case c.Is(i+1, "sat"):
				overflow = 's'
			case c.Is(i+1, "fail"):
				overflow = 'f'
			default:
				return nil, 0, Reply("ERR Invalid OVERFLOW type specified")
			}
			i += 2
			continue
		}
		op := fieldOp{overflow: overflow}
		switch {
		case c.Is(i, "get") && left >= 2:
		case c.Is(i, "set") && left >= 3:
			op.set = true
		case c.Is(i, "incrby") && left >= 3:
			op.incr = true
		default:
			return nil, 0, ErrSyntax
		}
		if op.signed, op.bits, err = fieldType(c.Args[i+1]); err != nil {
			return nil, 0, err
		}
		if op.at, err = bitOffset(c.Args[i+2], op.bits); err != nil {
			return nil, 0, err
		}
		i += 3
		if op.set || op.incr {
			if op.value, err = c.parseInt(i); err != nil {
				return nil, 0, err
			}
			last = max(last, op.at+op.bits-1)
			i++
		}
		ops = append(ops, op)
	}
	return ops, last, nil
}

func runBitField(c *Call) {
	ops, last, err := c.parseFields()
	if err != nil {
		c.Fail(err)
		return
	}
	if last >= 0 && c.Cmd.Name == "bitfield_ro" {
		c.Failf("BITFIELD_RO only supports the GET subcommand")
		return
	}
	s, key := c.Space(), c.Args[1]
	it, _, err := s.Item(key)
	if err != nil {
		c.Fail(err)
		return
	}
	v := it.Value
	if last >= 0 {
		v = grown(v, int(last>>3)+1)
	}
	grew := len(v) > len(it.Value)
	changed := false
	c.Array(len(ops))
	for _, op := range ops {
		old := op.read(v)
		if !op.set && !op.incr {
			c.Int(old)
			continue
		}
		now, ok := op.apply(old)
		if !ok {
			c.Null()
			continue
		}
		op.write(v, now)
		changed = changed || grew || now != old
		if op.set {
			now = old
		}
		c.Int(now)
	}
	if changed || grew {
		s.Update(it, key, v)
	}
	if changed {
		s.Notify('$', "setbit", key)
	}
}

// read returns the field; what lies behind the string is zero.
func (op *fieldOp) read(v []byte) int64 {
	var n uint64
	for i := range op.bits {
		n = n<<1 | uint64(bitAt(v, op.at+i))
	}
	if op.signed && op.bits < 64 && n>>(op.bits-1) == 1 {
		n |= math.MaxUint64 << op.bits
	}
	return int64(n)
}

func (op *fieldOp) write(v []byte, value int64) {
	for i := range op.bits {
		at := op.at + i
		bit := byte(uint64(value)>>(op.bits-1-i)) & 1
		v[at>>3] = v[at>>3]&^(1<<(7-at&7)) | bit<<(7-at&7)
	}
}

// apply computes the field's new value; ok is false when it does not fit and
// overflow is to fail.
func (op *fieldOp) apply(old int64) (now int64, ok bool) {
	value, incr := old, op.value
	if op.set {
		value, incr = op.value, 0
	}
	over := op.over(value, incr)
	switch {
	case over == 0:
		return value + incr, true
	case op.overflow == 'f':
		return 0, false
	case op.overflow == 's':
		return op.limit(over), true
	}
	n := uint64(value) + uint64(incr)
	if op.bits < 64 {
		mask := uint64(math.MaxUint64) << op.bits
		if op.signed && n>>(op.bits-1)&1 == 1 {
			n |= mask
		} else {
			n &^= mask
		}
	}
	return int64(n), true
}

// over says on which side value+incr leaves the type's range: 1 above, -1 below.
func (op *fieldOp) over(value, incr int64) int {
	if !op.signed {
		top := uint64(1)<<op.bits - 1
		switch {
		case uint64(value) > top || incr > 0 && uint64(incr) > top-uint64(value):
			return 1
		case incr < 0 && incr < -value:
			return -1
		}
		return 0
	}
	top := op.limit(1)
	low := -top - 1
	switch {
	case value > top || incr > 0 && value > top-incr && (value >= 0 || op.bits < 64):
		return 1
	case value < low || incr < 0 && value < low-incr && (value < 0 || op.bits < 64):
		return -1
	}
	return 0
}

// limit is the end of the type's range on one side.
func (op *fieldOp) limit(side int) int64 {
	switch {
	case op.signed && side > 0:
		return int64(uint64(1)<<(op.bits-1) - 1)
	case op.signed:
		return -int64(uint64(1)<<(op.bits-1)-1) - 1
	case side > 0:
		return int64(uint64(1)<<op.bits - 1)
	}
	return 0
}
