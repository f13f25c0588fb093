package record

import "unicode/utf8"

// minMutation is the least that a mutation takes: [2, "", h”].
const minMutation = 4

// presize bounds what is allocated for a declared number of mutations before
// any of them was read; beyond it the slice grows with what is really there.
const presize = 1024

// Decode decodes the first commit of b and returns what follows it. Keys and
// values alias b. On an *UnknownError, rest is what follows the record all the
// same; on a *MalformedError it is nil.
func Decode(b []byte) (c Commit, rest []byte, err error) {
	rest, err = DecodeInto(&c, b)
	return c, rest, err
}

// DecodeInto is Decode into a commit whose slice of mutations, and whose bucket
// names where they are equal, are used again: in a loop it does not allocate.
// After an error c holds no mutations.
func DecodeInto(c *Commit, b []byte) (rest []byte, err error) {
	cur := cursor{b: b}
	if cur.commit(c) {
		return b[cur.off:], nil
	}
	c.Mutations, c.Time = c.Mutations[:0], 0
	if _, unknown := cur.err.(*UnknownError); !unknown {
		return nil, cur.err
	}
	// "Unknown" is said of well-formed records only: garbage that happens to
	// start like a newer kind is damage.
	end, skipErr := skip(b)
	if skipErr != nil {
		return nil, skipErr
	}
	return b[end:], cur.err
}

// KindOf tells the kind of the first record of b and decodes no further.
func KindOf(b []byte) (Kind, error) {
	cur := cursor{b: b}
	if n, ok := cur.array(); ok && n == 0 {
		cur.fail(0, "empty array where a record was expected")
	}
	at := cur.off
	k, ok := cur.uint()
	if !ok || cur.err != nil {
		return 0, cur.err
	}
	if _, ok := lookup(kinds[:], k); !ok {
		return 0, &UnknownError{What: whatKind, Value: k, Offset: at}
	}
	return Kind(k), nil
}

// CheckBucket reports why a name may not be a bucket's; nil means that it may.
func CheckBucket(name string) error {
	if len(name) > MaxBucket {
		return &MalformedError{Offset: MaxBucket, Reason: "bucket name too long"}
	}
	if !utf8.ValidString(name) {
		return &MalformedError{Reason: "bucket name is not UTF-8"}
	}
	return nil
}

// numbered reads the head of an array and the registered number that it starts
// with. Which numbers exist is the table's affair.
func (c *cursor) numbered(table []arity, what string) (number, elements uint64, ok bool) {
	start := c.off
	// Registered numbers and their arities are small: two bytes, as a rule.
	if len(c.b)-start >= 2 {
		n, e := int(c.b[start+1]), int(c.b[start]-majorArray)
		if n < len(table) && e >= table[n].min && e <= table[n].max && e > 0 {
			c.off += 2
			return uint64(n), uint64(e), true
		}
	}
	elements, ok = c.array()
	if !ok {
		return 0, 0, false
	}
	if elements == 0 {
		c.fail(start, "empty array")
		return 0, 0, false
	}
	at := c.off
	number, ok = c.uint()
	if !ok {
		return 0, 0, false
	}
	a, ok := lookup(table, number)
	if !ok {
		c.err = &UnknownError{What: what, Value: number, Offset: at}
		return 0, 0, false
	}
	if elements < uint64(a.min) || elements > uint64(a.max) {
		c.fail(start, "wrong number of elements for "+a.name)
		return 0, 0, false
	}
	return number, elements, true
}

func (c *cursor) commit(into *Commit) bool {
	_, elements, ok := c.numbered(kinds[:], whatKind)
	if !ok {
		return false
	}
	at := c.off
	n, ok := c.array()
	if !ok {
		return false
	}
	if n > uint64(len(c.b)-c.off)/minMutation {
		c.fail(at, "more mutations than the bytes left could hold")
		return false
	}
	ms := into.Mutations[:0]
	if cap(ms) == 0 && n > 0 {
		ms = make([]Mutation, 0, min(n, presize))
	}
	var held string
	for range n {
		// Not append alone: what the slot held after an earlier call is the
		// second guess, after the neighbour's, at this mutation's bucket.
		if len(ms) < cap(ms) {
			ms = ms[:len(ms)+1]
		} else {
			ms = append(ms, Mutation{})
		}
		m := &ms[len(ms)-1]
		if !c.mutation(m, held) {
			into.Mutations = ms
			return false
		}
		held = m.Bucket
	}
	into.Mutations, into.Time = ms, 0
	if elements == 3 {
		return c.meta(into)
	}
	return true
}

func (c *cursor) mutation(m *Mutation, held string) (ok bool) {
	op, elements, ok := c.numbered(ops[:], whatOp)
	if !ok {
		return false
	}
	m.Op = Op(op)
	m.Value, m.To, m.Deadline = nil, nil, 0
	if m.Bucket, ok = c.bucket(held, m.Bucket); !ok {
		return false
	}
	if m.Key, ok = c.bytes(); !ok {
		return false
	}
	switch m.Op {
	case OpSet:
		if m.Value, ok = c.bytes(); ok && elements == 5 {
			m.Deadline, ok = c.moment()
		}
	case OpDeleteRange:
		if c.off < len(c.b) && c.b[c.off] == null {
			c.off++
			break
		}
		m.To, ok = c.bytes()
	}
	return ok
}

// meta reads what is said about a commit, and refuses what a later version may
// say; see table.go. Keys ascend, so one that is not known comes after metaTime.
func (c *cursor) meta(into *Commit) bool {
	start := c.off
	n, ok := c.want(majorMap, "expected a map")
	if !ok {
		return false
	}
	if n == 0 {
		c.fail(start, "empty meta is written by leaving it out")
		return false
	}
	for last := uint64(0); n > 0; n-- {
		at := c.off
		key, ok := c.uint()
		switch {
		case !ok:
			return false
		case key == metaTime && last == 0:
			if into.Time, ok = c.moment(); !ok {
				return false
			}
		case key <= last && last != 0:
			c.fail(at, "keys of meta do not ascend")
			return false
		default:
			c.err = &UnknownError{What: whatMeta, Value: key, Offset: at}
			return false
		}
		last = key
	}
	return true
}
