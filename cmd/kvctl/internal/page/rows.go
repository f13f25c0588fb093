package page

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// maxOps is how many operations the rows of a chunk have together, about: a commit
// may have a million.
const maxOps = 16 << 10

// ChangedError says that the log is no longer what was scanned: a compaction has
// removed a segment, or a writer has trimmed one. A new Scan tells what there is.
type ChangedError struct{ Err error }

func (e *ChangedError) Error() string {
	return "the log has changed since it was read (" + e.Err.Error() + "); load the page again"
}

// Unwrap returns what was found instead.
func (e *ChangedError) Unwrap() error { return e.Err }

// errNoChunk is the answer to a number that no chunk has.
var errNoChunk = errors.New("there is no such chunk")

// part is a stretch of the log in a walk: a segment's header (Frame nil), a frame
// or a span.
type part struct {
	seq    uint64
	header *wal.SegmentHeader
	file   string
	frame  *inspect.Frame
}

// walk goes over the log from a chunk's start on, straight from there. The frame's
// body is not used again.
func (l *Log) walk(ctx context.Context, from start, yield func(p *part, skip int64) bool) error {
	for i, seq := range l.order {
		if seq < from.seq {
			continue
		}
		at, skip := int64(0), int64(0)
		if seq == from.seq {
			at, skip = from.off, from.skip
		}
		more, err := l.walkSegment(ctx, l.Over.Segments[i], at, skip, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (l *Log) walkSegment(ctx context.Context, g *Segment, at, skip int64, yield func(*part, int64) bool) (more bool, err error) {
	spans := l.spans[g.Seq]
	if l.whole[g.Seq] {
		return yield(&part{seq: g.Seq, file: g.File, frame: &spans[0]}, skip), nil
	}
	seg, err := wal.OpenSegment(l.o.FS, vfs.Join(l.o.Dir, recovery.WALDir, wal.SegmentName(g.Seq)))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = &ChangedError{fmt.Errorf("a compaction has removed segment %d", g.Seq)}
		}
		return false, err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	if at == 0 {
		if !yield(&part{seq: g.Seq, file: g.File, header: &seg.Header}, skip) {
			return false, nil
		}
		skip = max(0, skip-1)
	}
	for len(spans) > 0 && spans[0].Offset < at {
		spans = spans[1:]
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		p := &part{seq: g.Seq, file: g.File}
		switch {
		case len(spans) > 0 && spans[0].Offset == at:
			p.frame, spans = &spans[0], spans[1:]
		case at == 0:
			at, skip = wal.HeaderBlock, 0 // what is said of the segment as a whole comes before its frames
			continue
		case at >= l.ends[g.Seq]:
			return true, nil
		default:
			if p.frame, err = l.read(seg, g.Seq, at); err != nil {
				return false, err
			}
		}
		if !yield(p, skip) {
			return false, nil
		}
		if skip = max(0, skip-rowsOf(p)); p.frame.Size > 0 {
			at, skip = p.frame.End(), 0
		}
	}
}

// rowsOf is how many rows a part is.
func rowsOf(p *part) int64 {
	switch {
	case p.frame == nil:
		return 1
	case p.frame.Valid():
		return int64(max(1, p.frame.Count()))
	case shown(p.frame):
		return 1
	}
	return 0
}

// read reads the valid frame at an offset.
func (l *Log) read(seg *wal.Segment, seq uint64, at int64) (*inspect.Frame, error) {
	changed := func(err error) error {
		return &ChangedError{fmt.Errorf("%s at %d: %w", seg.Name(), at, err)}
	}
	head := make([]byte, wal.FrameHeaderSize)
	if _, err := seg.ReadAt(head, at); err != nil {
		return nil, changed(err)
	}
	h, err := wal.DecodeFrameHeader(head, seg.Header.Salt)
	if err != nil {
		return nil, changed(err)
	}
	body := make([]byte, h.Size()-wal.FrameHeaderSize)
	if _, err := seg.ReadAt(body, at+wal.FrameHeaderSize); err != nil && len(body) > 0 {
		return nil, changed(err)
	}
	if err := h.CheckBody(body); err != nil {
		return nil, changed(err)
	}
	f := &inspect.Frame{Segment: seq, File: seg.Name(), Offset: at, Size: h.Size(), Header: &h, LSN: h.FirstLSN,
		Verdict: inspect.Verdict{Kind: inspect.Valid}, Body: body[:h.BodyLen]}
	from, ok := l.unproven[seq]
	f.Proven = !ok || at < from
	return f, nil
}

// Rows returns a chunk.
func (l *Log) Rows(ctx context.Context, chunk int64) ([]Row, error) {
	rows, _, err := l.chunk(ctx, chunk)
	return rows, err
}

// chunk returns a chunk's rows, and the parts that they are in.
func (l *Log) chunk(ctx context.Context, chunk int64) (rows []Row, parts []*part, err error) {
	if chunk < 0 || chunk >= int64(len(l.starts)) {
		return nil, nil, errNoChunk
	}
	want := min(ChunkRows, l.Over.Rows-chunk*ChunkRows)
	rows = make([]Row, 0, want)
	ops := max(8, maxOps/int(want))
	err = l.walk(ctx, l.starts[chunk], func(p *part, skip int64) bool {
		if skip >= rowsOf(p) {
			return true
		}
		parts = append(parts, p)
		for r := range p.rows(ops) {
			if skip--; skip >= 0 {
				continue
			}
			rows = append(rows, r)
			if int64(len(rows)) == want {
				return false
			}
		}
		return true
	})
	if err == nil && int64(len(rows)) < want {
		err = &ChangedError{errors.New("it is shorter")}
	}
	return rows, parts, err
}

// rows are the rows of a part.
func (p *part) rows(ops int) func(yield func(Row) bool) {
	return func(yield func(Row) bool) {
		f := p.frame
		switch {
		case f == nil:
			yield(Row{Kind: "header", LSN: p.header.FirstLSN, Time: p.header.Created, Segment: p.seq, Len: wal.HeaderBlock,
				Why: fmt.Sprintf("segment %d begins, at LSN %d", p.seq, p.header.FirstLSN)})
		case !f.Valid():
			if shown(f) {
				yield(Row{Kind: spanKind(f.Verdict.Kind), LSN: f.LSN, Segment: p.seq, Frame: f.Offset, At: f.Offset, Len: f.Size, Why: why(f)})
			}
		case f.Count() == 0:
			yield(Row{Kind: f.Empty(), LSN: f.LSN, Segment: p.seq, Frame: f.Offset, At: f.Offset, Len: f.Size, Why: emptyWhy(f)})
		default:
			for r := range f.Records() {
				if !yield(recordRow(&r, ops)) {
					return
				}
			}
		}
	}
}

func emptyWhy(f *inspect.Frame) string {
	if f.Empty() == "seal" {
		return "the last frame of the segment"
	}
	return "everything before is durable"
}

// recordRow makes a row of a record. It aliases the record's bytes.
func recordRow(r *inspect.Record, ops int) Row {
	row := Row{Kind: "record", LSN: r.LSN, Time: r.Commit.Time, Segment: r.Frame.Segment, Frame: r.Frame.Offset, At: r.At,
		Len: int64(len(r.Raw)), OpCount: len(r.Commit.Mutations)}
	if r.Err != nil {
		row.Kind, row.Why = "damage", "behind a checksum that holds: "+r.Err.Error()
		if errors.Is(r.Err, record.ErrUnknown) {
			row.Kind, row.Why = "newer", "written by a newer program: "+r.Err.Error()
		}
		return row
	}
	row.Type = typeOf(&r.Commit).String()
	for i := range r.Commit.Mutations[:min(ops, row.OpCount)] {
		row.Ops = append(row.Ops, opOf(&r.Commit.Mutations[i]))
	}
	return row
}

func opOf(m *record.Mutation) Op {
	op := Op{Op: m.Op.String(), Bucket: m.Bucket, Expires: m.Deadline}
	switch m.Op {
	case record.OpSet:
		op.Key, op.Value = keyBytes(m.Key), valueBytes(m.Value)
	case record.OpDeleteRange:
		if len(m.Key) > 0 {
			op.Key = keyBytes(m.Key)
		}
		if m.To != nil {
			op.To = keyBytes(m.To)
		}
	default:
		op.Key = keyBytes(m.Key)
	}
	return op
}

// spanKind is what the page calls a span.
func spanKind(k inspect.Kind) string {
	if k == inspect.Unsupported {
		return "newer"
	}
	switch spanBytes(k) {
	case byTorn:
		return "torn"
	case byIgnored:
		return "ignored"
	}
	return "damage"
}

// why says in a line what is wrong with a span.
func why(f *inspect.Frame) string {
	s := f.Verdict.Reason
	if lost := f.Verdict.Lost; !lost.Empty() {
		s += "; " + lost.String()
	}
	return s
}
