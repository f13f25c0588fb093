package recovery

import (
	"fmt"
	"log/slog"
	"time"
)

// Report is what Open found and did, in numbers that a program can act on. It
// does not change after Open has returned.
type Report struct {
	Store    [16]byte // UUID
	New      bool     // there was no store; an empty one was begun
	ReadOnly bool
	// ReadOnlyReason says why the store is read-only although writing was asked
	// for: a *DiskFullError. Else nil.
	ReadOnlyReason error

	SnapshotLSN     uint64 // of the snapshot that was loaded; 0 = none
	SnapshotEntries uint64
	SnapshotBytes   int64
	Rejected        []Rejected // snapshots that could not be used, newest first

	Segments int   // log files that were read
	Frames   int64 // in them
	Records  int64 // commits applied: those behind the snapshot
	Bytes    int64 // of the frames

	// Unproven counts frames that are valid and were not shown, because nothing
	// proves them durable yet (read-only).
	Unproven int64

	Cut            *Cut     // the torn tail, when there was one
	Rewritten      int64    // frames written again because nothing proved them durable
	RewrittenBytes int64    //
	Adopted        uint64   // the segment of an interrupted rotation; 0 = none
	Ignored        []Place  // bytes behind the declared end of an older segment
	Quarantined    []string // files that are new in quarantine/
	Swept          []string // leavings that were removed
	Foreign        []string // names in the store's directories that are nobody's; untouched

	LastLSN uint64 // the last commit that was recovered; 0 = none
	NextLSN uint64 // what the next commit will get

	Duration time.Duration
	Phases   []Phase // what it was spent on, in order
}

// Phase is a part of Open and how long it took.
type Phase struct {
	Name     string
	Duration time.Duration
}

// Place is a range of bytes in a file.
type Place struct {
	File   string
	Offset int64
	Bytes  int64
}

// Cut is a torn tail: what a crash left of frames that were never acknowledged.
type Cut struct {
	Done   bool   // it was cut; false when the disk was too full for that
	File   string // the segment
	Offset int64  // where the log ends
	Bytes  int64  // from there to the last byte that was not zero
	LSN    uint64 // the first LSN that was lost with it
	// Records is how many commits the torn frame held; -1 when its header was
	// lost too.
	Records    int64
	Reason     string // what was found at Offset
	Quarantine string // the file that holds a copy
}

// what says what became of the tail.
func (c *Cut) what() string {
	if c.Done {
		return "torn tail cut off"
	}
	return "torn tail left in place"
}

// Rejected is a listed snapshot that could not be used.
type Rejected struct {
	LSN        uint64
	File       string
	Quarantine string // where it lies now; "" when it was missing, or read-only
	Err        error  // why
}

// LogValue shows what matters of a report; what did not happen is left out.
func (r *Report) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Uint64("last_lsn", r.LastLSN),
		slog.Uint64("next_lsn", r.NextLSN),
		slog.Uint64("snapshot_lsn", r.SnapshotLSN),
		slog.Int("segments", r.Segments),
		slog.Int64("frames", r.Frames),
		slog.Int64("records", r.Records),
		slog.Int64("bytes", r.Bytes),
		slog.Duration("took", r.Duration),
	}
	for _, p := range r.Phases {
		attrs = append(attrs, slog.Duration("took_"+p.Name, p.Duration))
	}
	flag := func(set bool, a slog.Attr) {
		if set {
			attrs = append(attrs, a)
		}
	}
	flag(r.New, slog.Bool("new", true))
	flag(r.ReadOnly, slog.Bool("read_only", true))
	flag(r.ReadOnlyReason != nil, slog.Any("read_only_reason", r.ReadOnlyReason))
	flag(r.Unproven > 0, slog.Int64("unproven_frames", r.Unproven))
	flag(r.Rewritten > 0, slog.Int64("rewritten_frames", r.Rewritten))
	flag(r.Adopted > 0, slog.Uint64("adopted_segment", r.Adopted))
	flag(len(r.Quarantined) > 0, slog.Any("quarantined", r.Quarantined))
	flag(len(r.Swept) > 0, slog.Int("swept", len(r.Swept)))
	flag(len(r.Foreign) > 0, slog.Any("foreign", r.Foreign))
	return slog.GroupValue(attrs...)
}

// log writes the report: what a person should look at as warnings of their own.
func (r *Report) log(l *slog.Logger, dir string) {
	if c := r.Cut; c != nil {
		l.Warn(c.what(), "file", c.File, "offset", c.Offset, "bytes", c.Bytes,
			"lsn", c.LSN, "reason", c.Reason, "quarantine", c.Quarantine)
	}
	for _, s := range r.Rejected {
		l.Warn("snapshot rejected", "file", s.File, "lsn", s.LSN, "quarantine", s.Quarantine, "err", s.Err)
	}
	for _, p := range r.Ignored {
		l.Warn("bytes behind a segment's declared end ignored", "file", p.File, "offset", p.Offset, "bytes", p.Bytes)
	}
	l.Info("recovered", "dir", dir, "report", r)
}

// String is the report in a line or two, for people.
func (r *Report) String() string {
	if r.New {
		return "new store"
	}
	s := fmt.Sprintf("recovered up to LSN %d", r.LastLSN)
	if r.SnapshotLSN > 0 {
		s += fmt.Sprintf(": snapshot %d (%d keys)", r.SnapshotLSN, r.SnapshotEntries)
	}
	s += fmt.Sprintf(", %s from %d bytes of log in %s", plural(r.Records, "commit"), r.Bytes, plural(int64(r.Segments), "segment"))
	if c := r.Cut; c != nil {
		s += fmt.Sprintf("; %s: %d bytes at offset %d of %s (%s)", c.what(), c.Bytes, c.Offset, c.File, c.Reason)
	}
	if n := len(r.Rejected); n > 0 {
		s += "; " + plural(int64(n), "snapshot") + " rejected"
	}
	if r.ReadOnlyReason != nil {
		s += "; " + r.ReadOnlyReason.Error()
	}
	return s
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
