package recovery

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Options configure Open. FS and Dir are required, and Loader unless nobody is
// interested in the contents.
type Options struct {
	FS  vfs.FS
	Dir string // the store's directory

	// ReadOnly changes nothing and takes no lock, so that a store can be read
	// beside the process that writes it. Only what is proven durable is loaded.
	ReadOnly bool

	// Loader is filled with the store's contents.
	Loader Loader

	// Codecs are those that a snapshot may be compressed with.
	Codecs []snapshot.Codec

	Logger *slog.Logger     // nil: silent
	Now    func() time.Time // for durations and dates in files; nil: none are given
	Rand   func() uint64    // for a new store's UUID; nil: the runtime's generator
}

// Loader takes what recovery reads: the entries of one snapshot, then the
// commits of the log behind it. One goroutine calls it.
//
// An error of the Loader ends Open, which returns it as it is.
type Loader interface {
	// Reset drops everything that was loaded: a snapshot turned out to be rotten
	// in the middle and an older one is tried, or a reader starts again because
	// a compaction overtook it.
	Reset()
	// Presize announces how many entries a snapshot holds. Before any block.
	Presize(entries int)
	// LoadBlock takes entries in ascending order. They, and what they refer to,
	// are valid during the call only.
	LoadBlock(entries []record.Entry) error
	// Apply takes one commit; LSNs ascend, with gaps. c and what it refers to
	// are valid during the call only.
	Apply(lsn uint64, c *record.Commit) error
}

func (o Options) withDefaults() Options {
	if o.Loader == nil {
		o.Loader = nowhere{}
	}
	o.Logger, o.Now, o.Rand = defaults(o.Logger, o.Now, o.Rand)
	return o
}

// defaults are shared by all options of the package.
func defaults(logger *slog.Logger, now func() time.Time, random func() uint64) (*slog.Logger, func() time.Time, func() uint64) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = func() time.Time { return time.UnixMilli(0) }
	}
	if random == nil {
		random = rand.Uint64
	}
	return logger, now, random
}

// nowhere is the Loader of somebody who wants the verdict only.
type nowhere struct{}

func (nowhere) Reset()                             {}
func (nowhere) Presize(int)                        {}
func (nowhere) LoadBlock([]record.Entry) error     { return nil }
func (nowhere) Apply(uint64, *record.Commit) error { return nil }
