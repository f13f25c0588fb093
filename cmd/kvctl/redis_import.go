package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/migrate"
	"github.com/redis-lite/redis-lite/engine"
)

// importLong is what kvctl help import says of the other source.
const importRedisLong = `
With --from-redis the source is a running Redis, read with SCAN and the commands of
each type: strings (HyperLogLogs are strings), lists, sets, sorted sets and hashes,
with their deadlines, into the store that kvctl serve then serves. Each key is
there whole or not at all. Keys that the store holds as they are stay; so run it
again, after an interruption or to catch up, and it writes what is missing. At the
end every key is read again on both sides and compared: the table has the counts
and digests of each type. Streams and the types of modules are skipped and named;
exit code 1 says that the two differ, or that something was left out.`

// importFromRedis copies a Redis into the store.
func importFromRedis(cmd *cobra.Command, app *cli.App, r *redisFlags) error {
	ctx := cmd.Context()
	from, err := r.dial(ctx, app)
	if err != nil {
		return err // before a store is made
	}
	defer from.Close()
	app.KeepCodec()
	again := r.again(cmd, app, from)
	open := func(ctx context.Context) (*engine.DB, error) { return app.OpenServe(ctx, nil) }
	return cli.With(ctx, open, func(db *engine.DB) error {
		return storeClient(ctx, app, db, func(to *migrate.Client) error {
			return r.move(ctx, app, "imported", again, from, to)
		})
	})
}

// move copies, compares and reports.
func (r *redisFlags) move(ctx context.Context, app *cli.App, verb, again string, from, to *migrate.Client) error {
	begin := app.Now()
	bar := app.NewProgress(verb, 0)
	rep, err := migrate.Run(from, to, migrate.Options{DB: r.db, Progress: bar.Set})
	bar.End()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return finishMove(app, verb, again, rep, app.Now().Sub(begin), err)
}

// exportToRedis copies the store into a Redis.
func exportToRedis(cmd *cobra.Command, app *cli.App, r *redisFlags, yes bool) error {
	ctx := cmd.Context()
	to, err := r.dial(ctx, app)
	if err != nil {
		return err
	}
	defer to.Close()
	again := r.again(cmd, app, to) + " --yes"
	return cli.With(ctx, app.OpenRead, func(db *engine.DB) error {
		if !yes {
			held, err := notEmpty(to, r.db)
			if err != nil {
				return redisProblem(err)
			}
			if held != "" {
				return &cli.UsageError{Msg: held + "; keys of the same names would be replaced", Try: []string{again}}
			}
		}
		return storeClient(ctx, app, db, func(from *migrate.Client) error {
			return r.move(ctx, app, "exported", again, from, to)
		})
	})
}
