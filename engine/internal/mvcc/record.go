package mvcc

import (
	"encoding/binary"
	"unsafe"
)

// Limits of what a record can describe. The engine's own limits lie far below;
// going over these is a bug in the caller, and Set panics.
const (
	MaxKeySize   = 1<<24 - 1
	MaxValueSize = 1<<32 - 1
)

// A record is one immutable version of one key, in one piece of memory that holds
// no pointers, so that the garbage collector need not look inside:
//
//	lsn u64 | valueLen u32, keyLen u24, flags u8 | [deadline u64] | key | value
//
// The key is repeated in every version. That costs little (a key has one version
// most of the time), and it lets a reader without locks check that what it came
// upon belongs to the key it looks for.
type record struct {
	lsn  uint64
	meta uint64
}

const (
	recordHeader = 16

	flagTombstone = 1 << 56 // the version says "deleted"
	flagDeadline  = 1 << 57 // a deadline precedes the key
	flagChain     = 1 << 58 // this is a chain, not a record
)

// newRecord copies key and value into a new record.
func newRecord(key, value []byte, lsn uint64, deadline int64) *record {
	if len(key) > MaxKeySize || uint64(len(value)) > MaxValueSize {
		panic("mvcc: key or value larger than a record can describe")
	}
	meta := uint64(len(value)) | uint64(len(key))<<32
	size := recordHeader + len(key) + max(len(value), 1) // an empty value, too, lies within
	if deadline != 0 {
		meta |= flagDeadline
		size += 8
	}
	// Words rather than bytes: the memory is then aligned for the header.
	words := make([]uint64, (size+7)/8)
	r := (*record)(unsafe.Pointer(unsafe.SliceData(words)))
	r.lsn, r.meta = lsn, meta
	if deadline != 0 {
		words[2] = uint64(deadline)
	}
	copy(r.key(), key)
	copy(r.value(), value)
	return r
}

// newTombstone returns a record that says the key is deleted as of lsn.
func newTombstone(key []byte, lsn uint64) *record {
	r := newRecord(key, nil, lsn, 0)
	r.meta |= flagTombstone
	return r
}

func (r *record) tombstone() bool { return r.meta&flagTombstone != 0 }
func (r *record) keyLen() int     { return int(r.meta >> 32 & MaxKeySize) }
func (r *record) valueLen() int   { return int(uint32(r.meta)) }

func (r *record) bodyOffset() uintptr {
	// Without a branch: a deadline is 8 bytes and its flag is one bit.
	return recordHeader + uintptr(r.meta>>57&1)<<3
}

func (r *record) deadline() int64 {
	if r.meta&flagDeadline == 0 {
		return 0
	}
	return *(*int64)(unsafe.Add(unsafe.Pointer(r), recordHeader))
}

func (r *record) body() unsafe.Pointer { return unsafe.Add(unsafe.Pointer(r), r.bodyOffset()) }

func (r *record) key() []byte { return unsafe.Slice((*byte)(r.body()), r.keyLen()) }

func (r *record) value() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.body(), r.keyLen())), r.valueLen())
}

func (r *record) item() Item {
	return Item{Key: r.key(), Value: r.value(), LSN: r.lsn, Deadline: r.deadline()}
}

// isOf says whether the record is a version of key.
func (r *record) isOf(key []byte) bool { return string(r.key()) == string(key) }

// size is what the record occupies, allowing for the allocator's size classes,
// which lie about an eighth apart.
func (r *record) size() int64 {
	n := int64(r.bodyOffset()) + int64(r.keyLen()) + int64(max(r.valueLen(), 1))
	step := int64(16)
	for step*16 <= n {
		step *= 2
	}
	return (n + step - 1) &^ (step - 1)
}

// prefixOf returns the eight bytes of key after skip, as a number that orders like
// them. Shorter keys are padded with zeros, so equal prefixes prove nothing.
func prefixOf(key []byte, skip int) uint64 {
	k := key[skip:]
	if len(k) >= 8 {
		return binary.BigEndian.Uint64(k)
	}
	var p uint64
	for i, c := range k {
		p |= uint64(c) << (56 - 8*i)
	}
	return p
}
