package page

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// How much of a frame a document holds.
const (
	frameBytes  = 16 << 10 // of a frame that is asked for by itself
	chunkBytes  = 1 << 20  // of all frames of a chunk together
	frameFields = 4000
)

// window is which of a frame's bytes are wanted: all when they fit into limit, else
// its header and what lies from at on.
type window struct {
	at, end int64
	limit   int64
}

// Frame returns the bytes and fields of the frame, the span or the segment header
// at an offset of a segment; of a long one, those around the record at an offset
// in it.
func (l *Log) Frame(ctx context.Context, seq uint64, at, record int64) (*Frame, error) {
	if !slices.Contains(l.order, seq) {
		return nil, &ChangedError{fmt.Errorf("the log has no segment %d", seq)}
	}
	var found *Frame
	w := window{at: record, end: record + frameBytes, limit: frameBytes}
	err := l.annotate(ctx, seq, []int64{at}, func(u *inspect.Unit) { found = l.document(seq, u, w) })
	if err == nil && found == nil {
		err = &ChangedError{fmt.Errorf("nothing begins at offset %d of segment %d", at, seq)}
	}
	return found, err
}

// frames returns the documents of all that a chunk's rows lie in.
func (l *Log) frames(ctx context.Context, rows []Row, parts []*part) ([]*Frame, error) {
	docs := []*Frame{}
	limit := max(256, chunkBytes/int64(max(1, len(parts))))
	for len(rows) > 0 {
		seq := rows[0].Segment
		var offsets []int64
		windows := map[int64]window{}
		for len(rows) > 0 && rows[0].Segment == seq {
			r := rows[0]
			rows = rows[1:]
			if w, ok := windows[r.Frame]; ok {
				w.end = r.At + r.Len
				windows[r.Frame] = w
				continue
			}
			offsets = append(offsets, r.Frame)
			windows[r.Frame] = window{at: r.At, end: r.At + r.Len, limit: limit}
		}
		err := l.annotate(ctx, seq, offsets, func(u *inspect.Unit) { docs = append(docs, l.document(seq, u, windows[u.Offset])) })
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// annotate hands out the units of a segment at ascending offsets. It reads the
// segment from its beginning: what a frame must continue is told by those before.
func (l *Log) annotate(ctx context.Context, seq uint64, offsets []int64, take func(*inspect.Unit)) error {
	if len(offsets) == 0 {
		return nil
	}
	name := vfs.Join(l.o.Dir, recovery.WALDir, wal.SegmentName(seq))
	if spans := l.spans[seq]; l.whole[seq] && spans[0].Verdict.Kind == inspect.Missing {
		take(&inspect.Unit{File: name, What: "missing", Verdict: spans[0].Verdict, Frame: &spans[0]})
		return nil
	}
	for u, err := range l.store.Units(ctx, name, offsets[0]) {
		if errors.Is(err, fs.ErrNotExist) {
			return &ChangedError{fmt.Errorf("segment %d is gone", seq)}
		}
		if err != nil {
			return err
		}
		for len(offsets) > 0 && offsets[0] < u.Offset {
			offsets = offsets[1:]
		}
		if len(offsets) == 0 {
			return nil
		}
		if u.Offset == offsets[0] {
			take(u)
			if u.Size > 0 { // a span of no bytes has the frame that it is about behind it
				offsets = offsets[1:]
			}
		}
	}
	return nil
}

// document makes a Frame of a unit.
func (l *Log) document(seq uint64, u *inspect.Unit, w window) *Frame {
	d := &Frame{Segment: seq, File: l.relative(u.File), At: u.Offset, Len: u.Size, Pieces: []Piece{}, Fields: []Field{}}
	if f := u.Frame; f != nil && f.Valid() {
		proven := f.Proven
		d.Proven = &proven
	}
	d.Verdict = verdictOf(u)
	d.pieces(u, w)
	group, record := "", false
	for f := range u.Fields() {
		if f.Depth == 0 {
			group, record = groupOf(u, f.Name)
		}
		if !d.shows(f.Offset) {
			if len(d.Pieces) > 0 && f.Offset > d.Pieces[len(d.Pieces)-1].At+int64(len(d.Pieces[len(d.Pieces)-1].Bytes)) {
				break
			}
			continue
		}
		field := Field{At: f.Offset, Len: f.Size, Kind: kindOf(f.Name, u.What), Group: group, Name: f.Name, Value: f.Value, Record: record, Depth: f.Depth, Bad: f.Bad}
		if f.Checked {
			field.Expected, field.Found = &f.Expected, &f.Found
		} else if v := &u.Verdict; v.Check == f.Name && v.Expected != "" {
			field.Expected, field.Found, field.Bad = &v.Expected, &v.Found, true
		}
		if d.Fields = append(d.Fields, field); len(d.Fields) == frameFields {
			break
		}
	}
	return d
}

// pieces takes the bytes that the window lets through.
func (d *Frame) pieces(u *inspect.Unit, w window) {
	n := int64(len(u.Bytes))
	take := func(from, to int64) {
		from, to = max(0, from), min(n, to)
		if from < to {
			d.Pieces = append(d.Pieces, Piece{u.Offset + from, u.Bytes[from:to]})
		}
	}
	if u.What == "segment header" {
		// All behind the header's fields is zeros.
		end := int64(0)
		for f := range u.Fields() {
			if f.Name != "zeros" || f.Bad {
				end = f.Offset + f.Size
			}
		}
		take(0, end+16)
		return
	}
	if n <= w.limit {
		take(0, n)
		return
	}
	if from := w.at - u.Offset; from > wal.FrameHeaderSize {
		take(0, wal.FrameHeaderSize)
		take(from, min(from+w.limit, max(w.end-u.Offset, from+1)))
		return
	}
	take(0, min(w.limit, max(w.end-u.Offset, wal.FrameHeaderSize)))
}

func (d *Frame) shows(at int64) bool {
	for _, p := range d.Pieces {
		if at >= p.At && at < p.At+int64(len(p.Bytes)) {
			return true
		}
	}
	return false
}

// verdictOf is what a person has to know of a unit that is no valid frame.
func verdictOf(u *inspect.Unit) *Verdict {
	v := &u.Verdict
	if v.Kind == inspect.Valid {
		return nil
	}
	d := &Verdict{Kind: spanKind(v.Kind), Title: kindTitle(v.Kind), Text: sentence(v.Reason), Check: v.Check, Expected: v.Expected, Found: v.Found}
	if v.Kind == inspect.Zeros {
		d.Kind = "zeros"
	}
	if !v.Lost.Empty() {
		d.Text += " Lost with it: " + v.Lost.String() + "."
	}
	return d
}

func kindTitle(k inspect.Kind) string {
	switch k {
	case inspect.Torn:
		return "Torn tail."
	case inspect.Damaged:
		return "Damaged."
	case inspect.Missing:
		return "Missing."
	case inspect.Unsupported:
		return "Of a newer program."
	case inspect.Zeros:
		return "Unused."
	}
	return "No part of the log."
}

// groupOf heads the fields from a field of no depth on, and says whether they are
// a record's.
func groupOf(u *inspect.Unit, name string) (group string, record bool) {
	switch {
	case strings.HasPrefix(name, "record LSN "):
		return "R" + name[1:], true
	case u.What == "segment header":
		return "Segment header", false
	case name == "padding":
		return "Padding", false
	case strings.HasPrefix(name, "bytes"):
		return "Bytes", false
	}
	return "Frame header", false
}

// kindOf chooses a field's colour by its name.
func kindOf(name, what string) string {
	switch name {
	case "magic":
		return "magic"
	case "body length", "length", "count", "reach", "end", "alignment":
		return "length"
	case "first LSN", "last LSN", "sequence":
		return "lsn"
	case "version", "flags", "zero", "kind", "op":
		return "flags"
	case "previous link", "link", "salt", "store":
		return "link"
	case "body CRC", "header CRC", "CRC":
		return "crc"
	case "bucket":
		return "bucket"
	case "key", "from", "to":
		return "key"
	case "value":
		return "value"
	case "time", "deadline", "created":
		return "time"
	case "padding", "zeros":
		return "padding"
	case "bytes", "bytes that are no record", "cut off":
		if what == "zeros" {
			return "padding"
		}
		return "bytes"
	}
	return "cbor"
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
