package engine

import (
	"context"

	"github.com/redis-lite/redis-lite/recovery"
)

// follower is the position of a read-only database in another process's log.
type follower struct{}

func (f *follower) close() {}

func (db *DB) openReadOnly(ctx context.Context) (err error) {
	db.store, err = recovery.Open(ctx, db.recoveryOptions())
	if err != nil {
		return err
	}
	db.m.Publish(db.store.NextLSN - 1)
	db.start()
	return nil
}
