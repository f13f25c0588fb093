package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// RecordsOptions choose what Records walks.
type RecordsOptions struct {
	From, To uint64 // LSNs, both included; To 0 = to the end
}

// LogRecord is one record of the log, and where it lies.
type LogRecord struct {
	Segment uint64 // number
	File    string
	Offset  int64 // of the frame
	Frame   wal.FrameHeader
	LSN     uint64
	Raw     []byte        // the record's bytes
	Commit  record.Commit // decoded
}

// TornError says that the log ends in a torn tail: what a crash left of frames
// that were never acknowledged, or a frame that a live writer is writing. The
// next open for writing cuts it off.
type TornError struct {
	File    string
	Offset  int64
	Bytes   int64  // from there to the last one that is not zero
	LSN     uint64 // the first that is lost with it
	Records int64  // in the torn frame; -1 when its header is lost too
	Reason  string
}

func (e *TornError) Error() string {
	return fmt.Sprintf("%s at offset %d (LSN %d): torn tail of %d bytes: %s", e.File, e.Offset, e.LSN, e.Bytes, e.Reason)
}

func tornError(p *place, v verdict) *TornError {
	e := &TornError{File: p.segment.Name(), Offset: p.at, Bytes: v.end - p.at, LSN: p.lsn, Records: -1, Reason: v.reason}
	if p.header != nil {
		e.Records = int64(p.header.Count)
	}
	return e
}

// errStop ends a walk whose caller has seen enough.
var errStop = errors.New("stop")

// Records walks the log from From on, changes nothing and takes no lock. It shows
// every valid frame, also those that nothing proves durable yet. Raw and Commit
// are valid until the next step. Empty frames (MARK, SEAL) come as a LogRecord
// without Raw, with the LSN that the next record has.
//
// A clean end just ends; a torn tail is an error value (*TornError) as the last
// one, and so is damage (*CorruptionError). When From lies before the beginning
// of the log the walk begins there; when a compaction of a live writer overtakes
// the walk, it ends with a *wal.TruncatedError.
func Records(ctx context.Context, fsys vfs.FS, dir string, o RecordsOptions) iter.Seq2[LogRecord, error] {
	return func(yield func(LogRecord, error) bool) {
		w := recordsWalk{fs: fsys, dir: dir, o: o, yield: yield}
		if err := w.run(ctx); err != nil && !errors.Is(err, errStop) {
			yield(LogRecord{}, err)
		}
	}
}

type recordsWalk struct {
	fs    vfs.FS
	dir   string
	o     RecordsOptions
	yield func(LogRecord, error) bool
	next  uint64 // what comes next
}

func (w *recordsWalk) run(ctx context.Context) error {
	if err := Check(w.fs, w.dir); err != nil {
		return err
	}
	if _, err := w.fs.Stat(vfs.Join(w.dir, ManifestName)); errors.Is(err, fs.ErrNotExist) {
		l, err := readLayout(w.fs, w.dir)
		if err != nil {
			return err
		}
		return leavingsOnly(ctx, w.fs, l) // an empty store has no records
	}
	m, err := readManifest(w.fs, w.dir)
	if err != nil {
		return err
	}
	first, err := w.start(&m)
	if err != nil {
		return w.overtaken(err, &m)
	}
	s := survey{
		fs: w.fs, dir: w.dir, store: m.Store, covered: newestLSN(&m),
		frame:   w.frame,
		hole:    func(h *hole) error { return h.err },
		torn:    func(p *place, v verdict) error { return tornError(p, v) },
		ignored: func(Place) error { return nil },
	}
	return w.overtaken(s.run(ctx, first, m.Active), &m)
}

// start finds the segment that holds From: the last one whose predecessors hold
// earlier LSNs only.
func (w *recordsWalk) start(m *Manifest) (uint64, error) {
	for seq := m.Active; seq > m.First; seq-- {
		s, err := openSegment(w.fs, w.dir, seq, m.Store)
		if err != nil {
			return 0, err
		}
		before := s.Header.Prev.LastLSN
		if err := s.Close(); err != nil {
			return 0, err
		}
		if before < w.o.From {
			return seq, nil
		}
	}
	return m.First, nil
}

// overtaken tells a segment that a compaction removed while the walk was on its
// way from one that is missing.
func (w *recordsWalk) overtaken(err error, m *Manifest) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now, merr := readManifest(w.fs, w.dir)
	if merr != nil || now.First == m.First {
		var missing *fs.PathError
		if merr == nil && now.Generation == m.Generation && errors.As(err, &missing) {
			return &CorruptionError{File: missing.Path, Offset: -1, Reason: "the segment is missing", Err: err}
		}
		return err
	}
	s, oerr := openSegment(w.fs, w.dir, now.First, now.Store)
	if oerr != nil {
		return err
	}
	return also(&wal.TruncatedError{LSN: max(w.next, w.o.From), First: s.Header.FirstLSN}, s.Close())
}

func (w *recordsWalk) frame(c *cursor, f *wal.Frame) error {
	r := LogRecord{Segment: c.segment.Header.Seq, File: c.segment.Name(), Offset: f.Offset, Frame: f.Header, LSN: f.Header.FirstLSN}
	if w.o.To > 0 && r.LSN > w.o.To {
		return errStop
	}
	w.next = f.Header.NextLSN()
	if f.Header.Count == 0 {
		if r.LSN >= w.o.From && !w.yield(r, nil) {
			return errStop
		}
		return nil
	}
	if f.Header.LastLSN() < w.o.From {
		return nil
	}
	return c.records(f, func(lsn uint64, raw []byte, commit *record.Commit) error {
		if lsn < w.o.From {
			return nil
		}
		r.LSN, r.Raw, r.Commit = lsn, raw, *commit
		if w.o.To > 0 && lsn > w.o.To || !w.yield(r, nil) {
			return errStop
		}
		return nil
	})
}

// newestLSN is up to where the listed snapshots prove the log durable.
func newestLSN(m *Manifest) (lsn uint64) {
	if n := len(m.Snapshots); n > 0 {
		lsn = m.Snapshots[n-1].LSN
	}
	return lsn
}
