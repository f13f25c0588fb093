package crashtest

import (
	"strings"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// maxColumns bounds the grid; the calls nearest to the crash are shown.
const maxColumns = 60

// crashView is one crash: a grid of files by calls, and the calls.
type crashView struct {
	Title   string
	Mode    crashfs.Mode
	Step    int
	Choice  string
	Skipped int
	Gone    []goneView // what did not reach the disk as it was written
	Columns []column
	Rows    []gridRow
}

// goneView is an effect that the crash took away.
type goneView struct {
	outcomeView
	Call int
	Line string
}

// maxGone bounds the list of them; the calls below have the rest.
const maxGone = 12

// column is one call.
type column struct {
	N        int
	What     string
	Line     string
	Outcomes []outcomeView
}

type outcomeView struct{ Class, Word, Effect, Why string }

// gridRow is one file, with a cell for every call.
type gridRow struct {
	File  string
	Cells []cell
}

type cell struct{ Class, Mark, Title string }

func newCrashView(x *crashfs.Explanation) crashView {
	v := crashView{Mode: x.Mode, Step: x.Step, Choice: x.Choice.String()}
	calls := x.Calls
	if n := len(calls) - maxColumns; n > 0 {
		v.Skipped, calls = n, calls[n:]
	}
	by := make(map[int][]crashfs.Outcome)
	for _, o := range x.Effects {
		by[o.Effect.Call] = append(by[o.Effect.Call], o)
	}
	rows := make(map[string]int)
	at := func(file string) *gridRow {
		i, ok := rows[file]
		if !ok {
			i = len(v.Rows)
			rows[file] = i
			v.Rows = append(v.Rows, gridRow{File: file, Cells: make([]cell, len(calls))})
		}
		return &v.Rows[i]
	}
	for i := range calls {
		c := &calls[i]
		col := column{N: c.N, What: c.String(), Line: c.Line()}
		if c.Op == crashfs.OpKill {
			col.N = 0
			v.Columns = append(v.Columns, col)
			for r := range v.Rows {
				v.Rows[r].Cells[i] = cell{Class: "barrier", Mark: "\u2020", Title: c.String()}
			}
			continue
		}
		for _, o := range by[c.N] {
			out := viewOutcome(o)
			col.Outcomes = append(col.Outcomes, out)
			if o.Fate != crashfs.Keep && len(v.Gone) < maxGone {
				v.Gone = append(v.Gone, goneView{out, c.N, col.Line})
			}
		}
		v.Columns = append(v.Columns, col)
		files := []string{c.Name}
		if c.Op&(crashfs.OpRename|crashfs.OpPublish) != 0 {
			files = append(files, c.To)
		}
		for _, name := range files {
			at(name).Cells[i] = viewCell(c, by[c.N])
		}
	}
	return v
}

func viewOutcome(o crashfs.Outcome) outcomeView {
	out := outcomeView{Effect: o.Effect.String(), Why: o.Why}
	switch o.Fate {
	case crashfs.Keep:
		out.Class, out.Word = "kept", "kept"
	case crashfs.Lose:
		out.Class, out.Word = "lost", "lost"
	default:
		out.Class, out.Word = "garbled", "garbled"
	}
	return out
}

// viewCell is what a call did to a file: the worst that became of its effects.
func viewCell(c *crashfs.Call, outcomes []crashfs.Outcome) cell {
	lines := []string{c.String()}
	for _, o := range outcomes {
		lines = append(lines, viewOutcome(o).Word+" "+o.Effect.String())
	}
	out := cell{Title: strings.Join(lines, "; ")}
	if c.Op&(crashfs.OpSyncs|crashfs.OpSyncDir) != 0 {
		out.Class, out.Mark = "barrier", "S"
		if c.Err != nil {
			out.Class, out.Mark = "lost", "S!"
		}
		return out
	}
	out.Class, out.Mark = "durable", "\u25cf"
	if c.First > c.Last { // it changed nothing
		out.Class, out.Mark = "", "\u00b7"
	}
	rank := map[string]int{"": 0, "durable": 0, "kept": 1, "lost": 2, "garbled": 3}
	marks := map[string]string{"kept": "\u25d0", "lost": "\u2715", "garbled": "\u2592"}
	for _, o := range outcomes {
		if w := viewOutcome(o).Class; rank[w] > rank[out.Class] {
			out.Class, out.Mark = w, marks[w]
		}
	}
	return out
}
