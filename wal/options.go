package wal

import (
	"errors"
	"log/slog"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
)

// Mode says when records become durable.
type Mode uint8

const (
	// Always: a record is acknowledged after the sync that made it durable.
	Always Mode = iota
	// Interval: a record is acknowledged once it was handed to the operating
	// system, and synced within Options.Interval.
	Interval
	// Never: as Interval, but the log syncs only where its own order needs it:
	// when it leaves a segment, when it would outgrow its reach, when it falls
	// idle (see Options.IdleMark) and when it is asked to.
	Never
)

func (m Mode) String() string {
	switch m {
	case Always:
		return "always"
	case Interval:
		return "interval"
	case Never:
		return "never"
	}
	return "unknown"
}

// Durability is what one record asks for.
type Durability uint8

const (
	// Default follows the log's Mode.
	Default Durability = iota
	// Durable waits for the sync in every Mode.
	Durable
)

// Defaults of Options.
const (
	DefaultSegmentSize = 64 << 20
	DefaultMaxFrame    = 4 << 20
	DefaultMaxRecord   = 256 << 20
	DefaultFillStep    = 1 << 20
	DefaultFillLimit   = 128 << 10
	DefaultIdleMark    = 50 * time.Millisecond
	DefaultMaxStaged   = 64 << 20
	DefaultInterval    = time.Second
)

// Options configure a log. FS, Dir, Rand and Now are required; every other zero
// value means its default.
type Options struct {
	FS    vfs.FS
	Dir   string   // the directory of the segments; it exists
	Store [16]byte // the store's UUID, written into every segment

	SegmentSize int64 // bytes at which the log goes on in a new segment (64 MiB)
	MaxFrame    int   // most bytes of records in one frame, or one larger record (4 MiB)
	MaxRecord   int   // bytes over which a record is refused (256 MiB, at most 1 GiB)
	FillStep    int64 // most zeros written ahead at once; < 0: none (1 MiB)
	FillLimit   int   // frames above this are appended, not written into zeros (128 KiB)

	Mode     Mode
	Interval time.Duration // for Mode Interval (1 s)

	// IdleMark is how long the log is idle before it writes a MARK (50 ms, with
	// back-off when records trickle in); < 0: only Sync, Mark and Close do.
	IdleMark time.Duration

	// MaxStaged is how many bytes of records may wait, or be on their way to the
	// disk, before Append blocks (64 MiB).
	MaxStaged int64

	// Rotated is called when a new segment exists durably, before its first
	// frame is written. An error fails the log. nil: nobody is told.
	Rotated func(seq uint64) error

	// Durable is called once for each batch of records, in LSN order and never
	// concurrently with itself, before any of its waiters wakes: after the sync
	// in Always, after the write in the lazier modes (unless one of the batch's
	// records asked for Durable). A batch that failed is never delivered. It
	// must not call back into the log except for Durable, Written, Err and
	// Metrics. nil: nobody is told.
	Durable func(b Batch)

	Rand   func() uint64    // for the segments' salts
	Now    func() time.Time // for the segments' dates and for Metrics
	Logger *slog.Logger     // nil: silent
}

// Batch is what Options.Durable is given: the records First to Last and the item
// that each was appended with. Items belongs to the log again after the call.
type Batch struct {
	First, Last uint64
	Items       []any // Items[i] came with record First+i
}

// Tail says where a log ends; recovery found it.
type Tail struct {
	Seq     uint64        // the last segment
	Header  SegmentHeader // its header
	Offset  int64         // behind its last frame; HeaderBlock when it has none
	NextLSN uint64        // LSN of the next record
	Link    uint64        // of the last frame, Header.Prev.Link when it has none
	Sealed  bool          // the last frame is a SEAL
	Filled  int64         // the file's size; it holds zeros from Offset on

	// Marked: the last frame is a MARK or a SEAL, or the segment has none, so
	// that nothing is left that a MARK would prove.
	Marked bool

	// First is the first segment that belongs to the log; segments below are
	// strays. 0: every segment in the directory belongs to it.
	First uint64
}

// SegmentInfo describes one segment of a log.
type SegmentInfo struct {
	Seq      uint64
	FirstLSN uint64 // 0 when the header could not be read, see Err
	// LastLSN is the last LSN that the segment, or one before it, holds; an upper
	// bound where the next header cannot be read.
	LastLSN uint64
	Size    int64 // bytes up to the segment's end; zeros behind it do not count
	Err     error // why the header could not be read; nothing leans on it yet
}

// maxRecords is how many records may stand unsynced, or wait, at any moment:
// recovery jumps by twice as many LSNs when it had to cut a log, so that no LSN
// that anybody saw is given away again.
const maxRecords = 1 << 19

// withDefaults checks the options and fills in the defaults.
func (o Options) withDefaults() (Options, error) {
	if o.FS == nil || o.Dir == "" || o.Rand == nil || o.Now == nil {
		return o, errors.New("wal: Options.FS, Dir, Rand and Now are required")
	}
	setDefault(&o.SegmentSize, DefaultSegmentSize)
	setDefault(&o.MaxFrame, DefaultMaxFrame)
	setDefault(&o.MaxRecord, DefaultMaxRecord)
	setDefault(&o.FillStep, DefaultFillStep)
	setDefault(&o.FillLimit, DefaultFillLimit)
	setDefault(&o.Interval, DefaultInterval)
	setDefault(&o.IdleMark, DefaultIdleMark)
	setDefault(&o.MaxStaged, DefaultMaxStaged)
	if o.SegmentSize < 0 || o.MaxFrame < 0 || o.MaxRecord < 0 || o.MaxRecord > 1<<30 || o.MaxStaged < 0 || o.Interval < 0 || o.Mode > Never {
		return o, errors.New("wal: an option is out of range")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// reach is how many unsynced bytes this mode wants to let stand.
func (o *Options) reach() int64 {
	frame := FrameSize(o.MaxFrame)
	if o.Mode == Always {
		return frame
	}
	return max(frame, o.SegmentSize)
}
