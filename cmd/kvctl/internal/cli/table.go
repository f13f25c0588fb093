package cli

import (
	"strings"
	"unicode/utf8"
)

// sample is how many rows a table on a terminal holds back to find its widths;
// longer cells behind them push their row out of line, which is better than to
// hold back millions.
const sample = 200

// Table shows rows: aligned under a header and cut to the window on a terminal,
// tab-separated without a header elsewhere.
type Table struct {
	a      *App
	header []string
	right  []bool
	widths []int // nil until known
	held   [][]string
}

// NewTable begins a table. A column whose name begins with '>' is aligned to
// the right.
func (a *App) NewTable(columns ...string) *Table {
	t := &Table{a: a, right: make([]bool, len(columns))}
	for i, c := range columns {
		name, right := strings.CutPrefix(c, ">")
		t.header = append(t.header, name)
		t.right[i] = right
	}
	return t
}

// Row adds a row. Cells hold no tabs and no newlines (see Cell).
func (t *Table) Row(cells ...string) error {
	if !t.a.Stdout.IsTerminal() {
		return writeAll(t.a.Stdout, strings.Join(cells, "\t")+"\n")
	}
	if t.widths == nil {
		t.held = append(t.held, cells)
		if len(t.held) < sample {
			return nil
		}
		return t.release()
	}
	return t.print(cells, false)
}

// End prints what was held back.
func (t *Table) End() error {
	if t.a.Stdout.IsTerminal() && t.widths == nil && len(t.held) > 0 {
		return t.release()
	}
	return nil
}

func (t *Table) release() error {
	t.widths = make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.held...) {
		for i, c := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(c))
		}
	}
	// One column must not push the others out of the window.
	for i := range t.widths[:len(t.widths)-1] {
		t.widths[i] = min(t.widths[i], max(8, t.a.Stdout.Width()/2))
	}
	if err := t.print(t.header, true); err != nil {
		return err
	}
	for _, row := range t.held {
		if err := t.print(row, false); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

func (t *Table) print(cells []string, header bool) error {
	var line strings.Builder
	for i, c := range cells {
		last := i == len(cells)-1
		if i > 0 {
			line.WriteString("  ")
		}
		if !last {
			c = Shorten(c, t.widths[i])
		}
		pad := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(c)))
		switch {
		case t.right[i]:
			line.WriteString(pad + c)
		case last:
			line.WriteString(c)
		default:
			line.WriteString(c + pad)
		}
	}
	text := Shorten(line.String(), t.a.Stdout.Width())
	if header {
		text = t.a.Style().Dim(text)
	}
	return writeAll(t.a.Stdout, text+"\n")
}

// Facts shows names and values, one pair a line.
type Facts struct {
	a     *App
	pairs [][2]string
}

// NewFacts begins a list of facts.
func (a *App) NewFacts() *Facts { return &Facts{a: a} }

// Add adds one fact; an empty name continues the one before.
func (f *Facts) Add(name, value string) { f.pairs = append(f.pairs, [2]string{name, value}) }

// End prints them.
func (f *Facts) End() error {
	w := 0
	for _, p := range f.pairs {
		w = max(w, utf8.RuneCountInString(p[0]))
	}
	style := f.a.Style()
	for _, p := range f.pairs {
		line := p[0] + "\t" + p[1]
		if f.a.Stdout.IsTerminal() {
			pad := strings.Repeat(" ", w-utf8.RuneCountInString(p[0]))
			line = style.Dim(p[0]) + pad + "  " + p[1]
		}
		if err := writeAll(f.a.Stdout, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}
