package server

// arena is memory for what a writing transaction builds and gives the engine, which
// copies it, before the transaction ends. Transactions that write come one after the
// other, and each uses it from the start: what was taken is void when the next one
// begins.
type arena struct {
	chunk []byte
	used  int
}

// arenaChunk is how much an arena keeps, in bytes.
const arenaChunk = 64 << 10

// take returns an empty slice with room for n bytes.
func (a *arena) take(n int) []byte {
	if n > arenaChunk/4 {
		return make([]byte, 0, n)
	}
	if a.used+n > len(a.chunk) {
		a.chunk, a.used = make([]byte, arenaChunk), 0 // the old one lives as long as it is used
	}
	from := a.used
	a.used += n
	return a.chunk[from:from:a.used]
}

// reset makes all that was taken void.
func (a *arena) reset() {
	if poisonArena {
		for i := range a.chunk[:a.used] {
			a.chunk[i] = 0xdb
		}
	}
	a.used = 0
}
