package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newLog(app *cli.App) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log [DIR]",
		Short: "List the records of the log",
		Long: `Log lists commits in the order of their LSNs, with the place of the frame that
holds each. It takes no lock, changes nothing, and may run beside a program that
has the store open.

Filters narrow the operations that are shown; a commit without any that fits is
left out. --since is what came after an LSN (17), in the last while (10m, 2h, 7d) or
from a time on (RFC 3339); times are those of the writer's clock. Types are set,
delete and delete-range; mark and seal, the empty frames, are shown when they are
asked for.

A table shortens long values and long commits, unless --full; JSON does not. The
log's end decides the exit code: 4 for a torn tail, 5 for damage.`,
		Example: `  kvctl set mykey myval
  kvctl log
  kvctl log --key mykey -o jsonl
  kvctl log --since 10m --type delete
  kvctl log -o cbor-diag --limit 1`,
		SuggestFor: []string{"wal", "history", "tail"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			filter, o, err := f.filter(app, cmd.Flags().Changed("bucket"), cmd.Flags().Changed("key"))
			if err != nil {
				return err
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			return runLog(cmd, app, f, filter, o)
		},
	}
	bucketFlag(app, cmd)
	cmd.Flags().Lookup("bucket").Usage = "only bucket `NAME`"
	f.add(cmd)
	return formats(cmd, cli.FormatHex, cli.FormatDiag)
}

type logFlags struct {
	keyFlags
	from, to, since string
	key             string
	types           []string
	limit           int64
	full            bool
}

func (f *logFlags) add(cmd *cobra.Command) {
	f.keyFlags.add(cmd)
	s := cmd.Flags()
	s.StringVar(&f.from, "from", "", "first `LSN`, included")
	s.StringVar(&f.to, "to", "", "last `LSN`, included")
	s.StringVar(&f.since, "since", "", "only what came since `WHEN`: an LSN, a while ago (10m), a time")
	s.StringVar(&f.key, "key", "", "only operations on `KEY`, ranges that cover it included")
	s.StringSliceVar(&f.types, "type", nil, "only this `TYPE`, or several: set, delete, delete-range, mark, seal")
	s.Int64Var(&f.limit, "limit", 0, "stop after `N`")
	s.BoolVar(&f.full, "full", false, "shorten nothing in a table")
	exclusive(cmd, "from", "since")
	complete(cmd, "type", logTypes...)
}

// logTypes are what --type takes.
var logTypes = []string{"set", "delete", "delete-range", "mark", "seal"}

// logFilter is what is to be shown.
type logFilter struct {
	bucket *string
	key    []byte // nil: any
	types  []string
	since  int64 // Unix ms; 0: any
}

func (f *logFlags) filter(app *cli.App, bucket, key bool) (lf logFilter, o recovery.RecordsOptions, err error) {
	for _, b := range []struct {
		flag, text string
		to         *uint64
	}{{"--from", f.from, &o.From}, {"--to", f.to, &o.To}} {
		if b.text == "" {
			continue
		}
		if *b.to, err = cli.ParseLSN(b.flag, b.text); err != nil {
			return lf, o, err
		}
	}
	if f.since != "" {
		if err := f.parseSince(app, &lf, &o); err != nil {
			return lf, o, err
		}
	}
	if o.To != 0 && o.From > o.To {
		return lf, o, cli.Usagef("nothing lies from LSN %d to %d", o.From, o.To)
	}
	if f.limit < 0 {
		return lf, o, cli.Usagef("--limit %d: it cannot be negative", f.limit)
	}
	for _, t := range f.types {
		if !slices.Contains(logTypes, t) {
			return lf, o, cli.Usagef("--type %q: it is one of %s", t, strings.Join(logTypes, ", "))
		}
	}
	lf.types = f.types
	if bucket {
		lf.bucket = &app.Bucket
	}
	if key {
		lf.key, err = f.keyFlags.key(f.key)
		if err == nil && len(lf.key) == 0 {
			err = cli.Usagef("--key is empty; keys have at least one byte")
		}
	}
	return lf, o, err
}

// parseSince tells an LSN, a duration and a time apart.
func (f *logFlags) parseSince(app *cli.App, lf *logFilter, o *recovery.RecordsOptions) error {
	if after, err := strconv.ParseUint(f.since, 10, 64); err == nil && after+1 != 0 {
		o.From = after + 1
		return nil
	}
	if d, err := cli.ParseDuration(f.since); err == nil && d > 0 {
		lf.since = app.Now().Add(-d).UnixMilli()
		return nil
	}
	if t, err := time.Parse(time.RFC3339Nano, f.since); err == nil && t.UnixMilli() > 0 {
		lf.since = t.UnixMilli()
		return nil
	}
	return cli.Usagef("--since %q: expected an LSN (17), a duration (10m, 2h, 7d) or a time (2030-01-31T12:00:00Z)", f.since)
}

func runLog(cmd *cobra.Command, app *cli.App, f logFlags, filter logFilter, o recovery.RecordsOptions) error {
	p := newLogPrinter(app, f.full)
	shown := int64(0)
	var verdict error
	for r, err := range recovery.Records(cmd.Context(), app.FS, app.StoreDir(), o) {
		if err != nil {
			// What was shown stands; the error says how the log ends.
			verdict = err
			break
		}
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		ops, ok := filter.match(&r)
		if !ok {
			continue
		}
		if err := p.record(&r, ops); err != nil {
			return err
		}
		if shown++; shown == f.limit {
			break
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	return verdict
}

// match returns the operations to show, and whether there is anything to show.
func (lf *logFilter) match(r *recovery.LogRecord) (ops []record.Mutation, ok bool) {
	if r.Raw == nil {
		return nil, lf.since == 0 && slices.Contains(lf.types, frameKind(r.Frame.Flags))
	}
	if r.Commit.Time < lf.since {
		return nil, false
	}
	if lf.bucket == nil && lf.key == nil && lf.types == nil {
		return r.Commit.Mutations, true
	}
	for _, m := range r.Commit.Mutations {
		if lf.matches(&m) {
			ops = append(ops, m)
		}
	}
	return ops, len(ops) > 0
}

func (lf *logFilter) matches(m *record.Mutation) bool {
	if lf.bucket != nil && *lf.bucket != m.Bucket {
		return false
	}
	if lf.types != nil && !slices.Contains(lf.types, m.Op.String()) {
		return false
	}
	switch {
	case lf.key == nil:
		return true
	case m.Op == record.OpDeleteRange:
		return bytes.Compare(m.Key, lf.key) <= 0 && (m.To == nil || bytes.Compare(lf.key, m.To) < 0)
	}
	return bytes.Equal(m.Key, lf.key)
}

// frameKind names an empty frame.
func frameKind(flags uint8) string {
	if flags&wal.FlagSeal != 0 {
		return "seal"
	}
	return "mark"
}
