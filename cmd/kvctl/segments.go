package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal"
)

func newSegments(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "segments [DIR]",
		Short: "List the files of the log, each read whole and judged",
		Long: `Segments lists the files of the log: what each holds, how much of it, and whether it
is sound. It reads all of them, takes no lock, changes nothing, and may run beside a
program that has the store open.

USED is where the data ends; what is behind is zeros that the writer filled in ahead.
The worst that was met decides the exit code: 4 for a torn tail, 5 for damage.`,
		Example: `  kvctl set mykey myval
  kvctl segments
  kvctl segments -o json`,
		SuggestFor: []string{"segment", "files", "wal"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			s, end, err := openWalk(app, "reading", true)
			if err != nil {
				return err
			}
			defer end()
			return runSegments(cmd, app, s)
		},
	}
	return formats(cmd)
}

// segmentJSON is one file of the log in JSON.
type segmentJSON struct {
	Schema  int         `json:"schema,omitempty"`
	Segment uint64      `json:"segment"`
	File    string      `json:"file"`
	Role    string      `json:"role"`
	State   string      `json:"state"`
	Size    int64       `json:"size"`
	Used    int64       `json:"used"`
	Header  *headerJSON `json:"header,omitempty"`

	Frames     int64  `json:"frames"`
	Records    int64  `json:"records"`
	FrameBytes int64  `json:"frame_bytes"`
	FirstLSN   uint64 `json:"first_lsn,omitempty"`
	LastLSN    uint64 `json:"last_lsn,omitempty"`
	Sealed     bool   `json:"sealed"`
	// DeclaredEnd is where the next segment says that this one ends.
	DeclaredEnd int64         `json:"declared_end,omitempty"`
	Spans       []segmentSpan `json:"spans"`
}

// segmentSpan is a part of a segment that is no frame.
type segmentSpan struct {
	Offset int64 `json:"offset"`
	*verdictJSON
}

// headerJSON is a segment's header in JSON.
type headerJSON struct {
	Version  int         `json:"version"`
	Store    string      `json:"store"`
	Sequence uint64      `json:"sequence"`
	FirstLSN uint64      `json:"first_lsn"`
	Salt     string      `json:"salt"`
	Reach    int64       `json:"reach"`
	Created  *cli.Moment `json:"created,omitempty"`
	Prev     *prevJSON   `json:"predecessor,omitempty"`
}

type prevJSON struct {
	Segment uint64 `json:"segment"`
	End     int64  `json:"end"`
	LastLSN uint64 `json:"last_lsn"`
	Link    string `json:"link"`
}

func headerOf(h *wal.SegmentHeader) *headerJSON {
	if h == nil {
		return nil
	}
	j := &headerJSON{
		Version: h.Version, Store: uuid(h.Store), Sequence: h.Seq, FirstLSN: h.FirstLSN,
		Salt: hex64(h.Salt), Reach: h.Reach,
	}
	if h.Created > 0 {
		j.Created = cli.MomentOf(time.UnixMilli(h.Created))
	}
	if h.Prev.Seq > 0 {
		j.Prev = &prevJSON{Segment: h.Prev.Seq, End: h.Prev.End, LastLSN: h.Prev.LastLSN, Link: hex64(h.Prev.Link)}
	}
	return j
}

func segmentOf(schema int, g *inspect.Segment) segmentJSON {
	j := segmentJSON{
		Schema: schema, Segment: g.Seq, File: g.File, Role: segmentRole(g), State: g.Worst.Kind.String(),
		Size: g.Size, Used: g.DataEnd, Header: headerOf(g.Header),
		Frames: g.Frames, Records: g.Records, FrameBytes: g.FrameBytes, FirstLSN: g.FirstLSN, LastLSN: g.LastLSN,
		Sealed: g.Sealed, Spans: []segmentSpan{},
	}
	if g.Next != nil {
		j.DeclaredEnd = g.Next.End
	}
	for i := range g.Spans {
		f := &g.Spans[i]
		j.Spans = append(j.Spans, segmentSpan{f.Offset, spanJSON(&f.Verdict, f.Size)})
	}
	return j
}

// segmentRole says what MANIFEST makes of a segment.
func segmentRole(g *inspect.Segment) string {
	switch {
	case g.Active:
		return "active"
	case g.Stray:
		return "stray"
	case g.Listed:
		return "listed"
	}
	return "unlisted"
}

func runSegments(cmd *cobra.Command, app *cli.App, s *inspect.Store) error {
	var (
		list    *cli.List
		table   *cli.Table
		account account
	)
	if app.Format.JSON() {
		list = app.NewList("segments")
	} else {
		table = app.NewTable(">SEGMENT", "ROLE", ">SIZE", ">USED", ">FRAMES", ">COMMITS", ">FIRST LSN", ">LAST LSN", "STATE")
	}
	for g, err := range s.Segments(cmd.Context()) {
		if err != nil {
			return err
		}
		for i := range g.Spans {
			account.add(&g.Spans[i], &g.Spans[i].Verdict)
		}
		if list != nil {
			err = list.Item(segmentOf(list.Schema(), g))
		} else {
			err = segmentRow(app, table, g)
		}
		if err != nil {
			return err
		}
	}
	var err error
	if list != nil {
		err = list.End()
	} else {
		err = table.End()
	}
	if err != nil {
		return err
	}
	return account.close(cmd.Context(), app, s)
}

func segmentRow(app *cli.App, table *cli.Table, g *inspect.Segment) error {
	lsn := func(n uint64) string {
		if n == 0 {
			return "-"
		}
		return cli.Decimal(n)
	}
	state := g.Worst.Kind.String()
	if state == "valid" {
		state = "sound"
		if g.Sealed {
			state += ", sealed"
		}
	}
	err := table.Row(cli.Decimal(g.Seq), segmentRole(g), cli.Decimal(g.Size), cli.Decimal(g.DataEnd), cli.Decimal(g.Frames),
		cli.Decimal(g.Records), lsn(g.FirstLSN), lsn(g.LastLSN), state)
	if err != nil {
		return err
	}
	for i := range g.Spans {
		f := &g.Spans[i]
		if f.Verdict.Kind <= inspect.Zeros {
			continue
		}
		text := "!! at " + cli.Decimal(f.Offset) + ": " + verdictText(&f.Verdict, f.Size)
		if !app.Stdout.IsTerminal() {
			err = table.Row(cli.Decimal(g.Seq), text)
		} else {
			err = table.Line(paintVerdict(app, f.Verdict.Kind, text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
