package suites_test

import (
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// More images of longer histories than anybody would look at. It is the last of
// the tests, so that the others have had their time.
func TestAMillionImages(t *testing.T) {
	n := *imagesFlag
	if testing.Short() || raceDetector {
		n = min(n, 2_000)
	}
	o := suites.Options{Images: n}
	if end, ok := t.Deadline(); ok { // better to say how far it got than to be stopped
		o.Time = time.Until(end) - 30*time.Second
	}
	list := run(t, o, "sampled")
	if got := suites.Total(list).Images; got < n {
		t.Errorf("%d distinct images, want %d", got, n)
	}
}
