package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// attempt is one reading of a directory: what lies there, what of it counts, and
// where the log ends. It fills the Loader and changes nothing on the disk; what
// has to be mended is noted in it, for the mender.
type attempt struct {
	o      Options
	report *Report

	layout   *layout
	manifest Manifest
	rejected []Rejected // listed snapshots that do not count
	covered  uint64     // the newest LSN of any listed snapshot, rejected or not

	segments []*wal.Segment // those that were read, in order; closed by close
	orphan   bool           // the last of them is not listed: an interrupted rotation

	tail     wal.Tail
	lastLSN  uint64 // of the last commit
	unproven stretch
	torn     *verdict // the torn tail at tail.Offset
}

// read does the whole reading of an existing store. The caller closes a, also
// after an error.
func (a *attempt) read(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"manifest", a.readManifest},
		{"snapshot", a.loadSnapshot},
		{"log", a.replay},
	} {
		if err := a.report.phase(a.o.Now, step.name, func() error { return step.do(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// phase measures a part of the work.
func (r *Report) phase(now func() time.Time, name string, do func() error) error {
	start := now()
	err := do()
	r.Phases = append(r.Phases, Phase{name, now().Sub(start)})
	return err
}

func (a *attempt) close() error {
	var errs []error
	for _, s := range a.segments {
		errs = append(errs, s.Close())
	}
	a.segments = nil
	return errors.Join(errs...)
}

// readManifest reads the root and holds the directory's names to it. In this
// order, MANIFEST first: beside a live writer, a name that MANIFEST listed and
// that has gone since means that a compaction passed; the other way round a
// segment that is new would look like one too many.
func (a *attempt) readManifest(context.Context) (err error) {
	if a.manifest, err = readManifest(a.o.FS, a.o.Dir); err != nil {
		return err
	}
	if a.layout, err = readLayout(a.o.FS, a.o.Dir); err != nil {
		return err
	}
	a.report.Store = a.manifest.Store
	a.report.Foreign = a.layout.foreign
	a.covered = newestLSN(&a.manifest)
	return a.checkSegments()
}

// checkSegments wants every listed segment to be there, and no other but leavings
// below the first and at most one behind the active one.
func (a *attempt) checkSegments() error {
	m := &a.manifest
	next := m.First
	for _, s := range a.layout.segments {
		switch {
		case s.number < m.First: // a compaction's leavings
		case s.number <= m.Active:
			if s.number == next {
				next++
			}
		case s.number == m.Active+1:
			a.orphan = true
		default:
			return &CorruptionError{File: segmentPath(a.o.Dir, s.number), Offset: -1,
				Reason: fmt.Sprintf("MANIFEST knows segments %d to %d only", m.First, m.Active)}
		}
	}
	if next <= m.Active {
		return a.missing(next)
	}
	return nil
}

func (a *attempt) missing(seq uint64) error {
	return &CorruptionError{File: segmentPath(a.o.Dir, seq), Offset: -1,
		Reason: fmt.Sprintf("the segment is missing; MANIFEST lists %d to %d", a.manifest.First, a.manifest.Active),
		Err:    fs.ErrNotExist}
}

// openSegment opens a segment and checks that it is this store's, and the one
// that its name says.
func openSegment(fsys vfs.FS, dir string, seq uint64, store [16]byte) (*wal.Segment, error) {
	name := segmentPath(dir, seq)
	s, err := wal.OpenSegment(fsys, name)
	if err != nil {
		return nil, translate(err, name, 0, 0)
	}
	reason := ""
	switch h := &s.Header; {
	case h.Store != store:
		reason = fmt.Sprintf("it belongs to another store, %x", h.Store)
	case h.Seq != seq:
		reason = fmt.Sprintf("it is segment %d under the name of segment %d", h.Seq, seq)
	default:
		return s, nil
	}
	err = &CorruptionError{File: name, Offset: 0, LSN: s.Header.FirstLSN, Reason: reason}
	return nil, also(err, s.Close())
}

// openSegments opens, from the last one backwards, the segments that hold what
// is behind the snapshot. Older ones are not touched: they are verify's business.
func (a *attempt) openSegments() error {
	last := a.manifest.Active
	if a.orphan {
		last++
	}
	for seq := last; ; seq-- {
		s, err := openSegment(a.o.FS, a.o.Dir, seq, a.manifest.Store)
		if err != nil {
			return err
		}
		a.segments = append([]*wal.Segment{s}, a.segments...)
		prev := &s.Header.Prev
		switch {
		case seq > a.manifest.Active:
			// An unlisted segment says nothing by itself: the one before it must
			// be read, to see whether it ends where the unlisted one says.
		case seq == a.manifest.First:
			if prev.LastLSN > a.report.SnapshotLSN {
				return a.gap(s)
			}
			return nil
		case a.report.SnapshotLSN > 0 && prev.LastLSN <= a.report.SnapshotLSN:
			return nil // the snapshot holds all that is before this segment
		}
	}
}

// gap says that the log begins behind the end of the snapshot. With no snapshot
// loaded the state before the log is what is missing.
func (a *attempt) gap(first *wal.Segment) error {
	have := a.report.SnapshotLSN
	reason := fmt.Sprintf("the log begins behind LSN %d, and no snapshot reaches that far", first.Header.Prev.LastLSN)
	if have > 0 {
		reason = fmt.Sprintf("the log begins behind LSN %d, and the snapshot ends at %d", first.Header.Prev.LastLSN, have)
	}
	var cause error
	if len(a.rejected) > 0 {
		cause = a.rejected[0].Err
		reason += "; of those that are listed, the newest: " + cause.Error()
	}
	return &CorruptionError{File: first.Name(), Offset: 0, LSN: have + 1, Reason: reason, Err: cause}
}
