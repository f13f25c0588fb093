package crashtest

// maxConcurrent is how many operations a concurrent run may have.
const maxConcurrent = 64

// linearize finds the legal states of concurrent clients: the model after any
// order of the operations that agrees with real time (an operation answered
// before another was issued comes first), holding every durable one and any of
// those that were not answered or promised nothing. A crash keeps a prefix of
// the commit order; what it cuts off is, in some order, at the end.
//
// A read is an operation that leaves the state alone and goes only where the
// state is what the reader was shown. One whose sight must last (ReadsLast) holds
// a crash to what it saw.
//
// The search goes through sets of operations, not orders: from every set it
// remembers the distinct states. A set is 64 bits; Schedule takes no more
// operations than that.
func linearize[Op any](e *expectation, base []State, ops []record[Op], apply func(State, int) State) {
	var live []int // those that may be in the state
	for i, r := range ops {
		if r.status != refused && (!r.read || r.status == acknowledged) {
			live = append(live, i)
		}
	}
	precedes := func(a, b record[Op]) bool { return a.answered != 0 && a.answered < b.issued }
	// fits says whether the operation can come next.
	fits := func(s State, i int) bool { return !ops[i].read || ops[i].saw.Equal(s) }
	states := base
	e.before = append(e.before, base...)
	for len(live) > 0 { // settle what comes before everything else
		first := live[0]
		settled := ops[first].status == acknowledged && ops[first].durable
		for _, i := range live[1:] {
			settled = settled && precedes(ops[first], ops[i])
		}
		if !settled || len(live) == 1 {
			break
		}
		var next []State
		for _, s := range states {
			if fits(s, first) {
				next = addState(next, apply(s, first))
			}
		}
		e.before = append(e.before, next...)
		states, live = next, live[1:]
	}
	var must uint64
	needs := make([]uint64, len(live)) // what real time puts before
	for b, i := range live {
		if ops[i].durable {
			must |= 1 << b
		}
		for c, j := range live {
			if ops[j].status == acknowledged && precedes(ops[j], ops[i]) {
				needs[b] |= 1 << c
			}
		}
	}
	// What an operation that promised durability came after is durable too.
	for b := range live {
		if must>>b&1 == 1 {
			must |= needs[b]
		}
	}
	seen := map[uint64][]State{0: states}
	todo := []uint64{0}
	for len(todo) > 0 {
		set := todo[0]
		todo = todo[1:]
		for _, s := range seen[set] {
			if set&must == must {
				e.legal = addState(e.legal, s)
			} else {
				e.before = addState(e.before, s)
			}
		}
		for b, i := range live {
			if set>>b&1 == 1 || needs[b]&^set != 0 {
				continue
			}
			next := set | 1<<b
			old, known := seen[next]
			for _, s := range seen[set] {
				if fits(s, i) {
					old = addState(old, apply(s, i))
				}
			}
			if len(old) == 0 {
				continue // no order of these operations leads here
			}
			if !known {
				todo = append(todo, next)
			}
			seen[next] = old
		}
	}
}
