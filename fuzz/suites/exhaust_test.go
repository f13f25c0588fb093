package suites

import (
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

func config() Config {
	return Config{
		Disk:       crashfs.Options{NoTrace: true},
		Durability: engine.Always,
		Bound:      crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16},
	}
}

// Every history of up to three operations, crashed before every call.
func TestShortHistoriesSurviveEveryCrash(t *testing.T) {
	n := 3
	if testing.Short() {
		n = 2
	}
	c := config()
	c.Thorough, c.Nested = true, 20
	for i := 1; i <= n; i++ {
		report(t, Exhaust(Short(i, Kinds()), c))
	}
}

func TestLongHistoriesSurviveCrashes(t *testing.T) {
	for _, atom := range []int{512, 4096, 1} {
		c := config()
		c.Disk.Atom = atom
		c.Bound = crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 12}
		c.Nested = 50
		report(t, Exhaust(RandomHistories(uint64(atom), 20, 25), c))
	}
}

func TestEveryCallMayFail(t *testing.T) {
	c := config()
	c.Bound = crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8}
	report(t, FailEvery(Short(1, Kinds()), c))
	report(t, FailEvery(RandomHistories(1, 6, 8), c))
}

func TestEveryByteMayRot(t *testing.T) {
	h := []Op{op(Set, 0), op(Compact, 1), op(Tx, 2), op(Set, 3), op(Compact, 4), op(Expire, 5), op(Delete, 6)}
	report(t, Rot(h, config()))
}

func report(t *testing.T, r Result) {
	t.Helper()
	t.Logf("%d histories, %v, %d recoveries", r.Histories, r.Counts, r.Opens)
	if r.Failure != nil {
		t.Error(r.Failure)
	} else if r.Opens == 0 {
		t.Errorf("verdict: %s", NotMeasured)
	}
}
