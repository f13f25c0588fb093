package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
)

func newRecover(app *cli.App) *cobra.Command {
	var (
		output string
		to     string
		skip   bool
	)
	cmd := &cobra.Command{
		Use:   "recover DIR --output NEW",
		Short: "Salvage a damaged store into a new directory",
		Long: `Recover makes a new store in NEW of what DIR still holds, and accounts for every
commit: kept, doubtful (kept, but behind a gap in its history) or lost. DIR is not
changed and not locked; NEW must not exist or be empty.

Without --skip-corrupt the new store ends before the first damage: a state that
the old store once had. With it, what lies behind damage is taken too. --to LSN
ends the new store at that LSN.

Exit code 1 says that commits were lost, beyond what --to asked for, or are doubtful.`,
		Example: `  kvctl set mykey myval
  kvctl recover kvdata --output rescued
  kvctl get mykey --dir rescued`,
		SuggestFor: []string{"repair", "salvage", "fix", "rescue"},
		Args:       exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return &cli.UsageError{Msg: "missing --output NEW: recover never works in place", Try: []string{"kvctl recover " + cli.ShellQuote(args[0]) + " --output NEW"}}
			}
			if err := app.TakeDir(args); err != nil {
				return err
			}
			o := recovery.RecoverOptions{SkipCorrupt: skip, Codecs: app.Codecs(), Now: app.Now}
			if to != "" {
				lsn, err := cli.ParseLSN("--to", to)
				if err != nil {
					return err
				}
				o.ToLSN = lsn
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			if err := vacant(app, output); err != nil {
				return err
			}
			loss, err := recovery.Recover(cmd.Context(), app.FS, app.StoreDir(), output, o)
			if err != nil {
				return err
			}
			if err := printLoss(app, output, loss); err != nil {
				return err
			}
			if len(loss.Doubtful) > 0 || unasked(loss.Lost, o.ToLSN) {
				return cli.Exit(cli.ExitDiffers)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&output, "output", "", "`DIR` of the new store")
	f.StringVar(&to, "to", "", "leave out everything behind `LSN`")
	f.BoolVar(&skip, "skip-corrupt", false, "go on behind damage")
	must(cmd.MarkFlagDirname("output"))
	return formats(cmd)
}

// rangeJSON is a run of LSNs, both ends included.
type rangeJSON struct {
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
	Reason string `json:"reason,omitempty"`
}

func rangesOf(list []recovery.LSNRange) []rangeJSON {
	out := []rangeJSON{}
	for _, r := range list {
		out = append(out, rangeJSON{r.From, r.To, r.Reason})
	}
	return out
}

func printLoss(app *cli.App, output string, l *recovery.Loss) error {
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Dir         string      `json:"dir"`
			Output      string      `json:"output"`
			Entries     uint64      `json:"entries"`
			SnapshotLSN uint64      `json:"snapshot_lsn"`
			LastLSN     uint64      `json:"last_lsn"`
			Kept        []rangeJSON `json:"kept"`
			Doubtful    []rangeJSON `json:"doubtful"`
			Lost        []rangeJSON `json:"lost"`
		}{cli.NewDoc(), app.StoreDir(), output, l.Entries, l.SnapshotLSN, l.LastLSN, rangesOf(l.Kept), rangesOf(l.Doubtful), rangesOf(l.Lost)})
	}
	style := app.Style()
	f := app.NewFacts()
	f.Add("new store", output)
	f.Add("keys", cli.Decimal(l.Entries))
	f.Add("last LSN", cli.Decimal(l.LastLSN))
	addRanges(f, style.Good, "kept", l.Kept)
	addRanges(f, style.Warn, "doubtful", l.Doubtful)
	addRanges(f, style.Bad, "lost", l.Lost)
	if len(l.Lost)+len(l.Doubtful) == 0 {
		f.Add("lost", "nothing")
	}
	return f.End()
}

// unasked reports whether anything is missing besides what --to left out.
func unasked(lost []recovery.LSNRange, to uint64) bool {
	for _, r := range lost {
		if to == 0 || r.From <= to {
			return true
		}
	}
	return false
}

// vacant refuses an output that holds something, before any work is done for it.
func vacant(app *cli.App, dir string) error {
	entries, err := app.FS.List(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, vfs.ErrNotDir):
		return cli.Usagef("%s is a file", dir)
	case err != nil:
		return err
	case len(entries) > 0:
		return cli.Usagef("%s is not empty; nothing is ever overwritten", dir)
	}
	return nil
}

func addRanges(f *cli.Facts, paint func(string) string, name string, list []recovery.LSNRange) {
	for i, r := range list {
		if i > 0 {
			name = ""
		}
		text := fmt.Sprintf("LSN %d to %d", r.From, r.To)
		if r.From == r.To {
			text = fmt.Sprintf("LSN %d", r.From)
		}
		if r.Reason != "" {
			text += ": " + cli.Line(r.Reason)
		}
		f.Add(name, paint(text))
	}
}
