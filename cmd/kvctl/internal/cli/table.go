package cli

import (
	"regexp"
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
	held   []heldRow
}

// heldRow is a row before the widths are known: cells, or a Line's text.
type heldRow struct {
	cells []string
	bad   bool
	line  string
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
func (t *Table) Row(cells ...string) error { return t.row(heldRow{cells: cells}) }

// BadRow adds a row that a person has to read whole: it is marked, and not cut to
// the window.
func (t *Table) BadRow(cells ...string) error { return t.row(heldRow{cells: cells, bad: true}) }

func (t *Table) row(r heldRow) error {
	cells := r.cells
	if !t.a.Stdout.IsTerminal() {
		return writeAll(t.a.Stdout, strings.Join(cells, "\t")+"\n")
	}
	if t.widths == nil {
		t.held = append(t.held, r)
		if len(t.held) < sample {
			return nil
		}
		return t.release()
	}
	return t.print(r)
}

// Line writes a line of its own among the rows, as it is: what a person has to read
// whole is not cut to the window.
func (t *Table) Line(text string) error {
	if t.a.Stdout.IsTerminal() && t.widths == nil {
		t.held = append(t.held, heldRow{line: text}) // in its turn, and of no width
		return nil
	}
	return t.a.Say(text)
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
	for _, row := range append([]heldRow{{cells: t.header}}, t.held...) {
		for i, c := range row.cells {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(c))
		}
	}
	// One column must not push the others out of the window.
	for i := range t.widths[:len(t.widths)-1] {
		t.widths[i] = min(t.widths[i], max(8, t.a.Stdout.Width()/2))
	}
	header := Shorten(t.align(t.header, false), t.a.Stdout.Width())
	if err := t.a.Say(t.a.Style().Dim(header)); err != nil {
		return err
	}
	for _, row := range t.held {
		if err := t.print(row); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

func (t *Table) print(r heldRow) error {
	switch {
	case r.cells == nil:
		return t.a.Say(r.line)
	case r.bad:
		return t.a.Say(t.a.Style().Bad(t.align(r.cells, true)))
	}
	return t.a.Say(Shorten(t.align(r.cells, false), t.a.Stdout.Width()))
}

// align puts cells into their columns, cut to them unless they are wanted whole.
func (t *Table) align(cells []string, whole bool) string {
	var line strings.Builder
	for i, c := range cells {
		last := i == len(cells)-1
		if i > 0 {
			line.WriteString("  ")
		}
		if !last && !whole {
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
	return strings.TrimRight(line.String(), " ")
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

// End prints them. On a terminal a long value goes on under itself.
func (f *Facts) End() error {
	w := 0
	for _, p := range f.pairs {
		w = max(w, columns(p[0]))
	}
	style := f.a.Style()
	for _, p := range f.pairs {
		if !f.a.Stdout.IsTerminal() {
			if err := writeAll(f.a.Stdout, p[0]+"\t"+p[1]+"\n"); err != nil {
				return err
			}
			continue
		}
		name := p[0]
		if len(name) == columns(name) {
			name = style.Dim(name)
		}
		name += strings.Repeat(" ", w-columns(p[0]))
		for _, line := range Wrap(p[1], max(f.a.Stdout.Width()-w-2, 30)) {
			if err := writeAll(f.a.Stdout, strings.TrimRight(name+"  "+line, " ")+"\n"); err != nil {
				return err
			}
			name = strings.Repeat(" ", w)
		}
	}
	return nil
}

// Wrap breaks a text at its spaces into lines of at most n columns; a word that
// is longer, such as a path, stays whole. Escapes of colours count as nothing.
func Wrap(s string, n int) []string {
	var lines []string
	line, width := "", 0
	for _, word := range strings.Split(s, " ") {
		w := columns(word)
		if line != "" && width+1+w > n {
			lines = append(lines, line)
			line, width = word, w
			continue
		}
		if line != "" {
			line, width = line+" ", width+1
		}
		line, width = line+word, width+w
	}
	return append(lines, line)
}

// columns is the width of a text on a terminal.
func columns(s string) int { return utf8.RuneCountInString(escapes.ReplaceAllString(s, "")) }

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")
