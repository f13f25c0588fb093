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
	Rot       RotResult      // of a Session: damages
	rotten    int64
}

// Points is the places where the power went: in histories and in recoveries.
func (r Result) Points() int { return r.Images.Points + r.Inner.Points }

// States is the legal choices that were made there.
func (r Result) States() int { return r.Images.States + r.Inner.States }

// Distinct is how many images the store was opened on that differ in their
// bytes, names or lengths: those of the histories, of crashed recoveries, and
// damaged ones. Images that Options.Images knew before do not count.
func (r Result) Distinct() int { return r.Images.New + r.Inner.New + int(r.rotten) }

func (r Result) String() string {
	s := fmt.Sprintf("%v: %d histories, %d crash points, %d legal states, %d distinct images; %d kills; %d recoveries run",
		r.Verdict, r.Histories, r.Points(), r.States(), r.Distinct(), r.Kills, r.Opened)
	if r.Refused > 0 {
		s += fmt.Sprintf("; %d refused", r.Refused)
	}
	return s + fmt.Sprintf("; of the histories alone %v; of crashed recoveries %d points, %d images",
		r.Images, r.Inner.Points, r.Inner.Distinct)
}

// result sums up a run. A run that found nothing wrong must have shown that it
// could have: otherwise its verdict is NotMeasured or HarnessBroken.
func (x *examiner[Op]) result(f *Failure) Result {
	r := Result{
		Failure: f, Histories: x.tally.histories.Load(), Images: x.census.Counts(), Inner: x.inner.Counts(),
		Opened: x.tally.opened.Load(), Kills: x.tally.kills.Load(), Refused: x.tally.refused.Load(),
		Rot: RotResult{Failure: f, Tried: x.tally.damaged.Load(), Detected: x.tally.detected.Load(),
			Harmless: x.tally.harmless.Load(), Cut: x.tally.cut.Load()},
		rotten: x.tally.rotten.Load(),
	}
	switch {
	case f != nil:
		r.Verdict = f.Verdict
	case r.Rot.Tried > 0 && r.Histories == 0:
	case !r.Images.AnyPending():
		r.Verdict = NotMeasured
	case len(r.oneSided()) > 0:
		r.Verdict = HarnessBroken
	}
	return r
}

// enough is how many effects of a kind must have been pending before it says anything
// of the harness that all were kept, or all lost: of a few, chance does that.
const enough = 20

// oneSided is the kinds of effects that were pending often, and always kept or always lost.
func (r *Result) oneSided() (kinds []crashfs.Kind) {
	for _, k := range r.Images.Untried() {
		if r.Images.Kept[k]+r.Images.Lost[k] >= enough {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// problem says what is wrong with a run that failed without a Failure.
func (r Result) problem() string {
	if r.Verdict == HarnessBroken && r.Failure == nil {
		return fmt.Sprintf("%v: of these kinds of effects, all were kept or all were lost: %v\n%v",
			r.Verdict, r.oneSided(), r)
	}
	return r.String()
}
