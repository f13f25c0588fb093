package crashtest

import (
	"fmt"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// A Result is what a run tried and found.
type Result struct {
	Verdict   Verdict
	Failure   *Failure // nil when the verdict is OK
	Histories int64
	Images    crashfs.Counts // crashes of the histories
	Inner     crashfs.Counts // crashes of recoveries
	Opened    int64          // recoveries run
	Kills     int64          // processes killed
	Refused   int64          // recoveries that refused, where Options.MayRefuse says so
}

// Distinct is how many different images the store was opened on: those of the
// histories and those of crashed recoveries.
func (r Result) Distinct() int { return r.Images.Distinct + r.Inner.Distinct }

func (r Result) String() string {
	s := fmt.Sprintf("%v: %d histories, %v; in recoveries %d points, %d distinct images; %d kills; %d recoveries run",
		r.Verdict, r.Histories, r.Images, r.Inner.Points, r.Inner.Distinct, r.Kills, r.Opened)
	if r.Refused > 0 {
		s += fmt.Sprintf("; %d refused", r.Refused)
	}
	return s
}

// result sums up a run. A run that found nothing wrong must have shown that it
// could have: otherwise its verdict is NotMeasured or HarnessBroken.
func (x *examiner[Op]) result(f *Failure) Result {
	r := Result{
		Failure: f, Histories: x.tally.histories.Load(), Images: x.census.Counts(), Inner: x.inner.Counts(),
		Opened: x.tally.opened.Load(), Kills: x.tally.kills.Load(), Refused: x.tally.refused.Load(),
	}
	switch {
	case f != nil:
		r.Verdict = f.Verdict
	case !r.Images.AnyPending():
		r.Verdict = NotMeasured
	case len(r.Images.Untried()) > 0:
		r.Verdict = HarnessBroken
	}
	return r
}

// problem says what is wrong with a run that failed without a Failure.
func (r Result) problem() string {
	if r.Verdict == HarnessBroken && r.Failure == nil {
		return fmt.Sprintf("%v: of these kinds of effects, all were kept or all were lost: %v\n%v",
			r.Verdict, r.Images.Untried(), r)
	}
	return r.String()
}
