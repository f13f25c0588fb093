package page

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// packed is a document as a report holds it.
func pack(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, b.Bytes()), nil
}

// detail is a chunk as a report holds it.
type detail struct {
	chunk        int64
	rows, frames []byte
	count        int64
	cut          bool // a commit has more operations than its row
}

func (d *detail) size() int64 { return int64(len(d.rows) + len(d.frames)) }

// WriteReport writes the page as one file, with at most limit bytes of detail.
func (l *Log) WriteReport(ctx context.Context, w io.Writer, limit int64) error {
	s, err := newShell("file", l.o.Dir)
	if err != nil {
		return err
	}
	chosen, err := l.choose(ctx, limit)
	if err != nil {
		return err
	}
	over := l.Over
	over.DetailLimit, over.Embedded = limit, []int64{}
	for _, d := range chosen {
		over.Embedded = append(over.Embedded, d.chunk)
		over.EmbeddedRows += d.count
		over.OpsCut = over.OpsCut || d.cut
	}
	over.Whole = over.EmbeddedRows == over.Rows
	if over.Whole && over.FirstLSN > 1 {
		over.Base = l.base(ctx)
	}
	head, err := pack(&over)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, s.before); err != nil {
		return err
	}
	if err := writePart(w, "overview", head); err != nil {
		return err
	}
	for _, d := range chosen {
		if err := writePart(w, name("rows", d.chunk), d.rows); err != nil {
			return err
		}
		if err := writePart(w, name("frames", d.chunk), d.frames); err != nil {
			return err
		}
	}
	l.Over.Whole, l.Over.EmbeddedRows = over.Whole, over.EmbeddedRows
	_, err = io.WriteString(w, s.after)
	return err
}

// choose makes the detail, in the order of the log: everything when it fits, and
// else what is most worth having.
func (l *Log) choose(ctx context.Context, limit int64) ([]*detail, error) {
	ranks := l.ranks()
	order := make([]int64, len(ranks))
	for i := range order {
		order[i] = int64(i)
	}
	slices.SortStableFunc(order, func(a, b int64) int { return cmp.Compare(ranks[a], ranks[b]) })
	var chosen []*detail
	var sum int64
	for _, chunk := range order {
		d, err := l.detail(ctx, chunk)
		if err != nil {
			return nil, err
		}
		if sum += d.size(); sum > limit {
			break
		}
		chosen = append(chosen, d)
	}
	slices.SortFunc(chosen, func(a, b *detail) int { return cmp.Compare(a.chunk, b.chunk) })
	return chosen, nil
}

func (l *Log) detail(ctx context.Context, chunk int64) (*detail, error) {
	rows, parts, err := l.chunk(ctx, chunk)
	if err != nil {
		return nil, err
	}
	frames, err := l.frames(ctx, rows, parts)
	if err != nil {
		return nil, err
	}
	d := &detail{chunk: chunk, count: int64(len(rows))}
	for i := range rows {
		d.cut = d.cut || len(rows[i].Ops) < rows[i].OpCount
	}
	if d.rows, err = pack(rows); err != nil {
		return nil, err
	}
	d.frames, err = pack(frames)
	return d, err
}

// ranks says of every chunk how much it is worth: those with findings and their
// neighbours, the last, the first, and then, of those that are left, always the one
// in the middle of the widest gap.
func (l *Log) ranks() []int {
	n := len(l.starts)
	ranks := make([]int, n)
	next := 1
	take := func(i int) {
		if i >= 0 && i < n && ranks[i] == 0 {
			ranks[i] = next
			next++
		}
	}
	for _, f := range l.Over.Findings {
		if i, ok := l.chunkAt(f.Segment, f.Offset); ok {
			take(i)
			take(i - 1)
			take(i + 1)
		}
	}
	for i := range 4 {
		take(n - 1 - i)
		take(i)
	}
	for stride := 1 << 30; stride > 0; stride /= 2 {
		for i := stride; i < n; i += 2 * stride {
			take(i)
		}
	}
	return ranks
}

// chunkAt is the chunk that holds an offset of a segment.
func (l *Log) chunkAt(seq uint64, off int64) (int, bool) {
	if off < 0 || len(l.starts) == 0 || !slices.Contains(l.order, seq) {
		return 0, false
	}
	i, found := slices.BinarySearchFunc(l.starts, start{seq: seq, off: off}, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.off, b.off))
	})
	if !found {
		i--
	}
	return max(i, 0), true
}

func name(what string, chunk int64) string { return fmt.Sprintf("%s-%d", what, chunk) }
