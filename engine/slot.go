package engine

import (
	"context"
	"fmt"
)

// enterWriter takes the writer slot, or says why there is none to be had.
func (db *DB) enterWriter(ctx context.Context) error {
	db.guard.check()
	select {
	case db.slot <- struct{}{}:
	default:
		select {
		case db.slot <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-db.closing:
			return ErrClosed
		}
	}
	if err := db.writeErr(); err != nil {
		<-db.slot
		return err
	}
	db.guard.enter()
	return nil
}

func (db *DB) leaveWriter() {
	db.guard.leave()
	<-db.slot
}

// writeErr says why the database takes no writes, if it takes none. It runs
// before a transaction's function does.
func (db *DB) writeErr() error {
	switch {
	case db.isClosed():
		return ErrClosed
	case db.readOnlyReason != nil:
		return fmt.Errorf("%w: %w", ErrReadOnly, db.readOnlyReason)
	case db.opts.ReadOnly:
		return ErrReadOnly
	}
	if f := db.failed.Load(); f != nil {
		return fmt.Errorf("engine: %w: %w", ErrLogFailed, *f)
	}
	if db.log != nil {
		if err := db.log.Err(); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
	return nil
}

// fail stops all writing for good: what is on the disk is no longer known.
func (db *DB) fail(err error) {
	if db.failed.CompareAndSwap(nil, &err) {
		db.opts.Logger.Error("store takes no more writes", "err", err)
	}
}
