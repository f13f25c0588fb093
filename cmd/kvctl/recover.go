package main

import (
	"errors"
	"io/fs"
	"time"

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
commit: kept, doubtful (in NEW, but behind a gap in its history) or lost, and why.
DIR is not changed and not locked; NEW must not exist or be empty.

Without --skip-corrupt the new store ends before the first damage: a state that
the old store once had. With it, what lies behind damage is taken too, and what
can be read of a rotten snapshot where no other is whole. --to ends the new store at
an LSN (17), or as it was a while ago (10m, 2h, 7d) or at a time (RFC 3339), by the
clock of whoever wrote it.

Exit code 1 says that commits were lost to damage, or are doubtful. A torn tail,
which nobody was told is durable, is no loss, and neither is what --to left out.
-o json is the same account for a program.`,
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
			var moment int64
			if to != "" {
				w, err := parseWhen(app, "--to", to)
				if moment = w.ms; err == nil && moment == 0 {
					o.ToLSN, err = cli.ParseLSN("--to", to)
				}
				if err != nil {
					return err
				}
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			if moment != 0 {
				var err error
				if o.ToLSN, err = lastAt(cmd.Context(), app, moment); err != nil {
					return err
				}
				if o.ToLSN == 0 {
					return cli.Usagef("--to %s: the log that is left of %s begins after that", to, app.StoreDir())
				}
				app.Notef("the last commit up to %s is LSN %d", cli.Time(time.UnixMilli(moment)), o.ToLSN)
			}
			if err := vacant(app, output); err != nil {
				return err
			}
			if inside(app.StoreDir(), output) {
				return cli.Usagef("%s lies in %s, where nothing is written", output, app.StoreDir())
			}
			app.KeepCodec()
			o.Codec = app.Codec()
			fsys, end := app.Reading("salvaging", app.StoreDir())
			loss, err := recovery.Recover(cmd.Context(), fsys, app.StoreDir(), output, o)
			end()
			if err != nil {
				return err
			}
			if err := printLoss(app, output, loss, o); err != nil {
				return err
			}
			if o.ToLSN > loss.LastLSN && loss.Complete() {
				app.Notef("%s ends with LSN %d, before --to %d", app.StoreDir(), loss.LastLSN, o.ToLSN)
			}
			if !loss.Complete() {
				return cli.Exit(cli.ExitDiffers)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&output, "output", "", "`DIR` of the new store")
	f.StringVar(&to, "to", "", "leave out everything behind `WHEN`: an LSN, a while ago (10m), a time")
	f.BoolVar(&skip, "skip-corrupt", false, "go on behind damage")
	must(cmd.MarkFlagDirname("output"))
	return formats(cmd)
}

// vacant refuses an output that holds something, before any work is done for it.
func vacant(app *cli.App, dir string) error {
	err := recovery.Vacant(app.FS, dir)
	switch {
	case errors.Is(err, vfs.ErrNotDir):
		return cli.Usagef("%s is a file", dir)
	case errors.Is(err, fs.ErrExist):
		return cli.Usagef("%s is not empty; nothing is ever overwritten", dir)
	}
	return err
}
