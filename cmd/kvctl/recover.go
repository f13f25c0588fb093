package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
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

Exit code 1 says that commits were lost or are doubtful.`,
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
			o := recovery.RecoverOptions{SkipCorrupt: skip, Now: app.Now}
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
			loss, err := recovery.Recover(cmd.Context(), app.FS, app.StoreDir(), output, o)
			if err != nil {
				return err
			}
			if err := printLoss(app, output, loss, skip); err != nil {
				return err
			}
			if len(loss.Lost) > 0 || len(loss.Doubtful) > 0 {
				return cli.Exit(cli.ExitDiffers)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&output, "output", "", "directory of the new store")
	f.StringVar(&to, "to", "", "leave out everything behind this LSN")
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

func printLoss(app *cli.App, output string, l *recovery.Loss, skip bool) error {
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
	if err := f.End(); err != nil {
		return err
	}
	if len(l.Lost) > 0 && !skip {
		app.Notef("the new store ends before the first damage; --skip-corrupt takes what lies behind it, too")
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
