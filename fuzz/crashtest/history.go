package crashtest

import (
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Action is what one step of a history does.
type Action uint8

const (
	// Do carries out an operation.
	Do Action = iota
	// Reopen closes the store and opens it again.
	Reopen
	// Kill ends the process without closing the store, and opens it again: the
	// cache of the operating system survives.
	Kill
	// Crash cuts the power, lets some pending effects reach the disk, and opens
	// the store again.
	Crash
)

// A Step is one step of a history.
type Step[Op any] struct {
	Action Action
	Op     Op              // Do
	Choose crashfs.Chooser // Crash; nil loses everything that was pending
}

// Ops makes a history of operations.
func Ops[Op any](ops ...Op) []Step[Op] {
	var h []Step[Op]
	for _, op := range ops {
		h = append(h, Step[Op]{Op: op})
	}
	return h
}

func (s Step[Op]) String() string {
	switch s.Action {
	case Reopen:
		return "reopen"
	case Kill:
		return "kill and reopen"
	case Crash:
		return "power cut and reopen"
	}
	return format(s.Op)
}

// moment is a place where the power may go, and what may be left then.
type moment struct {
	point  *crashfs.Point
	expect *expectation
}

// drive runs a history on a file system and collects the moments before every
// step that could change the disk, and the one at the end.
type drive[Op any] struct {
	sys     System[Op]
	o       Options
	fs      *crashfs.FS
	ledger  *ledger[Op]
	store   Store[Op]
	moments []moment
	last    *expectation
	faults  []*crashfs.Injection
	hit     int // the first moment after a fault, -1 before
}

// run carries out the history. A failure that it returns came without a crash,
// or out of a Crash step.
func (d *drive[Op]) run(history []Step[Op]) *Failure {
	d.ledger = newLedger(d.sys, State{})
	d.hit = -1
	if d.o.Created {
		if f := d.create(); f != nil {
			return f
		}
	}
	for _, f := range d.o.Faults {
		d.faults = append(d.faults, d.fs.Inject(f))
	}
	d.watch()
	if f := d.open("opening the store"); f != nil {
		return f
	}
	for _, s := range history {
		if f := d.step(s); f != nil {
			return f
		}
	}
	d.look()
	if f := d.live(); f != nil {
		return f
	}
	// Closing is part of the history: it may write.
	if d.store != nil {
		err := guard(d.store.Close)
		if err != nil && len(d.o.Faults) == 0 && !d.ledger.anyFailed() {
			return d.fail(HarnessBroken, State(nil), fmt.Errorf("close: %w", err))
		}
	}
	d.look()
	return nil
}

// create makes a store that is closed and durable.
func (d *drive[Op]) create() *Failure {
	store, err := openStore(d.sys, d.fs)
	if err == nil {
		err = guard(store.Close)
	}
	if err != nil {
		return d.fail(HarnessBroken, nil, fmt.Errorf("creating the store: %w", err))
	}
	d.fs = d.fs.Crash(crashfs.KeepAll)
	return nil
}

func (d *drive[Op]) watch() {
	d.fs.SetHook(func(c *crashfs.Call) {
		if c.Op&crashfs.OpChanges != 0 {
			d.look()
		}
	})
}

// look takes the moment.
func (d *drive[Op]) look() {
	p := d.fs.Point()
	if d.hit < 0 && d.fired() {
		d.hit = len(d.moments)
	}
	now := d.ledger.clock()
	if d.last == nil || d.last.clock != now {
		d.last = d.ledger.expect()
	}
	if n := len(d.moments); n > 0 {
		if m := d.moments[n-1]; m.expect == d.last && p.Same(m.point) {
			return
		}
	}
	d.moments = append(d.moments, moment{p, d.last})
}

// fired says that some fault has hit.
func (d *drive[Op]) fired() bool {
	for _, in := range d.faults {
		if in.Fired() > 0 {
			return true
		}
	}
	return false
}

// open opens the store. Under injected faults it may fail.
func (d *drive[Op]) open(what string) *Failure {
	store, err := openStore(d.sys, d.fs)
	if err == nil {
		d.store = store
		return nil
	}
	d.store = nil
	if len(d.o.Faults) > 0 || d.o.MayRefuse {
		return nil
	}
	return d.fail(RecoveryFailed, nil, fmt.Errorf("%s: %w", what, err))
}

func (d *drive[Op]) step(s Step[Op]) *Failure {
	if s.Action == Do {
		if d.store == nil {
			return nil
		}
		i := d.ledger.issue(0, s.Op)
		err := guard(func() error { return d.store.Do(s.Op) })
		d.ledger.answer(i, err)
		var p *panicError
		if errors.As(err, &p) {
			return d.fail(RecoveryFailed, nil, err)
		}
		return nil
	}
	old := d.store
	switch s.Action {
	case Reopen:
		if old != nil {
			if err := guard(old.Close); err != nil && len(d.o.Faults) == 0 && !d.ledger.anyFailed() {
				return d.fail(HarnessBroken, nil, fmt.Errorf("close: %w", err))
			}
			old = nil
		}
		d.fs = d.fs.Kill() // locks that a failed close left end
	case Kill:
		d.fs = d.fs.Kill()
	case Crash:
		choose := s.Choose
		if choose == nil {
			choose = crashfs.LoseAll
		}
		d.fs = d.fs.Crash(choose)
	}
	if old != nil {
		_ = guard(old.Close)
	}
	for i, in := range d.faults { // the disk did not get better
		if rest, ok := in.Rest(); ok {
			d.faults[i] = d.fs.Inject(rest)
		}
	}
	d.watch()
	before := d.ledger.expect()
	if f := d.open(s.String()); f != nil {
		return f
	}
	if d.store == nil {
		return nil
	}
	found, err := dump(d.store)
	if err != nil && len(d.o.Faults) > 0 {
		return nil
	}
	if err != nil {
		return d.fail(RecoveryFailed, nil, fmt.Errorf("reading after %s: %w", s, err))
	}
	if v := d.o.judge(before, found); v != OK {
		return d.fail(v, found, nil)
	}
	if s.Action == Crash || !d.o.Loose {
		// What was served is what the store holds from now on.
		d.ledger.restart(found, s.String())
	}
	return nil
}

// live compares what an open store shows with the model.
func (d *drive[Op]) live() *Failure {
	if d.store == nil || len(d.o.Faults) > 0 || d.ledger.anyFailed() {
		return nil
	}
	found, err := dump(d.store)
	if err != nil {
		return d.fail(HarnessBroken, nil, fmt.Errorf("reading without a crash: %w", err))
	}
	if want := d.ledger.live(); !want.Equal(found) {
		f := d.fail(HarnessBroken, found, errors.New("without any crash the store shows something else than the model"))
		f.expect = &expectation{legal: []State{want}, lines: f.expect.lines}
		return f
	}
	return nil
}

func (d *drive[Op]) fail(v Verdict, found State, err error) *Failure {
	return &Failure{Verdict: v, Found: found, Err: err, Mode: d.fs.Mode(), Atom: d.fs.Atom(),
		image: d.fs, expect: d.ledger.expect(), stage: "without a crash"}
}
