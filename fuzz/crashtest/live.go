package crashtest

import "slices"

// readsEach is how often each of Options.Readers looks.
const readsEach = 4

// An Event is one operation, or one look at everything, of a concurrent run
// without a crash.
type Event struct {
	Client int   // from 1
	Op     any   // the System's Op; nil for a read
	Saw    State // what a read was shown
	Err    error // what the client was told
	// Issued and Answered are when the operation began and ended, on a clock that
	// ticks at each of these. Answered is 0 when the operation never ended.
	Issued, Answered int
}

// events is what the clients did and saw.
func (l *ledger[Op]) events() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Event
	for _, r := range l.ops {
		e := Event{Client: r.client, Err: r.err, Issued: r.issued, Answered: r.answered}
		if r.read {
			e.Saw = r.saw
		} else {
			e.Op = r.op
		}
		out = append(out, e)
	}
	return out
}

// linearizable says whether one order of the operations explains every answer:
// all that were acknowledged, and any of the others, each between its beginning
// and its end, with every reader shown the state at its place in the order.
//
// It is the search that finds what a crash may leave, with every answer counted
// as one that must be kept.
func (l *ledger[Op]) linearizable() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ops := slices.Clone(l.ops)
	for i := range ops {
		ops[i].durable = ops[i].status == acknowledged
	}
	e := new(expectation)
	linearize(e, l.base, ops, l.apply(ops))
	return len(e.legal) > 0
}
