package kernel

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// Config is what a child process is told: where the store is, how to open it,
// and what to do with it. It travels as one line of JSON.
type Config struct {
	Dir   string // the store
	Seed  uint64 // of the workload; the same for all rounds of one store
	Round uint64 // which life of the store this is, from 1

	Clients  int    // goroutines that write
	Keys     int    // keys a bucket may hold
	MaxValue int    // bytes
	Limit    uint64 // transactions after which the child closes the store and ends; 0: never

	Mode         string // "always", "interval" or "never"
	DurablyEvery uint64 // lazy modes: every so many commits of a client ask for the disk
	AbortEvery   uint64 // every so many transactions of a client fail on purpose; 0: none
	CompactEvery uint64 // every so many of client 0 are followed by a compaction; 0: background only
	ReopenEvery  uint64 // every so many of client 0 close and open the store; 0: never; needs one client

	SegmentSize int64
	FillStep    int64
	IdleMark    time.Duration
	MinLogSize  int64 // log bytes from which the background compacts; 0: it does not
	OneThread   bool  // client 0 keeps to the process's first thread: calls come in one order
}

// Defaults is a workload of the size that a round of some tens of milliseconds
// can chew: small segments, so that rotation and compaction are frequent.
func Defaults(seed uint64) Config {
	return Config{
		Seed: seed, Clients: 1, Keys: 40, MaxValue: 100 << 10, Mode: "always",
		AbortEvery: 7, SegmentSize: 64 << 10, FillStep: 32 << 10, IdleMark: time.Millisecond,
	}
}

// Vary is the configuration of a round: what may differ from one life of a
// store to the next, drawn by the seed and the round.
func (c Config) Vary(round uint64) Config {
	r := rand.New(rand.NewPCG(c.Seed, round^0x726f756e64))
	pick := func(of ...int) int { return of[r.IntN(len(of))] }
	c.Round = round
	c.Clients = pick(1, 1, 2, 8)
	c.SegmentSize = int64(pick(16<<10, 64<<10, 256<<10))
	c.FillStep = int64(pick(-1, 16<<10, 64<<10))
	c.IdleMark = time.Duration(pick(-1, 200, 2000)) * time.Microsecond
	c.CompactEvery, c.ReopenEvery, c.MinLogSize = 0, 0, 0
	switch r.IntN(3) {
	case 0:
		c.CompactEvery = uint64(pick(3, 20, 50))
	case 1:
		c.MinLogSize = int64(pick(8<<10, 64<<10))
	}
	if c.Clients == 1 && r.IntN(4) == 0 {
		c.ReopenEvery = uint64(pick(5, 25))
	}
	return c
}

// lazy says that an acknowledgement alone does not mean the disk.
func (c *Config) lazy() bool { return c.Mode == "interval" || c.Mode == "never" }

// options are the engine's. Nothing in them is random beyond what the seed
// gives, so that a run can be repeated as far as the system's timing allows.
func (c *Config) options() *engine.Options {
	r := rand.New(rand.NewPCG(c.Seed, c.Round^0x6f707473))
	o := &engine.Options{
		SegmentSize: c.SegmentSize, FillStep: c.FillStep, IdleMark: c.IdleMark, SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: c.MinLogSize == 0, MinLogSize: c.MinLogSize, Ratio: 0.01},
		Rand:       r.Uint64,
	}
	switch c.Mode {
	case "interval":
		o.Durability = engine.Interval(2 * time.Millisecond)
	case "never":
		o.Durability = engine.Never
	}
	return o
}

// commitOptions are those of the i-th commit of a client.
func (c *Config) commitOptions(i uint64) (opts []engine.CommitOption, durable bool) {
	if !c.lazy() {
		return nil, true
	}
	if c.DurablyEvery > 0 && i%c.DurablyEvery == 0 {
		return []engine.CommitOption{engine.Durably()}, true
	}
	return nil, false
}

// commit makes one transaction and says which it was.
func (c *Config) commit(ctx context.Context, db *engine.DB, abort bool, begun func(position), opts ...engine.CommitOption) (position, error) {
	var p position
	err := db.Update(ctx, func(tx *engine.Tx) error {
		var err error
		p, err = c.run(ctx, tx, abort, begun)
		return err
	}, opts...)
	return p, err
}
