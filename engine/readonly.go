package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// follower is the place of a read-only database in the log of the process that
// writes it.
type follower struct {
	turn chan struct{} // one refresh at a time
	log  *wal.Follower // nil until there is a log
	// of whom: the store that was found, once somebody has made one.
	store [16]byte
	found bool
}

// errStartAgain: what the follower stood on is gone, a compaction has passed.
var errStartAgain = errors.New("the log was truncated")

// refreshAttempts bounds how often one Refresh starts again. Each time, the
// writer would have to compact between the reader's loading of a snapshot and
// its opening of the log behind it.
const refreshAttempts = 20

func (db *DB) openReadOnly(ctx context.Context) error {
	load := newLoader()
	store, err := recovery.Open(ctx, db.recoveryOptions(load))
	if err != nil {
		return err
	}
	db.store = store
	db.useMap(load.m)
	db.m.Publish(store.NextLSN - 1)
	db.follower.turn = make(chan struct{}, 1)
	db.follower.of(store)
	db.start()
	return nil
}

// of notes which store is followed.
func (f *follower) of(s *recovery.Store) { f.store, f.found = s.Report.Store, !s.New }

// Refresh brings a database that was opened with Options.ReadOnly up to what the
// log proves durable now, and returns the newest LSN that readers see. In mode
// Always the writer's last commit is proven by the next one, or by the mark that
// follows when the log falls idle (IdleMark, and up to 64 times that while
// commits trickle in). On any other database Refresh does nothing.
func (db *DB) Refresh(ctx context.Context) (uint64, error) {
	f := &db.follower
	if f.turn == nil {
		return db.m.Published(), nil
	}
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return db.m.Published(), ctx.Err()
	}
	if db.isClosed() {
		return db.m.Published(), ErrClosed
	}
	if !f.found {
		// The reader was there before the store.
		if err := db.reload(ctx); err != nil || !f.found {
			return db.m.Published(), err
		}
	}
	err := db.follow(ctx)
	for n := 0; errors.Is(err, errStartAgain) && n < refreshAttempts; n++ {
		if err = db.reload(ctx); err == nil {
			err = db.follow(ctx)
		}
	}
	if err != nil {
		err = fmt.Errorf("engine: refresh %s: %w", db.dir, err)
	}
	return db.m.Published(), err
}

// follow applies the records that have become proven.
func (db *DB) follow(ctx context.Context) error {
	f := &db.follower
	if f.log == nil {
		log, err := wal.Follow(wal.FollowOptions{
			FS: db.opts.FS, Dir: filepath.Join(db.dir, "wal"), Store: f.store, From: db.m.Published() + 1,
		})
		if err != nil {
			return startAgain(err)
		}
		f.log = log
	}
	var c record.Commit
	for {
		lsn, rec, ok, err := f.log.TryNext()
		if err != nil {
			return startAgain(err)
		}
		if !ok {
			return nil
		}
		if _, err := record.DecodeInto(&c, rec); err != nil {
			return err
		}
		for i := range c.Mutations {
			applyMutation(db.m, &c.Mutations[i], lsn)
		}
		db.m.Publish(lsn)
		if err := db.cancelled(ctx); err != nil {
			return err
		}
	}
}

func startAgain(err error) error {
	var gone *wal.TruncatedError
	if errors.As(err, &gone) || errors.Is(err, fs.ErrNotExist) {
		return errStartAgain
	}
	return err
}

// reload recovers the store anew and makes the map equal to what that found, as
// one step: open views keep what they see.
func (db *DB) reload(ctx context.Context) error {
	if f := &db.follower; f.log != nil {
		_ = f.log.Close() // it was only read
		f.log = nil
	}
	load := newLoader()
	store, err := recovery.Open(ctx, db.recoveryOptions(load))
	if err != nil {
		return err
	}
	newest := store.NextLSN - 1
	if newest < db.m.Published() {
		return fmt.Errorf("the store has gone back from LSN %d to %d: it was replaced", db.m.Published(), newest)
	}
	load.m.Publish(newest)
	adopt(db.m, load.m, newest)
	db.m.Publish(newest)
	db.follower.of(store)
	return nil
}

// adopt writes into m what makes it equal to fresh, which is the state at LSN
// newest. What an item's LSN is tells whether it changed.
func adopt(m, fresh *mvcc.Map, newest uint64) {
	type change struct {
		bucket string
		item   mvcc.Item
		gone   bool
	}
	var changes []change
	for _, b := range fresh.Buckets() {
		have := m.Bucket(b.Name())
		for it := range b.Ascend(nil, nil, newest) {
			if old, ok := have.GetLatest(it.Key); !ok || old.LSN != it.LSN {
				changes = append(changes, change{b.Name(), it, false})
			}
		}
	}
	for _, b := range m.Buckets() {
		want := fresh.Bucket(b.Name())
		for it := range b.Ascend(nil, nil, m.Published()) {
			if _, ok := want.GetLatest(it.Key); !ok {
				it.LSN = newest
				changes = append(changes, change{b.Name(), it, true})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.item.LSN, b.item.LSN) })
	for _, c := range changes {
		if b := m.Bucket(c.bucket); c.gone {
			b.Delete(c.item.Key, c.item.LSN)
		} else {
			b.Set(c.item.Key, c.item.Value, c.item.LSN, c.item.Deadline)
		}
	}
}

// close gives the log's files back.
func (f *follower) close() error {
	if f.turn == nil {
		return nil
	}
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	if f.log == nil {
		return nil
	}
	return f.log.Close()
}

// refreshLoop follows the writer by itself.
func (db *DB) refreshLoop(ctx context.Context) {
	tick := time.NewTicker(db.opts.RefreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := db.Refresh(ctx); err != nil && ctx.Err() == nil {
			db.opts.Logger.Warn("following the writer failed", "err", err)
		}
	}
}
