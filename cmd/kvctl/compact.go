package main

import (
	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

func newCompact(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact [DIR]",
		Short: "Write a snapshot and drop the log it makes unnecessary",
		Long: `Compact writes a snapshot of the present state and removes the log files that the
second-newest snapshot makes unnecessary: the newest is never the only thing that
the state rests on. So it takes two compactions with writes between them until a
log file goes. A program that has the store open compacts by itself. A snapshot is
compressed when the newest one is.`,
		Example:    "  kvctl set mykey myval\n  kvctl compact",
		SuggestFor: []string{"snapshot", "gc", "vacuum"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			app.KeepCodec()
			var info engine.CompactionInfo
			err := cli.With(cmd.Context(), app.OpenExisting, func(db *engine.DB) (err error) {
				info, err = db.Compact(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Made            bool    `json:"made"`
					LSN             uint64  `json:"lsn"`
					Entries         int64   `json:"entries"`
					SnapshotBytes   int64   `json:"snapshot_bytes"`
					SegmentsRemoved int     `json:"segments_removed"`
					Seconds         float64 `json:"seconds"`
				}{cli.NewDoc(), info.Made, info.LSN, int64(info.Entries), info.SnapshotBytes, info.SegmentsRemoved, info.Took.Seconds()})
			}
			f := app.NewFacts()
			if info.Made {
				f.Add("snapshot", "LSN "+cli.Decimal(info.LSN)+", "+cli.Plural(int64(info.Entries), "key", "keys")+", "+cli.Size(info.SnapshotBytes))
			} else {
				f.Add("snapshot", "LSN "+cli.Decimal(info.LSN)+", unchanged: nothing was written since")
			}
			f.Add("log files removed", cli.Decimal(info.SegmentsRemoved))
			f.Add("took", cli.Took(info.Took))
			return f.End()
		},
	}
	return formats(cmd)
}
