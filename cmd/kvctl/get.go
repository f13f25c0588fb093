package main

import (
	"encoding/hex"
	"errors"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newGet(app *cli.App) *cobra.Command {
	var (
		keys keyFlags
		past pastFlag
		raw  bool
	)
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Print the value of a key",
		Long: `Get prints the value and a newline, with --raw (or -o raw) the value alone. A key
that is not there is exit code 1.

Beside a program that has the store open, get shows what the log proves durable.
--at LSN shows the value that the key had when the commit with that LSN was made, as
far back as snapshots and log are retained; it takes no lock and changes nothing.`,
		Example: `  kvctl set mykey myval
  kvctl get mykey
  kvctl get mykey -o json
  kvctl get mykey --at 1
  kvctl get mykey --raw | od -c`,
		Args: exactly("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keys.key(args[0])
			if err != nil {
				return err
			}
			if raw {
				if cmd.Flags().Changed("format") {
					return cli.Usagef("--raw and -o %s: one of the two", app.Format)
				}
				app.Format = cli.FormatRaw
			}
			look := getItem
			if past.given() {
				look = past.item
			}
			it, err := look(cmd, app, key)
			if err != nil {
				return err
			}
			return printValue(app, it)
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	past.add(cmd)
	cmd.Flags().BoolVar(&raw, "raw", false, "the value without a newline")
	return formats(cmd, cli.FormatRaw, cli.FormatHex, cli.FormatDiag)
}

// getItem looks one key up. Where there is no store there is no key.
func getItem(cmd *cobra.Command, app *cli.App, key []byte) (it engine.Item, err error) {
	if len(key) == 0 {
		return it, engine.ErrKeyEmpty
	}
	err = cli.With(cmd.Context(), app.OpenRead, func(db *engine.DB) error {
		it, err = db.Bucket(app.Bucket).GetItem(key)
		return err
	})
	var noStore *cli.NoStoreError
	switch {
	case errors.As(err, &noStore):
		return it, notFound(app, key, "there is no store at "+noStore.Dir)
	case errors.Is(err, engine.ErrNotFound):
		return it, notFound(app, key, "")
	}
	return it, err
}

func notFound(app *cli.App, key []byte, why string) error {
	msg := "key " + cli.Quoted(key) + " not found"
	if app.Bucket != "" {
		msg += " in bucket " + cli.Quoted([]byte(app.Bucket))
	}
	if why != "" {
		msg += ": " + why
	}
	return &cli.CodeError{Code: cli.ExitDiffers, Msg: msg}
}

// itemJSON is a key in JSON, wherever one is shown.
type itemJSON struct {
	Schema    int         `json:"schema,omitempty"`
	Bucket    string      `json:"bucket,omitempty"`
	Key       cli.Bytes   `json:"key"`
	Value     *cli.Bytes  `json:"value,omitempty"`
	LSN       uint64      `json:"lsn"`
	ExpiresAt *cli.Moment `json:"expires_at,omitempty"`
}

func itemOf(schema int, bucket string, it engine.Item) itemJSON {
	value := cli.Bytes(it.Value)
	return itemJSON{
		Schema: schema, Bucket: bucket, Key: it.Key, Value: &value,
		LSN: it.LSN, ExpiresAt: cli.MomentOf(it.Deadline),
	}
}

func printValue(app *cli.App, it engine.Item) (err error) {
	switch app.Format {
	case cli.FormatJSON, cli.FormatJSONL:
		return app.PrintJSON(itemOf(cli.Schema, app.Bucket, it))
	case cli.FormatRaw:
		_, err = app.Stdout.Write(it.Value)
		return err
	case cli.FormatHex:
		return app.Say(hex.EncodeToString(it.Value))
	case cli.FormatDiag:
		return app.Say(record.Diagnose(it.Value))
	}
	if app.Stdout.IsTerminal() && !harmless(it.Value) {
		app.Notef("the value is not plain text and is shown as a Go string; --raw gives its bytes")
		return app.Say(cli.Quoted(it.Value))
	}
	return app.Say(string(it.Value))
}

// harmless reports whether a terminal shows a value and obeys nothing in it.
func harmless(v []byte) bool {
	for i := 0; i < len(v); {
		r, size := utf8.DecodeRune(v[i:])
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError && size == 1, r < ' ', r >= 0x7f && r < 0xa0:
			return false
		}
		i += size
	}
	return true
}
