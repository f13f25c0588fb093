package main

import (
	"encoding/hex"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/wal/record"
)

func newScan(app *cli.App) *cobra.Command {
	var (
		r        rangeFlags
		past     pastFlag
		limit    int64
		reverse  bool
		keysOnly bool
		long     bool
	)
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "List keys and values in order",
		Long: `Scan lists the keys of a bucket in ascending order of their bytes, as they are at
one moment. In a table, keys and values that are not plain text are Go string
literals; the JSON forms and export keep every byte.

--at LSN lists them as they were when the commit with that LSN was made, as far back
as snapshots and log are retained; it takes no lock and changes nothing.`,
		Example: `  kvctl set user/1 ann
  kvctl set user/2 bob
  kvctl scan --prefix user/
  kvctl scan --from user/2 -o jsonl
  kvctl scan --reverse --limit 1 --keys-only
  kvctl scan --at 1`,
		SuggestFor: []string{"list", "ls", "keys", "range"},
		Args:       exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := r.scan()
			if err != nil {
				return err
			}
			if limit < 0 {
				return cli.Usagef("--limit %d: it cannot be negative", limit)
			}
			s.Reverse = reverse
			p := newPrinter(app, keysOnly, long)
			if past.given() {
				return past.scan(cmd, app, s, limit, p)
			}
			err = cli.With(cmd.Context(), app.OpenRead, func(db *engine.DB) error {
				return db.View(func(tx *engine.Tx) error {
					n := int64(0)
					for it := range tx.Bucket(app.Bucket).Items(s) {
						if err := cmd.Context().Err(); err != nil {
							return err
						}
						if limit > 0 && n == limit {
							break
						}
						n++
						if err := p.item(it); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if err != nil {
				return err
			}
			return p.end()
		},
	}
	bucketFlag(app, cmd)
	r.add(cmd)
	past.add(cmd)
	f := cmd.Flags()
	f.Int64Var(&limit, "limit", 0, "stop after `N` keys")
	f.BoolVar(&reverse, "reverse", false, "from the last key to the first")
	f.BoolVar(&keysOnly, "keys-only", false, "no values")
	f.BoolVarP(&long, "long", "l", false, "with the LSN of the last write and the deadline")
	return formats(cmd, cli.FormatHex, cli.FormatDiag)
}

// printer shows items in any of the formats.
type printer struct {
	app      *cli.App
	table    *cli.Table
	list     *cli.List
	keysOnly bool
	long     bool
	buckets  bool // a column for the bucket, which app.Bucket says
}

// newBucketPrinter is for items of any bucket.
func newBucketPrinter(app *cli.App, keysOnly bool) *printer {
	p := newPrinter(app, keysOnly, true)
	if p.table != nil {
		p.buckets = true
		p.table = app.NewTable(append([]string{"BUCKET"}, p.columns()...)...)
	}
	return p
}

func newPrinter(app *cli.App, keysOnly, long bool) *printer {
	p := &printer{app: app, keysOnly: keysOnly, long: long}
	if app.Format.JSON() {
		p.list = app.NewList("items")
		return p
	}
	p.table = app.NewTable(p.columns()...)
	return p
}

func (p *printer) columns() []string {
	columns := []string{"KEY"}
	if p.long {
		columns = append(columns, ">LSN", "EXPIRES")
	}
	if !p.keysOnly {
		columns = append(columns, "VALUE")
	}
	return columns
}

func (p *printer) item(it engine.Item) error {
	if p.list != nil {
		j := itemOf(p.list.Schema(), p.app.Bucket, it)
		if p.keysOnly {
			j.Value = nil
		}
		return p.list.Item(j)
	}
	cells := []string{cli.Cell(it.Key)}
	if p.app.Format == cli.FormatHex {
		cells[0] = hex.EncodeToString(it.Key)
	}
	if p.long {
		expires := "-"
		if !it.Deadline.IsZero() {
			expires = cli.Time(it.Deadline)
		}
		cells = append(cells, cli.Decimal(it.LSN), expires)
	}
	if !p.keysOnly {
		value := ""
		switch p.app.Format {
		case cli.FormatHex:
			value = hex.EncodeToString(it.Value)
		case cli.FormatDiag:
			value = cli.Line(record.Diagnose(it.Value))
		default:
			value = cli.Cell(it.Value)
		}
		cells = append(cells, value)
	}
	if p.buckets {
		bucket := "-"
		if p.app.Bucket != "" {
			bucket = cli.Cell([]byte(p.app.Bucket))
		}
		cells = append([]string{bucket}, cells...)
	}
	return p.table.Row(cells...)
}

func (p *printer) end() error {
	if p.list != nil {
		return p.list.End()
	}
	return p.table.End()
}
