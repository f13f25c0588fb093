package crashtest

import (
	"context"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// A Session tries histories one at a time, for programs that decide themselves
// what comes next and when it is enough. What one history has tried, the next
// ones leave out. It is safe for concurrent use.
type Session[Op any] struct{ x *examiner[Op] }

// NewSession begins one. Options.Workers and Options.Report are not used.
func NewSession[Op any](sys System[Op], o Options) *Session[Op] {
	return &Session[Op]{newExaminer(sys, o)}
}

// History tries one history, as Run does. When the context ends it leaves out
// the rest of the crashes.
func (s *Session[Op]) History(ctx context.Context, h []Step[Op]) *Failure {
	return s.until(ctx).history(h)
}

// until is a worker that stops with the context.
func (s *Session[Op]) until(ctx context.Context) *examiner[Op] {
	x := s.x.worker()
	x.stopped = func() bool { return ctx.Err() != nil }
	return x
}

// Fault runs a history with the fault at the n-th call that it matches, from 1.
// hit is false when there is no such call: then there is none for a greater n.
func (s *Session[Op]) Fault(ctx context.Context, h []Step[Op], fault crashfs.Fault, n int) (hit bool, f *Failure) {
	hit, f = s.until(ctx).faulty(h, fault, n)
	if f != nil {
		fault.Nth = n
		f.Fault = describe(fault)
	}
	return hit, f
}

// Calls is how many calls of a history a fault can hit: those up to which Fault
// is worth trying. The history is run for it once, without the fault.
func (s *Session[Op]) Calls(h []Step[Op], fault crashfs.Fault) int {
	const never = 1 << 30
	fault.Nth, fault.Times = never, 1
	o := s.x.o
	o.Faults = []crashfs.Fault{fault}
	d := &drive[Op]{sys: s.x.sys, o: o, fs: crashfs.New(crashfs.Options{Mode: o.modes()[0], Atom: o.Atom})}
	_ = d.run(h) // Fault says what is wrong with it
	rest, _ := d.faults[0].Rest()
	return never - rest.Nth
}

// Result is what was tried so far, with f as what was found.
func (s *Session[Op]) Result(f *Failure) Result { return s.x.result(f) }

// Rotting is a history that has ended, whose disk can be damaged in many ways,
// each on a copy. It is safe for concurrent use.
type Rotting[Op any] struct {
	x      *examiner[Op]
	at     *crashfs.Point
	expect *expectation
	list   []damage
}

// Rotting runs the history; see Rot. A failure came without any damage.
func (s *Session[Op]) Rotting(h []Step[Op]) (*Rotting[Op], *Failure) { return s.x.rotting(h) }

// Len is the number of damages.
func (r *Rotting[Op]) Len() int { return len(r.list) }

// Try does the i-th damage and opens the store.
func (r *Rotting[Op]) Try(i int) *Failure {
	d := r.list[i]
	image := r.at.Crash(crashfs.KeepAll)
	if err := d.do(image); err != nil {
		return newFailure(HarnessBroken, image, r.expect, d.what, nil, err)
	}
	return r.x.rotten(image, r.expect, d)
}

// Disagreement is the failure of a test that compares by itself: on an image it
// found a state, or an error, where it wanted another state. Stage says when.
func Disagreement(v Verdict, image *crashfs.FS, stage string, want, found State, err error) *Failure {
	return newFailure(v, image, &expectation{legal: []State{want}}, stage, found, err)
}
