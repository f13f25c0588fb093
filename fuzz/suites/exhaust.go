package suites

import (
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Kinds is every kind of operation, in the order in which short histories are
// enumerated.
func Kinds() []Kind {
	return []Kind{Set, Delete, Tx, Clear, Expire, Sweep, Compact, Rotate, Reopen}
}

// Short enumerates every history of n operations of the given kinds.
func Short(n int, kinds []Kind) iter.Seq[[]Op] {
	return func(yield func([]Op) bool) {
		h := make([]Op, n)
		var rec func(i int) bool
		rec = func(i int) bool {
			if i == n {
				return yield(append([]Op(nil), h...))
			}
			for _, k := range kinds {
				h[i] = op(k, i)
				if !rec(i + 1) {
					return false
				}
			}
			return true
		}
		rec(0)
	}
}

// op is the i-th operation of a history: two keys are enough to overwrite, to
// delete what is there and what is not, and to move between.
func op(k Kind, i int) Op {
	o := Op{Kind: k, Key: "a", Other: "b", Value: fmt.Sprintf("v%d", i)}
	switch k {
	case Expire, Rotate:
		o.Key, o.Other = "b", "a"
	}
	if k == Rotate {
		o.Value = strings.Repeat(o.Value, rotateSize/len(o.Value))
	}
	return o
}

// Config says how far a suite goes.
type Config struct {
	Disk       crashfs.Options
	Durability engine.Durability
	Bound      crashfs.Bound
	// Thorough also recovers each image a second time, writes to it and
	// crashes again; Nested also crashes inside the recovery of every n-th
	// image (0 = never).
	Thorough bool
	Nested   int
	// Stop, when it returns true, ends the suite early.
	Stop func() bool
}

// Result is what a suite did.
type Result struct {
	Histories int
	Opens     int // recoveries that were judged
	Counts    crashfs.Counts
	Failure   *Failure // the first; nil when all came back right
}

// Verdict sums a result up.
func (r Result) Verdict() Verdict {
	switch {
	case r.Failure != nil:
		return r.Failure.Verdict
	case r.Opens == 0:
		return NotMeasured
	case len(r.Counts.Untried()) > 0:
		return HarnessBroken
	}
	return OK
}

// Exhaust runs every history and crashes it before every call that can change
// the disk, in every way that the bound has.
func Exhaust(histories iter.Seq[[]Op], c Config) Result {
	census := &crashfs.Census{}
	c.Bound.Census = census
	p := newPool(c.Stop)
	for h := range histories {
		if !p.submit(func() { exhaustOne(h, c, p) }) {
			break
		}
		p.result.Histories++
	}
	p.wait()
	p.result.Counts = census.Counts()
	return p.result
}

func exhaustOne(h []Op, c Config, p *pool) {
	r := newRun(h, c.Disk)
	r.watch()
	if err := r.do(c.Durability); err != nil {
		p.fail(&Failure{Verdict: RecoveryFailed, History: h, Where: "no crash at all", Err: err, Seed: replay(h)})
		return
	}
	r.take()
	_ = r.store.Close()
	r.take()
	for _, in := range r.instants {
		exp := r.expect(in.legal)
		bound := c.Bound
		bound.Salt = salt(in.legal)
		for img := range in.point.States(bound) {
			if p.stopped() {
				return
			}
			p.judge(img, exp, h, fmt.Sprintf("before step %d", in.point.Step()+1), c.Thorough)
			if n := p.opened(); c.Nested > 0 && n%c.Nested == 0 {
				nested(in.point.Crash(img.Origin().Choice.Chooser()), exp, h, c, p)
			}
		}
	}
}

// nested crashes inside the recovery of an image: what comes back must be legal
// all the same.
func nested(img *crashfs.FS, exp *expectation, h []Op, c Config, p *pool) {
	var points []*crashfs.Point
	img.SetHook(func(call *crashfs.Call) {
		if call.Op&crashfs.OpChanges != 0 {
			points = append(points, img.Point())
		}
	})
	if _, err := openState(img); err != nil {
		return // judged already
	}
	bound := c.Bound
	bound.Exhaustive, bound.Pairs, bound.Random = 5, 6, 4
	bound.Salt = salt(exp.legal)
	for _, point := range points {
		for again := range point.States(bound) {
			p.judge(again, exp, h, fmt.Sprintf("in the recovery, before its step %d", point.Step()+1), false)
		}
	}
}

func replay(h []Op) string { return fmt.Sprintf("history %v", h) }

// salt tells apart equal images of which different things are expected.
func salt(legal []string) uint64 {
	h := uint64(14695981039346656037)
	for _, l := range legal {
		for i := range len(l) {
			h = (h ^ uint64(l[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// pool runs work on every processor and keeps the first failure.
type pool struct {
	slots chan struct{}
	all   sync.WaitGroup
	stop  func() bool

	mu     sync.Mutex
	result Result
}

func newPool(stop func() bool) *pool {
	return &pool{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), stop: stop}
}

// submit hands work out, unless the suite is over.
func (p *pool) submit(work func()) bool {
	p.slots <- struct{}{}
	if p.stopped() {
		<-p.slots
		return false
	}
	p.all.Go(func() {
		defer func() { <-p.slots }()
		work()
	})
	return true
}

func (p *pool) wait() { p.all.Wait() }

func (p *pool) stopped() bool {
	p.mu.Lock()
	failed := p.result.Failure != nil
	p.mu.Unlock()
	return failed || p.stop != nil && p.stop()
}

func (p *pool) opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result.Opens
}

func (p *pool) fail(f *Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.result.Failure == nil || len(f.History) < len(p.result.Failure.History) {
		p.result.Failure = f
	}
}

func (p *pool) judge(img *crashfs.FS, exp *expectation, h []Op, where string, thorough bool) {
	v, got, err := recoverImage(img, exp, thorough)
	p.mu.Lock()
	p.result.Opens++
	p.mu.Unlock()
	if v != OK {
		p.fail(&Failure{Verdict: v, History: h, Where: where, Image: img, Got: got.String(), Want: exp.legal, Err: err, Seed: replay(h)})
	}
}
