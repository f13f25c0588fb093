package engine

import (
	"time"

	"github.com/redis-lite/redis-lite/wal"
)

// Metrics is a picture of a database: gauges of now, counters since Open.
type Metrics struct {
	// PublishedLSN is the newest commit that readers see, DurableLSN the newest
	// that is known to be on the disk.
	PublishedLSN, DurableLSN uint64

	Keys       int   // keys present, those past their deadline included until swept
	Buckets    int   // that hold a key
	Deadlines  int   // keys that have a deadline
	Versions   int   // stored versions of all keys
	Tombstones int   // deletions that somebody may still have to see
	MapBytes   int64 // memory of the map, approximately

	// Snapshots is the number of open reads (View, Backup, compaction). The
	// oldest keeps every version since OldestSnapshotLSN in memory: an
	// OldestSnapshot far in the past is one that was forgotten.
	Snapshots         int
	OldestSnapshotLSN uint64
	OldestSnapshot    time.Time // when it was opened; zero when there is none

	StagedBytes int64 // of commits that wait for the disk

	LogBytes int64 // of records behind the newest snapshot: what a recovery replays
	Segments int   // files of the log

	Compactions        int64 // finished
	CompactionFailures int64
	LastCompaction     time.Duration // how long the last attempt took
	CompactionErr      error         // why the last attempt failed; nil when it did not

	// Failed is why the database takes no more writes; nil while it does.
	Failed error

	Log wal.Metrics // frames, syncs, group sizes
}

// Metrics returns a picture of the database. It is cheap enough to be asked
// every second.
func (db *DB) Metrics() Metrics {
	s := db.m.Stats()
	c := &db.compactor
	m := Metrics{
		PublishedLSN: db.m.Published(),
		DurableLSN:   db.m.Published(),

		Keys:       s.Keys,
		Buckets:    s.Buckets,
		Deadlines:  s.Deadlines,
		Versions:   s.Versions,
		Tombstones: s.Tombstones,
		MapBytes:   s.Bytes,

		Snapshots:         s.Snapshots,
		OldestSnapshotLSN: s.OldestSnapshotLSN,

		StagedBytes: db.staged.size(),
		LogBytes:    c.logBytes.Load(),

		Compactions:        c.done.Load(),
		CompactionFailures: c.failures.Load(),
		LastCompaction:     time.Duration(c.lastTook.Load()),
	}
	if s.Snapshots > 0 {
		m.OldestSnapshot = time.UnixMilli(s.OldestSnapshotOpened)
	}
	if err := c.lastErr.Load(); err != nil {
		m.CompactionErr = *err
	}
	if !db.isClosed() && !db.opts.ReadOnly {
		m.Failed = db.writeErr()
	}
	if db.log != nil {
		m.DurableLSN = db.log.Durable()
		m.Segments = len(db.log.Segments())
		m.Log = db.log.Metrics()
	}
	return m
}
