package crashfs

import (
	"fmt"
	"strings"
)

// An Explanation says what one crash did and why that is legal. String gives
// it as text.
type Explanation struct {
	Mode    Mode
	Step    int    // steps made before the power went
	Choice  Choice // what Choice.Chooser replays
	Calls   []Call // the calls before the crash that could change the disk
	Effects []Outcome
	Elder   *Explanation // the crash before this one, when there was one
}

// An Outcome is what a crash did to one pending effect.
type Outcome struct {
	Effect *Effect
	Fate   Fate
	Call   *Call  // the call that issued it; nil when the trace does not go back so far
	Why    string // why the mode allows it; empty for what was kept
}

// Explain says what the crash that f came from did; nil when f came from New.
func (f *FS) Explain() *Explanation {
	o := f.origin
	if o == nil {
		return nil
	}
	p := o.Point
	x := &Explanation{Mode: p.fs.mode, Step: p.step, Choice: o.Choice, Calls: p.trace}
	if p.origin != nil {
		x.Elder = (&FS{origin: p.origin}).Explain()
		for x.Elder != nil && len(x.Elder.Calls)+len(x.Elder.Effects) == 0 {
			x.Elder = x.Elder.Elder // nothing had happened
		}
	}
	needs := p.order()
	for i, e := range p.pending {
		out := Outcome{Effect: e, Fate: o.Choice[i], Call: x.call(e.Call)}
		if out.Fate != Keep {
			out.Why = p.why(i, o.Choice, needs[i])
		}
		x.Effects = append(x.Effects, out)
	}
	return x
}

func (x *Explanation) call(n int) *Call {
	for i := range x.Calls {
		if x.Calls[i].N == n && x.Calls[i].Op != OpKill {
			return &x.Calls[i]
		}
	}
	return nil
}

// why says in one sentence why an effect could be lost.
func (p *Point) why(i int, choice Choice, needs []int32) string {
	e := p.pending[i]
	if choice[i] == Garble {
		return "it was being written when the power went, and this disk promises nothing about such a sector"
	}
	for _, j := range needs {
		if choice[j] == Lose {
			return fmt.Sprintf("it cannot be on the disk before %s, which was lost", p.pending[j])
		}
	}
	if e.Clean {
		return "a sync that failed marked it clean, so no later sync wrote it"
	}
	var near string // a barrier that came after it and does not cover it
	for k := range p.trace {
		c := &p.trace[k]
		switch {
		case c.N <= e.Call || c.Op&(OpSyncs|OpSyncDir) == 0:
		case c.lied:
			return fmt.Sprintf("the %s in call %d%s reported success and wrote nothing", c.Op, c.N, at(c.Line()))
		case c.Err != nil && (c.ino == e.ino || e.touches(c.ino)):
			near = fmt.Sprintf("the %s in call %d%s failed", c.Op, c.N, at(c.Line()))
		case c.Err != nil:
		case e.Kind == Data && c.Op == OpSyncDir:
			near = fmt.Sprintf("syncing the directory (call %d%s) covers names, not the data in the files", c.N, at(c.Line()))
		case e.Kind == Size && c.Op == OpDataSync && c.ino == e.ino:
			near = fmt.Sprintf("datasync (call %d%s) does not cover a truncation", c.N, at(c.Line()))
		case !e.content() && c.Op != OpSyncDir && c.ino == e.ino:
			near = fmt.Sprintf("syncing the file (call %d%s) does not cover its name", c.N, at(c.Line()))
		}
	}
	var plain string
	switch e.Kind {
	case Data, Size:
		plain = fmt.Sprintf("nothing synced %s after it was issued", e.Name)
	case Mkdir:
		plain = "nothing synced the directory that holds the new directory's name"
	default:
		plain = "nothing synced the directory that holds the name"
	}
	if near != "" {
		return plain + ": " + near
	}
	return plain
}

// String gives the calls from the first one that a crash could still undo,
// with every pending effect, its fate, and why each loss was legal.
func (x *Explanation) String() string {
	var b strings.Builder
	if x.Elder != nil {
		b.WriteString(x.Elder.String())
		b.WriteString("then, on what that left:\n")
	}
	fmt.Fprintf(&b, "mode %s, power cut after step %d, choice %q\n", x.Mode, x.Step, x.Choice)
	by := make(map[int][]Outcome)
	first := 0
	for _, o := range x.Effects {
		if first == 0 {
			first = o.Effect.Call
		}
		by[o.Effect.Call] = append(by[o.Effect.Call], o)
	}
	skipped := 0
	for i := range x.Calls {
		c := &x.Calls[i]
		if first == 0 || c.N < first {
			skipped++
			continue
		}
		if skipped > 0 {
			fmt.Fprintf(&b, "  (%d calls before, whose effects are durable)\n", skipped)
			skipped = 0
		}
		if c.Op == OpKill {
			fmt.Fprintf(&b, "  --- %s\n", c)
			continue
		}
		fmt.Fprintf(&b, "  %3d %-44s %s\n", c.N, c, c.Line())
		writeOutcomes(&b, by[c.N])
	}
	if skipped > 0 {
		fmt.Fprintf(&b, "  (%d calls, whose effects are all durable)\n", skipped)
	}
	return b.String()
}

// writeOutcomes lists the effects of one call. Runs of data with the same fate
// are one line.
func writeOutcomes(b *strings.Builder, list []Outcome) {
	for i := 0; i < len(list); {
		o := list[i]
		j := i + 1
		for j < len(list) && o.Effect.Kind == Data && list[j].Effect.Kind == Data &&
			list[j].Fate == o.Fate && list[j].Why == o.Why {
			j++
		}
		what := o.Effect.String()
		if j-i > 1 {
			last := list[j-1].Effect
			what = fmt.Sprintf("data %s [%d,%d) in %d atoms", o.Effect.Name, o.Effect.Off, last.Off+last.Len, j-i)
		}
		word := map[Fate]string{Keep: "kept", Lose: "LOST", Garble: "GARBLED"}[o.Fate]
		fmt.Fprintf(b, "        %-7s %s\n", word, what)
		if o.Why != "" {
			fmt.Fprintf(b, "                because %s\n", o.Why)
		}
		i = j
	}
}
