package kernel_test

import (
	"path/filepath"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/kernel"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// rounds puts a store through disasters for as long as the flag says.
func rounds(t *testing.T, mode string, dir func() string, disasters ...kernel.Disaster) {
	t.Helper()
	c := kernel.Defaults(seed(t))
	c.Mode = mode
	if mode != "always" {
		c.DurablyEvery = 10
	}
	report, err := kernel.Run(t.Context(), kernel.Options{
		Dir: dir, Command: child, Config: c, Disasters: disasters, Time: length(), Scratch: t.TempDir(),
	})
	if err != nil {
		t.Fatalf("%v\nafter %v", err, report)
	}
	t.Logf("real-kernel cycles: %v, 0 lost", report)
	if report.Rounds == 0 || report.Acked == 0 {
		t.Error("nothing was tried")
	}
}

func TestNothingAcknowledgedIsLostByKillNine(t *testing.T) {
	for _, mode := range []string{"always", "interval", "never"} {
		t.Run(mode, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dir")
			rounds(t, mode, func() string { return dir }, kernel.KillNine())
		})
	}
}

func TestNothingDurableIsLostByAPowerCut(t *testing.T) {
	for _, k := range loopfs.Kinds() {
		for _, mode := range []string{"always", "interval"} {
			t.Run(k.String()+"/"+mode, func(t *testing.T) {
				if reason := loopfs.Available(k); reason != "" {
					t.Skip("not run: " + reason)
				}
				f, err := loopfs.New(k)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				rounds(t, mode, f.Dir, kernel.PowerCuts(f)...)
			})
		}
	}
}
