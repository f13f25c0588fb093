package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newLog(app *cli.App) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log [DIR]",
		Short: "List the records of the log",
		Long: `Log lists commits in the order of their LSNs, with the place of the frame that
holds each; --reverse, the newest first. It takes no lock, changes nothing, and may
run beside a program that has the store open: --follow goes on with what that
program commits, until it is interrupted. The newest commit is marked as unproven
until something later proves that it is on the disk.

What is torn or damaged is a line of its own, which says what was passed over, why,
and which LSNs went with it; the log goes on behind it.

Filters narrow the operations that are shown; a commit without any that fits is
left out. --since is what came after an LSN (17), in the last while (10m, 2h, 7d) or
from a time on (RFC 3339); times are those of the writer's clock. Types are set,
delete and delete-range; mark and seal, the empty frames, are shown when they are
asked for.

A table shortens long values and long commits, unless --full; JSON does not. The
worst that was met decides the exit code: 4 for a torn tail, 5 for damage.`,
		Example: `  kvctl set mykey myval
  kvctl log
  kvctl log --key mykey -o jsonl
  kvctl log --since 10m --type delete
  kvctl log --reverse --limit 1
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
			s, end, err := openWalk(app, "reading", !f.follow)
			if err != nil {
				return err
			}
			defer end()
			return runLog(cmd.Context(), app, s, f, filter, o)
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
	reverse, follow bool
}

// lsnRange is from which LSN to which, both included; 0 = no bound.
type lsnRange struct{ From, To uint64 }

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
	s.BoolVarP(&f.reverse, "reverse", "r", false, "from the newest to the oldest")
	s.BoolVarP(&f.follow, "follow", "f", false, "go on with what is committed, until interrupted")
	exclusive(cmd, "from", "since")
	exclusive(cmd, "reverse", "follow")
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

func (f *logFlags) filter(app *cli.App, bucket, key bool) (lf logFilter, o lsnRange, err error) {
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

func (f *logFlags) parseSince(app *cli.App, lf *logFilter, o *lsnRange) error {
	w, err := parseWhen(app, "--since", f.since)
	if err != nil {
		return err
	}
	switch {
	case w.ms != 0:
		lf.since = w.ms
	case w.lsn == math.MaxUint64:
		return cli.Usagef("--since %s: no LSN comes after it", f.since)
	default:
		o.From = w.lsn + 1
	}
	return nil
}

// runLog shows the log, past whatever is wrong with it.
func runLog(ctx context.Context, app *cli.App, s *inspect.Store, f logFlags, filter logFilter, o lsnRange) error {
	run := &logRun{app: app, p: newLogPrinter(app, f.full), filter: filter, o: o, limit: f.limit, reverse: f.reverse}
	err := run.all(ctx, s, f.follow)
	if perr := run.p.end(); err == nil || errors.Is(err, context.Canceled) && perr != nil {
		err = errors.Join(err, perr)
	}
	if f.follow && errors.Is(err, context.Canceled) {
		return cli.Exit(cli.ExitInterrupted) // that is how it ends; there is nothing to say
	}
	if err != nil {
		return err
	}
	if run.shown == 0 && !f.follow {
		if err := run.noteEnd(ctx, s); err != nil {
			return err
		}
	}
	return run.account.close(ctx, app, s)
}

// logRun is one listing.
type logRun struct {
	app     *cli.App
	p       *logPrinter
	filter  logFilter
	o       lsnRange
	limit   int64
	reverse bool
	shown   int64
	account account
}

// noteEnd says why nothing is shown when what was asked for begins behind the end of
// the log.
func (l *logRun) noteEnd(ctx context.Context, s *inspect.Store) error {
	if l.o.From == 0 {
		return nil
	}
	for f, err := range s.Frames(ctx, inspect.From{}, true) {
		switch {
		case err != nil:
			return err
		case !f.Valid() || f.Count() == 0:
			continue
		case f.Header.LastLSN() < l.o.From:
			l.app.Notef("the log ends with LSN %d, before %d", f.Header.LastLSN(), l.o.From)
		}
		return nil
	}
	return nil
}

func (l *logRun) all(ctx context.Context, s *inspect.Store, follow bool) error {
	from := inspect.From{LSN: l.o.From}
	if l.reverse {
		from.LSN = l.o.To
	}
	frames := s.Frames(ctx, from, l.reverse)
	if follow {
		frames = s.Follow(ctx, from, inspect.FollowOptions{Idle: l.p.flush})
	}
	for f, err := range frames {
		if err != nil {
			return err
		}
		for r := range f.RecordsOf(from, l.reverse) {
			if more, err := l.record(&r); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

// record shows one record, or what is none.
func (l *logRun) record(r *inspect.Record) (more bool, err error) {
	v := r.Verdict()
	bad := v.Kind > inspect.Ignored
	switch {
	case l.o.From > 0 && r.LSN < l.o.From && !(bad && (v.Lost.Open || v.Lost.To >= l.o.From)):
		return !l.reverse, nil
	case l.o.To > 0 && r.LSN > l.o.To:
		return l.reverse, nil
	}
	if bad {
		l.account.add(r.Frame, &v)
		return true, l.p.gap(r, &v)
	}
	more = l.reverse || l.o.To == 0 || r.LSN < l.o.To || r.Raw == nil
	ops, ok := l.filter.match(r)
	if !ok {
		return more, nil
	}
	if err := l.p.record(r, ops); err != nil {
		return false, err
	}
	l.shown++
	return more && l.shown != l.limit, nil
}

// match returns the operations to show, and whether there is anything to show.
func (lf *logFilter) match(r *inspect.Record) (ops []record.Mutation, ok bool) {
	if r.Raw == nil {
		return nil, lf.since == 0 && slices.Contains(lf.types, r.Frame.Empty())
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
