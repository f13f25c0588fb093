package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/stats"
	"github.com/redis-lite/redis-lite/recovery/inspect"
)

func newStats(app *cli.App) *cobra.Command {
	var (
		o     stats.Options
		by    string
		limit int
	)
	cmd := &cobra.Command{
		Use:   "stats [DIR]",
		Short: "Count what a store holds and what its log did, in groups",
		Long: `Stats counts the keys that a store holds now, and the operations that its log still
has, and with --by groups them:

  prefix   by the beginning of the key, up to a separator; the largest first
  type     by operation: set, delete, delete-range, and the empty frames
  size     by the size of the value
  time     by the time of the commit, as the writer's clock had it

Bytes are those of keys and values, without what the formats add. It takes no lock,
changes nothing, and may run beside a program that has the store open. Damage is
passed over and told of; then the exit code is log's: 4 a torn tail, 5 damage.`,
		Example: `  kvctl set user/1 ann
  kvctl set user/2 bob
  kvctl set motd hello
  kvctl stats
  kvctl stats --by prefix
  kvctl stats --by time -o json`,
		SuggestFor: []string{"statistics", "du", "usage", "top"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			switch o.By = stats.By(by); {
			case by != "" && !slices.Contains(stats.Ways(), by):
				return cli.Usagef("--by %q: it is one of %s", by, strings.Join(stats.Ways(), ", "))
			case o.Depth < 1:
				return cli.Usagef("--depth %d: it is 1 or more", o.Depth)
			case limit < 0:
				return cli.Usagef("--limit %d: it cannot be negative", limit)
			case o.Separators == "":
				return cli.Usagef("--separators is empty")
			}
			if cmd.Flags().Changed("bucket") {
				o.Bucket = &app.Bucket
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			s, err := inspect.Open(app.FS, app.StoreDir(), inspect.Options{Codecs: app.Codecs()})
			if err != nil {
				return err
			}
			p := app.NewProgress("counting", 0)
			o.Size, o.Progress = cli.Size, p.Set
			st, err := stats.Count(cmd.Context(), s, o)
			p.End()
			if err != nil {
				return err
			}
			if err := printStats(app, st, limit); err != nil {
				return err
			}
			return statsVerdict(app, st)
		},
	}
	bucketFlag(app, cmd)
	cmd.Flags().Lookup("bucket").Usage = "only bucket `NAME` (default: all)"
	f := cmd.Flags()
	f.StringVar(&by, "by", "", "group by `WHAT`: prefix, type, size, time")
	f.IntVar(&o.Depth, "depth", 1, "a prefix ends with the `N`-th separator")
	f.StringVar(&o.Separators, "separators", "/:", "`BYTES` that end a prefix, any of them")
	f.IntVar(&limit, "limit", 0, "show `N` groups, and the rest in one")
	complete(cmd, "by", stats.Ways()...)
	return formats(cmd)
}

// groupJSON is a row of stats.
type groupJSON struct {
	Group     string `json:"group,omitempty"`
	LiveKeys  int64  `json:"live_keys"`
	LiveBytes int64  `json:"live_bytes"`
	Commits   *int64 `json:"commits,omitempty"`
	Ops       int64  `json:"ops"`
	OpBytes   int64  `json:"op_bytes"`
}

func groupOf(r stats.Row, commits bool) groupJSON {
	j := groupJSON{Group: r.Group, LiveKeys: r.LiveKeys, LiveBytes: r.LiveBytes, Ops: r.Ops, OpBytes: r.OpBytes}
	if commits {
		j.Commits = &r.Commits
	}
	return j
}

func printStats(app *cli.App, s *stats.Stats, limit int) error {
	rows := fold(s.Rows, limit)
	if app.Format.JSON() {
		j := struct {
			cli.Doc
			Dir       string      `json:"dir"`
			By        string      `json:"by,omitempty"`
			Seconds   float64     `json:"period_seconds,omitempty"`
			Groups    []groupJSON `json:"groups"`
			Total     groupJSON   `json:"total"`
			Buckets   int64       `json:"buckets"`
			MaxValue  int64       `json:"max_value_bytes"`
			MaxKey    *cli.Bytes  `json:"max_value_key,omitempty"`
			Frames    int64       `json:"frames"`
			Bytes     int64       `json:"frame_bytes"`
			FirstLSN  uint64      `json:"first_lsn"`
			LastLSN   uint64      `json:"last_lsn"`
			FirstTime *cli.Moment `json:"first_time,omitempty"`
			LastTime  *cli.Moment `json:"last_time,omitempty"`
		}{Doc: cli.NewDoc(), Dir: app.StoreDir(), By: string(s.By), Seconds: s.Width.Seconds(), Groups: []groupJSON{}, Total: groupOf(s.Total, true),
			Buckets: s.Buckets, MaxValue: s.MaxValue, Frames: s.Frames, Bytes: s.FrameBytes, FirstLSN: s.FirstLSN, LastLSN: s.LastLSN}
		for _, r := range rows {
			j.Groups = append(j.Groups, groupOf(r, s.By == stats.ByTime))
		}
		if s.MaxKey != nil {
			key := cli.Bytes(s.MaxKey)
			j.MaxKey = &key
		}
		if s.FirstTime != 0 {
			j.FirstTime, j.LastTime = cli.MomentOf(time.UnixMilli(s.FirstTime)), cli.MomentOf(time.UnixMilli(s.LastTime))
		}
		return app.PrintJSON(j)
	}
	if s.By == stats.ByNone {
		return printOverview(app, s)
	}
	columns := []string{strings.ToUpper(string(s.By)), ">LIVE KEYS", ">LIVE BYTES", ">OPERATIONS", ">LOG BYTES"}
	if s.By == stats.ByTime {
		columns = append(columns, ">COMMITS")
	}
	t := app.NewTable(columns...)
	for _, r := range append(slices.Clip(rows), total(s)) {
		cells := []string{cli.Cell([]byte(r.Group)), cli.Decimal(r.LiveKeys), cli.Decimal(r.LiveBytes), cli.Decimal(r.Ops), cli.Decimal(r.OpBytes)}
		if s.By == stats.ByTime {
			cells = append(cells, cli.Decimal(r.Commits))
		}
		if err := t.Row(cells...); err != nil {
			return err
		}
	}
	return t.End()
}

func total(s *stats.Stats) stats.Row {
	r := s.Total
	r.Group = "(total)"
	if s.By == stats.ByType { // the empty frames are rows, too
		for _, x := range s.Rows {
			if x.Group == "mark" || x.Group == "seal" {
				r.Ops += x.Ops
				r.OpBytes += x.OpBytes
			}
		}
	}
	return r
}

// fold keeps limit rows and adds up the rest.
func fold(rows []stats.Row, limit int) []stats.Row {
	if limit == 0 || len(rows) <= limit {
		return rows
	}
	rest := stats.Row{Group: stats.Others}
	for _, r := range rows[limit:] {
		rest.LiveKeys += r.LiveKeys
		rest.LiveBytes += r.LiveBytes
		rest.Ops += r.Ops
		rest.OpBytes += r.OpBytes
		rest.Commits += r.Commits
	}
	return append(slices.Clone(rows[:limit]), rest)
}

func printOverview(app *cli.App, s *stats.Stats) error {
	f := app.NewFacts()
	if s.NoState == nil {
		f.Add("live", cli.Plural(s.Total.LiveKeys, "key", "keys")+" in "+cli.Plural(s.Buckets, "bucket", "buckets")+", "+cli.Size(s.Total.LiveBytes))
		if s.MaxKey != nil {
			f.Add("largest value", cli.Size(s.MaxValue)+", of "+cli.Cell(s.MaxKey))
		}
	}
	f.Add("log", cli.Plural(s.Total.Commits, "commit", "commits")+" of "+cli.Plural(s.Total.Ops, "operation", "operations")+", "+cli.Size(s.Total.OpBytes)+" of keys and values")
	f.Add("frames", cli.Plural(s.Frames, "frame", "frames")+", "+cli.Size(s.FrameBytes)+", "+cli.Count(s.Empty)+" of them empty (MARK, SEAL)")
	if s.FirstLSN > 0 {
		f.Add("LSNs", cli.Decimal(s.FirstLSN)+" to "+cli.Decimal(s.LastLSN))
	}
	if s.FirstTime != 0 {
		f.Add("from", cli.Time(time.UnixMilli(s.FirstTime)))
		f.Add("to", cli.Time(time.UnixMilli(s.LastTime)))
	}
	return f.End()
}

// statsVerdict tells what the numbers leave out.
func statsVerdict(app *cli.App, s *stats.Stats) error {
	if s.NoState != nil {
		var far *inspect.UnreachableError
		if !errors.As(s.NoState, &far) {
			return s.NoState
		}
		app.Notef("the live data is not counted: %v", far)
	}
	if s.Bad == nil {
		return nil
	}
	code := cli.ExitDamage
	if s.Bad.Verdict.Kind == inspect.Torn {
		code = cli.ExitTorn
	} else if s.Bad.Verdict.Kind == inspect.Unsupported {
		code = cli.ExitNotAStore
	}
	return cli.Hint(&cli.CodeError{Code: code, Kind: map[int]string{cli.ExitDamage: "damage", cli.ExitTorn: "torn", cli.ExitNotAStore: "version"}[code],
		Msg: "counted without what is " + s.Bad.Verdict.Kind.String() + ": " + s.Bad.File + " at offset " + cli.Decimal(s.Bad.Offset) + ": " + s.Bad.Verdict.Reason},
		"kvctl verify"+app.DirArg()+"   # all that is wrong")
}
