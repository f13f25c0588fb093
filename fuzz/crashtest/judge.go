package crashtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// judge is the oracle: the verdict on a state that was recovered.
func (o Options) judge(e *expectation, found State) Verdict {
	if e.allows(found) {
		return OK
	}
	for i := max(0, len(e.before)-o.MayLose); i < len(e.before); i++ {
		if e.before[i].Equal(found) {
			return OK
		}
	}
	return classify(e, found)
}

// judgeError is the verdict on a store that does not open or cannot be read.
func (o Options) judgeError(err error) Verdict {
	var p *panicError
	if o.MayRefuse && !errors.As(err, &p) {
		return OK
	}
	return RecoveryFailed
}

// examiner tries the images of moments. It is shared by the workers of a run.
type examiner[Op any] struct {
	sys     System[Op]
	o       Options
	census  *crashfs.Census // images of the history
	inner   *crashfs.Census // images of recoveries
	moments *set            // moments that passed
	passed  *set            // images that passed; nil where the census does not forget
	tally   *tally
	later   []deeper // one worker's own
	stopped func() bool
}

// tally counts what was judged.
type tally struct {
	histories atomic.Int64
	opened    atomic.Int64 // recoveries run
	kills     atomic.Int64 // processes killed
	refused   atomic.Int64 // recoveries that refused, where that is allowed

	damaged, detected, harmless, cut atomic.Int64 // see RotResult
	rotten                           atomic.Int64 // damaged images that were new
}

func newExaminer[Op any](sys System[Op], o Options) *examiner[Op] {
	if o.Images == nil {
		o.Images = new(crashfs.ImageSet)
	}
	x := &examiner[Op]{sys: sys, o: o, moments: new(set), tally: new(tally), stopped: func() bool { return false }}
	x.newCensus()
	return x
}

// newCensus forgets the images that were tried.
func (x *examiner[Op]) newCensus() {
	x.census, x.inner = &crashfs.Census{Images: x.o.Images}, &crashfs.Census{Images: x.o.Images}
}

// moment tries every image of a moment, within the bound, and the death of the
// process alone.
func (x *examiner[Op]) moment(m moment) *Failure {
	key := mix(m.point.Hash() ^ x.salt(m))
	if x.moments.has(key) || x.stopped() {
		return nil
	}
	b := x.o.Bound
	b.Census = x.census
	b.Salt = x.salt(m)
	for image := range m.point.States(b) {
		if f := x.checked(image, m); f != nil {
			return f
		}
		if x.stopped() {
			return nil
		}
	}
	f := x.kill(m)
	if f == nil {
		x.moments.add(key)
	}
	return f
}

// salt is what a verdict depends on besides the image.
func (x *examiner[Op]) salt(m moment) uint64 {
	return m.expect.salt() ^ mix(uint64(m.point.Mode())+1)
}

// checked tries an image that has not passed before, and makes the choice that
// led to a failure as small as it gets.
func (x *examiner[Op]) checked(image *crashfs.FS, m moment) *Failure {
	key := mix(image.Hash() ^ x.salt(m))
	if x.passed.has(key) {
		return nil
	}
	image.SetTrace(false) // a failure is looked at again with it
	f := x.image(image, m.expect)
	if f != nil {
		return minimize(f, image, m, x.image)
	}
	x.passed.add(key)
	if x.o.deep(key) {
		x.later = append(x.later, deeper{image.Origin().Choice, m})
	}
	return nil
}

// image is what is done with every image: open, read, compare; cut the power
// again at once and find the same.
func (x *examiner[Op]) image(image *crashfs.FS, e *expectation) *Failure {
	found, at, f := x.recover(image, e, "after the crash")
	if f != nil || at == nil {
		return f
	}
	return x.again(at.Crash(crashfs.LoseAll), e, found, second, false)
}

// second is the stage of a power cut right after a recovery.
const second = "after the recovery and a second power cut"

// deeper is an image that more is to be done with. That comes when all images
// of a history have passed the plain test, because a failure there says more.
type deeper struct {
	choice crashfs.Choice
	m      moment
}

// deepen crashes the recoveries of the images that were chosen for it, and uses
// the recovered stores.
func (x *examiner[Op]) deepen() *Failure {
	todo := x.later
	x.later = nil
	for _, d := range todo {
		if x.stopped() {
			return nil
		}
		image := d.m.point.Crash(d.choice.Chooser())
		image.SetTrace(false)
		if f := x.deep(image, d.m.expect); f != nil {
			return minimize(f, image, d.m, x.deep)
		}
	}
	return nil
}

func (x *examiner[Op]) deep(image *crashfs.FS, e *expectation) *Failure {
	found, at, f := x.crashedRecovery(image, e, "after the crash")
	if f != nil || at == nil {
		return f
	}
	return x.again(at.Crash(crashfs.LoseAll), e, found, second, true)
}

// crashedRecovery opens a store and cuts the power before every step of that,
// and behind the last one, when it has shown what it holds.
func (x *examiner[Op]) crashedRecovery(image *crashfs.FS, e *expectation, stage string) (State, *crashfs.Point, *Failure) {
	var mu sync.Mutex
	var during []*crashfs.Point
	image.SetHook(func(c *crashfs.Call) {
		if c.Op&crashfs.OpChanges != 0 {
			p := image.Point()
			mu.Lock()
			defer mu.Unlock()
			during = append(during, p)
		}
	})
	found, at, f := x.recover(image, e, stage)
	if f != nil || at == nil {
		return nil, nil, f
	}
	for _, p := range during {
		if f := x.duringRecovery(p, e); f != nil {
			return nil, nil, f
		}
	}
	return found, at, x.duringRecovery(at, e.served(found, x.o.Loose))
}

// recover opens a store on an image and compares what it shows. It returns the
// moment at which it had been shown. A nil one says that the store refused, and
// may.
func (x *examiner[Op]) recover(image *crashfs.FS, e *expectation, stage string) (State, *crashfs.Point, *Failure) {
	x.tally.opened.Add(1)
	store, err := openStore(x.sys, image)
	if err != nil {
		if v := x.o.judgeError(err); v != OK {
			return nil, nil, newFailure(v, image, e, stage, nil, err)
		}
		x.tally.refused.Add(1)
		return nil, nil, nil
	}
	found, err := dump(store)
	at := image.Point()
	image.Stop()
	_ = guard(store.Close) // so that its goroutines end
	if err != nil {
		if v := x.o.judgeError(err); v != OK {
			return nil, nil, newFailure(v, image, e, stage, nil, fmt.Errorf("reading: %w", err))
		}
		return nil, nil, nil
	}
	if v := x.o.judge(e, found); v != OK {
		return nil, nil, newFailure(v, image, e, stage, found, nil)
	}
	return found, at, nil
}

// again opens the store a second time: it shows the same. With use it is then
// written to, and crashed, and shows that too.
func (x *examiner[Op]) again(image *crashfs.FS, e *expectation, found State, stage string, use bool) *Failure {
	same := e.served(found, x.o.Loose)
	x.tally.opened.Add(1)
	store, err := openStore(x.sys, image)
	if err != nil {
		return newFailure(RecoveryFailed, image, same, stage, nil, err)
	}
	again, err := dump(store)
	if err != nil {
		_ = guard(store.Close)
		return newFailure(RecoveryFailed, image, same, stage, nil, fmt.Errorf("reading: %w", err))
	}
	if v := x.o.judge(same, again); v != OK {
		_ = guard(store.Close)
		return newFailure(v, image, same, stage, again, nil)
	}
	p, ok := x.sys.(Prober[Op])
	if !use || !ok {
		_ = guard(store.Close)
		return nil
	}
	l := newLedger(x.sys, again)
	l.past = same.lines
	op := p.Probe()
	i := l.issue(0, op)
	err = guard(func() error { return store.Do(op) })
	l.answer(i, err)
	after := image.Crash(crashfs.LoseAll)
	_ = guard(store.Close)
	if err != nil {
		return newFailure(RecoveryFailed, image, l.expect(), "using the recovered store", again, err)
	}
	_, _, f := x.recover(after, l.expect(), "after writing to the recovered store and another power cut")
	return f
}

// duringRecovery cuts the power before one step of a recovery.
func (x *examiner[Op]) duringRecovery(p *crashfs.Point, e *expectation) *Failure {
	m := moment{p, e}
	b := x.o.recoveryBound()
	b.Census, b.Salt = x.inner, x.salt(m)
	try := func(image *crashfs.FS, e *expectation) *Failure {
		_, _, f := x.recover(image, e, "after a crash of the recovery")
		return f
	}
	for image := range p.States(b) {
		image.SetTrace(false)
		if f := try(image, e); f != nil {
			return minimize(f, image, m, try)
		}
	}
	return nil
}

// kill ends the process at this moment and leaves the machine alone: the next
// one sees every byte, and what it serves must last.
func (x *examiner[Op]) kill(m moment) *Failure {
	x.tally.kills.Add(1)
	try := func(trace bool) *Failure {
		image := m.point.Kill()
		image.SetTrace(trace)
		found, at, f := x.recover(image, m.expect, "after the death of the process")
		if f != nil || at == nil {
			return f
		}
		return x.again(at.Crash(crashfs.LoseAll), m.expect, found, "after the death of the process, a recovery, and then a power cut", false)
	}
	f := try(false)
	if f != nil {
		if g := try(true); g != nil {
			return g
		}
		return f
	}
	// What the dead process had begun is still pending while the next one
	// recovers, and goes its own way when the power goes then.
	if x.o.deep(mix(m.point.Hash() ^ x.salt(m))) {
		_, _, f = x.crashedRecovery(m.point.Kill(), m.expect, "after the death of the process")
	}
	return f
}
