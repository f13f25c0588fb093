package crashtest

import "sync"

// status is what became of an operation.
type status uint8

const (
	inFlight     status = iota // not answered when the power went
	acknowledged               // it returned nil
	failed                     // it returned an error: it may have happened
	refused                    // it will never be seen
)

var statusNames = [...]string{"in flight", "acknowledged", "failed", "refused"}

func (s status) String() string { return statusNames[s] }

// record is one operation in the ledger.
type record[Op any] struct {
	op       Op
	client   int
	read     bool  // no operation: the client looked
	saw      State // what it was shown, once answered
	status   status
	durable  bool // acknowledged, and that promised durability
	err      error
	issued   int // the ledger's clock
	answered int // 0 while in flight
}

// ledger keeps what the clients asked for and were answered: all that the
// oracle may hold against a store. Clients of a concurrent run share it.
type ledger[Op any] struct {
	sys  System[Op]
	mu   sync.Mutex
	base []State // what the store may hold before the first operation
	ops  []record[Op]
	past []Line // of before the last restart
	now  int
}

func newLedger[Op any](sys System[Op], base ...State) *ledger[Op] {
	return &ledger[Op]{sys: sys, base: base}
}

// issue notes that an operation begins.
func (l *ledger[Op]) issue(client int, op Op) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	l.ops = append(l.ops, record[Op]{op: op, client: client, issued: l.now})
	return len(l.ops) - 1
}

// answer notes how it ended.
func (l *ledger[Op]) answer(i int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	r := &l.ops[i]
	r.answered, r.err = l.now, err
	switch {
	case err == nil:
		r.status, r.durable = acknowledged, true
		if d, ok := l.sys.(Durabler[Op]); ok {
			r.durable = d.Durable(r.op)
		}
	default:
		r.status = failed
		if ref, ok := l.sys.(Refuser); ok && ref.Refused(err) {
			r.status = refused
		}
	}
}

// issueRead notes that a client begins to look at everything.
func (l *ledger[Op]) issueRead(client int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	l.ops = append(l.ops, record[Op]{client: client, read: true, issued: l.now})
	return len(l.ops) - 1
}

// answerRead notes what it was shown. A read that failed says nothing.
func (l *ledger[Op]) answerRead(i int, saw State, err error, lasts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	r := &l.ops[i]
	r.answered, r.err, r.saw = l.now, err, saw.Clone()
	r.status, r.durable = acknowledged, lasts
	if err != nil {
		r.status, r.durable = refused, false
	}
}

// expect is what a crash now may leave.
func (l *ledger[Op]) expect() *expectation {
	l.mu.Lock()
	defer l.mu.Unlock()
	ops := append([]record[Op](nil), l.ops...)
	e := &expectation{clock: l.now, lines: append([]Line(nil), l.past...)}
	for _, r := range ops {
		e.lines = append(e.lines, r.line())
	}
	apply := l.apply(ops)
	if concurrent(ops) {
		linearize(e, l.base, ops, apply)
	} else {
		prefixes(e, l.base, ops, apply)
	}
	return e
}

// line is the operation for a report.
func (r *record[Op]) line() Line {
	line := Line{Client: r.client, Status: r.status.String(), Err: r.err, Issued: r.issued, Answered: r.answered}
	switch {
	case !r.read:
		line.Op = format(r.op)
	case r.status == acknowledged:
		line.Op, line.Status = "read", "saw "+r.saw.String()
	default:
		line.Op = "read"
	}
	return line
}

// apply is the model of the operations, by index. A read leaves the state alone.
func (l *ledger[Op]) apply(ops []record[Op]) func(State, int) State {
	return func(s State, i int) State {
		if ops[i].read {
			return s
		}
		s = s.Clone()
		l.sys.Apply(s, ops[i].op)
		return s
	}
}

// concurrent says that some operation was issued before another was answered,
// or that somebody looked.
func concurrent[Op any](ops []record[Op]) bool {
	for i := range ops {
		if ops[i].read {
			return true
		}
		if i == 0 {
			continue
		}
		if prev := ops[i-1]; prev.answered == 0 || prev.answered > ops[i].issued {
			return true
		}
	}
	return false
}

// prefixes finds the legal states of one client: the model after every prefix
// that holds what is durable.
//
// An operation that failed may not have happened, or it happened and later ones
// saw it, or it happened on the disk alone and later ones did not see it. So a
// state is kept in two forms: what the disk may hold, and what the store showed;
// an operation does to the first what it did to the second.
func prefixes[Op any](e *expectation, base []State, ops []record[Op], apply func(State, int) State) {
	var now []twofold
	for _, s := range base {
		now = append(now, twofold{s, s})
	}
	steps := [][]twofold{now}
	durable := 0
	for i, r := range ops {
		var next []twofold
		for _, s := range steps[i] {
			if r.status == failed || r.status == refused {
				next = addTwofold(next, s)
			}
			if r.status == refused {
				continue
			}
			seen := apply(s.seen, i)
			disk := s.disk
			if s.same() {
				disk = seen
			} else {
				disk = patch(disk, s.seen, seen)
			}
			next = addTwofold(next, twofold{disk, seen})
			if r.status == failed {
				next = addTwofold(next, twofold{disk, s.seen})
			}
		}
		steps = append(steps, next)
		if r.durable {
			durable = i + 1
		}
	}
	for i, set := range steps {
		for _, s := range set {
			if i >= durable {
				e.legal = addState(e.legal, s.disk)
			} else {
				e.before = append(e.before, s.disk)
			}
		}
	}
}

// twofold is a state as the disk may hold it and as the store showed it.
type twofold struct{ disk, seen State }

func (t twofold) same() bool { return t.disk.Equal(t.seen) }

func addTwofold(set []twofold, s twofold) []twofold {
	for _, t := range set {
		if t.disk.Equal(s.disk) && t.seen.Equal(s.seen) {
			return set
		}
	}
	return append(set, s)
}

// patch makes the changes from one state to another in a third.
func patch(s, from, to State) State {
	s = s.Clone()
	for k := range from {
		if _, ok := to[k]; !ok {
			delete(s, k)
		}
	}
	for k, v := range to {
		if w, ok := from[k]; !ok || v != w {
			s[k] = v
		}
	}
	return s
}

// addState adds a state to a set of states.
func addState(set []State, s State) []State {
	for _, t := range set {
		if t.Equal(s) {
			return set
		}
	}
	return append(set, s)
}

func (l *ledger[Op]) clock() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// anyFailed says that some operation failed other than by refusal.
func (l *ledger[Op]) anyFailed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.ops {
		if r.status == failed {
			return true
		}
	}
	return false
}

// live is what an open store shows of one client whose operations succeeded.
func (l *ledger[Op]) live() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.base[0].Clone()
	for _, r := range l.ops {
		if r.status == acknowledged {
			l.sys.Apply(s, r.op)
		}
	}
	return s
}

// restart begins anew with what a recovered store showed; the lines of what
// came before stay for the report.
func (l *ledger[Op]) restart(found State, how string) {
	e := l.expect()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	l.past = append(e.lines, Line{Op: how, Status: "found " + found.String()})
	l.base, l.ops = []State{found.Clone()}, nil
}
