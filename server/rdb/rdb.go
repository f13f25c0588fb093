package rdb

import (
	"encoding/binary"
	"errors"
	"hash/crc64"
)

// Version is the RDB version that Append states: Redis 7.0's.
const Version = 10

// maxVersion is the newest that Decode accepts: Redis 7.2's.
const maxVersion = 11

// Type is what a Value holds.
type Type byte

const (
	String Type = iota
	List
	Set
	Zset
	Hash
)

// Value is a decoded payload.
type Value struct {
	Type Type
	// Elems are the string alone, the elements of a list, the members of a set
	// or sorted set, or a hash's fields and values in turn.
	Elems [][]byte
	// Scores are those of a sorted set's members.
	Scores []float64
}

var (
	// ErrChecksum: the payload is not one, or of a newer version, or damaged.
	ErrChecksum = errors.New("rdb: payload version or checksum are wrong")
	// ErrFormat: the payload holds no value that this package reads.
	ErrFormat = errors.New("rdb: bad data format")
)

// The types of values in RDB files.
const (
	typeString        = 0
	typeList          = 1
	typeSet           = 2
	typeZset          = 3 // scores as text
	typeHash          = 4
	typeZset2         = 5 // scores as doubles
	typeListZiplist   = 10
	typeSetIntset     = 11
	typeZsetZiplist   = 12
	typeHashZiplist   = 13
	typeListQuick     = 14 // of ziplists
	typeHashListpack  = 16
	typeZsetListpack  = 17
	typeListQuick2    = 18 // of listpacks and plain elements
	typeSetListpack   = 20
	footer            = 10
	jones             = 0x95ac9329ac4bc9b5
	quickPlain        = 1
	quickPacked       = 2
	encodedInt8       = 0
	encodedInt16      = 1
	encodedInt32      = 2
	encodedCompressed = 3
)

// checksum is CRC-64 as Redis computes it: without the inversions of hash/crc64.
func checksum(b []byte) uint64 {
	return ^crc64.Update(^uint64(0), crc64.MakeTable(jones), b)
}

// Append appends a payload.
func Append(dst []byte, v Value) []byte {
	from := len(dst)
	switch v.Type {
	case String:
		dst = appendString(append(dst, typeString), v.Elems[0])
	case Zset:
		dst = appendLength(append(dst, typeZset2), len(v.Elems))
		for i, e := range v.Elems {
			dst = appendString(dst, e)
			dst = appendDouble(dst, v.Scores[i])
		}
	default:
		n := len(v.Elems)
		t := map[Type]byte{List: typeList, Set: typeSet, Hash: typeHash}[v.Type]
		if v.Type == Hash {
			n /= 2
		}
		dst = appendLength(append(dst, t), n)
		for _, e := range v.Elems {
			dst = appendString(dst, e)
		}
	}
	dst = binary.LittleEndian.AppendUint16(dst, Version)
	return binary.LittleEndian.AppendUint64(dst, checksum(dst[from:]))
}

// Decode reads a payload. Elements may be parts of it.
func Decode(payload []byte) (v Value, err error) {
	n := len(payload) - footer
	if n < 1 {
		return v, ErrChecksum
	}
	version := binary.LittleEndian.Uint16(payload[n:])
	sum := binary.LittleEndian.Uint64(payload[n+2:])
	if version > maxVersion || sum != checksum(payload[:n+2]) {
		return v, ErrChecksum
	}
	d := &decoder{b: payload[1:n:n]}
	v = d.value(payload[0])
	if d.failed || len(d.b) > 0 || !sound(v) {
		return Value{}, ErrFormat
	}
	return v, nil
}

// sound reports whether a value is one that a key can have.
func sound(v Value) bool {
	switch v.Type {
	case String:
		return len(v.Elems) == 1
	case Hash:
		return len(v.Elems) > 0 && len(v.Elems)%2 == 0
	case Zset:
		if len(v.Elems) != len(v.Scores) {
			return false
		}
		for _, f := range v.Scores {
			if f != f {
				return false
			}
		}
	}
	return len(v.Elems) > 0
}
