package crashfs

import (
	"fmt"
	"strings"
	"sync"
)

// A Census counts what a run of States tried, and remembers the images so that
// none is tried twice. It is safe for concurrent use; the zero value is ready.
type Census struct {
	// Images, when not nil, is told of every image too, whatever was expected of
	// it: several Censuses may share one.
	Images *ImageSet

	mu     sync.Mutex
	seen   hashSet
	counts Counts
}

// Counts are the totals of a Census.
type Counts struct {
	Points   int        // places where the power went
	States   int        // legal choices made there
	Distinct int        // images that differ, or of which something else is expected (Bound.Salt)
	New      int        // images that were new to Census.Images
	Kept     [kinds]int // by Kind: pending effects kept, over all states
	Lost     [kinds]int
	Garbled  int
}

func (c *Census) point() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Points++
}

// add counts a choice and reports whether its image, with this salt, is new.
func (c *Census) add(p *Point, choice Choice, hash, salt uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.States++
	c.counts.note(p, choice)
	if !c.seen.add(mix(hash ^ salt)) {
		return false
	}
	c.counts.Distinct++
	if c.Images != nil && c.Images.Add(hash) {
		c.counts.New++
	}
	return true
}

// Note counts a crash that was made with Crash, for Untried.
func (c *Census) Note(f *FS) {
	o := f.Origin()
	if o == nil {
		return
	}
	hash := f.Hash()
	c.point()
	c.add(o.Point, o.Choice, hash, 0)
}

func (n *Counts) note(p *Point, choice Choice) {
	for i, e := range p.pending {
		switch choice[i] {
		case Keep:
			n.Kept[e.Kind]++
		case Lose:
			n.Lost[e.Kind]++
		default:
			n.Garbled++
		}
	}
}

// Counts is the totals so far.
func (c *Census) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Untried is the kinds of effects that were pending at some crash and always
// kept, or always lost: a simulator that never takes anything away proves
// nothing, and a run that has such kinds has not tested them.
func (n Counts) Untried() []Kind {
	var out []Kind
	for _, k := range Kinds() {
		if (n.Kept[k] == 0) != (n.Lost[k] == 0) {
			out = append(out, k)
		}
	}
	return out
}

// AnyPending says that at some crash there was something to keep or lose.
func (n Counts) AnyPending() bool {
	for k := range kinds {
		if n.Kept[k]+n.Lost[k] > 0 {
			return true
		}
	}
	return n.Garbled > 0
}

// Add is the sum of two counts.
func (n Counts) Add(m Counts) Counts {
	n.Points += m.Points
	n.States += m.States
	n.Distinct += m.Distinct
	n.New += m.New
	n.Garbled += m.Garbled
	for k := range kinds {
		n.Kept[k] += m.Kept[k]
		n.Lost[k] += m.Lost[k]
	}
	return n
}

func (n Counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d crash points, %d legal states, %d distinct images", n.Points, n.States, n.Distinct)
	for _, k := range Kinds() {
		if n.Kept[k]+n.Lost[k] > 0 {
			fmt.Fprintf(&b, "; %s %d kept %d lost", k, n.Kept[k], n.Lost[k])
		}
	}
	return b.String()
}

// Merge adds the counts of another census, and its images: one that both have
// seen is counted once among the distinct ones.
func (c *Census) Merge(other *Census) {
	other.mu.Lock()
	defer other.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	distinct := c.counts.Distinct
	for _, h := range other.seen.table {
		if h != 0 && c.seen.add(h) {
			distinct++
		}
	}
	c.counts = c.counts.Add(other.counts)
	c.counts.Distinct = distinct
}
