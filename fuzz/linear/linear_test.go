package linear_test

import (
	"fmt"
	"math"
	"slices"
	"syscall"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// clients draws three clients of up to four operations on three keys.
func clients(seed int) [][]op {
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	one := rapid.Custom(func(t *rapid.T) op {
		return op{
			kind:  rapid.SampledFrom([]kind{put, add, add, add, move, move, drop, wipe, compact}).Draw(t, "kind"),
			key:   key.Draw(t, "key"),
			other: key.Draw(t, "other"),
			value: rapid.IntRange(1, 9).Draw(t, "value"),
		}
	})
	return rapid.SliceOfN(rapid.SliceOfN(one, 2, 4), 3, 3).Example(seed)
}

// Every run is checked twice, and crashed before each of its steps.
func TestClientsAreLinearizable(t *testing.T) {
	sets, seeds := 12, 10
	if testing.Short() {
		sets, seeds = 4, 4
	}
	for _, d := range []engine.Durability{engine.Always, engine.Never} {
		t.Run(d.String(), func(t *testing.T) {
			runs, operations, overlapping, reads := 0, 0, 0, 0
			o := crashtest.Options{
				Readers: 2, ReadsLast: d == engine.Always,
				Bound: crashfs.Bound{Exhaustive: 5, Pairs: 6, Random: 4}, Deep: 50,
				Live: func(seed uint64, history []crashtest.Event) {
					if r := ask(history); r != porcupine.Ok {
						t.Errorf("seed %d: porcupine says %v of %v", seed, r, history)
					}
					runs++
					operations += len(history)
					for i, e := range history {
						if e.Op == nil {
							reads++
						}
						if i > 0 && history[i-1].Answered > e.Issued {
							overlapping++
						}
					}
				},
			}
			for i := range sets {
				if c := clients(i); !t.Run("", func(t *testing.T) { crashtest.Schedule(t, system{d}, c, seeds, o) }) {
					t.Fatalf("clients %v", c)
				}
			}
			t.Logf("%v: %d runs linearizable, %d operations, %d of them reads; %d began while another ran", d, runs, operations, reads, overlapping)
			if overlapping < runs {
				t.Error("next to nothing was concurrent")
			}
		})
	}
}

// A write or a sync of the log fails under the clients. Who was told so may find
// the commit or not; nobody else's answers may change for it, and what a reader
// was shown is there after a crash.
func TestClientsAreLinearizableWhenTheLogFails(t *testing.T) {
	calls := 12
	if testing.Short() {
		calls = 5
	}
	failed := 0
	for _, f := range []crashfs.Fault{
		{On: crashfs.OpWrite, Do: crashfs.Fail}, {On: crashfs.OpDataSync, Do: crashfs.SyncLost}, {On: crashfs.OpDataSync, Do: crashfs.SyncReverted},
	} {
		for f.Nth = 1; f.Nth <= calls; f.Nth++ {
			f.Name, f.Err = "*.wal", syscall.EIO
			o := crashtest.Options{
				Readers: 2, ReadsLast: true, Faults: []crashfs.Fault{f},
				Bound: crashfs.Bound{Exhaustive: 5, Pairs: 6, Random: 4}, Deep: 50,
				Live: func(seed uint64, history []crashtest.Event) {
					if r := ask(history); r != porcupine.Ok {
						t.Errorf("seed %d: porcupine says %v of %v", seed, r, history)
					}
					if slices.ContainsFunc(history, func(e crashtest.Event) bool { return e.Err != nil }) {
						failed++
					}
				},
			}
			t.Run(fmt.Sprintf("%v %d", f.Do, f.Nth), func(t *testing.T) { crashtest.Schedule(t, system{}, clients(1), 2, o) })
		}
	}
	if failed == 0 {
		t.Error("nobody was told of a failure")
	}
	t.Logf("in %d runs somebody was told", failed)
}

// In a lazy mode commits come between a compaction's steps and are in its
// snapshot: it must make the log durable that far before it publishes it.
func TestASnapshotIsNeverAheadOfTheLog(t *testing.T) {
	clients := [][]op{
		{{kind: put, key: "a", value: 1}, {kind: compact}, {kind: compact}},
		{{kind: add, key: "b", value: 1}, {kind: add, key: "b", value: 1}, {kind: add, key: "b", value: 1}},
		{{kind: put, key: "c", value: 1}, {kind: put, key: "c", value: 2}},
	}
	crashtest.Schedule(t, system{engine.Never}, clients, 12, crashtest.Options{
		Bound: crashfs.Bound{Exhaustive: 5, Pairs: 6, Random: 4}, Deep: 50,
	})
}

// ask puts a history to porcupine. An operation that failed may take effect at
// any later time, or not at all.
func ask(history []crashtest.Event) porcupine.CheckResult {
	m := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{crashtest.State{}} },
		Equal: func(a, b any) bool { return a.(crashtest.State).Equal(b.(crashtest.State)) },
		Step: func(state, input, _ any) []any {
			s, e := state.(crashtest.State), input.(crashtest.Event)
			if e.Op == nil {
				if e.Saw.Equal(s) {
					return []any{s}
				}
				return nil
			}
			next := s.Clone()
			system{}.Apply(next, e.Op.(op))
			if e.Err != nil {
				return []any{s, next}
			}
			return []any{next}
		},
	}
	var ops []porcupine.Operation
	for _, e := range history {
		o := porcupine.Operation{ClientId: e.Client - 1, Input: e, Call: int64(e.Issued), Return: int64(e.Answered)}
		if e.Err != nil {
			if e.Op == nil {
				continue
			}
			o.Return = math.MaxInt64
		}
		ops = append(ops, o)
	}
	model := m.ToModel()
	r, _ := porcupine.CheckOperationsVerbose(model, ops, 0)
	return r
}
