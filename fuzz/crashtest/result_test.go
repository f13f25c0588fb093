package crashtest

import (
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// A kind of effect that was always kept condemns the harness, but not when there were
// so few that chance may have kept them.
func TestAFewEffectsSayNothingOfTheHarness(t *testing.T) {
	for _, test := range []struct {
		kept, lost int
		oneSided   bool
	}{{0, 0, false}, {0, 1, false}, {enough - 1, 0, false}, {enough, 0, true}, {0, enough, true}, {enough, 1, false}} {
		var r Result
		r.Images.Kept[crashfs.Unlink], r.Images.Lost[crashfs.Unlink] = test.kept, test.lost
		if got := len(r.oneSided()) > 0; got != test.oneSided {
			t.Errorf("%d kept, %d lost: one-sided is %v", test.kept, test.lost, got)
		}
	}
}
