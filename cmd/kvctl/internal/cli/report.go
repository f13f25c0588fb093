package cli

import (
	"errors"
	"fmt"
	"io"
)

// Notef tells the person something on standard error, unless --quiet.
func (a *App) Notef(format string, args ...any) {
	if a.Quiet {
		return
	}
	text := fmt.Sprintf(format, args...)
	if a.Stdout.IsTerminal() && a.StderrIsTerminal {
		// Somebody reads both on one screen: what was said first comes first. Should
		// that fail, the command learns it from its own next words.
		_ = a.Stdout.Flush()
	}
	if a.Format.JSON() {
		a.stderrJSON(struct {
			Schema int    `json:"schema"`
			Note   string `json:"note"`
		}{Schema, text})
		return
	}
	fmt.Fprintf(a.Stderr, "kvctl: %s\n", text)
}

// Say writes one line of data.
func (a *App) Say(line string) error { return writeAll(a.Stdout, line+"\n") }

// Fail reports err, if it is worth a word, and returns the exit code.
func (a *App) Fail(err error) int {
	if err == nil || errors.Is(err, ErrClosedPipe) {
		return ExitOK
	}
	var code *CodeError
	if errors.As(err, &code) && code.Msg == "" {
		return code.Code
	}
	p := a.Explain(err)
	if a.Format.JSON() {
		a.stderrJSON(struct {
			Schema int     `json:"schema"`
			Error  Problem `json:"error"`
		}{Schema, p})
		return p.Code
	}
	s := Style{a.colored(a.StderrIsTerminal)}
	fmt.Fprintf(a.Stderr, "%s %s\n", s.Bad("kvctl:"), p.What)
	for i, t := range p.Try {
		lead := "Try:"
		if i > 0 {
			lead = "    "
		}
		fmt.Fprintf(a.Stderr, "%s %s\n", lead, t)
	}
	return p.Code
}

func (a *App) stderrJSON(v any) {
	b, err := marshal(v, "")
	if err != nil {
		b = []byte(fmt.Sprintf("{\"schema\":%d,\"error\":{\"code\":%d,\"message\":%q}}\n", Schema, ExitIO, err))
	}
	_, _ = a.Stderr.Write(b) // nowhere is left to report to
}

// Style colours words, or leaves them alone.
type Style struct{ On bool }

// Style returns the style for standard output.
func (a *App) Style() Style { return Style{a.Colored()} }

func (s Style) paint(code, text string) string {
	if !s.On || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Good, Bad, Warn, Dim and Bold say what a word means, not how it looks.
func (s Style) Good(t string) string { return s.paint("32", t) }

// Bad is for damage and loss.
func (s Style) Bad(t string) string { return s.paint("1;31", t) }

// Warn is for what is worth a look.
func (s Style) Warn(t string) string { return s.paint("33", t) }

// Dim is for what matters less.
func (s Style) Dim(t string) string { return s.paint("2", t) }

// Bold is for headings.
func (s Style) Bold(t string) string { return s.paint("1", t) }

// writeAll is for output whose failure Stdout remembers.
func writeAll(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}
