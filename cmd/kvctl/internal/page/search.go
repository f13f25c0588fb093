package page

import (
	"context"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redis-lite/redis-lite/wal/record"
)

// What one answer of a search covers at most; the page asks on.
const (
	searchRows   = 400_000
	searchFound  = 500
	historyFound = 1000
	searchOps    = 64
)

// filter is what search.js calls one.
type filter struct {
	text, kind string
	bucket     *string
	from, to   uint64
}

// found is a page of a search's results.
type found struct {
	Rows   []Row `json:"rows"`
	Next   int64 `json:"next"` // the chunk to go on with
	Walked int64 `json:"walked"`
	Done   bool  `json:"done"`
}

func (s *Server) search(ctx context.Context, q url.Values) (any, error) {
	l, err := s.current(q)
	if err != nil {
		return nil, err
	}
	f := filter{text: q.Get("text"), kind: q.Get("type")}
	if q.Has("bucket") {
		b := q.Get("bucket")
		f.bucket = &b
	}
	if f.from, err = number[uint64](q, "from"); err != nil {
		return nil, err
	}
	if f.to, err = number[uint64](q, "to"); err != nil {
		return nil, err
	}
	next, err := number[int64](q, "next")
	if err != nil {
		return nil, err
	}
	return l.find(ctx, &f, next)
}

// find walks from a chunk on until it has seen or found enough, or until the end
// of a chunk thereafter.
func (l *Log) find(ctx context.Context, f *filter, chunk int64) (*found, error) {
	n := int64(len(l.starts))
	if f.from > 0 {
		i, _ := slices.BinarySearch(l.Over.ChunkLSNs, f.from)
		chunk = max(chunk, int64(i)-1)
	}
	out := &found{Rows: []Row{}, Next: chunk}
	if chunk >= n {
		out.Done = true
		return out, nil
	}
	ord := chunk * ChunkRows
	limit := ord + searchRows
	err := l.walk(ctx, l.starts[chunk], func(p *part, skip int64) bool {
		for r := range p.rows(1 << 30) {
			if skip--; skip >= 0 {
				continue
			}
			if ord%ChunkRows == 0 && (len(out.Rows) >= searchFound || ord >= limit) || f.to > 0 && r.LSN > f.to {
				out.Done = f.to > 0 && r.LSN > f.to
				return false
			}
			if f.fits(&r) {
				r.Ord, r.Ops = ord, r.Ops[:min(len(r.Ops), searchOps)]
				out.Rows = append(out.Rows, r)
			}
			ord++
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	out.Next, out.Walked = ord/ChunkRows, ord
	out.Done = out.Done || ord >= l.Over.Rows
	return out, nil
}

func (f *filter) fits(r *Row) bool {
	if f.from > 0 && r.LSN < f.from || f.to > 0 && r.LSN > f.to {
		return false
	}
	if r.Kind != "record" {
		return f.text == "" && f.bucket == nil && (f.kind == "" || f.kind == r.Kind)
	}
	if len(r.Ops) == 0 {
		return f.text == "" && f.kind == ""
	}
	return slices.ContainsFunc(r.Ops, func(op Op) bool {
		if f.bucket != nil && op.Bucket != *f.bucket || f.kind != "" && op.Op != f.kind {
			return false
		}
		return f.key(op.Key) || op.Op == record.OpDeleteRange.String() && f.key(op.To)
	})
}

// key reports whether a key contains the text, or is it when the text is quoted.
func (f *filter) key(b *Bytes) bool {
	if f.text == "" {
		return true
	}
	var k string
	if b != nil {
		if k = string(b.b); !utf8.ValidString(k) {
			k = "0x" + hex.EncodeToString(b.b)
		}
	}
	if len(f.text) > 1 && strings.HasPrefix(f.text, `"`) && strings.HasSuffix(f.text, `"`) {
		return k == f.text[1:len(f.text)-1]
	}
	return strings.Contains(k, f.text)
}
