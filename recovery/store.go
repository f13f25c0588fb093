package recovery

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Store is an opened directory: its contents are in the Loader, and StartLog
// makes it writable. It holds no file open.
type Store struct {
	FS       vfs.FS
	Dir      string
	Manifest *ManifestFile

	New bool // there was no store; nothing of it is on the disk before StartLog

	// ReadOnly: StartLog and Manifest.Update refuse. Set when Options asked for
	// it, and when the disk was too full to mend what had to be mended;
	// ReadOnlyReason is the *DiskFullError then, and nil otherwise.
	ReadOnly       bool
	ReadOnlyReason error

	// Tail is where the log ends. In a read-only store it is the end of what is
	// proven durable, where a wal.Follower goes on. Zero in a new store.
	Tail wal.Tail

	// NextLSN is what the next commit gets. It is above Tail.NextLSN when
	// something was cut: those LSNs may have been seen by somebody.
	NextLSN     uint64
	SnapshotLSN uint64 // of the snapshot that was loaded; 0 = none
	Report      *Report

	logger *slog.Logger
	now    func() time.Time
	random func() uint64
}

// RestoreOptions configure Restore. FS and Dir are required.
type RestoreOptions struct {
	FS     vfs.FS
	Dir    string           // the new store's directory: it does not exist, or is empty
	Codecs []snapshot.Codec // those that the backup may be compressed with
	Logger *slog.Logger
	Now    func() time.Time
	Rand   func() uint64
}

// Restore makes a new store of a backup, which is a snapshot as a stream. The
// stream is verified as a whole before the store comes into being; until then a
// crash or an error leaves none. The store has a UUID of its own, so that its log
// is never taken for the original's. A directory that holds anything is refused
// with an error that matches fs.ErrExist.
func Restore(ctx context.Context, o RestoreOptions, backup io.Reader) (snapshot.Meta, snapshot.Summary, error) {
	panic("not there yet")
}

// Severity says how much a Finding matters.
type Severity uint8

const (
	// Note: nothing is wrong; worth knowing (leavings, ignored bytes).
	Note Severity = iota + 1
	// Torn: a torn tail, which the next open cuts off.
	Torn
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

// Verify looks at a store and changes nothing: all findings, not only the first.
// It takes no lock and may run beside a writer. The error is for what kept it
// from looking (the disk's errors, *NotAStoreError); damage is a finding.
func Verify(ctx context.Context, fsys vfs.FS, dir string, o VerifyOptions) (*Findings, error) {
	panic("not there yet")
}

// RecoverOptions configure Recover.
type RecoverOptions struct {
	SkipCorrupt bool   // go on behind damage
	ToLSN       uint64 // leave out everything behind this LSN; 0 = nothing
	Codecs      []snapshot.Codec
	Logger      *slog.Logger
	Now         func() time.Time
	Rand        func() uint64
}

// LSNRange is a run of LSNs, both ends included, and what became of them.
type LSNRange struct {
	From, To uint64
	Reason   string
}

// Loss accounts for every record that the damaged store is known to have held.
type Loss struct {
	SnapshotLSN uint64 // everything up to here came from a snapshot
	LastLSN     uint64 // the last LSN in the new store
	Entries     uint64 // keys in the new store

	Kept     []LSNRange // in the new store, on a whole history
	Doubtful []LSNRange // in the new store, behind a gap in its history
	Lost     []LSNRange // not in the new store
}

// Recover salvages what the store in src still holds into a new store in dst,
// which does not exist or is empty. src is not changed and not locked.
func Recover(ctx context.Context, fsys vfs.FS, src, dst string, o RecoverOptions) (*Loss, error) {
	panic("not there yet")
}

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

// Records walks the log from From on, changes nothing and takes no lock. Raw
// and Commit are valid until the next step. Empty frames (MARK, SEAL) come as a
// LogRecord without Raw. A clean end just ends; a torn tail is an error value
// (*TornError) as the last one, and so is damage (*CorruptionError).
func Records(ctx context.Context, fsys vfs.FS, dir string, o RecordsOptions) iter.Seq2[LogRecord, error] {
	panic("not there yet")
}
