package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// ModeOf is the mode that simulates a kind.
func ModeOf(k loopfs.Kind) crashfs.Mode {
	switch k {
	case loopfs.Ext4:
		return crashfs.Ext4
	case loopfs.Ext4NoAutoDA:
		return crashfs.Ext4NoAutoDA
	case loopfs.XFS:
		return crashfs.XFS
	}
	return crashfs.Btrfs
}

// machine is a real file system that scripts run on, each in a directory of its
// own.
type machine struct {
	fs     *loopfs.FS
	script int
	others int64 // writes to the file that Commit syncs
}

func (m *machine) root() string { return filepath.Join(m.fs.Dir(), fmt.Sprintf("s%d", m.script)) }

// run runs a script, cuts the power, and returns what is there afterwards.
func (m *machine) run(s Script, cut loopfs.Cut) (t tree, answers []string, err error) {
	if m.script > 0 {
		if err := os.RemoveAll(m.root()); err != nil {
			return nil, nil, err
		}
	}
	m.script++
	if err := os.Mkdir(m.root(), 0o700); err != nil {
		return nil, nil, err
	}
	if err := m.fs.Sync(); err != nil {
		return nil, nil, err
	}
	answers, err = s.run(target{fs: osfs.New(), root: m.root(), settle: m.fs.Sync, nudge: m.nudge})
	if err != nil {
		return nil, nil, err
	}
	if err := m.fs.Cut(cut); err != nil {
		return nil, nil, err
	}
	if err := m.fs.Remount(); err != nil {
		return nil, nil, err
	}
	t, err = read(osfs.New(), m.root())
	return t, answers, err
}

// Checker runs scripts on a real file system and on its simulation.
type Checker struct {
	machine machine
	modes   []crashfs.Mode
	counts  Counts
	seen    map[string]struct{}
	last    string // the state that was found last
}

// Counts is what a Checker did.
type Counts struct {
	Cycles   int                  // power cuts
	Distinct int                  // different states found after them
	Legal    map[crashfs.Mode]int // states that the simulation allows, over all scripts
	Wide     map[crashfs.Mode]int // scripts with too many legal states to make them all
	Alone    int                  // scripts with one legal state in the kind's own mode: nothing to get wrong
	Beyond   int                  // states found that the simulation leaves out on purpose, see beyond
	Misses   int                  // states found and not allowed
}

func (c Counts) String() string {
	var legal []string
	for _, m := range crashfs.Modes() {
		if c.Legal[m] > 0 {
			legal = append(legal, fmt.Sprintf("%d legal in mode %v (%d scripts too wide)", c.Legal[m], m, c.Wide[m]))
		}
	}
	return fmt.Sprintf("%d real-kernel cycles, %d distinct states seen, %s, %d scripts with one legal state, %d beyond the model",
		c.Cycles, c.Distinct, strings.Join(legal, ", "), c.Alone, c.Beyond)
}

// New makes a real file system of the kind to compare with: with its own mode,
// and with Worst, which promises to allow whatever any of them does.
func New(k loopfs.Kind) (*Checker, error) {
	f, err := loopfs.New(k)
	if err != nil {
		return nil, err
	}
	return &Checker{
		machine: machine{fs: f},
		modes:   []crashfs.Mode{ModeOf(k), crashfs.Worst},
		counts:  Counts{Legal: map[crashfs.Mode]int{}, Wide: map[crashfs.Mode]int{}},
		seen:    map[string]struct{}{},
	}, nil
}

// Close frees the file system.
func (c *Checker) Close() error { return c.machine.fs.Close() }

// Counts is what was done so far.
func (c *Checker) Counts() Counts {
	c.counts.Distinct = len(c.seen)
	return c.counts
}

// Miss is a state that a real file system left and the simulation does not allow.
type Miss struct {
	Kind   loopfs.Kind
	Cut    loopfs.Cut
	Mode   crashfs.Mode
	Script Script
	Found  string
	Legal  []string
	// Answers, when not empty, says that the two disagreed already before the
	// cut: what each answered, by operation.
	Answers string
}

func (m *Miss) Error() string {
	s := fmt.Sprintf("conformance: %v after %v, mode %v\n%v\n", m.Kind, m.Cut, m.Mode, m.Script)
	if m.Answers != "" {
		return s + "they answered differently: " + m.Answers
	}
	return s + "found:\n\t" + m.Found + "\nlegal:\n\t" + strings.Join(m.Legal, "\n\t")
}

// Check runs one script; the error is a *Miss when the real state is not legal.
func (c *Checker) Check(s Script, cut loopfs.Cut) error {
	kind := c.machine.fs.Kind()
	found, answers, err := c.machine.run(s, cut)
	if err != nil {
		return err
	}
	c.counts.Cycles++
	c.last = found.String()
	c.seen[c.last] = struct{}{}
	for i, mode := range c.modes {
		// A block that is torn nowhere needs no smaller atoms: fewer states say
		// the same, and more of them can be made.
		l, err := simulate(s, mode, 4096)
		if err != nil {
			return err
		}
		if a, b := strings.Join(l.answers, ", "), strings.Join(answers, ", "); a != b {
			c.counts.Misses++
			return &Miss{Kind: kind, Cut: cut, Mode: mode, Script: s, Answers: a + " (simulated), " + b + " (real)"}
		}
		c.counts.Legal[mode] += len(l.states)
		if i == 0 && len(l.states) == 1 {
			c.counts.Alone++
		}
		if l.wide {
			c.counts.Wide[mode]++
			continue
		}
		ok, err := l.has(found)
		if err != nil {
			return err
		}
		if !ok && beyond(kind, s, found) {
			c.counts.Beyond++
			return nil
		}
		if !ok {
			c.counts.Misses++
			m := &Miss{Kind: kind, Cut: cut, Mode: mode, Script: s, Found: found.String()}
			m.Legal, err = list(s, mode, 4096, 20)
			if err != nil {
				return err
			}
			return m
		}
	}
	return nil
}

// Reduce leaves out of a miss's script whatever it can miss without, one
// operation and then two at a time, as long as the real state is not legal, and
// returns the shortest miss that it found.
func (c *Checker) Reduce(m *Miss) *Miss {
	before := c.counts
	defer func() { c.counts = before }()
	for again := true; again; {
		again = false
		for n := 1; n <= 2 && !again; n++ {
			for i := 0; i+n <= len(m.Script); i++ {
				shorter := append(append(Script(nil), m.Script[:i]...), m.Script[i+n:]...)
				var miss *Miss
				if errors.As(c.Check(shorter, m.Cut), &miss) && (miss.Answers != "") == (m.Answers != "") {
					m, again = miss, true
					i--
				}
			}
		}
	}
	return m
}
