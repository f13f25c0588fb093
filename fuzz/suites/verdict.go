package suites

import (
	"fmt"
	"strings"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// Verdict is what the oracle says of one recovered image.
type Verdict string

// The verdicts.
const (
	OK               Verdict = "OK"
	Lost             Verdict = "Lost"             // something acknowledged, or seen by a reader, is gone
	Phantom          Verdict = "Phantom"          // something that was never issued is there
	Torn             Verdict = "Torn"             // a transaction is there in part
	RecoveryFailed   Verdict = "RecoveryFailed"   // a state that a crash may leave does not open
	SilentCorruption Verdict = "SilentCorruption" // damage came back as data, without an error
	NotMeasured      Verdict = "NotMeasured"      // nothing was tried
	HarnessBroken    Verdict = "HarnessBroken"    // the run proves nothing
)

// Failure is an image that came back wrong, with all that is needed to see why.
type Failure struct {
	Verdict Verdict
	Seed    string // what replays it
	History []Op
	Where   string // which call, which fault, which byte
	Image   *crashfs.FS
	Got     string
	Want    []string
	Err     error
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s\n  history: %v\n  at: %s\n", f.Verdict, f.History, f.Where)
	if f.Err != nil {
		fmt.Fprintf(&b, "  error: %v\n", f.Err)
	} else {
		fmt.Fprintf(&b, "  came back: %s\n", cut(f.Got))
		for _, w := range f.Want {
			fmt.Fprintf(&b, "  legal:     %s\n", cut(w))
		}
	}
	if f.Image != nil && f.Image.Origin() != nil {
		fmt.Fprintf(&b, "  crash choice: %v\n", f.Image.Origin().Choice)
	}
	fmt.Fprintf(&b, "  again with: %s", f.Seed)
	return b.String()
}

func cut(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	if s == "" {
		return "(empty)"
	}
	return s
}

// expectation is what a crash at some instant may leave: the states that are
// legal, and what had been written by then, to name a state that is not.
type expectation struct {
	legal   []string
	past    map[string]bool // every state that the store was ever in
	written map[string]bool // every key=value ever issued
}

// judge names what is wrong with a state; OK when nothing is.
func (e *expectation) judge(got State) Verdict {
	s := got.String()
	for _, l := range e.legal {
		if s == l {
			return OK
		}
	}
	if e.past[s] {
		return Lost
	}
	for k, v := range got {
		if !e.written[k+"="+v] {
			return SilentCorruption
		}
	}
	for l := range e.past {
		if !strings.Contains(l, s) && strings.Contains(s, l) {
			return Phantom
		}
	}
	return Torn
}
