package engine

import (
	"context"
	"time"

	"github.com/redis-lite/redis-lite/wal/record"
)

// sweepBatch bounds the keys that one swept transaction deletes, so that other
// writers get their turn in between.
const sweepBatch = 1000

// SweepExpired logs the deletion of keys whose deadline has passed, oldest
// first, and returns how many it deleted. Such keys are invisible from their
// deadline on; sweeping frees their memory and puts their end into the log. The
// background does this every Options.SweepEvery.
func (db *DB) SweepExpired(ctx context.Context) (deleted int, err error) {
	for {
		due := db.m.Due(db.opts.Clock().UnixMilli(), sweepBatch)
		if len(due) == 0 {
			return deleted, nil
		}
		n := 0
		err := db.Update(ctx, func(tx *Tx) error {
			n = 0
			for _, d := range due {
				// The key may have been written again since it was found due:
				// only the very item that is due goes. The transaction's time,
				// not the search's, decides.
				b := tx.Bucket(d.Bucket)
				it, ok := b.lookup(d.Key)
				if !ok || it.lsn != d.LSN || !it.expired(tx.now) {
					continue
				}
				if err := tx.add(record.Mutation{Op: record.OpDelete, Bucket: d.Bucket, Key: d.Key}); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return deleted, err
		}
		deleted += n
		if n == 0 {
			// Everything found was rewritten meanwhile, or the clock ran back.
			return deleted, nil
		}
	}
}

func (db *DB) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(db.opts.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if first := db.m.NextDeadline(); first == 0 || first > db.opts.Clock().UnixMilli() {
			continue
		}
		if n, err := db.SweepExpired(ctx); err != nil {
			if ctx.Err() != nil || db.writeErr() != nil {
				return
			}
			db.opts.Logger.Warn("sweeping expired keys failed", "err", err)
		} else if n > 0 {
			db.opts.Logger.Debug("swept expired keys", "count", n)
		}
	}
}
