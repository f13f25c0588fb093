package crashtest

// expectation is what a crash at one moment may leave.
type expectation struct {
	legal  []State // any of these, in commit order
	before []State // states that the store went through and may not go back to
	lines  []Line
	clock  int // the ledger's; equal clocks, equal expectations
}

// A Line is one operation of a history, for a report.
type Line struct {
	Client int
	Op     string
	Status string
	Err    error
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
