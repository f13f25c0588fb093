package suites

import (
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

func length(t *testing.T, n int) int {
	if testing.Short() {
		return n - 1
	}
	return n
}

func TestShortHistories(t *testing.T) {
	r := crashtest.Exhaust(t, System{}, Alphabet(), length(t, 2), crashtest.Options{Bound: crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16}})
	t.Log(r)
}

func TestFaults(t *testing.T) {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact}, Op{Kind: Tx, Key: "b", Value: "2", Other: "a"},
	)
	t.Log(crashtest.Faults(t, System{}, h, crashtest.CommonFaults(), crashtest.Options{Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8}, Deep: 50}))
}

func TestRot(t *testing.T) {
	h := crashtest.Ops(
		Op{Kind: Set, Key: "a", Value: "1"}, Op{Kind: Compact}, Op{Kind: Tx, Key: "b", Value: "2", Other: "a"}, Op{Kind: Compact}, Op{Kind: Set, Key: "c", Value: "3"},
	)
	t.Log(crashtest.Rot(t, System{}, h, crashtest.Options{MayRefuse: true}))
}

func TestLong(t *testing.T) {
	t.Log(crashtest.Check(t, System{}, Draw, crashtest.Options{}))
}

func TestConcurrent(t *testing.T) {
	clients := [][]Op{
		{{Kind: Set, Key: "a", Value: "1"}, {Kind: Set, Key: "a", Value: "2"}},
		{{Kind: Tx, Key: "b", Value: "3", Other: "a"}, {Kind: Compact}},
		{{Kind: Set, Key: "c", Value: "4"}, {Kind: Delete, Key: "b"}},
	}
	t.Log(crashtest.Schedule(t, System{}, clients, 10, crashtest.Options{Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8}}))
	_ = engine.Always
}
