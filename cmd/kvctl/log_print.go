package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/recovery"
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

func (p *logPrinter) record(r *recovery.LogRecord, ops []record.Mutation) error {
	if p.list != nil {
		j := recordJSON{Schema: p.list.Schema(), LSN: r.LSN, Segment: r.Segment, Offset: r.Offset, OpCount: len(r.Commit.Mutations)}
		if r.Raw == nil {
			j.Frame = frameKind(r.Frame.Flags)
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
	return p.table.Row(lsn, at, cli.Decimal(r.Segment), cli.Decimal(r.Offset), p.text(r, ops))
}

func (p *logPrinter) text(r *recovery.LogRecord, ops []record.Mutation) string {
	switch {
	case r.Raw == nil:
		return frameKind(r.Frame.Flags)
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

func opText(m *record.Mutation, full bool) string {
	short := func(b []byte) string {
		if s := cli.Cell(b); full {
			return s
		} else if t := cli.Shorten(s, shownValue); t != s {
			return t + " (" + cli.Size(int64(len(b))) + ")"
		} else {
			return s
		}
	}
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
