package main

import (
	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

// bucketCount is one bucket and how many keys it holds.
type bucketCount struct {
	Schema int    `json:"schema,omitempty"`
	Bucket string `json:"bucket"`
	Count  int    `json:"count"`
}

func newCount(app *cli.App) *cobra.Command {
	var (
		r   rangeFlags
		all bool
	)
	cmd := &cobra.Command{
		Use:   "count",
		Short: "Count keys",
		Long: `Count prints how many keys a bucket holds, or how many of them lie in a range.
Keys past their deadline do not count. With --all it lists every bucket.`,
		Example: `  kvctl set user/1 ann
  kvctl count
  kvctl count --prefix user/
  kvctl count --all`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.scan()
			if err != nil {
				return err
			}
			var counts []bucketCount
			err = cli.With(cmd.Context(), app.OpenRead, func(db *engine.DB) error {
				return db.View(func(tx *engine.Tx) error {
					names := []string{app.Bucket}
					if all {
						names = tx.Buckets()
					}
					for _, name := range names {
						counts = append(counts, bucketCount{Bucket: name, Count: tx.Bucket(name).Count(s)})
					}
					return nil
				})
			})
			if err != nil {
				return err
			}
			if all {
				return printCounts(app, counts)
			}
			if app.Format.JSON() {
				counts[0].Schema = cli.Schema
				return app.PrintJSON(counts[0])
			}
			return app.Say(cli.Decimal(counts[0].Count))
		},
	}
	bucketFlag(app, cmd)
	r.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every bucket that holds a key")
	exclusive(cmd, "all", "bucket")
	return formats(cmd)
}

func printCounts(app *cli.App, counts []bucketCount) error {
	if app.Format.JSON() {
		l := app.NewList("buckets")
		for _, c := range counts {
			c.Schema = l.Schema()
			if err := l.Item(c); err != nil {
				return err
			}
		}
		return l.End()
	}
	t := app.NewTable(">KEYS", "BUCKET")
	for _, c := range counts {
		if err := t.Row(cli.Decimal(c.Count), cli.Cell([]byte(c.Bucket))); err != nil {
			return err
		}
	}
	return t.End()
}
