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
func FirstFailingSeed[Op any](t *testing.T, sys System[Op], clients [][]Op, seeds int, o Options) *Failure {
	x := newExaminer(sys, o).worker()
	for seed := range seeds {
		if f := x.scheduled(t, clients, uint64(seed), crashfs.Worst); f != nil {
			return f
		}
	}
	return nil
}

// Linearizable asks the harness about a history of somebody else.
func Linearizable[Op any](sys System[Op], history []Event) bool {
	l := newLedger(sys, State{})
	for _, e := range history {
		r := record[Op]{client: e.Client, saw: e.Saw, err: e.Err, issued: e.Issued, answered: e.Answered}
		switch {
		case e.Answered == 0:
		case e.Err != nil:
			r.status = failed
		default:
			r.status = acknowledged
		}
		if e.Op == nil {
			r.read = true
		} else {
			r.op = e.Op.(Op)
		}
		l.ops = append(l.ops, r)
	}
	return l.linearizable()
}
