package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

// How much of a commit a table shows.
const (
	shownOps   = 3
	shownValue = 48
)

// logPrinter shows records in any of the formats.
type logPrinter struct {
	app   *cli.App
	table *cli.Table
	list  *cli.List
	full  bool
}

func newLogPrinter(app *cli.App, full bool) *logPrinter {
	p := &logPrinter{app: app, full: full}
	if app.Format.JSON() {
		p.list = app.NewList("records")
	} else {
		p.table = app.NewTable(">LSN", "TIME", ">SEGMENT", ">OFFSET", "OPERATIONS")
	}
	return p
}

// recordJSON is one record of the log in JSON.
type recordJSON struct {
	Schema  int         `json:"schema,omitempty"`
	LSN     uint64      `json:"lsn"`
	Time    *cli.Moment `json:"time,omitempty"` // by the writer's clock
	Segment uint64      `json:"segment"`
	Offset  int64       `json:"offset"` // of the frame
	Frame   string      `json:"frame,omitempty"`
	Ops     []opJSON    `json:"ops,omitempty"`
	OpCount int         `json:"op_count"` // of the whole commit

	// Unproven: nothing later proves yet that the commit is on the disk.
	Unproven bool `json:"unproven,omitempty"`

	// Gap is what lies there instead of a record.
	Gap *verdictJSON `json:"gap,omitempty"`
}

type opJSON struct {
	Op        string      `json:"op"`
	Bucket    string      `json:"bucket,omitempty"`
	Key       *cli.Bytes  `json:"key,omitempty"`
	Value     *cli.Bytes  `json:"value,omitempty"`
	From      *cli.Bytes  `json:"from,omitempty"`
	To        *cli.Bytes  `json:"to,omitempty"`
	ExpiresAt *cli.Moment `json:"expires_at,omitempty"`
}

func opOf(m *record.Mutation) opJSON {
	key, value, to := cli.Bytes(m.Key), cli.Bytes(m.Value), cli.Bytes(m.To)
	o := opJSON{Op: m.Op.String(), Bucket: m.Bucket}
	switch m.Op {
	case record.OpSet:
		o.Key, o.Value = &key, &value
		if m.Deadline != 0 {
			o.ExpiresAt = cli.MomentOf(time.UnixMilli(m.Deadline))
		}
	case record.OpDeleteRange:
		if len(m.Key) > 0 {
			o.From = &key
		}
		if m.To != nil {
			o.To = &to
		}
	default:
		o.Key = &key
	}
	return o
}

func (p *logPrinter) record(r *inspect.Record, ops []record.Mutation) error {
	if p.list != nil {
		j := recordJSON{
			Schema: p.list.Schema(), LSN: r.LSN, Segment: r.Frame.Segment, Offset: r.Frame.Offset,
			Frame: r.Frame.Empty(), OpCount: len(r.Commit.Mutations), Unproven: r.Raw != nil && !r.Frame.Proven,
		}
		if r.Commit.Time != 0 {
			j.Time = cli.MomentOf(time.UnixMilli(r.Commit.Time))
		}
		for i := range ops {
			j.Ops = append(j.Ops, opOf(&ops[i]))
		}
		return p.list.Item(j)
	}
	lsn, at := cli.Decimal(r.LSN), "-"
	if r.Raw == nil {
		lsn = "-"
	}
	if r.Commit.Time != 0 {
		at = cli.Time(time.UnixMilli(r.Commit.Time))
	}
	text := p.text(r, ops)
	if r.Raw != nil && !r.Frame.Proven {
		text = unproven + text
	}
	return p.table.Row(lsn, at, cli.Decimal(r.Frame.Segment), cli.Decimal(r.Frame.Offset), text)
}

// unproven marks what nothing later proves to be on the disk.
const unproven = "(unproven) "

// gap shows what is no record. On a terminal it is a line that is not cut: the
// account has to be whole.
func (p *logPrinter) gap(r *inspect.Record, v *inspect.Verdict) error {
	size := r.Frame.Size
	if r.Raw != nil {
		size = int64(len(r.Raw))
	}
	if p.list != nil {
		return p.list.Item(recordJSON{
			Schema: p.list.Schema(), LSN: r.LSN, Segment: r.Frame.Segment, Offset: r.Frame.Offset, Gap: spanJSON(v, size),
		})
	}
	text := verdictText(v, size)
	if !p.app.Stdout.IsTerminal() {
		return p.table.Row("-", "-", cli.Decimal(r.Frame.Segment), cli.Decimal(r.Frame.Offset), "!! "+text)
	}
	return p.table.Line(paintVerdict(p.app, v.Kind, fmt.Sprintf("!! segment %d at %d: %s", r.Frame.Segment, r.Frame.Offset, text)))
}

// flush shows what there is so far.
func (p *logPrinter) flush() error {
	if p.table != nil {
		if err := p.table.End(); err != nil {
			return err
		}
	}
	return p.app.Stdout.Flush()
}

func (p *logPrinter) text(r *inspect.Record, ops []record.Mutation) string {
	switch {
	case r.Raw == nil:
		return r.Frame.Empty()
	case p.app.Format == cli.FormatHex:
		return hex.EncodeToString(r.Raw)
	case p.app.Format == cli.FormatDiag:
		return cli.Line(record.Diagnose(r.Raw))
	}
	return opsText(ops, len(r.Commit.Mutations), p.full)
}

// opsText shows operations in a line, those that a filter left over of total.
func opsText(ops []record.Mutation, total int, full bool) string {
	var parts []string
	for i := range ops {
		if !full && i == shownOps && len(ops) > shownOps+1 {
			parts = append(parts, fmt.Sprintf("… %s more", cli.Count(len(ops)-i)))
			break
		}
		parts = append(parts, opText(&ops[i], full))
	}
	s := strings.Join(parts, "; ")
	if len(ops) < total {
		s += fmt.Sprintf(" (%s of %s operations)", cli.Count(len(ops)), cli.Count(total))
	}
	return s
}

// shortCell is bytes in a table, cut and with their size when they are long, unless
// full.
func shortCell(b []byte, full bool) string {
	s := cli.Cell(b)
	if t := cli.Shorten(s, shownValue); !full && t != s {
		return t + " (" + cli.Size(int64(len(b))) + ")"
	}
	return s
}

func opText(m *record.Mutation, full bool) string {
	short := func(b []byte) string { return shortCell(b, full) }
	var s strings.Builder
	s.WriteString(m.Op.String())
	if m.Bucket != "" {
		s.WriteString(" in " + cli.Cell([]byte(m.Bucket)) + ":")
	}
	switch m.Op {
	case record.OpSet:
		s.WriteString(" " + short(m.Key) + " = " + short(m.Value))
		if m.Deadline != 0 {
			s.WriteString(" until " + cli.Time(time.UnixMilli(m.Deadline)))
		}
	case record.OpDeleteRange:
		from, to := "the first key", "the last key"
		if len(m.Key) > 0 {
			from = short(m.Key)
		}
		if m.To != nil {
			to = "before " + short(m.To)
		}
		s.WriteString(" " + from + " to " + to)
	default:
		s.WriteString(" " + short(m.Key))
	}
	return s.String()
}

func (p *logPrinter) end() error {
	if p.list != nil {
		return p.list.End()
	}
	return p.table.End()
}
