package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/redis-lite/redis-lite/engine"
)

// Write is the child's part: it opens the store and writes without end from
// several goroutines, telling events each commit before and after. It returns
// when something fails, and that is either the store or the pipe.
func Write(ctx context.Context, dir string, seed uint64, writers int, events io.Writer) error {
	db, err := engine.Open(dir, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			err := write(ctx, db, seed, w, events)
			cancel(err)
			done <- err
		}()
	}
	for range writers {
		if werr := <-done; err == nil {
			err = werr
		}
	}
	return errors.Join(err, db.Close())
}

// write is one writer. It goes on behind the last commit that was recovered.
func write(ctx context.Context, db *engine.DB, seed uint64, w int, events io.Writer) error {
	number := uint32(0)
	v, err := db.Get(lastKey(w))
	switch {
	case err == nil:
		number, _ = numberOf(v)
	case !errors.Is(err, engine.ErrNotFound):
		return err
	}
	for ctx.Err() == nil {
		number++
		e := event{writer: uint32(w), number: number}
		if _, err := events.Write(e.encode()); err != nil {
			return fmt.Errorf("telling the parent: %w", err)
		}
		own, last := values(seed, w, number)
		commit, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
			if err := tx.Set(ctx, commitKey(w, number), own); err != nil {
				return err
			}
			return tx.Set(ctx, lastKey(w), last)
		})
		if err != nil {
			return err
		}
		if err := commit.Wait(ctx); err != nil {
			return err
		}
		e.acked, e.lsn = true, commit.LSN()
		if _, err := events.Write(e.encode()); err != nil {
			return fmt.Errorf("telling the parent: %w", err)
		}
	}
	return ctx.Err()
}
