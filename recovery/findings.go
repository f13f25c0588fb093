package recovery

import (
	"errors"

	"github.com/redis-lite/redis-lite/snapshot"
)

// Severity says how much a Finding matters.
type Severity uint8

const (
	// Note: nothing is wrong; worth knowing (leavings, ignored bytes).
	Note Severity = iota + 1
	// Torn: a torn tail, which the next open cuts off.
	Torn
	// Newer: sound, and of a format that this program does not know. Open
	// refuses; the program that wrote it will not.
	Newer
	// Damage: what no crash leaves; open refuses, or falls back.
	Damage
)

// Finding is one thing that Verify found.
type Finding struct {
	Severity Severity
	File     string
	Offset   int64  // -1: the file as a whole
	LSN      uint64 // the first that is concerned; 0 = none
	Reason   string
	Next     string // what to do about it; "" = nothing
}

// VerifyOptions configure Verify.
type VerifyOptions struct {
	// Deep also reads every block of every snapshot, the segments that only
	// older snapshots need, and compares each snapshot with a replay of the log
	// where the log still reaches back far enough.
	Deep   bool
	Codecs []snapshot.Codec
}

// Findings is the result of Verify.
type Findings struct {
	Manifest *Manifest // nil when it could not be read
	List     []Finding
	// Unproven is the last commits, when they are whole and nothing proves yet
	// that the disk holds them: a process was killed, or one is at work. It is
	// no finding: the next open makes them durable before it shows them.
	Unproven *Finding

	Snapshots int
	Segments  int
	Frames    int64
	Records   int64
	Bytes     int64 // of frames
	FirstLSN  uint64
	LastLSN   uint64

	QuarantineFiles int
	QuarantineBytes int64
}

// Worst is the highest severity among the findings; 0 when there are none.
func (f *Findings) Worst() (worst Severity) {
	for i := range f.List {
		worst = max(worst, f.List[i].Severity)
	}
	return worst
}

func (f *Findings) add(severity Severity, file string, offset int64, lsn uint64, reason, next string) {
	f.List = append(f.List, Finding{severity, file, offset, lsn, reason, next})
}

// NextProve is what becomes of Findings.Unproven when nobody has the store open.
const NextProve = "the next open for writing writes it again, before it shows it to anybody"

// What to do about a finding.
const (
	nextRecover = "kvctl recover DIR --output NEW salvages what there is into a new directory"
	nextOpen    = "the next open for writing cuts it off and keeps a copy in quarantine/"
	nextSweep   = "the next open for writing removes it"
	nextStray   = "the next open for writing removes it if a compaction left it, and else sets it aside"
	nextNewer   = "use the program that wrote it, or a newer one"
	nextOlder   = "the next open for writing sets it aside and uses an older snapshot with the log behind it"
)

// damage adds an error of this package as a finding, and returns every other.
func (f *Findings) damage(err error, next string) error {
	var damage *CorruptionError
	var newer *VersionError
	switch {
	case errors.As(err, &damage):
		f.add(Damage, damage.File, damage.Offset, damage.LSN, damage.Reason, next)
		return nil
	case errors.As(err, &newer):
		f.add(Newer, newer.File, -1, 0, "written by a newer program: "+newer.What+" is unknown here", nextNewer)
		return nil
	}
	return err
}
