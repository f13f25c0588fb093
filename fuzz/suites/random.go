package suites

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Random draws one long history of n operations. Compactions, rotations and
// reopens are as frequent as writes are, because they are where stores break.
func Random(seed uint64, n int) []Op {
	rnd := rand.New(rand.NewPCG(seed, 0x5eed))
	keys := []string{"a", "b", "c", "d"}
	kinds := append(Kinds(), Set, Set, Tx, Delete)
	h := make([]Op, n)
	for i := range h {
		k := kinds[rnd.IntN(len(kinds))]
		o := Op{Kind: k, Key: keys[rnd.IntN(len(keys))], Value: fmt.Sprintf("%d.%d", seed, i)}
		for o.Other = o.Key; o.Other == o.Key; {
			o.Other = keys[rnd.IntN(len(keys))]
		}
		switch {
		case k == Rotate:
			o.Value += strings.Repeat("r", rotateSize)
		case rnd.IntN(8) == 0: // over several sectors
			o.Value += strings.Repeat("l", 1+rnd.IntN(1500))
		}
		h[i] = o
	}
	return h
}

// RandomHistories draws histories from a seed on, until yield says no.
func RandomHistories(seed uint64, count, length int) func(yield func([]Op) bool) {
	return func(yield func([]Op) bool) {
		for i := range count {
			if !yield(Random(seed+uint64(i), length)) {
				return
			}
		}
	}
}
