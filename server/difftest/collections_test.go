package difftest

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var rounds = flag.Int("rounds", 1, "how many hundred streams each family of the collections gets of its own")

// Streams for each family of the collections, in which its commands meet nothing
// but transactions, times to live and what works on any key.
//
//	go test ./server/difftest -run Collections -rounds 10
func TestCollections(t *testing.T) {
	for _, name := range []string{"hashes", "sets", "lists", "blocked", "hyperloglogs", "geos", "tracking"} {
		t.Run(name, func(t *testing.T) {
			r := &Runner{Redis: redis(t).Addr, Ours: ours(t), Families: Families(), Differences: Differences()}
			var families []Family
			for _, f := range known(t, r) {
				if f.Name == name || slices.Contains([]string{"transactions", "expiry", "keys"}, f.Name) {
					families = append(families, f)
				}
				if f.Name == name { // as often as the others together
					families = append(families, f, f)
				}
			}
			gen := Streams(families)
			for i := range *rounds {
				ok := t.Run(fmt.Sprintf("%02d", i), rapid.MakeCheck(func(t *rapid.T) {
					s := gen.Draw(t, "stream")
					if err := r.Run(s); err != nil {
						t.Fatalf("%v\n%v", err, s)
					}
				}))
				if !ok {
					return
				}
			}
			t.Logf("%d streams, %d commands", r.Streams, r.Commands)
		})
	}
}
