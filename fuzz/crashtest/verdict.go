package crashtest

// Verdict is the oracle's word on one crash.
type Verdict uint8

const (
	// OK: what was recovered is the model after a prefix of the operations that
	// holds every acknowledged one.
	OK Verdict = iota
	// Lost: an acknowledged operation is gone.
	Lost
	// Hole: a later operation is there without an earlier one.
	Hole
	// Phantom: something is there that nobody had asked for.
	Phantom
	// Torn: a part of an operation is there.
	Torn
	// RecoveryFailed: the store does not open, cannot be read, gives another
	// result the second time, or does not work afterwards.
	RecoveryFailed
	// SilentCorruption: a key has a value that it never had.
	SilentCorruption
	// NotLinearizable: without any crash, clients were answered what no order of
	// their operations explains.
	NotLinearizable
	// NotMeasured: there was nothing to judge; never to be counted as passed.
	NotMeasured
	// HarnessBroken: the run proves nothing, because some kind of effect was
	// always kept or always lost, or because the store failed without a crash.
	HarnessBroken
)

var verdicts = [...]struct{ name, text string }{
	{"OK", "nothing is wrong"},
	{"Lost", "an acknowledged operation is gone"},
	{"Hole", "a later operation is there without an earlier one"},
	{"Phantom", "something is there that nobody had asked for"},
	{"Torn", "a part of an operation is there"},
	{"RecoveryFailed", "the store does not come back"},
	{"SilentCorruption", "a key has a value that it never had"},
	{"NotLinearizable", "clients were answered what no order of their operations explains"},
	{"NotMeasured", "nothing was measured"},
	{"HarnessBroken", "the run proves nothing"},
}

func (v Verdict) String() string {
	if int(v) < len(verdicts) {
		return verdicts[v].name
	}
	return "Verdict(?)"
}

// Text says in words what the verdict means.
func (v Verdict) Text() string {
	if int(v) < len(verdicts) {
		return verdicts[v].text
	}
	return ""
}

// classify names what is wrong with a state that is none of the legal ones.
func classify(e *expectation, found State) Verdict {
	before := e.earlier()
	for _, s := range before {
		if s.Equal(found) {
			return Lost
		}
	}
	written, keys := e.written()
	for k, v := range found {
		if !keys[k] {
			return Phantom
		}
		if !written[k][v] {
			return SilentCorruption
		}
	}
	all := append(before, e.legal...)
	for i := 1; i < len(all); i++ {
		if between(all[i-1], all[i], found) {
			return Torn
		}
	}
	if e.lossy(found) {
		return Lost
	}
	return Hole
}

// between says that found has some of the changes from a to b and lacks others,
// and differs from both in nothing else.
func between(a, b, found State) bool {
	some, lacks := false, false
	check := func(k string) bool {
		va, ina := a[k]
		vb, inb := b[k]
		v, in := found[k]
		isA := in == ina && v == va
		isB := in == inb && v == vb
		switch {
		case isA && isB:
		case isA:
			lacks = true
		case isB:
			some = true
		default:
			return false
		}
		return true
	}
	for _, s := range []State{a, b, found} {
		for k := range s {
			if !check(k) {
				return false
			}
		}
	}
	return some && lacks
}
