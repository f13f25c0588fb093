package volume_test

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

var (
	images = flag.Int64("volume.images", 1_000_000, "how many distinct images to try")
	seed   = flag.Uint64("volume.seed", 1, "what the histories are drawn by")
)

func TestAMillionImages(t *testing.T) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(800)) // stores and images are small and short-lived
	}
	n := *images
	if testing.Short() {
		n = min(n, 2_000)
	}
	sampled, ok := suites.Find("sampled")
	if !ok {
		t.Fatal("no suite is called sampled")
	}
	o := suites.Options{
		Suites: []suites.Suite{sampled}, Images: n, Seed: *seed,
		Again: func(suite, name string) string { return "kvctl crashtest replay " + suite + ":" + name },
	}
	if end, ok := t.Deadline(); ok {
		o.Time = time.Until(end) - 30*time.Second
	}
	begun := time.Now()
	list := suites.Run(t.Context(), o)
	for _, r := range list {
		if r.Verdict != crashtest.OK {
			t.Fatal(r.Problem())
		}
	}
	total := suites.Total(list)
	t.Logf("%v, %.0f images/s, lost: 0", total, float64(total.Images)/time.Since(begun).Seconds())
	if total.Images < n {
		t.Skipf("not run to its end: this machine tries %d distinct images in the time there is, not %d", total.Images, n)
	}
}
