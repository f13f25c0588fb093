package crashtest

// expectation is what a crash at one moment may leave.
type expectation struct {
	legal  []State // any of these, in commit order
	before []State // states that the store went through and may not go back to
	lines  []Line
	clock  int          // the ledger's; equal clocks, equal expectations
	shown  *expectation // what was owed before a recovery showed what it found; nil when none did
}

// A Line is one operation of a history, for a report.
type Line struct {
	Client int
	Op     string
	Status string
	Err    error
	// When the operation began and was answered (0: never), on a clock that
	// ticks at each of these: two operations whose spans overlap were concurrent.
	Issued, Answered int
}

// allows says whether a state is legal.
func (e *expectation) allows(found State) bool {
	for _, s := range e.legal {
		if s.Equal(found) {
			return true
		}
	}
	return false
}

// served is what is owed once a recovery has shown what it found: that, or, to a
// loose store, no more than before.
func (e *expectation) served(found State, loose bool) *expectation {
	if loose {
		return e
	}
	return &expectation{legal: []State{found}, before: e.before, shown: e, lines: append(e.lines[:len(e.lines):len(e.lines)],
		Line{Op: "recovery", Status: "found " + found.String()})}
}

// salt stands for the set of legal states in a Census.
func (e *expectation) salt() uint64 {
	h := uint64(len(e.legal))
	for _, s := range e.legal {
		h += mix(s.hash())
	}
	return mix(h)
}

// earlier is the states before the legal ones.
func (e *expectation) earlier() []State { return e.before[:len(e.before):len(e.before)] }

// written is every value that a key had in any state, and the keys.
func (e *expectation) written() (values map[string]map[string]bool, keys map[string]bool) {
	values, keys = make(map[string]map[string]bool), make(map[string]bool)
	for _, set := range [][]State{e.before, e.legal} {
		for _, s := range set {
			for k, v := range s {
				if values[k] == nil {
					values[k] = make(map[string]bool)
				}
				values[k][v], keys[k] = true, true
			}
		}
	}
	return values, keys
}

// lossy says that everything found is in some legal state, which holds more.
func (e *expectation) lossy(found State) bool {
	for _, s := range e.legal {
		inside := len(found) < len(s)
		for k, v := range found {
			if w, ok := s[k]; !ok || v != w {
				inside = false
				break
			}
		}
		if inside {
			return true
		}
	}
	return false
}

// nearest is the legal state with the fewest differences from what was found.
func (e *expectation) nearest(found State) State {
	var best State
	fewest := -1
	for _, s := range e.legal {
		if n := len(differences(s, found)); fewest < 0 || n < fewest {
			best, fewest = s, n
		}
	}
	return best
}
