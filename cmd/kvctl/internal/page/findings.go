package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs"
)

// judge makes findings of what the scan saw and of what recovery.Verify says. What
// the scan passed over has its own words; what Verify says of the same place is
// left out.
func (l *Log) judge(found *recovery.Findings) {
	o := &l.Over
	for _, seq := range l.order {
		for i := range l.spans[seq] {
			f := &l.spans[seq][i]
			if f.Verdict.Kind == inspect.Torn || f.Verdict.Kind.Bad() {
				x := l.spanFinding(f)
				x.Ord = &l.ords[seq][i]
				o.Findings = append(o.Findings, x)
			}
		}
	}
	for i := range found.List {
		f := &found.List[i]
		if !l.told(f) {
			o.Findings = append(o.Findings, l.otherFinding(f))
		}
	}
	rank := map[string]int{"damage": 0, "newer": 1, "torn": 2, "note": 3}
	slices.SortStableFunc(o.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.LSN, b.LSN))
	})
	o.Verdict = "sound"
	switch {
	case len(o.Findings) > 0 && o.Findings[0].Severity == "damage":
		o.Verdict = "damaged"
	case len(o.Findings) > 0 && o.Findings[0].Severity != "note":
		o.Verdict = o.Findings[0].Severity
	case o.Records == 0 && len(o.Snapshots) == 0:
		o.Verdict = "empty"
	}
	for i := range o.Snapshots {
		s := &o.Snapshots[i]
		for _, f := range found.List {
			if f.Severity == recovery.Damage && strings.Contains(f.File, fmt.Sprintf("%016d.snap", s.LSN)) {
				s.Bad = "damaged"
			}
		}
	}
}

// told reports whether a finding of Verify's is about a span.
func (l *Log) told(f *recovery.Finding) bool {
	if f.Severity == recovery.Note {
		return false
	}
	for _, seq := range l.order {
		for i := range l.spans[seq] {
			s := &l.spans[seq][i]
			if s.File == f.File && s.Verdict.Kind > inspect.Ignored && (s.Offset == f.Offset || l.whole[seq]) {
				return true
			}
		}
	}
	return false
}

func (l *Log) spanFinding(f *inspect.Frame) Finding {
	v := &f.Verdict
	dir := l.o.Quote(l.o.Dir)
	x := Finding{Severity: "damage", File: l.relative(f.File), Segment: f.Segment, Offset: f.Offset, LSN: f.LSN}
	if v.Kind == inspect.Torn {
		x.Severity, x.Title, x.Short = "torn", fmt.Sprintf("Torn tail in segment %d", f.Segment), "torn tail"
		x.Happened = fmt.Sprintf("A write was under way when the process or the machine stopped: %s. %s from here to the end of the log are what it left.", v.Reason, plural(f.Size, "byte"))
		x.Lost = "Nothing that was acknowledged under durability Always."
		if f.Header != nil && f.Header.Count > 0 {
			x.Lost = fmt.Sprintf("%s, which nobody was told had succeeded under durability Always.", upper(lostText(v.Lost)))
		}
		x.Todo = "Nothing: the next open for writing cuts the tail off and keeps a copy in quarantine/."
		x.Commands = []string{"kvctl verify " + dir}
		return x
	}
	recover := []string{"kvctl recover " + dir + " --output NEW", "kvctl recover " + dir + " --output NEW --skip-corrupt"}
	x.Todo = "Take a backup if there is one that is newer. Else salvage into a new directory: the first command ends before the damage, the second also takes what is sound behind it."
	x.Commands = recover
	switch v.Kind {
	case inspect.Missing:
		x.Title, x.Short = fmt.Sprintf("Segment %d is missing", f.Segment), "missing"
		x.Happened = sentence(v.Reason) + " No crash removes a file that is in use: somebody or something deleted it, or the directory is not all of the store."
		x.Todo = "Look for the file where it may have gone: a backup, another directory. Put back, it makes the store whole. " + x.Todo
	case inspect.Unsupported:
		x.Severity, x.Title, x.Short = "newer", "Written by a newer program", "newer program"
		x.Happened = sentence(v.Reason) + " It verifies; this program does not know what it means."
		x.Todo, x.Commands = "Use the program that wrote it, or a newer one. Nothing is wrong with the store.", []string{"kvctl version"}
	default:
		x.Title, x.Short = fmt.Sprintf("Damage in segment %d", f.Segment), "damage"
		x.Happened = sentence(v.Reason) + check(v) + " No crash leaves this: the bytes had arrived, and are no longer what was written. A disk, a copy, or a program that wrote into the file changed them."
	}
	x.Lost = upper(lostText(v.Lost)) + "."
	if v.Lost.Empty() {
		x.Lost = "No record that can be named: what is here and what is before it do not belong together."
	}
	if !v.Lost.Open && !v.Lost.Empty() && v.Kind != inspect.Unsupported {
		x.Lost += " What lies behind verifies again."
	}
	if newest := l.newest(); newest > 0 && !v.Lost.Open && v.Lost.To <= newest && f.LSN <= newest {
		x.Lost += fmt.Sprintf(" The snapshot at LSN %d holds the state from behind it.", newest)
	}
	return x
}

// check is what was expected and what was found, as a sentence.
func check(v *inspect.Verdict) string {
	if v.Expected == "" {
		return ""
	}
	return fmt.Sprintf(" Its %s should be %s and is %s.", v.Check, v.Expected, v.Found)
}

// newest is the LSN of the newest snapshot.
func (l *Log) newest() uint64 {
	if n := len(l.Over.Snapshots); n > 0 {
		return l.Over.Snapshots[n-1].LSN
	}
	return 0
}

func (l *Log) otherFinding(f *recovery.Finding) Finding {
	x := Finding{File: l.relative(f.File), Offset: f.Offset, LSN: f.LSN, Happened: sentence(f.Reason), Commands: []string{}}
	name := vfs.Base(f.File)
	what := name
	switch {
	case f.File == l.o.Dir:
		what = "the store"
	case name == recovery.ManifestName:
		what = "MANIFEST"
	case strings.HasSuffix(name, ".snap"):
		what = "snapshot"
		if f.Severity == recovery.Damage {
			x.Happened = "The snapshot is not what was written: " + f.Reason + "."
		}
	case strings.HasSuffix(name, ".wal"):
		what = "segment"
		for _, g := range l.Over.Segments {
			if g.File == f.File {
				x.Segment = g.Seq
			}
		}
	}
	switch f.Severity {
	case recovery.Damage:
		x.Severity, x.Title, x.Short = "damage", "Damage: "+what, "damage"
		x.Lost = "What this file alone held. The record list shows what the log still holds."
		x.Commands = []string{"kvctl verify --deep " + l.o.Quote(l.o.Dir), "kvctl recover " + l.o.Quote(l.o.Dir) + " --output NEW"}
	case recovery.Torn:
		x.Severity, x.Title, x.Short = "torn", "Torn tail: "+what, "torn tail"
		x.Lost = "Nothing that was acknowledged under durability Always."
	case recovery.Newer:
		x.Severity, x.Title, x.Short = "newer", "Written by a newer program: "+what, "newer program"
		x.Lost = "Nothing."
	default:
		x.Severity, x.Title, x.Short = "note", "Worth knowing: "+what, "note"
		x.Lost = "Nothing."
	}
	x.Todo = "Nothing."
	switch {
	case strings.HasPrefix(f.Next, "kvctl recover "), f.Next == "" && f.Severity == recovery.Damage:
		x.Todo = "Take a backup if there is one that is newer. Else salvage what there is into a new directory."
	case f.Next != "":
		x.Todo = sentence(strings.ReplaceAll(f.Next, " DIR", " "+l.o.Quote(l.o.Dir)))
	}
	return x
}

func lostText(r inspect.LSNs) string {
	s := r.String()
	if n := r.Count(); !r.Open && n > 1 {
		s += ", " + plural(int64(n), "commit")
	}
	return s
}

// relative is a file's name from the store's directory on.
func (l *Log) relative(file string) string {
	if rest, ok := strings.CutPrefix(file, l.o.Dir); ok {
		return strings.TrimLeft(rest, "/\\")
	}
	return file
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
