package crashtest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Check tries random histories with rapid: operations that draw makes, mixed
// with orderly reopens, killed processes and power cuts, and in the end a power
// cut at any step. What each cut loses is drawn too, with 0 for "survives", so
// that the history that rapid shrinks to is short and loses little.
//
// Besides the drawn crash, a few images of some other steps of each history are
// tried. Options.Bound bounds those; its zero value is far smaller here than
// for Exhaust.
func Check[Op any](t *testing.T, sys System[Op], draw func(*rapid.T) Op, o Options) Result {
	t.Helper()
	c := newChecker(sys, draw, o)
	defer func() { // also when rapid has ended the test
		if c.failure != nil {
			t.Log(page(t, c.failure, o))
		}
	}()
	rapid.Check(t, c.property)
	r := c.examiner.result(nil)
	finish(t, r, o)
	return r
}

// Fuzz is Check for go test -fuzz: the fuzzer's bytes drive what Check draws.
func Fuzz[Op any](f *testing.F, sys System[Op], draw func(*rapid.T) Op, o Options) {
	f.Helper()
	f.Add([]byte{})
	f.Fuzz(rapid.MakeFuzz(newChecker(sys, draw, o).property))
}

// checker is what the runs of one Check share.
type checker[Op any] struct {
	examiner *examiner[Op]
	draw     func(*rapid.T) Op
	failure  *Failure // the last one: the smallest, once rapid has shrunk it
}

func newChecker[Op any](sys System[Op], draw func(*rapid.T) Op, o Options) *checker[Op] {
	if o.Bound.Exhaustive == 0 {
		o.Bound.Exhaustive = 3
	}
	if o.Bound.Pairs == 0 {
		o.Bound.Pairs = -1
	}
	if o.Bound.Random == 0 {
		o.Bound.Random = 2
	}
	x := newExaminer(sys, o)
	x.passed = new(set)
	return &checker[Op]{examiner: x, draw: draw}
}

// property is one random history and its crashes.
func (c *checker[Op]) property(t *rapid.T) {
	x := c.examiner.worker()
	x.tally.histories.Add(1)
	mode := rapid.SampledFrom(x.o.modes()).Draw(t, "mode")
	history := rapid.SliceOfN(rapid.Custom(c.step), 1, 30).Draw(t, "history")
	d := &drive[Op]{sys: x.sys, o: x.o, fs: crashfs.New(crashfs.Options{Mode: mode, Atom: x.o.Atom})}
	for i := range history {
		if history[i].Action == Crash {
			history[i].Choose = drawFates(t)
		}
	}
	c.report(t, d.run(history))

	m := d.moments[len(d.moments)-1-rapid.IntRange(0, len(d.moments)-1).Draw(t, "steps before the end")]
	image := m.point.Crash(drawFates(t))
	x.census.Note(image)
	c.report(t, x.image(image, m.expect))
	c.report(t, x.deep(m.point.Crash(image.Origin().Choice.Chooser()), m.expect))

	// A stride that shares no factor with most lengths visits different kinds
	// of steps in different histories.
	for i := 0; i < len(d.moments); i += 1 + len(d.moments)/12 {
		x.newCensus() // what fails must fail again when rapid shrinks it
		f := x.moment(d.moments[i])
		if f == nil {
			f = x.deepen()
		}
		c.examiner.census.Merge(x.census)
		c.examiner.inner.Merge(x.inner)
		c.report(t, f)
	}
}

func (c *checker[Op]) report(t *rapid.T, f *Failure) {
	if f != nil {
		c.failure = f
		t.Fatal(f.String())
	}
}

// step draws one step of a history: most are operations.
func (c *checker[Op]) step(t *rapid.T) Step[Op] {
	switch rapid.IntRange(0, 19).Draw(t, "action") {
	case 17:
		return Step[Op]{Action: Reopen}
	case 18:
		return Step[Op]{Action: Kill}
	case 19:
		return Step[Op]{Action: Crash}
	}
	return Step[Op]{Op: c.draw(t)}
}

// drawFates draws the fate of every effect, 0 for survival. So many that a
// single draw for each would drown the history share the rest of them.
func drawFates(t *rapid.T) crashfs.Chooser {
	const single = 64
	var rest crashfs.Chooser
	return func(i int, e *crashfs.Effect) crashfs.Fate {
		if i < single {
			return crashfs.Fate(rapid.IntRange(0, 1).Draw(t, "lost"))
		}
		if rest == nil {
			rest = crashfs.KeepAll
			if seed := rapid.Uint64().Draw(t, "losses"); seed != 0 {
				rest = crashfs.Random(seed)
			}
		}
		return rest(i, e)
	}
}
