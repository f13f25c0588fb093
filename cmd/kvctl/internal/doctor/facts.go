package doctor

import "time"

// Facts are what is known of the place where a store lies. What the system does
// not tell stays at its zero value.
type Facts struct {
	// File system.
	Type    string   // as mountinfo names it: "ext4", "tmpfs", "nfs4"
	Mount   string   // where it is mounted
	Source  string   // the device
	Options []string // of the mount, and what the file system says is in effect
	// FastCommit: ext4 with that feature in use.
	FastCommit bool
	WriteCache string // of the device: "write back", "write through"

	// Room.
	Free, Total     int64 // bytes for this user
	FreeFiles       int64
	TotalFiles      int64 // 0 where the file system has no such bound
	Writable        bool
	WorldWritable   bool
	PermissionError string

	// Syncs that were timed, of 4 KiB over themselves, or why none were.
	Syncs     []time.Duration
	SyncError string

	// LockPID is the process that holds a lock on LOCK, as the system says; -1
	// when it says that one does and not which.
	LockKnown bool // the system tells who holds locks
	LockPID   int
	LockName  string // of its program

	// ClockUnsynchronized: the kernel says that nobody disciplines its clock.
	ClockUnsynchronized bool

	// What the store itself says; the caller knows these.
	Now        time.Time
	LastCommit time.Time // by the writer's clock; zero = none is known
	TextPID    int       // in LOCK
	TextAlive  bool      // such a process exists
	Needed     int64     // bytes that a compaction wants
	Replay     int64     // bytes of log that an open reads
}
