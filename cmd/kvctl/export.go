package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/jsonl"
	"github.com/redis-lite/redis-lite/engine"
)

func newExport(app *cli.App) *cobra.Command {
	var (
		r     rangeFlags
		all   bool
		redis redisFlags
		yes   bool
	)
	cmd := &cobra.Command{
		Use:   "export [--to-redis ADDR]",
		Short: "Write the store as JSON Lines, or into a running Redis",
		Long: `Export writes a line for each key of a bucket, in ascending order, as they are at
one moment; with --all for each key of every bucket, and the lines name theirs.
Importing what export wrote gives the same keys, values and deadlines.

The output is JSON Lines whatever -o says. Keys past their deadline are left out.

With --to-redis the keys that kvctl serve shows, of all types and databases, are
written into a running Redis, with their deadlines, and compared at the end as
kvctl import --from-redis does. One that is not empty is refused without --yes:
keys of the same names are replaced, others stay.`,
		Example: `  kvctl set mykey myval
  kvctl export > all.jsonl
  kvctl export --prefix my
  kvctl export --all | gzip > all.jsonl.gz`,
		SuggestFor: []string{"dump"},
		Args:       exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := redis.alone(cmd, "bucket", "all", "prefix", "from", "to", "hex-keys"); err != nil {
				return err
			}
			if cmd.Flags().Changed("to-redis") {
				return exportToRedis(cmd, app, &redis, yes)
			}
			if yes {
				return cli.Usagef("--yes wants --to-redis")
			}
			s, err := r.scan()
			if err != nil {
				return err
			}
			bar := app.NewProgress("export", 0)
			defer bar.End()
			var keys int64
			var others []string
			err = cli.With(cmd.Context(), app.OpenRead, func(db *engine.DB) error {
				return db.View(func(tx *engine.Tx) error {
					names := []string{app.Bucket}
					if all {
						names = tx.Buckets()
					} else {
						others = except(tx.Buckets(), app.Bucket)
					}
					base := int64(0)
					for _, name := range names {
						n, bytes, err := jsonl.Export(cmd.Context(), app.Stdout, tx.Bucket(name), s, all && name != "",
							func(b int64) { bar.Set(base + b) })
						keys += n
						base += bytes
						if err != nil {
							return err
						}
					}
					return app.Stdout.Flush()
				})
			})
			if err != nil {
				return err
			}
			bar.End()
			app.Notef("exported %s", cli.Plural(keys, "key", "keys"))
			if len(others) > 0 {
				app.Notef("not exported: %s (--bucket NAME, or --all)", strings.Join(others, ", "))
			}
			return nil
		},
	}
	bucketFlag(app, cmd)
	r.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every bucket")
	exclusive(cmd, "all", "bucket")
	redis.add(cmd, "to-redis", "write into the Redis")
	cmd.Flags().BoolVar(&yes, "yes", false, "even when that Redis holds keys already")
	return formats(cmd)
}

// except describes the buckets besides one.
func except(names []string, one string) []string {
	var out []string
	for _, n := range names {
		if n != one {
			out = append(out, "bucket "+cli.Quoted([]byte(n)))
		}
	}
	return out
}
