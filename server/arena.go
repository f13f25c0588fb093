package server

// arena is memory for what a writing transaction builds and gives the engine, which
// copies it, before the transaction ends. Transactions that write come one after the
// other, and each uses it from the start: what was taken is void when the next one
// begins.
type arena struct {
	chunks [][]byte // all of arenaChunk bytes
	filled int      // of them
	used   int      // of the one behind those
}

const (
	arenaChunk = 64 << 10 // bytes
	// maxKeptChunks is how many chunks an arena keeps for the next transaction: enough
	// for fifty clients who each change a collection of 4 KiB.
	maxKeptChunks = 4
)

// take returns an empty slice with room for n bytes.
func (a *arena) take(n int) []byte {
	if n > arenaChunk/4 {
		return make([]byte, 0, n)
	}
	if a.used+n > arenaChunk {
		a.filled, a.used = a.filled+1, 0
	}
	if a.filled == len(a.chunks) {
		a.chunks = append(a.chunks, make([]byte, arenaChunk))
	}
	from := a.used
	a.used += n
	return a.chunks[a.filled][from:from:a.used]
}

// reset makes all that was taken void.
func (a *arena) reset() {
	if poisonArena {
		for _, chunk := range a.chunks {
			for i := range chunk {
				chunk[i] = 0xdb
			}
		}
	}
	if len(a.chunks) > maxKeptChunks {
		clear(a.chunks[maxKeptChunks:])
		a.chunks = a.chunks[:maxKeptChunks]
	}
	a.filled, a.used = 0, 0
}
