package kernel

import (
	"fmt"
	"slices"
)

// Verdict is what is wrong with a recovered state, in the words of the crash
// model.
type Verdict string

// The verdicts.
const (
	Lost           Verdict = "Lost"           // something acknowledged is gone
	Phantom        Verdict = "Phantom"        // a transaction that nobody began
	Hole           Verdict = "Hole"           // not a prefix of the commit order, or not whole transactions
	RecoveryFailed Verdict = "RecoveryFailed" // the store does not open
	Untyped        Verdict = "Untyped"        // an error that a caller cannot tell apart
	Hang           Verdict = "Hang"           // the child did not end when its disk was gone
	Unexpected     Verdict = "Unexpected"     // an error without a cause
)

// A Failure is a round that went wrong.
type Failure struct {
	Verdict Verdict
	Detail  string
	After   string // the disaster
	Seed    uint64
	Round   uint64
	Config  Config // of the round
}

func (f *Failure) Error() string {
	return fmt.Sprintf("kernel: %s after %s in round %d of seed %d: %s\nconfiguration: %+v",
		f.Verdict, f.After, f.Round, f.Seed, f.Detail, f.Config)
}

// history is what the parent knows of a store: a state that no crash can take
// away, and the transactions that followed it, of which a crash leaves a prefix.
type history struct {
	config *Config // any of the store's: what a transaction does depends on the seed and the sizes alone
	floor  *model
	trail  []position
}

func newHistory(c *Config) *history { return &history{config: c, floor: newModel()} }

func (h *history) clone() *history {
	return &history{config: h.config, floor: h.floor.clone(), trail: slices.Clone(h.trail)}
}

// heard adds what a child of the round began.
func (h *history) heard(round, begun uint64) {
	for n := h.last() + 1; n <= begun; n++ {
		h.trail = append(h.trail, position{N: n, Round: round})
	}
}

// last is the number of the newest transaction that may be in the store.
func (h *history) last() uint64 {
	if len(h.trail) > 0 {
		return h.trail[len(h.trail)-1].N
	}
	return h.floor.pos.N
}

// durable raises the floor to transaction n.
func (h *history) durable(n uint64) {
	for len(h.trail) > 0 && h.trail[0].N <= n {
		h.floor.apply(h.config, h.trail[0])
		h.trail = h.trail[1:]
	}
}

// served says that recovery showed the state at p to its users: what comes
// behind p is void, and p itself can no longer be lost.
func (h *history) served(p position) (Verdict, string) {
	if v, detail := h.known(p); v != "" {
		return v, detail
	}
	h.durable(p.N)
	h.trail = nil
	return "", ""
}

// known says whether a crash may leave the state at p, as far as the numbers go.
func (h *history) known(p position) (Verdict, string) {
	switch {
	case p.N < h.floor.pos.N:
		return Lost, fmt.Sprintf("%v was durable, the store holds %v", h.floor.pos, p)
	case p.N > h.last():
		return Phantom, fmt.Sprintf("nothing behind transaction %d was begun, the store holds %v", h.last(), p)
	case p == h.floor.pos:
		return "", ""
	}
	for _, q := range h.trail {
		if p == q {
			return "", ""
		}
	}
	return Phantom, fmt.Sprintf("the store holds %v, which was given up or never was", p)
}

// check says what is wrong with a recovered state.
func (h *history) check(got *model) (Verdict, string) {
	if v, detail := h.known(got.pos); v != "" {
		return v, detail
	}
	want := h.floor.clone()
	for _, p := range h.trail {
		if p.N <= got.pos.N {
			want.apply(h.config, p)
		}
	}
	if d := diff(want, got); d != "" {
		return Hole, fmt.Sprintf("at %v: %s", got.pos, d)
	}
	return "", ""
}
