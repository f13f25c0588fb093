package suites

import (
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// run is one history on one simulated disk, watched call by call.
type run struct {
	history []Op
	fs      *crashfs.FS
	store   *Store

	done State // after every operation that was acknowledged
	next State // after the one that is under way, which may or may not survive
	exp  expectation

	instants []instant
}

// instant is the disk before one call that could change it, and what a crash
// there may leave.
type instant struct {
	point *crashfs.Point
	legal []string
}

func newRun(h []Op, o crashfs.Options) *run {
	r := &run{history: h, done: State{}, next: State{}}
	r.exp = expectation{past: map[string]bool{"": true}, written: map[string]bool{}}
	r.fs = crashfs.New(o)
	return r
}

// watch takes an instant before every call that can change the disk.
func (r *run) watch() {
	r.fs.SetHook(func(c *crashfs.Call) {
		if c.Op&crashfs.OpChanges != 0 {
			r.take()
		}
	})
}

func (r *run) take() {
	r.instants = append(r.instants, instant{r.fs.Point(), r.legal()})
}

// legal is what a crash now may leave: everything acknowledged, and the
// operation under way or not. Once a reader has seen that one, it must stay:
// what is visible is durable.
func (r *run) legal() []string {
	done, next := r.done.String(), r.next.String()
	if done == next {
		return []string{done}
	}
	if r.store != nil && r.store.db != nil {
		if seen, err := r.store.State(); err == nil && seen.String() == next {
			return []string{next}
		}
	}
	return []string{done, next}
}

// do runs the history to its end, or to the first error, which it returns.
func (r *run) do(mode engine.Durability) error {
	s, err := Open(r.fs, mode)
	if err != nil {
		return err
	}
	r.store = s
	for _, o := range r.history {
		if err := r.step(o); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) step(o Op) error {
	r.next = r.done.Apply(o)
	r.exp.past[r.next.String()] = true
	for k, v := range r.next {
		r.exp.written[k+"="+v] = true
	}
	if err := r.store.Do(o); err != nil {
		return err
	}
	r.done = r.next
	return nil
}

// expect is the expectation for an instant.
func (r *run) expect(legal []string) *expectation {
	e := r.exp
	e.legal = legal
	return &e
}

// recoverImage opens what a crash left, and holds it to the expectation: once, once
// more with the same result, and then with a write that another crash must
// leave alone.
func recoverImage(fs *crashfs.FS, exp *expectation, thorough bool) (Verdict, State, error) {
	got, err := openState(fs)
	if err != nil {
		return RecoveryFailed, nil, err
	}
	if v := exp.judge(got); v != OK || !thorough {
		return v, got, nil
	}
	again := fs.Crash(crashfs.LoseAll)
	same := *exp
	same.legal = []string{got.String()}
	s, err := Open(again, engine.Always)
	if err != nil {
		return RecoveryFailed, nil, err
	}
	if got, err = s.State(); err != nil {
		return RecoveryFailed, nil, err
	}
	if v := same.judge(got); v != OK {
		return v, got, nil
	}
	o := Op{Kind: Set, Key: "after", Value: "w"}
	if err := s.Do(o); err != nil {
		return RecoveryFailed, nil, err
	}
	want := got.Apply(o)
	_ = s.Close()
	last, err := openState(again.Crash(crashfs.LoseAll))
	if err != nil {
		return RecoveryFailed, nil, err
	}
	same.legal = []string{want.String()}
	same.written["after=w"] = true
	return same.judge(last), last, nil
}

// openState recovers a store and reads it. The handle is given up, as by a
// crash: a Close would write.
func openState(fs *crashfs.FS) (State, error) {
	s, err := Open(fs, engine.Always)
	if err != nil {
		return nil, err
	}
	return s.State()
}
