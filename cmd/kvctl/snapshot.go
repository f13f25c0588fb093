package main

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newSnapshot(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot list|show|verify",
		Short: "List, show and verify the snapshots of a store",
		Long: `Snapshot looks at the images of the whole state that compaction makes. It takes no
lock and changes nothing; kvctl compact makes one.`,
		Example: `  kvctl set mykey myval
  kvctl compact
  kvctl snapshot list
  kvctl snapshot show
  kvctl snapshot verify`,
		SuggestFor: []string{"snapshots", "snap"},

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &cli.UsageError{Msg: "missing list, show or verify", Try: []string{"kvctl help snapshot"}}
			}
			e := &cli.UsageError{Msg: "no such thing to do with snapshots: " + cli.Quoted([]byte(args[0])), Try: []string{"kvctl help snapshot"}}
			if s := suggest(cmd, args[0]); s != "" {
				e.Try = []string{"kvctl snapshot " + s}
			}
			return e
		},
	}
	cmd.AddCommand(newSnapshotList(app), newSnapshotShow(app), newSnapshotVerify(app))
	return cmd
}

func newSnapshotList(app *cli.App) *cobra.Command {
	return formats(&cobra.Command{
		Use:   "list [DIR]",
		Short: "List the snapshots",
		Long: `List shows every snapshot, those that MANIFEST lists and others. It opens each, which
checks its ends and its index; verify reads all of it. The exit code is 5 when one that
MANIFEST lists cannot be used.`,
		Example: `  kvctl set mykey myval
  kvctl compact
  kvctl snapshot list -o json`,
		Args: atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			return runSnapshots(cmd.Context(), app, "", func(context.Context, *inspect.Store, *inspect.Snapshot) error { return nil })
		},
	})
}

func newSnapshotVerify(app *cli.App) *cobra.Command {
	return formats(&cobra.Command{
		Use:   "verify [LSN]",
		Short: "Read snapshots whole and prove them: checksums, order, counts, digest",
		Long: `Verify reads every block of the snapshot of an LSN, or of all there are, and holds the
contents to the digest. The exit code is 5 when one is not what was written.`,
		Example: `  kvctl set mykey myval
  kvctl compact
  kvctl snapshot verify 1`,
		Args:              atMost("LSN"),
		ValidArgsFunction: completeSnapshots(app),
		RunE: func(cmd *cobra.Command, args []string) error {
			lsn := ""
			if len(args) > 0 {
				lsn = args[0]
			}
			return runSnapshots(cmd.Context(), app, lsn, verifySnapshot)
		},
	})
}

// completeSnapshots offers the LSNs of the snapshots that there are.
func completeSnapshots(app *cli.App) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) (lsns []string, _ cobra.ShellCompDirective) {
		if s, err := openInspect(app); err == nil && len(args) == 0 {
			files, _ := s.Files() // what cannot be listed is not offered
			for _, f := range files {
				if f.Kind == inspect.FileSnapshot && !f.Missing {
					lsns = append(lsns, cli.Decimal(f.Number))
				}
			}
		}
		return lsns, cobra.ShellCompDirectiveNoFileComp
	}
}

// verifySnapshot reads one whole. Rot is its state; an error is the disk's.
func verifySnapshot(ctx context.Context, s *inspect.Store, f *inspect.Snapshot) error {
	if f.Err != nil {
		return nil
	}
	r, err := s.OpenSnapshot(f.LSN)
	if err == nil {
		err = errors.Join(r.Verify(ctx), r.Close())
	}
	var rotten *snapshot.CorruptError
	switch {
	case errors.As(err, &rotten):
		f.Err = &recovery.CorruptionError{File: f.File, Offset: rotten.Offset, Reason: rotten.Reason, Err: err}
	case errors.Is(err, recovery.ErrCorrupt):
		f.Err = err
	default:
		return err
	}
	return nil
}

// snapshotFileJSON is one snapshot in JSON.
type snapshotFileJSON struct {
	Schema  int         `json:"schema,omitempty"`
	LSN     uint64      `json:"lsn"`
	File    string      `json:"file"`
	Listed  bool        `json:"listed"`
	State   string      `json:"state"`
	Reason  string      `json:"reason,omitempty"`
	Size    int64       `json:"size"`
	Entries uint64      `json:"entries"`
	Blocks  uint64      `json:"blocks"`
	Codec   string      `json:"codec"`
	Created *cli.Moment `json:"created,omitempty"`
	Digest  string      `json:"digest,omitempty"`
}

func snapshotFileOf(schema int, f *inspect.Snapshot) snapshotFileJSON {
	j := snapshotFileJSON{
		Schema: schema, LSN: f.LSN, File: f.File, Listed: f.Listed, State: snapshotState(f), Size: f.Size,
		Entries: f.Entries, Blocks: f.Blocks, Codec: codecName(f.Meta.Codec),
	}
	if f.Err != nil {
		j.Reason = reasonOf(f.Err)
		return j
	}
	j.Digest = hex.EncodeToString(f.Digest[:])
	if f.Meta.Created > 0 {
		j.Created = cli.MomentOf(time.UnixMilli(f.Meta.Created))
	}
	return j
}

func codecName(id uint8) string {
	switch id {
	case 0:
		return "none"
	case snapshot.CodecZstd:
		return "zstd"
	}
	return "codec " + cli.Decimal(int(id))
}

func snapshotState(f *inspect.Snapshot) string {
	switch {
	case f.Err == nil:
		return "sound"
	case errors.Is(f.Err, recovery.ErrCorrupt):
		return "damaged"
	}
	return "unsupported"
}

// reasonOf is an error without the file, which is named beside it.
func reasonOf(err error) string {
	var damage *recovery.CorruptionError
	if errors.As(err, &damage) {
		return damage.Reason
	}
	return err.Error()
}

// runSnapshots lists snapshots, all or one, after look has looked at each.
func runSnapshots(ctx context.Context, app *cli.App, only string, look func(context.Context, *inspect.Store, *inspect.Snapshot) error) error {
	s, err := openInspect(app)
	if err != nil {
		return err
	}
	all, err := snapshotsOf(app, s, only)
	if err != nil {
		return err
	}
	var list *cli.List
	table := app.NewTable(">LSN", "LISTED", ">KEYS", ">SIZE", ">BLOCKS", "CODEC", "CREATED", "DIGEST", "STATE")
	if app.Format.JSON() {
		list = app.NewList("snapshots")
	}
	var verdict error
	for i := range all {
		f := &all[i]
		if err := look(ctx, s, f); err != nil {
			return err
		}
		if f.Err != nil && verdict == nil && (f.Listed || only != "") {
			verdict = f.Err
		}
		if list != nil {
			err = list.Item(snapshotFileOf(list.Schema(), f))
		} else {
			err = snapshotRow(app, table, f)
		}
		if err != nil {
			return err
		}
	}
	if list != nil {
		err = list.End()
	} else {
		err = table.End()
	}
	if err != nil || verdict != nil {
		return errors.Join(err, verdict)
	}
	_, err = s.Root(ctx)
	return err
}

func snapshotRow(app *cli.App, table *cli.Table, f *inspect.Snapshot) error {
	created, digest := "-", "-"
	if f.Meta.Created > 0 {
		created = cli.Time(time.UnixMilli(f.Meta.Created))
	}
	listed := "listed"
	if !f.Listed {
		listed = "unlisted"
	}
	if f.Err == nil {
		digest = hex.EncodeToString(f.Digest[:6])
	}
	err := table.Row(cli.Decimal(f.LSN), listed, cli.Decimal(f.Entries), cli.Decimal(f.Size), cli.Decimal(f.Blocks),
		codecName(f.Meta.Codec), created, digest, snapshotState(f))
	if err == nil && f.Err != nil {
		text := "!! " + reasonOf(f.Err)
		if app.Stdout.IsTerminal() {
			return table.Line(app.Style().Bad(text))
		}
		return table.Row(cli.Decimal(f.LSN), text)
	}
	return err
}

// snapshotsOf are all snapshots, or the one that was asked for.
func snapshotsOf(app *cli.App, s *inspect.Store, only string) ([]inspect.Snapshot, error) {
	all, err := s.Snapshots()
	if err != nil || only == "" {
		return all, err
	}
	lsn, err := cli.ParseLSN("LSN", only)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if f.LSN == lsn {
			return []inspect.Snapshot{f}, nil
		}
	}
	return nil, cli.Hint(&cli.CodeError{Code: cli.ExitDiffers, Msg: "there is no snapshot of LSN " + only}, "kvctl snapshot list"+app.DirArg())
}

func newSnapshotShow(app *cli.App) *cobra.Command {
	var keysOnly bool
	cmd := &cobra.Command{
		Use:   "show [LSN]",
		Short: "Show what a snapshot holds",
		Long: `Show lists the keys of the snapshot of an LSN, by default of the newest, in order, with
the LSN that wrote each. It goes on behind a block that is rotten, and says which keys
lay there. The exit code is 5 then.`,
		Example: `  kvctl set mykey myval
  kvctl compact
  kvctl snapshot show -o jsonl`,
		Args:              atMost("LSN"),
		ValidArgsFunction: completeSnapshots(app),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openInspect(app)
			if err != nil {
				return err
			}
			only := ""
			if len(args) > 0 {
				only = args[0]
			}
			all, err := snapshotsOf(app, s, only)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return cli.Hint(&cli.CodeError{Code: cli.ExitDiffers, Msg: "there is no snapshot"}, "kvctl compact"+app.DirArg()+"   # makes one")
			}
			f := all[len(all)-1]
			r, err := s.OpenSnapshot(f.LSN)
			if err != nil {
				return err
			}
			defer r.Close()
			return showSnapshot(cmd.Context(), app, s, r, &f, keysOnly)
		},
	}
	cmd.Flags().BoolVar(&keysOnly, "keys-only", false, "no values")
	return formats(cmd, cli.FormatHex, cli.FormatDiag)
}

// rottenJSON is a block that cannot be read, among the entries of a snapshot.
type rottenJSON struct {
	Schema  int       `json:"schema,omitempty"`
	Block   int       `json:"block"` // from 1
	Offset  int64     `json:"offset"`
	Entries int       `json:"entries"`
	Bucket  string    `json:"bucket,omitempty"`
	From    cli.Bytes `json:"first_key"`
	Reason  string    `json:"reason"`
}

func showSnapshot(ctx context.Context, app *cli.App, s *inspect.Store, r *snapshot.Reader, f *inspect.Snapshot, keysOnly bool) error {
	p := newBucketPrinter(app, keysOnly)
	var verdict, printed error
	err := s.SnapshotBlocks(ctx, r, func(i int, entries []record.Entry, err error) bool {
		if err != nil {
			var rotten *snapshot.CorruptError
			errors.As(err, &rotten)
			verdict = &recovery.CorruptionError{File: f.File, Offset: rotten.Offset, Reason: rotten.Reason, Err: err}
			printed = p.rotten(i, r.Block(i), rotten.Reason)
			return printed == nil
		}
		for j := range entries {
			e := &entries[j]
			app.Bucket = e.Bucket // what items are said to be of
			if printed = p.item(itemOfEntry(e)); printed != nil {
				return false
			}
		}
		return true
	})
	if err = errors.Join(err, printed); err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	return verdict
}

// rotten shows a block that cannot be read.
func (p *printer) rotten(i int, b snapshot.BlockInfo, reason string) error {
	if p.list != nil {
		return p.list.Item(rottenJSON{p.list.Schema(), i + 1, b.Offset, b.Count, b.Bucket, b.Key, reason})
	}
	text := "!! block " + cli.Decimal(i+1) + " at " + cli.Decimal(b.Offset) + ": " + reason + "; " +
		cli.Plural(int64(b.Count), "key", "keys") + " from " + cli.Cell(b.Key) + " on cannot be read"
	if p.app.Stdout.IsTerminal() {
		return p.table.Line(p.app.Style().Bad(text))
	}
	return p.table.Row(text)
}
