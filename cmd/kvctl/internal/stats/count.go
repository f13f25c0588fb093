package stats

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Options choose what is counted.
type Options struct {
	By         By
	Bucket     *string // only this one
	Separators string  // ByPrefix: bytes that end a prefix
	Depth      int     // ByPrefix: how many of them
	Size       func(int64) string
	Progress   func(bytes int64) // called now and then; may be nil
}

// Row is what a group comes to. Bytes are those of buckets, keys and values.
type Row struct {
	Group     string
	LiveKeys  int64
	LiveBytes int64
	Ops       int64 // in the log
	OpBytes   int64
	Commits   int64 // ByTime, and in the total
	order     int64
}

// Stats is what was counted.
type Stats struct {
	By    By
	Width time.Duration // of a row, ByTime
	Rows  []Row
	Total Row

	Frames     int64 // of the log; empty ones included
	FrameBytes int64
	Empty      int64 // MARKs and SEALs
	FirstLSN   uint64
	LastLSN    uint64
	FirstTime  int64 // Unix milliseconds, by the writers' clocks; 0 = none
	LastTime   int64
	Buckets    int64
	MaxValue   int64 // bytes
	MaxBucket  string
	MaxKey     []byte

	// Bad is the worst part of the log that is no frame; nil when there is none.
	Bad *inspect.Frame
	// NoState is why the live data could not be counted.
	NoState error
}

// Count counts. Errors are the file system's, and the context's.
func Count(ctx context.Context, s *inspect.Store, o Options) (*Stats, error) {
	c := &counter{o: o, rows: map[string]*Row{}, out: &Stats{By: o.By}}
	if o.By == ByTime {
		if err := c.span(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := c.log(ctx, s); err != nil {
		return nil, err
	}
	if err := c.live(ctx, s); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.out.NoState = err
	}
	c.sort()
	return c.out, nil
}

type counter struct {
	o    Options
	rows map[string]*Row
	out  *Stats
	read int64

	// turns are the LSNs at which the log comes to another period.
	turns []turn
}

type turn struct {
	lsn uint64
	g   group
}

// add finds a group's row.
func (c *counter) add(g group) *Row {
	if r := c.rows[g.name]; r != nil {
		return r
	}
	if len(c.rows) >= MaxGroups {
		g = group{name: Others}
		if r := c.rows[g.name]; r != nil {
			return r
		}
	}
	r := &Row{Group: g.name, order: g.order}
	c.rows[g.name] = r
	return r
}

func (c *counter) of(bucket string, key, value []byte, op record.Op) group {
	switch c.o.By {
	case ByPrefix:
		return prefixOf(bucket, key, c.o.Separators, c.o.Depth)
	case ByType:
		return group{op.String(), int64(op)}
	case BySize:
		if op != record.OpSet {
			return group{"no value: " + op.String(), -1}
		}
		return sizeOf(int64(len(value)), c.o.Size)
	}
	return group{}
}

func (c *counter) wants(bucket string) bool { return c.o.Bucket == nil || *c.o.Bucket == bucket }

// span finds the first and the last time, and from them how long a row lasts.
func (c *counter) span(ctx context.Context, s *inspect.Store) error {
	from, to := int64(0), int64(0)
	for r, err := range s.Records(ctx, inspect.From{}, false) {
		if err != nil {
			return err
		}
		if t := r.Commit.Time; r.Raw != nil && r.Err == nil && t != 0 {
			if from == 0 || t < from {
				from = t
			}
			to = max(to, t)
		}
	}
	c.out.Width = widthFor(from, to)
	return nil
}

func (c *counter) log(ctx context.Context, s *inspect.Store) error {
	frame := int64(-1)
	segment := uint64(0)
	for r, err := range s.Records(ctx, inspect.From{}, false) {
		if err != nil {
			return err
		}
		f := r.Frame
		if f.Offset != frame || f.Segment != segment {
			frame, segment = f.Offset, f.Segment
			c.frame(f)
		}
		if r.Raw == nil || r.Err != nil {
			continue
		}
		c.record(&r)
	}
	return nil
}

func (c *counter) frame(f *inspect.Frame) {
	out := c.out
	if c.read += f.Size; c.o.Progress != nil {
		c.o.Progress(c.read)
	}
	if !f.Valid() {
		if f.Verdict.Kind > inspect.Removed && (out.Bad == nil || f.Verdict.Kind > out.Bad.Verdict.Kind) {
			out.Bad = f.Clone()
		}
		return
	}
	out.Frames++
	out.FrameBytes += f.Size
	if f.Count() == 0 {
		out.Empty++
		if c.o.By == ByType {
			r := c.add(group{f.Empty(), 100})
			r.Ops++
			r.OpBytes += f.Size
		}
	}
}

func (c *counter) record(r *inspect.Record) {
	out := c.out
	if out.FirstLSN == 0 {
		out.FirstLSN = r.LSN
	}
	out.LastLSN = r.LSN
	if t := r.Commit.Time; t != 0 {
		if out.FirstTime == 0 || t < out.FirstTime {
			out.FirstTime = t
		}
		out.LastTime = max(out.LastTime, t)
	}
	period := group{}
	if c.o.By == ByTime {
		period = periodOf(r.Commit.Time, c.out.Width)
		if n := len(c.turns); (n == 0 || c.turns[n-1].g != period) && n < MaxGroups {
			c.turns = append(c.turns, turn{r.LSN, period})
		}
	}
	counted := false
	for i := range r.Commit.Mutations {
		m := &r.Commit.Mutations[i]
		if !c.wants(m.Bucket) {
			continue
		}
		w := weight(m)
		out.Total.Ops++
		out.Total.OpBytes += w
		if !counted {
			out.Total.Commits++
		}
		if c.o.By != ByNone {
			g := period
			if c.o.By != ByTime {
				g = c.of(m.Bucket, m.Key, m.Value, m.Op)
			}
			row := c.add(g)
			row.Ops++
			row.OpBytes += w
			if !counted {
				row.Commits++
			}
		}
		counted = true
	}
}

func (c *counter) live(ctx context.Context, s *inspect.Store) error {
	st, err := s.State(ctx, inspect.Newest)
	if err != nil {
		return err
	}
	out, bucket := c.out, ""
	for e, err := range st.Range(ctx, inspect.Range{Bucket: c.o.Bucket}) {
		if err != nil {
			return err
		}
		w := int64(len(e.Bucket) + len(e.Key) + len(e.Value))
		if c.read += w; c.o.Progress != nil {
			c.o.Progress(c.read)
		}
		if out.Total.LiveKeys == 0 || e.Bucket != bucket {
			bucket = e.Bucket
			out.Buckets++
		}
		out.Total.LiveKeys++
		out.Total.LiveBytes += w
		if n := int64(len(e.Value)); n > out.MaxValue || out.MaxKey == nil {
			out.MaxValue, out.MaxBucket, out.MaxKey = n, e.Bucket, e.Key
		}
		if c.o.By == ByNone {
			continue
		}
		g := group{"(before the log)", -1}
		if c.o.By != ByTime {
			g = c.of(e.Bucket, e.Key, e.Value, record.OpSet)
		} else if i, exact := slices.BinarySearchFunc(c.turns, e.LSN, func(t turn, lsn uint64) int { return cmp.Compare(t.lsn, lsn) }); exact {
			g = c.turns[i].g
		} else if i > 0 {
			g = c.turns[i-1].g
		}
		row := c.add(g)
		row.LiveKeys++
		row.LiveBytes += w
	}
	return nil
}

// sort orders groups that have an order by it, and prefixes by their weight.
func (c *counter) sort() {
	for _, r := range c.rows {
		c.out.Rows = append(c.out.Rows, *r)
	}
	slices.SortFunc(c.out.Rows, func(a, b Row) int {
		if c.o.By == ByPrefix {
			if d := cmp.Compare(b.LiveBytes+b.OpBytes, a.LiveBytes+a.OpBytes); d != 0 {
				return d
			}
		} else if d := cmp.Compare(a.order, b.order); d != 0 {
			return d
		}
		return cmp.Compare(a.Group, b.Group)
	})
}
