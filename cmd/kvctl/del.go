package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

func newDel(app *cli.App) *cobra.Command {
	var keys keyFlags
	cmd := &cobra.Command{
		Use:   "del KEY...",
		Short: "Delete keys, durably and all at once",
		Long: `Del deletes all KEYs in one transaction and prints how many there were. A key that
is not there is no error.`,
		Example: "  kvctl set a 1\n  kvctl del a b",
		SuggestFor: []string{
			"delete", "rm", "remove", "unset",
		},
		Args: atLeastOne("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list [][]byte
			for _, a := range args {
				k, err := keys.key(a)
				if err != nil {
					return err
				}
				if len(k) == 0 {
					return engine.ErrKeyEmpty
				}
				list = append(list, k)
			}
			deleted, lsn, err := del(cmd.Context(), app, list)
			if err != nil {
				return err
			}
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Deleted int    `json:"deleted"`
					LSN     uint64 `json:"lsn,omitempty"`
				}{cli.NewDoc(), deleted, lsn})
			}
			return app.Say(cli.Count(deleted))
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	return formats(cmd)
}

// del deletes keys in one transaction. It makes no store in order to delete
// nothing from it.
func del(ctx context.Context, app *cli.App, keys [][]byte) (deleted int, lsn uint64, err error) {
	if _, err := app.FS.Stat(app.StoreDir()); errors.Is(err, fs.ErrNotExist) {
		app.Notef("there is no store at %s", app.StoreDir())
		return 0, 0, nil
	}
	lsn, err = write(ctx, app, func(tx *engine.Tx) error {
		b := tx.Bucket(app.Bucket)
		for _, k := range keys {
			there, err := b.Has(k)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			if err := b.Delete(context.Background(), k); err != nil {
				return err
			}
			deleted++
		}
		return nil
	})
	return deleted, lsn, err
}
