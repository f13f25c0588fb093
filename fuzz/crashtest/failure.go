package crashtest

import (
	"fmt"
	"strings"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// A Failure is one crash that a store did not survive, with all that is known
// of it. String gives the report as text, HTML as a page.
type Failure struct {
	Verdict Verdict
	Found   State // what was recovered; nil when nothing was
	Err     error // why there was nothing, or what failed
	Mode    crashfs.Mode
	Atom    int
	Fault   string // the fault that was in place, in words; empty without one
	Replay  string // how to see it again; empty when nobody said

	indices []int       // the history, where Exhaust made it
	image   *crashfs.FS // what the crash left
	expect  *expectation
	stage   string
}

func newFailure(v Verdict, image *crashfs.FS, e *expectation, stage string, found State, err error) *Failure {
	return &Failure{Verdict: v, Found: found, Err: err, Mode: image.Mode(), Atom: image.Atom(),
		image: image, expect: e, stage: stage}
}

// Error makes a Failure an error.
func (f *Failure) Error() string { return f.String() }

// Image is the file system that the crash left, as it was before the store
// opened it; nil when it failed without a crash.
func (f *Failure) Image() *crashfs.FS {
	if o := f.image.Origin(); o != nil {
		return o.Point.Crash(o.Choice.Chooser())
	}
	return nil
}

// Explain is what the crash did, and why it may.
func (f *Failure) Explain() *crashfs.Explanation { return f.image.Explain() }

// History is what the clients did.
func (f *Failure) History() []Line { return f.expect.lines }

// Legal is the states that the crash could have left.
func (f *Failure) Legal() []State { return f.expect.legal }

// Differences are those to the nearest legal state.
func (f *Failure) Differences() []Difference {
	if f.Found == nil || len(f.expect.legal) == 0 {
		return nil
	}
	return differences(f.expect.nearest(f.Found), f.Found)
}

// Permit says whether a file system of a mode can leave the same image.
type Permit struct {
	Mode crashfs.Mode
	OK   bool
	Why  string // why not
}

// Permits asks every mode.
func (f *Failure) Permits() []Permit {
	if f.image.Origin() == nil {
		return nil
	}
	var out []Permit
	for _, m := range crashfs.Modes() {
		ok, why := f.image.Permits(m)
		out = append(out, Permit{m, ok, why})
	}
	return out
}

// Text says in words what the verdict means here. An operation that nobody was
// told of may get lost; not once a recovery has shown that it is there.
func (f *Failure) Text() string {
	if f.takenBack() {
		return "what a recovery had shown is gone"
	}
	return f.Verdict.Text()
}

// takenBack says that no operation was lost that had been acknowledged: it was a
// recovery that promised too much.
func (f *Failure) takenBack() bool {
	return f.Verdict == Lost && f.Found != nil && f.expect.shown != nil && f.expect.shown.allows(f.Found)
}

// Advice is what helps against a mistake that is made by stores that do all else
// right, and "" for others.
func (f *Failure) Advice() string {
	if f.takenBack() {
		return "a recovery reads what a dead process wrote and never synced; sync it, or write it again, before showing it (or set Options.Loose)"
	}
	return ""
}

// String is the report.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s (%s)\n", f.Verdict, f.Text(), f.stage)
	if f.Fault != "" {
		fmt.Fprintf(&b, "the fault: %s\n", f.Fault)
	}
	if f.Verdict == NotLinearizable {
		b.WriteString("the history, with when each operation began and was answered:\n")
	} else {
		b.WriteString("the history:\n")
	}
	if len(f.expect.lines) == 0 {
		b.WriteString("     (the store was opened, and nothing else)\n")
	}
	for i, l := range f.expect.lines {
		fmt.Fprintf(&b, "  %2d %s", i+1, l)
		if f.Verdict == NotLinearizable { // who overlapped whom is the point
			fmt.Fprintf(&b, " [%d-%d]", l.Issued, l.Answered)
		}
		b.WriteByte('\n')
	}
	if f.Err != nil {
		fmt.Fprintf(&b, "error  %v\n", f.Err)
	}
	if f.Found != nil {
		fmt.Fprintf(&b, "found  %v\n", f.Found)
	}
	for i, s := range f.expect.legal {
		if i == 8 {
			fmt.Fprintf(&b, "       or %d more\n", len(f.expect.legal)-i)
			break
		}
		word := "legal "
		if i > 0 {
			word = "    or"
		}
		fmt.Fprintf(&b, "%s %v\n", word, s)
	}
	for i, d := range f.Differences() {
		if i == 12 {
			b.WriteString("  ...\n")
			break
		}
		fmt.Fprintf(&b, "  %v\n", d)
	}
	if a := f.Advice(); a != "" {
		fmt.Fprintf(&b, "advice %s\n", a)
	}
	if x := f.Explain(); x != nil {
		b.WriteString("the crash:\n")
		b.WriteString(indent(x.String()))
		var yes, no []string
		for _, p := range f.Permits() {
			if p.OK {
				yes = append(yes, p.Mode.String())
			} else {
				no = append(no, fmt.Sprintf("  not %v: %s\n", p.Mode, p.Why))
			}
		}
		fmt.Fprintf(&b, "file systems that may leave this: %s\n%s", strings.Join(yes, ", "), strings.Join(no, ""))
	}
	if f.Replay != "" {
		fmt.Fprintf(&b, "again: %s\n", f.Replay)
	}
	return b.String()
}

func (l Line) String() string {
	s := l.Op
	if l.Client > 0 {
		s = fmt.Sprintf("client %d: %s", l.Client, s)
	}
	s = fmt.Sprintf("%-40s %s", s, l.Status)
	if l.Err != nil {
		s += ": " + firstLine(l.Err.Error())
	}
	return s
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") + "\n"
}
