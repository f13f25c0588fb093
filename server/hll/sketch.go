package hll

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

const (
	indexBits = 14 // of the hash, for the register
	registers = 1 << indexBits
	maxRun    = 64 - indexBits + 1 // longest run of zeros, the one behind it counted

	header    = 16
	denseSize = header + registers*6/8

	encodingAt = 4
	cacheAt    = 8
	dense      = 0
	sparse     = 1

	// maxSparse is the size in bytes that turns a sparse sketch into a dense one:
	// hll-sparse-max-bytes of Redis.
	maxSparse = 3000
	stale     = 0x80 // in the last byte of the cached count
)

var (
	// ErrNoSketch says that a value is no HyperLogLog: it is too short, does not
	// begin with the right bytes, or is a dense one of a wrong size.
	ErrNoSketch = errors.New("hll: not a HyperLogLog")
	// ErrCorrupt says that the runs of a sparse one do not make 16,384 registers.
	ErrCorrupt = errors.New("hll: corrupted HyperLogLog")
)

// Sketch is a HyperLogLog as it is stored.
type Sketch []byte

// New returns an empty sketch.
func New() Sketch {
	s := make(Sketch, header, header+2)
	copy(s, "HYLL")
	s[encodingAt] = sparse
	return appendZeros(s, registers)
}

// Parse returns a stored value as a sketch, which is the value itself: whoever wants
// to change it passes a copy. The error is ErrNoSketch. What follows the header of
// a sparse one is not looked at: later calls return ErrCorrupt.
func Parse(value []byte) (Sketch, error) {
	if len(value) < header || string(value[:4]) != "HYLL" || value[encodingAt] > sparse ||
		value[encodingAt] == dense && len(value) != denseSize {
		return nil, ErrNoSketch
	}
	return Sketch(value), nil
}

// Dense reports whether it has the dense encoding.
func (s Sketch) Dense() bool { return s[encodingAt] == dense }

// Add adds an element and reports whether that changed a register; the cached count
// is then out of date. The error is ErrCorrupt, and the sketch unchanged.
func (s *Sketch) Add(element []byte) (changed bool, err error) {
	index, run := place(element)
	return s.raise(index, run)
}

// place is the register of an element and the run that it has there.
func place(element []byte) (index int, run byte) {
	h := murmur64A(element, 0xadc83b19)
	rest := h>>indexBits | 1<<(64-indexBits) // ends the run
	return int(h & (registers - 1)), byte(bits.TrailingZeros64(rest) + 1)
}

// raise makes a register at least run.
func (s *Sketch) raise(index int, run byte) (changed bool, err error) {
	if s.Dense() {
		changed = s.raiseDense(index, run)
	} else {
		changed, err = s.raiseSparse(index, run)
	}
	if changed {
		s.Invalidate()
	}
	return changed, err
}

// Cached returns the count that is kept in the value; ok is false when it is out of
// date.
func (s Sketch) Cached() (n uint64, ok bool) {
	return binary.LittleEndian.Uint64(s[cacheAt:]), s[header-1]&stale == 0
}

// Keep puts a count into the value.
func (s Sketch) Keep(n uint64) { binary.LittleEndian.PutUint64(s[cacheAt:], n) }

// Invalidate marks the cached count as out of date.
func (s Sketch) Invalidate() { s[header-1] |= stale }

// Count estimates the number of elements from the registers. The error is
// ErrCorrupt.
func (s Sketch) Count() (uint64, error) {
	var r Registers
	if err := r.Merge(s); err != nil {
		return 0, err
	}
	return r.Count(), nil
}
