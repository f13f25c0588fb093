package crashtest

import (
	"testing"
	"testing/synctest"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// RunSeed runs clients once, without crashes.
func RunSeed[Op any](t *testing.T, sys System[Op], clients [][]Op, seed uint64) {
	d := &drive[Op]{sys: sys, fs: crashfs.New(crashfs.Options{})}
	synctest.Test(t, func(t *testing.T) {
		if f := d.concurrently(clients, seed); f != nil {
			t.Fatal(f)
		}
	})
}

// FirstFailingSeed is the failure of the first seed that has one.
func FirstFailingSeed[Op any](t *testing.T, sys System[Op], clients [][]Op, seeds int) *Failure {
	x := newExaminer(sys, Options{}).worker()
	for seed := range seeds {
		if f := x.scheduled(t, clients, uint64(seed), crashfs.Worst); f != nil {
			return f
		}
	}
	return nil
}
