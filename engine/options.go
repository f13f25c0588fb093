package engine

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Options configures Open. The zero value, and a nil pointer, are good options:
// every zero field stands for the default that its comment gives. Open copies
// the struct.
type Options struct {
	// FS is the file system; default the operating system's.
	FS vfs.FS
	// Logger receives what an operator wants to know: recovery, compaction,
	// failures. Default: silent.
	Logger *slog.Logger
	// Clock tells the time for deadlines. It is read once per transaction and
	// may run backwards or jump: it decides what has expired, never the order
	// of commits. Default: time.Now.
	Clock func() time.Time
	// Rand seeds what tells files of one log from another's (salts, UUIDs). It
	// need not be secret. Default: math/rand/v2.
	Rand func() uint64

	// Durability is what a commit waits for unless it says otherwise. Default:
	// Always.
	Durability Durability
	// ReadOnly opens beside a live writer: no lock, no change on disk, no
	// writes. It shows what the log proves durable; see DB.Refresh.
	ReadOnly bool

	// RefreshEvery is how often a read-only database calls Refresh by itself.
	// Default: never.
	RefreshEvery time.Duration

	// MaxKeySize is the longest key, in bytes. Default 64 KiB.
	MaxKeySize int
	// MaxValueSize is the longest value, in bytes. Default 128 MiB.
	MaxValueSize int
	// MaxTxSize is the longest encoded transaction, in bytes; at most 256 MiB,
	// which is the default.
	MaxTxSize int
	// MaxPending bounds the bytes of commits that wait for the disk; a writer
	// that would exceed it waits. Default 64 MiB.
	MaxPending int64
	// MemoryLimit bounds the bytes of the map as Metrics().MapBytes counts
	// them: writes beyond it get ErrMemoryLimit. Default: none.
	MemoryLimit int64

	// SegmentSize is the size of a log file, in bytes. Default 64 MiB.
	SegmentSize int64
	// FillStep is how far ahead the log is filled with zeros, in bytes, because
	// a sync over zeros costs half of a sync that extends a file. Default
	// 512 KiB; negative turns it off.
	FillStep int64
	// IdleMark is how long the log must be idle before a mark is written, which
	// proves the last commit durable to readers in other processes and to
	// recovery. While commits trickle in, the marks become seldom: the wait grows
	// up to 64 times. Default 50 ms; negative turns it off.
	IdleMark time.Duration

	// Compaction says when a snapshot is made in the background.
	Compaction CompactionOptions
	// KeepSnapshots is how many snapshots stay; the log back to the
	// second-newest stays with them, so that a rotten one can be survived. At
	// least, and by default, 2.
	KeepSnapshots int
	// SnapshotCodec compresses snapshots (package snapshot/zstd has one).
	// Default: none. A store may be opened with another codec than it was
	// written with as long as Codecs holds the old one.
	SnapshotCodec snapshot.Codec
	// Codecs are further codecs that existing snapshots may have been written
	// with.
	Codecs []snapshot.Codec

	// SweepEvery is how often expired keys are looked for, to log their
	// deletion and free their memory; they are invisible from their deadline
	// on in any case. Default 1 s; negative turns the sweeper off.
	SweepEvery time.Duration
}

// CompactionOptions says when the background makes a snapshot: when the log
// behind the newest snapshot has at least MinLogSize bytes and at least Ratio
// times the bytes of the live data, or when replaying it is estimated to take
// longer than RecoveryTime.
type CompactionOptions struct {
	// Disabled turns background compaction off; DB.Compact still works.
	Disabled bool
	// MinLogSize in bytes. Default 64 MiB.
	MinLogSize int64
	// Ratio of log to live data. Default 1.
	Ratio float64
	// RecoveryTime is the longest that a replay should take, as estimated from
	// the speed of the last one. Default 10 s; negative turns the budget off.
	RecoveryTime time.Duration
}

// Durability says what a commit waits for before it is acknowledged and
// visible.
type Durability struct {
	mode  wal.Mode
	every time.Duration
}

var (
	// Always: the commit is on the disk. What is acknowledged survives any
	// crash. The zero Durability is Always.
	Always = Durability{mode: wal.Always}
	// Never: the commit is with the operating system, which writes it out at
	// its own pace. A killed process loses nothing; a power cut may lose
	// whatever the system had not written.
	Never = Durability{mode: wal.Never}
)

// Interval acknowledges at once and syncs at least every d: a power cut may
// lose the last d. After a failed sync readers may have seen what the disk
// lacks.
func Interval(d time.Duration) Durability {
	if d <= 0 {
		return Always
	}
	return Durability{mode: wal.Interval, every: d}
}

func (d Durability) String() string {
	switch d.mode {
	case wal.Interval:
		return "interval " + d.every.String()
	case wal.Never:
		return "never"
	default:
		return "always"
	}
}

const (
	defaultMaxKey     = 64 << 10
	defaultMaxValue   = 128 << 20
	maxTx             = 256 << 20
	defaultMaxPending = 64 << 20
	defaultSegment    = 64 << 20
	defaultMinLog     = 64 << 20
	defaultRecovery   = 10 * time.Second
	defaultSweep      = time.Second
	minSnapshots      = 2
)

// resolved returns a copy in which every default is filled in.
func (o *Options) resolved() Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.FS == nil {
		r.FS = osfs.New()
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Clock == nil {
		r.Clock = time.Now
	}
	if r.Rand == nil {
		r.Rand = rand.Uint64
	}
	setDefault(&r.MaxKeySize, defaultMaxKey)
	setDefault(&r.MaxValueSize, defaultMaxValue)
	setDefault(&r.MaxTxSize, maxTx)
	r.MaxTxSize = min(r.MaxTxSize, maxTx)
	setDefault(&r.MaxPending, defaultMaxPending)
	setDefault(&r.SegmentSize, defaultSegment)
	setDefault(&r.Compaction.MinLogSize, defaultMinLog)
	setDefault(&r.Compaction.Ratio, 1)
	if r.Compaction.RecoveryTime == 0 {
		r.Compaction.RecoveryTime = defaultRecovery
	}
	r.KeepSnapshots = max(r.KeepSnapshots, minSnapshots)
	if r.SweepEvery == 0 {
		r.SweepEvery = defaultSweep
	}
	if r.SnapshotCodec != nil {
		r.Codecs = append([]snapshot.Codec{r.SnapshotCodec}, r.Codecs...)
	}
	return r
}

// setDefault replaces a value that is not positive.
func setDefault[T int | int64 | float64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
