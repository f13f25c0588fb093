package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
)

func newVerify(app *cli.App) *cobra.Command {
	var deep bool
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check a store and list all that is wrong with it",
		Long: `Verify checks what an open relies on, or with --deep everything that is there, and
lists all findings. It takes no lock, changes nothing, and may run beside a
program that has the store open.

Exit codes: 0 sound; 4 a torn tail, which a crash leaves and the next open cuts
off; 5 damage, which no crash leaves; 6 not a store. With --quiet there is only
the code.`,
		Example: `  kvctl set mykey myval
  kvctl verify
  kvctl verify --deep -o json
  kvctl verify --quiet && echo sound`,
		SuggestFor: []string{"check", "fsck", "validate"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			found, err := recovery.Verify(cmd.Context(), app.FS, app.StoreDir(), recovery.VerifyOptions{Deep: deep, Codecs: app.Codecs()})
			if err != nil {
				return err
			}
			code := map[recovery.Severity]int{recovery.Torn: cli.ExitTorn, recovery.Damage: cli.ExitDamage}[found.Worst()]
			if !app.Quiet {
				if err := printFindings(app, found, deep); err != nil {
					return err
				}
			}
			if code != 0 {
				return cli.Exit(code)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&deep, "deep", false, "read everything: every block of every snapshot, and the log that only older ones need")
	return formats(cmd)
}

// severityWords are how findings are called.
var severityWords = map[recovery.Severity]string{
	recovery.Note: "note", recovery.Torn: "torn", recovery.Damage: "damage",
}

// findingJSON is one finding.
type findingJSON struct {
	Severity string `json:"severity"`
	File     string `json:"file,omitempty"`
	Offset   *int64 `json:"offset,omitempty"`
	LSN      uint64 `json:"lsn,omitempty"`
	Reason   string `json:"reason"`
	Next     string `json:"next,omitempty"`
}

func findingsOf(app *cli.App, list []recovery.Finding) []findingJSON {
	out := []findingJSON{}
	for _, f := range list {
		j := findingJSON{Severity: severityWords[f.Severity], File: f.File, LSN: f.LSN, Reason: f.Reason, Next: next(app, f)}
		if f.Offset >= 0 && f.File != "" {
			off := f.Offset
			j.Offset = &off
		}
		out = append(out, j)
	}
	return out
}

// next is what to do about a finding, with the directory in its place.
func next(app *cli.App, f recovery.Finding) string {
	return strings.ReplaceAll(f.Next, " DIR", " "+cli.ShellQuote(app.StoreDir()))
}

// verdictOf is the worst finding in a word.
func verdictOf(f *recovery.Findings) string {
	switch f.Worst() {
	case recovery.Torn:
		return "torn"
	case recovery.Damage:
		return "damaged"
	}
	return "sound"
}

func printFindings(app *cli.App, f *recovery.Findings, deep bool) error {
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Dir             string        `json:"dir"`
			Verdict         string        `json:"verdict"`
			Deep            bool          `json:"deep"`
			Findings        []findingJSON `json:"findings"`
			Snapshots       int           `json:"snapshots"`
			Segments        int           `json:"segments"`
			Frames          int64         `json:"frames"`
			Records         int64         `json:"records"`
			Bytes           int64         `json:"bytes"`
			FirstLSN        uint64        `json:"first_lsn"`
			LastLSN         uint64        `json:"last_lsn"`
			QuarantineFiles int           `json:"quarantine_files"`
			QuarantineBytes int64         `json:"quarantine_bytes"`
		}{cli.NewDoc(), app.StoreDir(), verdictOf(f), deep, findingsOf(app, f.List), f.Snapshots, f.Segments, f.Frames,
			f.Records, f.Bytes, f.FirstLSN, f.LastLSN, f.QuarantineFiles, f.QuarantineBytes})
	}
	style := app.Style()
	for _, x := range f.List {
		word := severityWords[x.Severity]
		switch x.Severity {
		case recovery.Torn:
			word = style.Warn(word)
		case recovery.Damage:
			word = style.Bad(word)
		default:
			word = style.Dim(word)
		}
		if err := app.Say(word + "\t" + where(x) + "\t" + cli.Line(x.Reason)); err != nil {
			return err
		}
		if n := next(app, x); n != "" {
			if err := app.Say(style.Dim("next") + "\t" + cli.Line(n)); err != nil {
				return err
			}
		}
	}
	verdict := verdictOf(f)
	switch f.Worst() {
	case recovery.Damage:
		verdict = style.Bad(verdict)
	case recovery.Torn:
		verdict = style.Warn(verdict)
	default:
		verdict = style.Good(verdict)
	}
	return app.Say(verdict + "\t" + checked(f))
}

// where is a finding's place in a cell.
func where(f recovery.Finding) string {
	s := f.File
	if f.Offset >= 0 && f.File != "" {
		s += fmt.Sprintf(" at %d", f.Offset)
	}
	if f.LSN != 0 {
		s += fmt.Sprintf(" (LSN %d)", f.LSN)
	}
	return cli.Line(s)
}

// checked says what was looked at.
func checked(f *recovery.Findings) string {
	s := fmt.Sprintf("%s, %s, %s in %s of %s",
		cli.Plural(f.Snapshots, "snapshot", "snapshots"), cli.Plural(f.Records, "commit", "commits"),
		cli.Size(f.Bytes), cli.Plural(f.Frames, "frame", "frames"), cli.Plural(f.Segments, "log file", "log files"))
	if f.LastLSN > 0 {
		s += fmt.Sprintf(", LSN %d to %d", f.FirstLSN, f.LastLSN)
	}
	if f.QuarantineFiles > 0 {
		s += fmt.Sprintf("; %s in quarantine (%s)", cli.Plural(f.QuarantineFiles, "file", "files"), cli.Size(f.QuarantineBytes))
	}
	return s
}
