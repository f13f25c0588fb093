package crashfs_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// What Worst can leave and another mode too is found in that mode's own set.
func TestPermitsAgreesWithTheOtherModesOwnStates(t *testing.T) {
	for _, mode := range []crashfs.Mode{
		crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs,
	} {
		t.Run(mode.String(), rapid.MakeCheck(func(rt *rapid.T) {
			worst, other := crashfs.New(crashfs.Options{}), crashfs.New(crashfs.Options{Mode: mode})
			for i, s := range drawSteps(rt, 8) {
				if mode == crashfs.Btrfs && s.op == "truncate" {
					continue // see Permits
				}
				s.letter = byte('A' + i)
				perform(t, worst, s)
				perform(t, other, s)
			}
			if len(worst.Point().Pending()) > 12 || len(other.Point().Pending()) > 12 {
				rt.Skip("too many")
			}
			all := crashfs.Bound{Exhaustive: 20}
			legal := make(map[string]bool)
			for img := range other.Point().States(all) {
				legal[letters(t, img)] = true
			}
			permitted := make(map[string]string)
			for img := range worst.Point().States(all) {
				got := letters(t, img)
				if ok, why := img.Permits(mode); ok {
					permitted[got] = ""
				} else if _, seen := permitted[got]; !seen {
					permitted[got] = why
				}
			}
			for img, why := range permitted {
				if legal[img] != (why == "") {
					rt.Fatalf("%v: %q: in its own set %v, refused because %q", mode, img, legal[img], why)
				}
			}
		}))
	}
}
