package demo

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// Each commit of a writer sets two keys: one of its own with a small value, and
// the writer's "last" with a larger one, which is overwritten each time.
//
//	w03/00000017   the commit's number and some bytes
//	w03/last       the same number and many bytes

func commitKey(writer int, number uint32) []byte {
	return fmt.Appendf(nil, "w%02d/%08d", writer, number)
}

func lastKey(writer int) []byte { return fmt.Appendf(nil, "w%02d/last", writer) }

func prefix(writer int) []byte { return fmt.Appendf(nil, "w%02d/", writer) }

// values returns what a commit writes; the same arguments give the same bytes,
// so that the parent knows them without being told.
func values(seed uint64, writer int, number uint32) (own, last []byte) {
	src := rand.NewPCG(seed, uint64(writer)<<32|uint64(number))
	r := rand.New(src)
	own = payload(r, number, 16+r.IntN(100))
	// Mostly a few KiB; now and then many, so that a group commit is a few MiB
	// and the kernel is at times still copying it when the kill comes.
	size := 512 + r.IntN(4096)
	if r.IntN(4) == 0 {
		size = 128<<10 + r.IntN(384<<10)
	}
	return own, payload(r, number, size)
}

// payload is a number and random bytes.
func payload(r *rand.Rand, number uint32, size int) []byte {
	b := make([]byte, 4, 4+size+8)
	binary.LittleEndian.PutUint32(b, number)
	for len(b) < 4+size {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:4+size]
}

// numberOf reads the number back.
func numberOf(value []byte) (uint32, bool) {
	if len(value) < 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(value), true
}
