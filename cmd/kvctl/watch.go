package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newWatch(app *cli.App) *cobra.Command {
	var (
		w     watcher
		keys  keyFlags
		since string
	)
	cmd := &cobra.Command{
		Use:   "watch [KEY]",
		Short: "Show changes of a key, or of all, as they become durable",
		Long: `Watch shows what happens to KEY, to the keys that begin with --prefix, or to all keys
of the bucket, from now on, or from what came after LSN --since: one line for each
set, delete and delete-range. It goes on until it is interrupted, or --limit.

What is shown is durable: no power cut takes it back. The last commit before a
pause appears when the log marks it, about 50 ms later; while commits trickle in,
the log marks more seldom, and each appears with the next, or within 3 s. It takes
no lock, and reads beside the program that has the store open. A key that passes
its deadline is deleted in the log when that program sweeps.`,
		Example: `  kvctl set user/1 ann
  kvctl set user/2 bob
  kvctl watch --since 0 --limit 2
  kvctl watch user/2 --since 0 --limit 1 -o jsonl`,
		SuggestFor: []string{"follow", "subscribe", "monitor", "changes"},
		Args:       atMost("KEY"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			for _, k := range []struct {
				given bool
				text  string
				to    *[]byte
			}{{len(args) > 0, nth(args, 0), &w.key}, {w.prefixText != "", w.prefixText, &w.prefix}} {
				if !k.given {
					continue
				}
				if *k.to, err = keys.key(k.text); err != nil {
					return err
				}
				if len(*k.to) == 0 {
					return cli.Usagef("the key is empty; keys have at least one byte")
				}
			}
			switch {
			case w.key != nil && w.prefix != nil:
				return cli.Usagef("KEY and --prefix: one of the two")
			case w.limit < 0:
				return cli.Usagef("--limit %d: it cannot be negative", w.limit)
			}
			w.from = 0
			if since != "" {
				after, err := strconv.ParseUint(since, 10, 64)
				if err != nil || after+1 == 0 {
					return cli.Usagef("--since %q: expected an LSN, or 0 for all that the log has", since)
				}
				w.from = after + 1
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			w.app = app
			return w.run(cmd.Context())
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	f := cmd.Flags()
	f.StringVar(&w.prefixText, "prefix", "", "keys that begin with `PREFIX`")
	f.StringVar(&since, "since", "", "begin with what came after `LSN` (default: from now on)")
	f.Int64Var(&w.limit, "limit", 0, "stop after `N` changes")
	return formats(cmd)
}

// watcher follows the log of a store.
type watcher struct {
	app         *cli.App
	key, prefix []byte
	prefixText  string
	from        uint64 // the first LSN wanted; 0 = from now on
	limit       int64
	shown       int64
	list        *cli.List
	commit      record.Commit
}

func (w *watcher) run(ctx context.Context) error {
	s, err := inspect.Open(w.app.FS, w.app.StoreDir(), inspect.Options{Codecs: w.app.Codecs()})
	if err != nil {
		return err
	}
	m, err := s.Manifest()
	if err != nil {
		if errors.Is(err, recovery.ErrCorrupt) || errors.Is(err, recovery.ErrVersion) {
			return err
		}
		return &cli.NoStoreError{Dir: w.app.StoreDir()}
	}
	if w.from == 0 {
		if w.from, err = afterLast(ctx, s, &m); err != nil {
			return err
		}
	}
	if w.app.Format.JSON() {
		w.list = w.app.NewList("changes")
	}
	err = w.follow(ctx, m.Store)
	if w.list != nil {
		if lerr := w.list.End(); err == nil {
			err = lerr
		}
	}
	if errors.Is(err, context.Canceled) {
		return cli.Exit(cli.ExitInterrupted) // that is how it ends; there is nothing to say
	}
	return err
}

// afterLast is the first LSN that is not in the log yet.
func afterLast(ctx context.Context, s *inspect.Store, m *recovery.Manifest) (uint64, error) {
	next := uint64(1)
	for _, snap := range m.Snapshots {
		next = max(next, snap.LSN+1)
	}
	for r, err := range s.Records(ctx, inspect.From{}, true) {
		if err != nil {
			return 0, err
		}
		if r.Raw != nil {
			return max(next, r.LSN+1), nil
		}
	}
	return next, nil
}

// follow hands every durable commit on. When a compaction removed what comes
// next before it was read, that is told, and it goes on with what is left.
func (w *watcher) follow(ctx context.Context, store [16]byte) error {
	for {
		f, err := wal.Follow(wal.FollowOptions{
			FS: w.app.FS, Dir: vfs.Join(w.app.StoreDir(), recovery.WALDir), Store: store, From: w.from,
		})
		if err == nil {
			err = w.drain(ctx, f)
			if cerr := f.Close(); err == nil {
				err = cerr
			}
		}
		var gone *wal.TruncatedError
		if !errors.As(err, &gone) || gone.First <= w.from {
			return err
		}
		w.app.Notef("LSN %d to %d are not shown: a compaction has removed them from the log", w.from, gone.First-1)
		w.from = gone.First
	}
}

// errEnough ends a watch that has shown what was asked for.
var errEnough = errors.New("enough")

func (w *watcher) drain(ctx context.Context, f *wal.Follower) error {
	for {
		lsn, raw, ok, err := f.TryNext()
		if err != nil {
			return err
		}
		if !ok {
			if err := w.app.Stdout.Flush(); err != nil {
				return err
			}
			if lsn, raw, err = f.Next(ctx); err != nil {
				return err
			}
		}
		w.from = lsn + 1
		if err := w.show(lsn, raw); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// watchedJSON is one change.
type watchedJSON struct {
	Schema int         `json:"schema,omitempty"`
	LSN    uint64      `json:"lsn"`
	Time   *cli.Moment `json:"time,omitempty"` // by the writer's clock
	opJSON
}

func (w *watcher) show(lsn uint64, raw []byte) error {
	if _, err := record.DecodeInto(&w.commit, raw); err != nil {
		return fmt.Errorf("LSN %d: %w", lsn, err)
	}
	for i := range w.commit.Mutations {
		m := &w.commit.Mutations[i]
		if m.Bucket != w.app.Bucket || !w.wants(m) {
			continue
		}
		at := "-"
		j := watchedJSON{LSN: lsn, opJSON: opOf(m)}
		if t := w.commit.Time; t != 0 {
			j.Time = cli.MomentOf(time.UnixMilli(t))
			at = cli.Time(time.UnixMilli(t))
		}
		var err error
		if w.list != nil {
			j.Schema = w.list.Schema()
			err = w.list.Item(j)
		} else {
			err = w.app.Say(cli.Decimal(lsn) + "\t" + at + "\t" + opText(m, !w.app.Stdout.IsTerminal()))
		}
		if err != nil {
			return err
		}
		if w.shown++; w.shown == w.limit {
			return errEnough
		}
	}
	return nil
}

// wants reports whether an operation touches what is watched.
func (w *watcher) wants(m *record.Mutation) bool {
	within := func(from, to []byte) bool { // [from, to), to nil = no end
		if m.Op != record.OpDeleteRange {
			return bytes.Compare(from, m.Key) <= 0 && (to == nil || bytes.Compare(m.Key, to) < 0)
		}
		return (m.To == nil || bytes.Compare(from, m.To) < 0) && (to == nil || bytes.Compare(m.Key, to) < 0)
	}
	switch {
	case w.key != nil:
		return within(w.key, append(bytes.Clone(w.key), 0))
	case w.prefix != nil:
		return within(w.prefix, behindPrefix(w.prefix))
	}
	return true
}
