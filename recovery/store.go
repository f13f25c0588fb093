package recovery

import (
	"log/slog"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
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
