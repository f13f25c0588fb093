package conformance

import (
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// maxChoices is where a set of legal states is given up as too wide to make.
const maxChoices = 1 << 13

// legal is what the simulation says that a crash at the end of a script leaves.
type legal struct {
	options crashfs.Options
	states  map[uint64]struct{} // by hash
	answers []string
	wide    bool
}

// simulate runs the script on a simulated file system.
func simulate(s Script, mode crashfs.Mode, atom int) (*legal, error) {
	l := &legal{
		options: crashfs.Options{Mode: mode, Atom: atom, NoTrace: true},
		states:  map[uint64]struct{}{},
	}
	f := crashfs.New(l.options)
	var err error
	l.answers, err = s.run(target{fs: f, root: "/", settle: func() error { return settle(f, "/") }})
	if err != nil {
		return nil, err
	}
	n, p := 0, f.Point()
	for choice := range p.Choices(crashfs.Bound{Exhaustive: 1 << 30}) {
		if n++; n > maxChoices {
			l.wide = true
			break
		}
		l.states[p.Crash(choice.Chooser()).Hash()] = struct{}{}
	}
	return l, nil
}

// has says that the state is legal.
func (l *legal) has(t tree) (bool, error) {
	f := crashfs.New(l.options)
	if err := t.build(f, "/"); err != nil {
		return false, err
	}
	_, ok := l.states[f.Hash()]
	return ok, nil
}

// list is the legal states in words, for a report.
func list(s Script, mode crashfs.Mode, atom int, most int) ([]string, error) {
	f := crashfs.New(crashfs.Options{Mode: mode, Atom: atom, NoTrace: true})
	if _, err := s.run(target{fs: f, root: "/", settle: func() error { return settle(f, "/") }}); err != nil {
		return nil, err
	}
	var out []string
	for state := range f.Point().States(crashfs.Bound{Exhaustive: 1 << 30}) {
		if len(out) == most {
			return append(out, "..."), nil
		}
		t, err := read(state, "/")
		if err != nil {
			return nil, err
		}
		out = append(out, t.String())
	}
	return out, nil
}
