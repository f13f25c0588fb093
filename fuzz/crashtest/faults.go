package crashtest

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// CommonFaults are the ways in which a disk fails a store: each is tried at
// every call that it matches.
func CommonFaults() []crashfs.Fault {
	return []crashfs.Fault{
		{On: crashfs.OpSyncs},                           // reported once, pages marked clean
		{On: crashfs.OpSyncs, Do: crashfs.SyncReverted}, // pages dropped
		{On: crashfs.OpSyncs, Do: crashfs.Fail},         // nothing happened
		{On: crashfs.OpSyncDir},                         //
		{On: crashfs.OpWrites, Err: syscall.ENOSPC},     // full
		crashfs.NoSpace(1, 1),                           // full, after a byte
		crashfs.NoSpace(1, 100),                         //
		{On: crashfs.OpWrites, Times: crashfs.Forever},  // broken for good
		{On: crashfs.OpChanges, Times: crashfs.Forever}, //
		{On: crashfs.OpRename | crashfs.OpPublish},      //
		{On: crashfs.OpRename | crashfs.OpPublish, Do: crashfs.FailAfter},
		{On: crashfs.OpCreate | crashfs.OpCreateTemp | crashfs.OpMkdir},
		{On: crashfs.OpRemove | crashfs.OpAbort},
		{On: crashfs.OpRead},
		{On: crashfs.OpOpen | crashfs.OpOpenWrite | crashfs.OpList | crashfs.OpStat},
	}
}

// Faults runs a history once for every fault and every n, with the fault at the
// n-th call that it matches, until no call is left to hit. After the fault, the
// power goes before every step that is left, and at the end. The store may fail
// operations, or to open, as long as the fault lasts; on a disk that works
// again, what was acknowledged is there.
func Faults[Op any](t testing.TB, sys System[Op], history []Step[Op], faults []crashfs.Fault, o Options) Result {
	t.Helper()
	r := FaultsAll(sys, history, faults, o)
	if r.Failure != nil {
		r.Failure.Replay = again(t)
	}
	finish(t, r, o)
	return r
}

// FaultsAll is Faults without a test around it.
func FaultsAll[Op any](sys System[Op], history []Step[Op], faults []crashfs.Fault, o Options) Result {
	x := newExaminer(sys, o).worker()
	for _, fault := range faults {
		for n := 1; ; n++ {
			hit, f := x.faulty(history, fault, n)
			if f != nil {
				fault.Nth = n
				f.Fault = describe(fault)
				return x.result(f)
			}
			if !hit {
				break
			}
		}
	}
	return x.result(nil)
}

// faulty runs the history with the fault at the n-th call, in every mode. It
// says whether there was such a call.
func (x *examiner[Op]) faulty(history []Step[Op], fault crashfs.Fault, n int) (hit bool, f *Failure) {
	fault.Nth = n
	o := x.o
	o.Faults = append(o.Faults[:len(o.Faults):len(o.Faults)], fault)
	for _, mode := range o.modes() {
		d := &drive[Op]{sys: x.sys, o: o, fs: crashfs.New(crashfs.Options{Mode: mode, Atom: o.Atom})}
		if f := d.run(history); f != nil {
			return true, f
		}
		if d.hit < 0 {
			continue
		}
		hit = true
		x.tally.histories.Add(1)
		for _, m := range d.moments[d.hit:] {
			if f := x.moment(m); f != nil {
				return true, f
			}
		}
		if f := x.deepen(); f != nil {
			return true, f
		}
	}
	return hit, nil
}

func describe(f crashfs.Fault) string {
	s := fmt.Sprintf("call %d of %v", f.Nth, f.On)
	if f.Name != "" {
		s += " on " + f.Name
	}
	switch {
	case f.Do != crashfs.Default:
		s += ": " + f.Do.String()
	case f.Err != nil:
		s += ": " + f.Err.Error()
	default:
		s += ": input/output error"
	}
	if f.Short > 0 {
		s += fmt.Sprintf(" after %d bytes", f.Short)
	}
	if f.Times == crashfs.Forever {
		s += ", and every one after it"
	}
	return s
}
