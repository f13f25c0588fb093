package record

import (
	"encoding/binary"
	"math"
)

// CBOR major types, in place in an initial byte.
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	majorTag   = 6 << 5
	majorOther = 7 << 5

	null = 0xf6
)

// AppendCommit appends the encoding of c. It checks nothing: an op that is not
// in the table, or a bucket name that CheckBucket refuses, yields a record that
// no decoder accepts.
func AppendCommit(dst []byte, c *Commit) []byte {
	elements := byte(2)
	if c.Time != 0 {
		elements = 3
	}
	dst = append(dst, majorArray|elements, majorUint|byte(KindCommit))
	dst = appendHead(dst, majorArray, uint64(len(c.Mutations)))
	for i := range c.Mutations {
		dst = appendMutation(dst, &c.Mutations[i])
	}
	if c.Time != 0 {
		dst = append(dst, majorMap|1, majorUint|metaTime)
		dst = appendInt(dst, c.Time)
	}
	return dst
}

func appendMutation(dst []byte, m *Mutation) []byte {
	n := uint64(ops[OpDelete].min)
	switch m.Op {
	case OpSet:
		n = uint64(ops[OpSet].min)
		if m.Deadline != 0 {
			n++
		}
	case OpDeleteRange:
		n = uint64(ops[OpDeleteRange].min)
	}
	dst = append(dst, majorArray|byte(n))
	dst = appendHead(dst, majorUint, uint64(m.Op))
	dst = appendText(dst, m.Bucket)
	dst = appendBytes(dst, m.Key)
	switch m.Op {
	case OpSet:
		dst = appendBytes(dst, m.Value)
		if m.Deadline != 0 {
			dst = appendInt(dst, m.Deadline)
		}
	case OpDeleteRange:
		// nil and empty differ: to the last key, and an empty range.
		if m.To == nil {
			dst = append(dst, null)
		} else {
			dst = appendBytes(dst, m.To)
		}
	}
	return dst
}

// MutationSize is what a mutation takes of an encoded commit, in bytes, so that a
// limit on transactions can be kept before anything is encoded.
func MutationSize(m *Mutation) int {
	n := 1 + headSize(uint64(m.Op)) + stringSize(len(m.Bucket)) + stringSize(len(m.Key))
	switch m.Op {
	case OpSet:
		n += stringSize(len(m.Value))
		if m.Deadline != 0 {
			n += intSize(m.Deadline)
		}
	case OpDeleteRange:
		if m.To == nil {
			n++
		} else {
			n += stringSize(len(m.To))
		}
	}
	return n
}

// CommitSize is the length of what AppendCommit appends.
func CommitSize(c *Commit) int {
	n := 2 + headSize(uint64(len(c.Mutations)))
	if c.Time != 0 {
		n += 2 + intSize(c.Time)
	}
	for i := range c.Mutations {
		n += MutationSize(&c.Mutations[i])
	}
	return n
}

// appendHead appends a major type and its argument in the shortest form.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), n)
	}
}

func appendText(dst []byte, s string) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// appendInt appends a signed number: CBOR writes -1-n for negative ones, which
// in two's complement is the bitwise complement.
func appendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return appendHead(dst, majorNeg, uint64(^v))
	}
	return appendHead(dst, majorUint, uint64(v))
}

func headSize(n uint64) int {
	switch {
	case n < 24:
		return 1
	case n <= math.MaxUint8:
		return 2
	case n <= math.MaxUint16:
		return 3
	case n <= math.MaxUint32:
		return 5
	default:
		return 9
	}
}

func stringSize(n int) int { return headSize(uint64(n)) + n }

func intSize(v int64) int {
	if v < 0 {
		return headSize(uint64(^v))
	}
	return headSize(uint64(v))
}
