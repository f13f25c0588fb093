package engine

import (
	"context"
	"time"
)

const (
	collectEvery = 250 * time.Millisecond
	collectBatch = 1024 // keys for which the writer may have to wait at a time
)

// collectLoop frees the versions and tombstones that nobody can see any more and
// that no write has come upon: what a long View alone kept alive, or a deleted
// range left behind.
func (db *DB) collectLoop(ctx context.Context) {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for left := db.m.Collect(collectBatch); left > 0 && ctx.Err() == nil; {
			next := db.m.Collect(collectBatch)
			if next >= left {
				break // held by open snapshots, or written meanwhile
			}
			left = next
		}
	}
}
