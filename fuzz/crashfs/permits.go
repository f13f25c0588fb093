package crashfs

import (
	"fmt"
	"slices"
)

// Permits says whether a file system of another mode could have left this
// image after the same calls and crashes, and if not, why not. It works from the trace: an
// image of mode Worst that no mode in use permits shows a mistake that no user
// of these file systems will meet; one that XFS permits, they will.
//
// What the run's own mode made durable counts as durable everywhere, so ask it
// of images of Worst or Hostile. Many choices can lead to one image; with more
// than a dozen pending effects not all are tried, and a permitted image may in
// rare cases be called refused; on Btrfs, a truncation inside a block is not
// followed in every detail.
func (f *FS) Permits(m Mode) (bool, string) {
	o := f.origin
	if o == nil {
		return true, ""
	}
	p := o.Point
	if p.origin != nil {
		if ok, why := (&FS{origin: p.origin}).Permits(m); !ok {
			return false, "at the crash before, " + why
		}
	}
	a := &assignment{
		r: table[m], effects: p.pending, choice: o.Choice,
		parent: func(ino int) int { return p.inodes[ino].parent },
	}
	a.committed(p.trace)
	a.edges()
	target := p.image(o.Choice).Hash()
	same := func(c Choice) bool { return p.image(c).Hash() == target }
	budget := 1 << 13
	if a.near(same) || a.search(0, make(Choice, len(a.effects)), same, &budget) {
		return true, ""
	}
	return false, a.reason()
}

// assignment is a choice that is tried under the rules of another mode.
type assignment struct {
	r       rules
	effects []*Effect
	choice  Choice
	parent  func(int) int
	must    []*Call   // by effect: the call that makes it durable in this mode
	needs   [][]int32 // the mode's ordering
	tie     []int     // by effect: an earlier one with the same fate, or -1
	hidden  []bool    // kept or lost, the image is the same
}

// edges finds what the mode orders, and what it never tears apart: where it
// writes whole blocks, the atoms that one call wrote in a block have one fate,
// and a block's newer version holds the older one's bytes.
func (a *assignment) edges() {
	a.needs = a.r.order(a.effects, false)
	a.tie = make([]int, len(a.effects))
	type block struct {
		ino int
		n   int64
	}
	last := make(map[block]int) // the first atom of the block's newest version
	for i, e := range a.effects {
		a.tie[i] = -1
		if e.Kind != Data || e.Len >= int64(a.r.minAtom) {
			continue
		}
		b := block{e.ino, e.Off / int64(a.r.minAtom)}
		j, ok := last[b]
		switch {
		case ok && a.effects[j].Call == e.Call:
			a.tie[i] = j
			continue
		case ok:
			a.needs[i] = append(a.needs[i], int32(j))
		}
		last[b] = i
	}
}

// fates are those that the mode leaves effect i, given those before it.
func (a *assignment) fates(i int, c Choice) []Fate {
	stands := !lostNeed(c, a.needs[i])
	switch {
	case a.tie[i] >= 0 && c[a.tie[i]] == Keep && !stands:
		return nil
	case a.tie[i] >= 0:
		return []Fate{c[a.tie[i]]}
	case a.must[i] != nil && !stands:
		return nil
	case a.must[i] != nil:
		return []Fate{Keep}
	case !stands:
		return []Fate{Lose}
	case a.choice[i] == Garble && a.r.garble:
		return []Fate{Garble}
	}
	return []Fate{Keep, Lose}
}

// search tries choices that the mode allows, as many as the budget lets it.
func (a *assignment) search(i int, c Choice, same func(Choice) bool, budget *int) bool {
	if *budget <= 0 {
		return false
	}
	if i == len(c) {
		*budget--
		return same(c)
	}
	for _, fate := range a.fates(i, c) {
		c[i] = fate
		if a.search(i+1, c, same, budget) {
			return true
		}
	}
	return false
}

// near tries the choice itself, with what is missing kept and with what lacks
// something lost.
func (a *assignment) near(same func(Choice) bool) bool {
	up := append(Choice(nil), a.choice...)
	for i := len(up) - 1; i >= 0; i-- {
		if a.must[i] != nil {
			up[i] = Keep
		}
		if up[i] != Lose {
			for _, j := range a.needs[i] {
				up[j] = Keep
			}
		}
	}
	for _, start := range []Choice{a.choice, up} {
		c := make(Choice, len(start))
		legal := true
		for i := range c {
			fates := a.fates(i, c)
			if len(fates) == 0 {
				legal = false
				break
			}
			c[i] = fates[0]
			for _, f := range fates {
				if f == start[i] {
					c[i] = f
				}
			}
		}
		if legal && same(c) {
			return true
		}
	}
	return false
}

// reason is why the choice that was made is none of this mode's.
func (a *assignment) reason() string {
	a.settle()
	for i, e := range a.effects {
		if a.choice[i] == Garble && !a.r.garble {
			return fmt.Sprintf("it leaves no garbage in a sector (%s)", e)
		}
	}
	for i, e := range a.effects {
		if c := a.must[i]; c != nil && a.gone(i) {
			return fmt.Sprintf("%s in call %d%s makes durable: %s", c.Op, c.N, at(c.Line()), e)
		}
	}
	for i, e := range a.effects {
		if j := a.tie[i]; j >= 0 && (a.gone(i) && a.shown(j) || a.shown(i) && a.gone(j)) {
			return fmt.Sprintf("it writes whole blocks and never tears one (%s)", e)
		}
		if !a.shown(i) {
			continue
		}
		for _, j := range a.needs[i] {
			if a.gone(int(j)) {
				return fmt.Sprintf("it never keeps %s without %s", e, a.effects[j])
			}
		}
	}
	return "no order in which it writes leads to this image"
}

// settle finds the effects whose fate cannot be seen.
func (a *assignment) settle() {
	a.hidden = make([]bool, len(a.effects))
	for i, e := range a.effects {
		switch {
		case e.Kind == Data:
			a.hidden[i] = a.laterKept(i, func(d *Effect) bool {
				return d.Kind == Data && d.ino == e.ino && d.Off <= e.Off && d.Off+d.Len >= e.Off+e.Len
			})
		case e.Kind == Size && !e.shrinks():
			a.hidden[i] = a.laterKept(i, func(d *Effect) bool { return d.Kind == Size && d.ino == e.ino })
		default:
			hidden := len(e.slots) > 0
			for _, s := range e.slots {
				hidden = hidden && a.laterKept(i, func(d *Effect) bool {
					return covered([]slot{s}, d.slots)
				})
			}
			a.hidden[i] = hidden
		}
	}
}

func (a *assignment) laterKept(i int, overwrites func(*Effect) bool) bool {
	for j := i + 1; j < len(a.effects); j++ {
		if a.choice[j] != Lose && overwrites(a.effects[j]) {
			return true
		}
	}
	return false
}

// gone says that the image shows that the effect was lost.
func (a *assignment) gone(i int) bool { return a.choice[i] == Lose && !a.hidden[i] }

// shown says that the image shows that the effect was kept.
func (a *assignment) shown(i int) bool { return a.choice[i] != Lose && !a.hidden[i] }

// committed finds the effects that a barrier makes durable in this mode.
func (a *assignment) committed(trace []Call) {
	a.must = make([]*Call, len(a.effects))
	if len(a.effects) == 0 {
		return
	}
	durable := make(map[int]bool) // by Seq: what the mode has on the disk
	for i := range trace {
		c := &trace[i]
		if c.Op&(OpSyncs|OpSyncDir) == 0 || c.Err != nil || c.lied || c.First <= a.effects[0].Seq {
			continue
		}
		// What was pending under this mode at the time: what still is, and what
		// this barrier or a later one made durable under the run's own.
		var then []*Effect
		for _, e := range a.effects {
			if e.Seq < c.First && !durable[e.Seq] {
				then = append(then, e)
			}
		}
		for j := i; j < len(trace); j++ {
			for _, e := range trace[j].made {
				if e.Seq < c.First && !durable[e.Seq] {
					then = append(then, e)
				}
			}
		}
		slices.SortFunc(then, func(x, y *Effect) int { return x.Seq - y.Seq })
		for j, in := range a.r.covers(c, then, a.parent) {
			if in {
				durable[then[j].Seq] = true
			}
		}
		for j, e := range a.effects {
			if durable[e.Seq] && a.must[j] == nil {
				a.must[j] = c
			}
		}
	}
}

func at(line string) string {
	if line == "" {
		return ""
	}
	return ", " + line
}
