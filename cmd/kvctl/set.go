package main

import (
	"context"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

func newSet(app *cli.App) *cobra.Command {
	var (
		keys    keyFlags
		file    string
		ttl     string
		expires string
		keep    bool
	)
	cmd := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Give a key a value, durably",
		Long: `Set gives KEY the value VALUE and makes the store when there is none. When it
prints OK (with --quiet nothing) and ends with code 0, the value is on the disk. An
older deadline is gone, unless --keep-ttl.

With --file the value is a file's content, or with --file - standard input,
whatever bytes it holds.`,
		Example: `  kvctl set mykey myval
  kvctl set session/7 secret --ttl 30m
  printf 'a\000b' | kvctl set blob --file -
  kvctl set -- temperature -5`,
		Args: func(cmd *cobra.Command, args []string) error {
			if file != "" {
				return exactly("KEY")(cmd, args)
			}
			return exactly("KEY", "VALUE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keys.key(args[0])
			if err != nil {
				return err
			}
			opts, err := deadlineOptions(ttl, expires, keep)
			if err != nil {
				return err
			}
			var value []byte
			if file != "" {
				value, err = readValue(cmd.Context(), app, file)
			} else {
				value = []byte(args[1])
			}
			if err != nil {
				return err
			}
			lsn, err := write(cmd.Context(), app, func(tx *engine.Tx) error {
				return tx.Bucket(app.Bucket).Set(context.Background(), key, value, opts...)
			})
			if err != nil {
				return err
			}
			notePassed(app, expires)
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Bucket string    `json:"bucket,omitempty"`
					Key    cli.Bytes `json:"key"`
					LSN    uint64    `json:"lsn"`
				}{cli.NewDoc(), app.Bucket, key, lsn})
			}
			if app.Quiet {
				return nil
			}
			return app.Say("OK")
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "take the value from `FILE`, or from standard input with -")
	f.StringVar(&ttl, "ttl", "", "expire after `DURATION`: 90s, 30m, 12h, 7d")
	f.StringVar(&expires, "expires-at", "", "expire at `TIME`: RFC 3339, or Unix milliseconds")
	f.BoolVar(&keep, "keep-ttl", false, "keep the deadline that the key has")
	exclusive(cmd, "ttl", "expires-at", "keep-ttl")
	return formats(cmd)
}

// write runs one transaction on the store and returns its LSN once it is
// durable. It is not called off half-way: it is short, and the answer to an
// interrupted wait would be "unknown".
func write(ctx context.Context, app *cli.App, fn func(*engine.Tx) error) (lsn uint64, err error) {
	err = cli.With(ctx, app.OpenOnce, func(db *engine.DB) error {
		if lsn, err = update(db, fn); err != nil {
			return err
		}
		tidy(ctx, app, db)
		return nil
	})
	return lsn, err
}

// longLog is how much log, in bytes, makes a short command compact the store;
// it is the engine's own default for doing so in the background.
const longLog = 64 << 20

// tidy compacts a store whose log has grown long. A program does that in the
// background; a loop of short commands has no background, and each of them would
// replay all that the loop has ever written. It fails without consequence: what
// the command was asked to do is done.
func tidy(ctx context.Context, app *cli.App, db *engine.DB) {
	if m := db.Metrics(); m.LogBytes < longLog || m.LogBytes < m.MapBytes {
		return
	}
	app.Notef("the log has grown to %s; compacting", cli.Size(db.Metrics().LogBytes))
	if _, err := db.Compact(ctx); err != nil {
		app.Notef("compaction failed: %v", err)
	}
}

// update runs one transaction to its durable end.
func update(db *engine.DB, fn func(*engine.Tx) error) (lsn uint64, err error) {
	ctx := context.Background()
	commit, err := db.UpdateAsync(ctx, fn)
	if err != nil {
		return 0, err
	}
	return commit.LSN(), commit.Wait(ctx)
}

// notePassed tells of a deadline that lies behind us: the key is gone with the
// write that gave it. Seconds given for milliseconds look like this.
func notePassed(app *cli.App, expires string) {
	if t, err := cli.ParseTime(expires); err == nil && !t.After(app.Now()) {
		app.Notef("%s has passed: the key is not there any more", cli.Time(t))
	}
}

// deadlineOptions turns flags into the engine's options.
func deadlineOptions(ttl, expires string, keep bool) ([]engine.SetOption, error) {
	switch {
	case ttl != "":
		d, err := cli.ParseDuration(ttl)
		if err != nil {
			return nil, err
		}
		if d <= 0 {
			return nil, cli.Usagef("a time to live of %s: it must be above 0", ttl)
		}
		return []engine.SetOption{engine.TTL(d)}, nil
	case expires != "":
		t, err := cli.ParseTime(expires)
		if err != nil {
			return nil, err
		}
		if t.UnixMilli() <= 0 || t.After(time.UnixMilli(math.MaxInt64)) {
			return nil, cli.Usagef("time %q: it must lie behind 1970", expires)
		}
		return []engine.SetOption{engine.Deadline(t)}, nil
	case keep:
		return []engine.SetOption{engine.KeepDeadline()}, nil
	}
	return nil, nil
}

// readValue reads a whole file, up to what a value may hold.
func readValue(ctx context.Context, app *cli.App, name string) ([]byte, error) {
	in, _, err := openInput(app, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	// One byte over the engine's limit is enough for its own error.
	return io.ReadAll(io.LimitReader(cli.Interruptible(ctx, in), maxValue+1))
}

// maxValue is the engine's default for the longest value.
const maxValue = 128 << 20
