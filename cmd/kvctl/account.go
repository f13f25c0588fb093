package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
)

// verdictJSON is what was found wrong at a place, in JSON, wherever one is shown.
type verdictJSON struct {
	Kind     string    `json:"kind"`
	Bytes    int64     `json:"bytes"` // that were passed over
	Reason   string    `json:"reason"`
	Rule     int       `json:"rule,omitempty"`
	Proof    int64     `json:"proof_offset,omitempty"`
	Check    string    `json:"check,omitempty"`
	Expected string    `json:"expected,omitempty"`
	Found    string    `json:"found,omitempty"`
	Lost     *lostJSON `json:"lost,omitempty"`
}

// lostJSON are LSNs that went with it. Without "to", nobody knows where they end.
type lostJSON struct {
	From uint64  `json:"from"`
	To   *uint64 `json:"to,omitempty"`
}

func spanJSON(v *inspect.Verdict, bytes int64) *verdictJSON {
	j := &verdictJSON{
		Kind: v.Kind.String(), Bytes: bytes, Reason: v.Reason, Rule: v.Rule, Proof: v.Proof,
		Check: v.Check, Expected: v.Expected, Found: v.Found,
	}
	if !v.Lost.Empty() {
		j.Lost = &lostJSON{From: v.Lost.From}
		if !v.Lost.Open {
			to := v.Lost.To
			j.Lost.To = &to
		}
	}
	return j
}

// verdictText is a verdict in a sentence: what, how much, why, and what went with
// it.
func verdictText(v *inspect.Verdict, bytes int64) string {
	s := v.Kind.String()
	if bytes > 0 {
		s += ", " + cli.Plural(bytes, "byte", "bytes") + " passed over"
	}
	if v.Reason != "" {
		s += ": " + v.Reason
	}
	if v.Check != "" && v.Expected != "" {
		s += fmt.Sprintf(" (%s: expected %s, found %s)", v.Check, v.Expected, v.Found)
	}
	went := map[inspect.Kind]string{
		inspect.Torn: "torn with it", inspect.Unsupported: "unread", inspect.Removed: "no longer in the log",
	}[v.Kind]
	switch {
	case v.Lost.Empty() && v.Kind == inspect.Damaged:
		s += "; no record is lost with it"
	case v.Lost.Empty():
	case went != "":
		s += "; " + went + ": " + v.Lost.String()
	default:
		s += "; lost: " + v.Lost.String()
	}
	return s
}

// account adds up what a walk found wrong, and says so at its end.
type account struct {
	worst  inspect.Kind
	first  error // of the worst kind
	places int
	bytes  int64
	lost   uint64
	open   bool
}

// add takes a frame, a span or a record that cannot be decoded.
func (c *account) add(f *inspect.Frame, v *inspect.Verdict) {
	if v.Kind <= inspect.Ignored {
		return
	}
	if !f.Valid() {
		c.bytes += f.Size
	}
	c.places++
	if v.Kind == inspect.Damaged || v.Kind == inspect.Missing {
		c.lost += v.Lost.Count()
		c.open = c.open || v.Lost.Open
	}
	if v.Kind > c.worst {
		c.worst, c.first = v.Kind, asError(f, v)
	}
}

// asError is a verdict as recovery would report it.
func asError(f *inspect.Frame, v *inspect.Verdict) error {
	switch v.Kind {
	case inspect.Torn:
		e := &recovery.TornError{File: f.File, Offset: f.Offset, Bytes: f.Size, LSN: f.LSN, Records: -1, Reason: v.Reason}
		if f.Header != nil {
			e.Records = int64(f.Header.Count)
		}
		return e
	case inspect.Removed:
		return nil
	case inspect.Unsupported:
		what := fmt.Sprintf("%s %s (LSN %d, offset %d)", v.Check, v.Found, v.Lost.From, f.Offset)
		if v.Check == "" { // a file as a whole, which says it in its own words
			what = strings.TrimSuffix(strings.TrimPrefix(v.Reason, "written by a newer program: "), " is unknown here")
		}
		return &recovery.VersionError{File: f.File, What: what}
	case inspect.Missing:
		return &recovery.CorruptionError{File: f.File, Offset: -1, LSN: f.LSN, Reason: "the segment is missing; " + v.Reason}
	}
	return &recovery.CorruptionError{File: f.File, Offset: f.Offset, LSN: f.LSN, Reason: v.Reason}
}

// end is the error that decides the exit code, nil when all was well; a note says
// what all of it comes to when there is more than the error tells.
func (c *account) end(app *cli.App) error {
	if c.places < 2 {
		return c.first
	}
	lost := "no record is lost"
	switch {
	case c.open && c.lost > 0:
		lost = "at least " + cli.Plural(c.lost, "record", "records") + " lost"
	case c.open:
		lost = "nobody knows how many records are lost"
	case c.lost > 0:
		lost = cli.Plural(c.lost, "record", "records") + " lost"
	}
	app.Notef("%s, %s passed over, %s", cli.Plural(int64(c.places), "place that is no part of a sound log", "places that are no part of a sound log"),
		cli.Plural(c.bytes, "byte", "bytes"), lost)
	return c.first
}

// close is end for a walk through a store, whose MANIFEST has a say too.
func (c *account) close(ctx context.Context, app *cli.App, s *inspect.Store) error {
	err := c.end(app)
	_, root := s.Root(ctx)
	switch {
	case root == nil:
		return err
	case c.worst.Bad():
		app.Notef("%v", root)
		return err
	}
	return root
}

// openInspect opens the store for looking at it, without a lock.
func openInspect(app *cli.App) (*inspect.Store, error) {
	s, _, err := openWalk(app, "", false)
	return s, err
}

// openWalk is openInspect for a command that walks through the log, once or more
// often, and shows how far it has come; end takes that away.
func openWalk(app *cli.App, what string, once bool) (s *inspect.Store, end func(), err error) {
	if err := app.MustExist(); err != nil {
		return nil, nil, err
	}
	o := inspect.Options{Codecs: app.Codecs()}
	s, err = inspect.Open(app.FS, app.StoreDir(), o)
	// Who sees the data sees the progress.
	if err != nil || what == "" || app.Stdout.IsTerminal() || !app.StderrIsTerminal {
		return s, func() {}, err
	}
	total, done := int64(0), int64(0)
	if files, err := s.Files(); err == nil && once {
		for _, f := range files {
			if f.Kind == inspect.FileSegment {
				total += f.Size
			}
		}
	}
	progress := app.NewProgress(what, total)
	o.Progress = func(bytes int64) {
		done += bytes
		progress.Set(done)
	}
	s, err = inspect.Open(app.FS, app.StoreDir(), o)
	return s, progress.End, err
}

// paintVerdict colours a line that says what is wrong.
func paintVerdict(app *cli.App, kind inspect.Kind, text string) string {
	style := app.Style()
	switch {
	case kind.Bad():
		return style.Bad(text)
	case kind > inspect.Ignored:
		return style.Warn(text)
	}
	return style.Dim(text)
}

func hex64(n uint64) string { return fmt.Sprintf("%016x", n) }
