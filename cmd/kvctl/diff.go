package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newDiff(app *cli.App) *cobra.Command {
	var (
		r        rangeFlags
		keysOnly bool
	)
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Show what differs between two states: of a store at two LSNs, or of two stores",
		Long: `Diff compares two states, key by key: + for what is in B only, - for what is in A
only, ~ for what changed. Each is a directory, which means its newest state, or
DIR@LSN, which means the state that it had with that LSN; @LSN is the store of --dir.
Values and deadlines are compared, the LSNs of writes are not. All buckets are,
unless --bucket chooses one.

It takes no lock, changes nothing, and may run beside a program that has a store
open. It reads both in order and holds little in memory, however large they are.

Exit codes: 0 alike; 1 different; 2 an LSN whose state is not retained: the error
says which are. With --quiet there is only the code.`,
		Example: `  kvctl set user/1 ann
  kvctl set user/2 bob
  kvctl set user/1 anne
  kvctl diff @1 @3 || echo different
  kvctl diff kvdata@2 kvdata --prefix user/2`,
		SuggestFor: []string{"compare", "cmp"},
		Args:       exactly("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			scan, err := r.scan()
			if err != nil {
				return err
			}
			within := inspect.Range{From: scan.From, To: scan.To}
			if len(scan.Prefix) > 0 {
				if scan.From != nil || scan.To != nil {
					return cli.Usagef("--prefix and --from or --to: one of the two")
				}
				within.From, within.To = scan.Prefix, behindPrefix(scan.Prefix)
			}
			if cmd.Flags().Changed("bucket") {
				within.Bucket = &app.Bucket
			}
			var sides [2]iter.Seq2[record.Entry, error]
			for i, arg := range args {
				state, err := openSide(cmd.Context(), app, arg)
				if err != nil {
					return sideError(arg, err)
				}
				sides[i] = named(arg, state.Range(cmd.Context(), within), within)
			}
			return runDiff(cmd.Context(), app, sides, keysOnly)
		},
	}
	bucketFlag(app, cmd)
	cmd.Flags().Lookup("bucket").Usage = "only bucket `NAME` (default: all)"
	r.add(cmd)
	cmd.Flags().BoolVar(&keysOnly, "keys-only", false, "no values")
	return formats(cmd)
}

// behindPrefix is the first key behind all that begin with a prefix; nil = none.
func behindPrefix(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return append(append([]byte(nil), prefix[:i]...), prefix[i]+1)
		}
	}
	return nil
}

// openSide reads DIR, DIR@LSN or @LSN. A directory that is there is meant as it
// is written, whatever its name.
func openSide(ctx context.Context, app *cli.App, arg string) (*inspect.State, error) {
	dir, lsn := arg, uint64(inspect.Newest)
	_, err := app.FS.Stat(arg)
	if at := strings.LastIndexByte(arg, '@'); err != nil && at >= 0 {
		dir = arg[:at]
		if dir == "" {
			dir = app.StoreDir()
		}
		if lsn, err = cli.ParseLSN(arg+": LSN", arg[at+1:]); err != nil {
			return nil, err
		}
	}
	if dir == "" {
		return nil, cli.Usagef("the directory is an empty string")
	}
	if _, err := app.FS.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, &cli.NoStoreError{Dir: dir}
	}
	s, err := inspect.Open(app.FS, dir, inspect.Options{Codecs: app.Codecs()})
	if err != nil {
		return nil, err
	}
	return s.State(ctx, lsn)
}

// sideError says which of the two could not be read.
func sideError(arg string, err error) error {
	var far *inspect.UnreachableError
	switch {
	case errors.Is(err, recovery.ErrCorrupt): // it is not the LSN's fault
		return fmt.Errorf("%s: %w", arg, err)
	case errors.As(err, &far):
		return &cli.CodeError{Code: cli.ExitUsage, Kind: "unreachable", Msg: arg + ": " + err.Error()}
	}
	return err
}

// named gives the errors of a side its name, and leaves out keys that are not
// within: over all buckets a range has no beginning to seek to.
func named(arg string, seq iter.Seq2[record.Entry, error], within inspect.Range) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		for e, err := range seq {
			if err != nil {
				yield(e, sideError(arg, err))
				return
			}
			if bytes.Compare(e.Key, within.From) < 0 || within.To != nil && bytes.Compare(e.Key, within.To) >= 0 {
				continue
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// sideJSON is a key on one side of a difference.
type sideJSON struct {
	Value     *cli.Bytes  `json:"value,omitempty"`
	LSN       uint64      `json:"lsn"`
	ExpiresAt *cli.Moment `json:"expires_at,omitempty"`
}

// differenceJSON is one key that differs.
type differenceJSON struct {
	Schema int       `json:"schema,omitempty"`
	Change string    `json:"change"` // added, removed, changed
	Bucket string    `json:"bucket,omitempty"`
	Key    cli.Bytes `json:"key"`
	Before *sideJSON `json:"before,omitempty"`
	After  *sideJSON `json:"after,omitempty"`
}

func sideOf(e *record.Entry, keysOnly bool) *sideJSON {
	if e == nil {
		return nil
	}
	j := &sideJSON{LSN: e.LSN}
	if !keysOnly {
		v := cli.Bytes(e.Value)
		j.Value = &v
	}
	if e.Deadline != 0 {
		j.ExpiresAt = cli.MomentOf(time.UnixMilli(e.Deadline))
	}
	return j
}

// changeOf names a difference.
func changeOf(d *inspect.Difference) (word, sign string) {
	switch {
	case d.Before == nil:
		return "added", "+"
	case d.After == nil:
		return "removed", "-"
	}
	return "changed", "~"
}

func runDiff(ctx context.Context, app *cli.App, sides [2]iter.Seq2[record.Entry, error], keysOnly bool) error {
	var (
		list  *cli.List
		table *cli.Table
		same  int64
		count = map[string]int64{}
	)
	if app.Format.JSON() {
		list = app.NewList("differences")
	} else {
		table = app.NewTable("", "KEY", "BEFORE", "AFTER")
	}
	for d, err := range inspect.Diff(sides[0], sides[1], &same) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		word, sign := changeOf(&d)
		count[word]++
		switch {
		case app.Quiet:
			return cli.Exit(cli.ExitDiffers)
		case list != nil:
			e := d.Entry()
			err = list.Item(differenceJSON{list.Schema(), word, e.Bucket, e.Key, sideOf(d.Before, keysOnly), sideOf(d.After, keysOnly)})
		default:
			err = table.Row(differenceCells(app, sign, &d, keysOnly)...)
		}
		if err != nil {
			return err
		}
	}
	if app.Quiet {
		return nil
	}
	if list != nil {
		if err := list.End(); err != nil {
			return err
		}
	} else if err := table.End(); err != nil {
		return err
	}
	app.Notef("%s added, %s removed, %s changed; %s the same", cli.Count(count["added"]), cli.Count(count["removed"]),
		cli.Count(count["changed"]), cli.Plural(same, "key is", "keys are"))
	if len(count) > 0 {
		return cli.Exit(cli.ExitDiffers)
	}
	return nil
}

// differenceCells shows a difference in a table.
func differenceCells(app *cli.App, sign string, d *inspect.Difference, keysOnly bool) []string {
	e := d.Entry()
	key := cli.Cell(e.Key)
	if e.Bucket != "" {
		key = cli.Cell([]byte(e.Bucket)) + ": " + key
	}
	cell := func(e *record.Entry) string {
		if e == nil {
			return "-"
		}
		s := fmt.Sprintf("LSN %d", e.LSN)
		if !keysOnly {
			s = cli.Cell(e.Value)
			if app.Stdout.IsTerminal() {
				s = cli.Shorten(s, shownValue)
			}
		}
		if e.Deadline != 0 {
			s += " until " + cli.Time(time.UnixMilli(e.Deadline))
		}
		return s
	}
	return []string{sign, key, cell(d.Before), cell(d.After)}
}
