package main

import (
	"fmt"
	"slices"
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
off; 5 damage, which no crash leaves; 6 not a store, or a newer program's. With
--quiet there is only the code.`,
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
			fsys, end := app.Reading("verifying", app.StoreDir())
			found, err := recovery.Verify(cmd.Context(), fsys, app.StoreDir(), recovery.VerifyOptions{Deep: deep, Codecs: app.Codecs()})
			end()
			if err != nil {
				return err
			}
			code := map[recovery.Severity]int{
				recovery.Torn: cli.ExitTorn, recovery.Newer: cli.ExitNotAStore, recovery.Damage: cli.ExitDamage,
			}[found.Worst()]
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
	recovery.Note: "note", recovery.Torn: "torn", recovery.Newer: "newer", recovery.Damage: "damage",
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
	pid := lockText(app)
	if pid != 0 && alive(pid) && f.Severity == recovery.Note && f.Next == recovery.NextProve {
		return fmt.Sprintf("process %d, which has the store open, proves it with its next commit, or when it falls idle", pid)
	}
	if f.Severity == recovery.Torn && pid != 0 && alive(pid) {
		return fmt.Sprintf("process %d has the store open and may be writing there at this moment: look again; should it have ended, %s", pid, f.Next)
	}
	return strings.ReplaceAll(f.Next, " DIR", " "+cli.ShellQuote(app.StoreDir()))
}

// verdictOf is the worst finding in a word.
func verdictOf(f *recovery.Findings) string {
	switch f.Worst() {
	case recovery.Torn:
		return "torn"
	case recovery.Newer:
		return "newer"
	case recovery.Damage:
		return "damaged"
	}
	return "sound"
}

func printFindings(app *cli.App, f *recovery.Findings, deep bool) error {
	if app.Format.JSON() {
		unproven := uint64(0)
		if f.Unproven != nil {
			unproven = f.Unproven.LSN
		}
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
			UnprovenLSN     uint64        `json:"unproven_lsn,omitempty"`
			QuarantineFiles int           `json:"quarantine_files"`
			QuarantineBytes int64         `json:"quarantine_bytes"`
		}{cli.NewDoc(), app.StoreDir(), verdictOf(f), deep, findingsOf(app, f.List), f.Snapshots, f.Segments, f.Frames,
			f.Records, f.Bytes, f.FirstLSN, f.LastLSN, unproven, f.QuarantineFiles, f.QuarantineBytes})
	}
	style := app.Style()
	paint := map[recovery.Severity]func(string) string{recovery.Torn: style.Warn, recovery.Newer: style.Warn, recovery.Damage: style.Bad, recovery.Note: style.Dim}
	facts := app.NewFacts()
	list := f.List
	if f.Unproven != nil {
		list = append(slices.Clip(list), *f.Unproven)
	}
	for _, x := range list {
		word := paint[x.Severity](severityWords[x.Severity])
		if app.Stdout.IsTerminal() {
			facts.Add(word, where(x))
			facts.Add("", cli.Line(x.Reason))
		} else {
			facts.Add(word, where(x)+"\t"+cli.Line(x.Reason))
		}
		if n := next(app, x); n != "" {
			facts.Add("next", cli.Line(n))
		}
	}
	verdict := style.Good
	if w := f.Worst(); w > recovery.Note {
		verdict = paint[w]
	}
	facts.Add(verdict(verdictOf(f)), checked(f))
	return facts.End()
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
