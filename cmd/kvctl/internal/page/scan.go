package page

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// ChunkRows is how many rows a chunk has.
const ChunkRows = 512

// maxBuckets is how many names of buckets a page offers to choose from.
const maxBuckets = 100

// Options are for Scan.
type Options struct {
	FS       vfs.FS
	Dir      string
	Codecs   []snapshot.Codec
	Now      func() time.Time
	Program  string              // "kvctl 1.0", for the foot of the page
	Quote    func(string) string // quotes an argument of a command for a shell
	Progress func(done int64)    // bytes of the log that were read; may be nil
}

// Log is a log that was scanned: its Overview, and where everything is. It holds
// no file open, and its methods may be called concurrently.
type Log struct {
	Over Overview

	o        Options
	store    *inspect.Store
	manifest *recovery.Manifest
	starts   []start                    // of chunks
	order    []uint64                   // segments
	spans    map[uint64][]inspect.Frame // what is no frame, by segment, in order
	ords     map[uint64][]int64         // the numbers of the spans' rows
	whole    map[uint64]bool            // segments that are one span, from end to end
	ends     map[uint64]int64           // of what was scanned, by segment
	unproven map[uint64]int64           // the first frame that nothing proves durable
	buckets  map[string]bool
}

// start is where a chunk begins: skip rows behind the first of those at an offset.
type start struct {
	seq  uint64
	off  int64
	skip int64
}

// Scan reads the log once, from end to end. Its errors are for what kept it from
// looking; damage is in the Overview.
func Scan(ctx context.Context, o Options) (*Log, error) {
	store, err := inspect.Open(o.FS, o.Dir, inspect.Options{Codecs: o.Codecs})
	if err != nil {
		return nil, err
	}
	l := &Log{
		o: o, store: store, spans: map[uint64][]inspect.Frame{}, ords: map[uint64][]int64{}, whole: map[uint64]bool{}, ends: map[uint64]int64{}, unproven: map[uint64]int64{},
		buckets: map[string]bool{},
		Over: Overview{
			Schema: 1, Mode: "file", Program: o.Program, Generated: o.Now().UnixMilli(), Dir: o.Dir, ChunkRows: ChunkRows,
			Ops: map[string]int64{}, Buckets: []string{}, Findings: []Finding{}, Segments: []*Segment{}, Snapshots: []Snapshot{},
			Embedded: []int64{}, ChunkLSNs: []uint64{}, ChunkSegments: []uint64{}, ChunkOffsets: []int64{},
			UICommand: "kvctl ui " + o.Quote(o.Dir),
		},
	}
	if err := l.identity(); err != nil {
		return nil, err
	}
	s := scanner{l: l, byLSN: newLadder(0, 1), byTime: newLadder(0, 1)}
	if s.listed, err = store.Files(); err != nil {
		return nil, err
	}
	for f, err := range store.Frames(ctx, inspect.From{}, false) {
		if err != nil {
			return nil, err
		}
		s.frame(f)
	}
	s.bare(math.MaxUint64)
	s.end()
	found, err := recovery.Verify(ctx, o.FS, o.Dir, recovery.VerifyOptions{Codecs: o.Codecs})
	if err != nil {
		return nil, err
	}
	l.judge(found)
	return l, nil
}

// identity reads MANIFEST, as far as it can be read.
func (l *Log) identity() error {
	m, err := l.store.Manifest()
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, recovery.ErrCorrupt), errors.Is(err, recovery.ErrVersion):
		return nil // a finding; the log is looked at all the same
	default:
		return err
	}
	l.manifest = &m
	id := hex.EncodeToString(m.Store[:])
	l.Over.Store = strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	for _, s := range m.Snapshots {
		l.Over.Snapshots = append(l.Over.Snapshots, Snapshot{LSN: s.LSN, Entries: s.Entries, Bytes: s.Size})
	}
	return nil
}

// scanner fills in a Log.
type scanner struct {
	l             *Log
	seg           *Segment
	byLSN, byTime ladder
	off           int64 // of the rows that are coming
	first         int64 // number of the first row at off
	done          int64 // bytes of the segments before
	lsn           uint64
	listed        []inspect.File // those of them that are segments are still to come
}

func (s *scanner) frame(f *inspect.Frame) {
	l := s.l
	if s.seg == nil || s.seg.Seq != f.Segment {
		s.bare(f.Segment)
		s.segment(f)
	}
	s.at(f.Offset)
	l.ends[f.Segment] = f.End()
	if l.o.Progress != nil {
		l.o.Progress(s.done + f.End())
	}
	if !f.Valid() {
		s.span(f)
		return
	}
	l.Over.Frames++
	s.seg.Frames++
	if _, ok := l.unproven[f.Segment]; !ok && !f.Proven {
		l.unproven[f.Segment] = f.Offset
	}
	if f.Count() == 0 {
		s.seg.count(byMark, f.Offset, f.Size)
		s.row(f.LSN)
		return
	}
	s.seg.count(byFrame, f.Offset, wal.FrameHeaderSize)
	end := f.Offset + wal.FrameHeaderSize
	for r := range f.Records() {
		s.record(&r)
		end = r.At + int64(len(r.Raw))
	}
	s.seg.count(byFrame, end, f.End()-end) // padding
}

// bare takes the segments before one of which no frame came, because they have
// none: the log was rotated, by a compaction for instance, and not written to
// since. One that cannot be opened has come as a span.
func (s *scanner) bare(before uint64) {
	for len(s.listed) > 0 {
		f := s.listed[0]
		if f.Kind == inspect.FileSegment && f.Number >= before {
			return
		}
		s.listed = s.listed[1:]
		if f.Kind != inspect.FileSegment || !f.Listed || f.Missing || slices.Contains(s.l.order, f.Number) {
			continue
		}
		seg, err := wal.OpenSegment(s.l.o.FS, f.Path)
		if err != nil {
			continue
		}
		_ = seg.Close() // only read
		s.segment(&inspect.Frame{Segment: f.Number, File: f.Path})
	}
}

// segment begins one.
func (s *scanner) segment(f *inspect.Frame) {
	if s.seg != nil {
		s.done += s.seg.Size
	}
	l := s.l
	s.seg = &Segment{Seq: f.Segment, File: f.File, Active: l.manifest != nil && f.Segment == l.manifest.Active}
	l.order = append(l.order, f.Segment)
	l.Over.Segments = append(l.Over.Segments, s.seg)
	seg, err := wal.OpenSegment(l.o.FS, f.File)
	if err != nil || f.Offset == 0 && f.Size > 0 {
		// The whole file is one span, which says why.
		l.whole[f.Segment] = true
		s.off, s.first = 0, l.Over.Rows
		s.seg.Size, s.seg.Missing = f.Size, f.Verdict.Kind == inspect.Missing
		if err == nil {
			_ = seg.Close()
		}
		binned(s.seg, s.segments())
		return
	}
	s.seg.Size, s.seg.Created = seg.Size(), seg.Header.Created
	_ = seg.Close() // only read
	binned(s.seg, s.segments())
	s.seg.count(byHeader, 0, wal.HeaderBlock)
	s.off, s.first = 0, l.Over.Rows
	s.row(max(s.lsn, seg.Header.FirstLSN))
}

// segments is about how many there are.
func (s *scanner) segments() int {
	if m := s.l.manifest; m != nil && m.Active >= m.First {
		return int(min(m.Active-m.First+1, 1<<16))
	}
	return 1
}

// at remembers which row is the first at an offset.
func (s *scanner) at(off int64) {
	if off != s.off || s.first > s.l.Over.Rows {
		s.off, s.first = off, s.l.Over.Rows
	}
}

// row counts a row, and begins a chunk where one is due.
func (s *scanner) row(lsn uint64) {
	o := &s.l.Over
	s.lsn = max(s.lsn, lsn)
	if o.Rows%ChunkRows == 0 {
		s.l.starts = append(s.l.starts, start{s.seg.Seq, s.off, o.Rows - s.first})
		o.ChunkLSNs = append(o.ChunkLSNs, s.lsn)
		o.ChunkSegments = append(o.ChunkSegments, s.seg.Seq)
		o.ChunkOffsets = append(o.ChunkOffsets, s.off)
	}
	o.Rows++
}

// span takes what is no frame.
func (s *scanner) span(f *inspect.Frame) {
	s.seg.count(spanBytes(f.Verdict.Kind), f.Offset, f.Size)
	keep := *f
	keep.Body = nil
	if f.Header != nil {
		h := *f.Header
		keep.Header = &h
	}
	s.l.spans[f.Segment] = append(s.l.spans[f.Segment], keep)
	s.l.ords[f.Segment] = append(s.l.ords[f.Segment], s.l.Over.Rows)
	if shown(f) {
		s.row(f.LSN)
	}
}

// shown reports whether a span is a row: zeros are not.
func shown(f *inspect.Frame) bool { return f.Verdict.Kind != inspect.Zeros }

func spanBytes(k inspect.Kind) int {
	switch k {
	case inspect.Zeros:
		return byZeros
	case inspect.Torn:
		return byTorn
	case inspect.Ignored, inspect.Removed, inspect.Unsupported:
		return byIgnored
	}
	return byDamage
}

func (s *scanner) record(r *inspect.Record) {
	o := &s.l.Over
	ord, n := o.Rows, int64(len(r.Raw))
	s.row(r.LSN)
	o.Records++
	s.seg.Records++
	if o.FirstLSN == 0 {
		o.FirstLSN = r.LSN
	}
	if s.seg.FirstLSN == 0 {
		s.seg.FirstLSN = r.LSN
	}
	o.LastLSN = max(o.LastLSN, r.LSN)
	s.seg.LastLSN = r.LSN
	if r.Err != nil {
		kind := byDamage
		if errors.Is(r.Err, record.ErrUnknown) {
			kind = byIgnored
		}
		s.seg.count(kind, r.At, n)
		return
	}
	op := typeOf(&r.Commit)
	kind := int(op) - int(record.OpSet) // 0, 1, 2, as the format numbers them
	s.seg.count(bySet+kind, r.At, n)
	s.byLSN.add(ord, int64(r.LSN), kind, n)
	if t := r.Commit.Time; t > 0 {
		if o.FirstTime == 0 {
			o.FirstTime, s.byTime.From = t, t
		}
		o.LastTime = max(o.LastTime, t)
		s.byTime.add(t, ord, kind, n)
	}
	for i := range r.Commit.Mutations {
		m := &r.Commit.Mutations[i]
		o.Ops[m.Op.String()]++
		if len(s.l.buckets) < maxBuckets && !s.l.buckets[m.Bucket] {
			s.l.buckets[m.Bucket] = true
			o.Buckets = append(o.Buckets, m.Bucket)
		}
	}
}

// typeOf is the operation that a commit is coloured by: a set, if there is one.
func typeOf(c *record.Commit) record.Op {
	op := record.OpSet
	for i := range c.Mutations {
		if c.Mutations[i].Op == record.OpSet {
			return record.OpSet
		}
		op = max(op, c.Mutations[i].Op)
	}
	return op
}

// end makes the histograms fit for searching: where each bucket begins ascends,
// also where the clock ran backwards or nothing was written.
func (s *scanner) end() {
	o := &s.l.Over
	for _, g := range o.Segments {
		g.trim()
	}
	o.ByLSN, o.ByTime = s.byLSN.Histogram, s.byTime.Histogram
	for _, h := range []*Histogram{&o.ByLSN, &o.ByTime} {
		for i := 1; i < len(h.Buckets); i++ {
			h.Buckets[i][0] = max(h.Buckets[i][0], h.Buckets[i-1][0])
		}
	}
	slices.Sort(o.Buckets)
}
