package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

func newTTL(app *cli.App) *cobra.Command {
	var (
		keys    keyFlags
		set     string
		expires string
		persist bool
	)
	cmd := &cobra.Command{
		Use:   "ttl KEY",
		Short: "Show, set or remove the deadline of a key",
		Long: `Ttl prints how long KEY still has, or "never". With --set or --expires-at it gives
the key a deadline, with --persist it takes the deadline away; the value stays. A
key that is not there is exit code 1.`,
		Example: `  kvctl set session/7 secret --ttl 30m
  kvctl ttl session/7
  kvctl ttl session/7 --set 2h
  kvctl ttl session/7 --persist`,
		SuggestFor: []string{"expire", "persist", "pttl"},
		Args:       exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keys.key(args[0])
			if err != nil {
				return err
			}
			opts, err := deadlineOptions(set, expires, false)
			if err != nil {
				return err
			}
			var it engine.Item
			if opts != nil || persist {
				it, err = touch(cmd.Context(), app, key, opts)
			} else {
				it, err = getItem(cmd, app, key)
			}
			if err != nil {
				return err
			}
			notePassed(app, expires)
			return printTTL(app, it)
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	f := cmd.Flags()
	f.StringVar(&set, "set", "", "expire after `DURATION`: 90s, 30m, 12h, 7d")
	f.StringVar(&expires, "expires-at", "", "expire at `TIME`: RFC 3339, or Unix milliseconds")
	f.BoolVar(&persist, "persist", false, "never expire")
	exclusive(cmd, "set", "expires-at", "persist")
	return formats(cmd)
}

// touch writes a key's value again with another deadline, or with none.
func touch(ctx context.Context, app *cli.App, key []byte, opts []engine.SetOption) (it engine.Item, err error) {
	if len(key) == 0 {
		return it, engine.ErrKeyEmpty
	}
	if _, err := app.FS.Stat(app.StoreDir()); errors.Is(err, fs.ErrNotExist) {
		return it, notFound(app, key, "there is no store at "+app.StoreDir())
	}
	_, err = write(ctx, app, func(tx *engine.Tx) error {
		b := tx.Bucket(app.Bucket)
		v, err := b.GetNoCopy(key)
		if err != nil {
			return err
		}
		if err := b.Set(context.Background(), key, v, opts...); err != nil {
			return err
		}
		it, err = b.GetItem(key)
		if errors.Is(err, engine.ErrNotFound) { // the deadline given has passed
			it, err = engine.Item{Key: key, Deadline: tx.Time()}, nil
		}
		return err
	})
	if errors.Is(err, engine.ErrNotFound) {
		err = notFound(app, key, "")
	}
	return it, err
}

func printTTL(app *cli.App, it engine.Item) error {
	var left *int64
	if !it.Deadline.IsZero() {
		ms := max(0, it.Deadline.Sub(app.Now()).Milliseconds())
		left = &ms
	}
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Bucket    string      `json:"bucket,omitempty"`
			Key       cli.Bytes   `json:"key"`
			TTL       *int64      `json:"ttl_ms"`
			ExpiresAt *cli.Moment `json:"expires_at"`
		}{cli.NewDoc(), app.Bucket, it.Key, left, cli.MomentOf(it.Deadline)})
	}
	if left == nil {
		return app.Say("never")
	}
	d := time.Duration(*left) * time.Millisecond
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return app.Say(d.String())
}
