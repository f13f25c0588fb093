package crashfs_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// An ImageSet is a set, whatever the hashes: few bits make them collide.
func TestAnImageSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s crashfs.ImageSet
		model := map[uint64]bool{}
		for _, h := range rapid.SliceOfN(rapid.OneOf(rapid.Uint64Range(1, 200), rapid.Uint64Min(1)), 0, 500).Draw(t, "hashes") {
			if s.Has(h) != model[h] {
				t.Fatalf("%d: has %v, want %v", h, s.Has(h), model[h])
			}
			if s.Add(h) == model[h] {
				t.Fatalf("%d: new %v, want %v", h, model[h], !model[h])
			}
			model[h] = true
			if !s.Has(h) || s.Len() != len(model) {
				t.Fatalf("%d is not there, or %d hashes instead of %d", h, s.Len(), len(model))
			}
		}
	})
}
