package main

import (
	"encoding/hex"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newHistory(app *cli.App) *cobra.Command {
	var (
		keys  keyFlags
		limit int64
		full  bool
	)
	cmd := &cobra.Command{
		Use:   "history KEY",
		Short: "Tell what happened to a key, as far back as the log is retained",
		Long: `History lists what was done to a key, oldest first: each set and delete, and each
deletion of a range that covered it. Where a compaction has removed the beginning of
the log, it begins with what the oldest snapshot knows. It takes no lock, changes
nothing, and may run beside a program that has the store open.

What of the log cannot be read is a line of its own: what happened to the key there
is not known. A key of which nothing is retained is exit code 1.`,
		Example: `  kvctl set mykey myval
  kvctl set mykey another
  kvctl del mykey
  kvctl history mykey
  kvctl history mykey -o jsonl`,
		SuggestFor: []string{"versions", "changes", "blame"},
		Args:       exactly("KEY"),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keys.key(args[0])
			if err != nil {
				return err
			}
			if len(key) == 0 {
				return cli.Usagef("the key is empty; keys have at least one byte")
			}
			if limit < 0 {
				return cli.Usagef("--limit %d: it cannot be negative", limit)
			}
			s, end, err := openWalk(app, "reading", true)
			if err != nil {
				return err
			}
			defer end()
			h := &historyRun{app: app, key: key, limit: limit, full: full}
			return h.run(cmd, s)
		},
	}
	bucketFlag(app, cmd)
	keys.add(cmd)
	cmd.Flags().Int64Var(&limit, "limit", 0, "stop after `N`")
	cmd.Flags().BoolVar(&full, "full", false, "shorten nothing in a table")
	return formats(cmd, cli.FormatHex, cli.FormatDiag)
}

// changeJSON is one thing that happened to a key in JSON.
type changeJSON struct {
	Schema   int         `json:"schema,omitempty"`
	LSN      uint64      `json:"lsn"`
	Time     *cli.Moment `json:"time,omitempty"`
	Segment  uint64      `json:"segment,omitempty"`
	Offset   int64       `json:"offset,omitempty"`
	Snapshot uint64      `json:"snapshot,omitempty"`
	Unproven bool        `json:"unproven,omitempty"`

	Op        string       `json:"op,omitempty"`
	Value     *cli.Bytes   `json:"value,omitempty"`
	From      *cli.Bytes   `json:"from,omitempty"`
	To        *cli.Bytes   `json:"to,omitempty"`
	ExpiresAt *cli.Moment  `json:"expires_at,omitempty"`
	Gap       *verdictJSON `json:"gap,omitempty"`
}

type historyRun struct {
	app     *cli.App
	key     []byte
	limit   int64
	full    bool
	list    *cli.List
	table   *cli.Table
	account account
}

func (h *historyRun) run(cmd *cobra.Command, s *inspect.Store) error {
	if h.app.Format.JSON() {
		h.list = h.app.NewList("changes")
	} else {
		h.table = h.app.NewTable(">LSN", "TIME", ">SEGMENT", ">OFFSET", "CHANGE")
	}
	n := int64(0)
	for c, err := range s.History(cmd.Context(), h.app.Bucket, h.key) {
		if err != nil {
			return err
		}
		if c.Gap != nil {
			h.account.add(c.Gap, &c.Gap.Verdict)
		} else {
			n++
		}
		if err := h.change(c); err != nil {
			return err
		}
		if n > 0 && n == h.limit {
			break
		}
	}
	var err error
	if h.list != nil {
		err = h.list.End()
	} else {
		err = h.table.End()
	}
	if err != nil {
		return err
	}
	if err := h.account.close(cmd.Context(), h.app, s); err != nil {
		return err
	}
	if n == 0 {
		return notFound(h.app, h.key, "nothing that happened to it is retained")
	}
	return nil
}

func (h *historyRun) change(c *inspect.Change) error {
	if h.list != nil {
		return h.list.Item(historyJSON(h.list.Schema(), c))
	}
	if c.Gap != nil {
		text := "!! " + verdictText(&c.Gap.Verdict, c.Gap.Size)
		if !h.app.Stdout.IsTerminal() {
			return h.table.Row("-", "-", cli.Decimal(c.Gap.Segment), cli.Decimal(c.Gap.Offset), text)
		}
		return h.table.Line(paintVerdict(h.app, c.Gap.Verdict.Kind, text))
	}
	at, segment, offset := "-", "-", "-"
	if c.Time != 0 {
		at = cli.Time(time.UnixMilli(c.Time))
	}
	text := h.text(c)
	if c.Snapshot == 0 {
		segment, offset = cli.Decimal(c.Segment), cli.Decimal(c.Offset)
	} else {
		text += " (known from the snapshot of LSN " + cli.Decimal(c.Snapshot) + ")"
	}
	if !c.Proven {
		text = unproven + text
	}
	return h.table.Row(cli.Decimal(c.LSN), at, segment, offset, text)
}

// text is a change in words, without the key that all of them share.
func (h *historyRun) text(c *inspect.Change) string {
	m := record.Mutation{Op: c.Op, Key: c.From, To: c.To}
	if c.Op != record.OpSet {
		if c.Op == record.OpDelete {
			return "delete"
		}
		return opText(&m, h.full)
	}
	value := ""
	switch h.app.Format {
	case cli.FormatHex:
		value = hex.EncodeToString(c.Value)
	case cli.FormatDiag:
		value = cli.Line(record.Diagnose(c.Value))
	default:
		value = shortCell(c.Value, h.full)
	}
	s := "set = " + value
	if c.Deadline != 0 {
		s += " until " + cli.Time(time.UnixMilli(c.Deadline))
	}
	return s
}

func historyJSON(schema int, c *inspect.Change) changeJSON {
	j := changeJSON{Schema: schema, LSN: c.LSN}
	if c.Gap != nil {
		j.Segment, j.Offset, j.Gap = c.Gap.Segment, c.Gap.Offset, spanJSON(&c.Gap.Verdict, c.Gap.Size)
		return j
	}
	o := opOf(&record.Mutation{Op: c.Op, Key: c.From, To: c.To, Value: c.Value, Deadline: c.Deadline})
	j.Segment, j.Offset, j.Snapshot, j.Unproven = c.Segment, c.Offset, c.Snapshot, !c.Proven
	j.Op, j.Value, j.From, j.To, j.ExpiresAt = o.Op, o.Value, o.From, o.To, o.ExpiresAt
	if c.Time != 0 {
		j.Time = cli.MomentOf(time.UnixMilli(c.Time))
	}
	return j
}
