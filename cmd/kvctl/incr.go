package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

func newIncr(app *cli.App) *cobra.Command {
	var (
		keys keyFlags
		by   int64
	)
	cmd := &cobra.Command{
		Use:   "incr KEY",
		Short: "Add to a number, durably",
		Long: `Incr adds 1, or what --by says, to the decimal number that KEY holds, and prints
the sum. A key that is not there counts as 0. Numbers have 64 bits; a value that
is none, or a sum that would not fit, is exit code 2 and changes nothing. The
key's deadline stays.`,
		Example: `  kvctl incr visits
  kvctl incr visits --by 10
  kvctl incr visits --by -3`,
		SuggestFor: []string{"increment", "incrby", "decr", "add"},
		Args:       exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keys.key(args[0])
			if err != nil {
				return err
			}
			var sum int64
			lsn, err := write(cmd.Context(), app, func(tx *engine.Tx) error {
				sum, err = incr(tx.Bucket(app.Bucket), key, by)
				return err
			})
			if err != nil {
				return err
			}
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Bucket string    `json:"bucket,omitempty"`
					Key    cli.Bytes `json:"key"`
					Value  int64     `json:"value"`
					LSN    uint64    `json:"lsn"`
				}{cli.NewDoc(), app.Bucket, key, sum, lsn})
			}
			return app.Say(cli.Decimal(sum))
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	cmd.Flags().Int64Var(&by, "by", 1, "add `N`")
	return formats(cmd)
}

func incr(b *engine.TxBucket, key []byte, by int64) (int64, error) {
	old := int64(0)
	v, err := b.GetNoCopy(key)
	switch {
	case errors.Is(err, engine.ErrNotFound):
	case err != nil:
		return 0, err
	default:
		// The one spelling that incr itself would write: "+1", "01" and " 1" are
		// somebody's text.
		old, err = strconv.ParseInt(string(v), 10, 64)
		if err != nil || strconv.FormatInt(old, 10) != string(v) {
			return 0, cli.Usagef("key %s holds %s, which is not a number of 64 bits", cli.Quoted(key), cli.Shorten(cli.Quoted(v), 60))
		}
	}
	sum := old + by
	if (sum > old) != (by > 0) && by != 0 {
		return 0, cli.Usagef("%d + %d does not fit into 64 bits", old, by)
	}
	err = b.Set(context.Background(), key, strconv.AppendInt(nil, sum, 10), engine.KeepDeadline())
	return sum, err
}
