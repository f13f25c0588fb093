package suites

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// Options say what Run tries, and how much of it.
type Options struct {
	// Suites are run one after the other; nil means All.
	Suites []Suite
	// Seed draws the cases of endless suites.
	Seed uint64
	// Time, Cases and Images are bounds, 0 for none: how long Run goes on, how
	// many cases it tries in all, how many distinct images. Time and Cases are
	// shared out among the suites: what one of them leaves over the next ones get.
	// When the time is over a case is cut short. Without a bound an endless suite
	// tries DefaultCases.
	Time   time.Duration
	Cases  int64
	Images int64
	// Short leaves out what takes more than a moment.
	Short bool
	// Every, above 1, tries only every so-many-th case of the suites that end.
	Every int64
	// Workers is how many cases are tried at once; 0 means one for each processor.
	Workers int
	// Again, when not nil, makes the command that shows a failure again; it goes
	// into the report.
	Again func(suite, name string) string
	// Progress, when not nil, is told what was tried so far, now and then, by one
	// goroutine at a time.
	Progress func(suite string, total Counts)
}

// DefaultCases is how many cases an endless suite tries when nothing bounds it.
const DefaultCases = 50

// A Result is what came of one suite.
type Result struct {
	Suite   string
	Verdict crashtest.Verdict
	Failure *crashtest.Failure // nil when nothing was found
	Case    string             // the case that failed; Replay takes it
	Cases   int64              // tried
	// Finished says that every case was tried, or as many as Options.Cases or
	// DefaultCases asked for.
	Finished bool
	Counts   Counts
}

// Problem is what was found, "" when nothing was. A verdict without a failure
// says that the run itself proves nothing.
func (r Result) Problem() string {
	switch {
	case r.Failure != nil:
		return r.Failure.String()
	case r.Verdict != crashtest.OK:
		return fmt.Sprintf("%v: %s: %s, after %v", r.Verdict, r.Suite, r.Verdict.Text(), r.Counts)
	}
	return ""
}

// Run tries suites until all is tried, a bound is reached, the context ends, or
// something is found: the last Result has it. A suite that did not get to try
// anything has no Result. The images that several suites have in common count
// for the first.
func Run(ctx context.Context, o Options) []Result {
	if o.Suites == nil {
		o.Suites = All()
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	begun := time.Now()
	images := new(crashfs.ImageSet)
	var list []Result
	var before Counts
	var cases int64
	for i, s := range o.Suites {
		r := run{Options: o, suite: s, images: images, before: before, most: -1}
		r.source = s.begin(config{seed: o.Seed, short: o.Short, images: images})
		left := len(o.Suites) - i
		switch {
		case o.Cases > 0:
			r.most = (o.Cases - cases + int64(left) - 1) / int64(left)
		case s.Endless && o.Time == 0 && o.Images == 0:
			r.most = DefaultCases
		}
		share := ctx
		if o.Time > 0 {
			var cancel context.CancelFunc
			share, cancel = context.WithTimeout(ctx, (o.Time-time.Since(begun))/time.Duration(left))
			defer cancel()
		}
		if ctx.Err() != nil || r.most == 0 || r.enough() {
			break
		}
		result := r.do(share)
		if result.Cases == 0 {
			continue
		}
		list = append(list, result)
		before, cases = before.Add(result.Counts), cases+result.Cases
		if result.Verdict != crashtest.OK {
			break
		}
	}
	return list
}

// Replay tries one case of a suite again, alone: what it tries, in which order,
// and what it finds are the same every time. An error says that there is no such
// case.
func Replay(ctx context.Context, s Suite, name string, o Options) (Result, error) {
	images := new(crashfs.ImageSet)
	r := run{Options: o, suite: s, images: images, source: s.begin(config{images: images})}
	f, err := r.source.try(ctx, name)
	if err != nil {
		return Result{}, err
	}
	r.tried, r.finished = 1, true
	return r.result(f, name), nil
}

// run is one suite that is being run.
type run struct {
	Options
	suite  Suite
	source source
	images *crashfs.ImageSet
	before Counts // of the suites before it
	most   int64  // cases; -1 for all

	mu       sync.Mutex
	next     func() (string, bool)
	tried    int64
	finished bool
	failed   int64 // the number of the first case that failed; 0 for none
	failure  *crashtest.Failure
	name     string
}

// do tries cases, several at once, until there is a reason to stop.
func (r *run) do(ctx context.Context) Result {
	next, stop := iter.Pull(r.source.cases)
	defer stop()
	r.next = next
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() {
			for n, name := r.take(ctx); n > 0; n, name = r.take(ctx) {
				f, err := r.source.try(ctx, name)
				if err != nil {
					panic("suites: " + r.suite.Name + " does not know its own case: " + err.Error())
				}
				r.done(n, name, f)
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil { // the last ones were cut short
		r.finished = false
	}
	return r.result(r.failure, r.name)
}

// take is the next case and its number, 0 when there is none.
func (r *run) take(ctx context.Context) (int64, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil, r.failed > 0, r.enough():
		return 0, ""
	case r.most >= 0 && r.tried >= r.most:
		r.finished = true
		return 0, ""
	}
	name, ok := r.next()
	for skip := r.Every; ok && skip > 1 && r.tried > 0 && !r.suite.Endless; skip-- {
		name, ok = r.next()
	}
	if !ok {
		r.finished = true
		return 0, ""
	}
	r.tried++
	return r.tried, name
}

func (r *run) enough() bool { return r.Images > 0 && int64(r.images.Len()) >= r.Images }

// done notes what came of a case. Of several failures the first case's counts,
// whichever ended first.
func (r *run) done(n int64, name string, f *crashtest.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f != nil && (r.failed == 0 || n < r.failed) {
		r.failed, r.failure, r.name = n, f, name
	}
	if r.Progress != nil {
		r.Progress(r.suite.Name, r.before.Add(newCounts(r.source.result(nil))))
	}
}

func (r *run) result(f *crashtest.Failure, name string) Result {
	if f != nil && r.Again != nil {
		f.Replay = r.Again(r.suite.Name, name)
	}
	tried := r.source.result(f)
	verdict := tried.Verdict
	if f == nil && !r.finished && !r.enough() {
		verdict = crashtest.OK // of what was cut short nobody can say that it tried nothing
	}
	return Result{
		Suite: r.suite.Name, Verdict: verdict, Failure: f, Case: name, Cases: r.tried, Finished: r.finished,
		Counts: newCounts(tried),
	}
}
