package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Open opens the store in dir, and creates it when dir does not exist or is
// empty. It returns when the whole state is recovered; RecoveryReport tells what
// was found. A nil o is good options.
//
// On a disk so full that what a crash left cannot be mended, the database opens
// read-only: RecoveryReport().ReadOnlyReason says why, writes get ErrReadOnly, and
// the very last commits may not be visible before there is room to open again.
//
// Errors: *LockedError when somebody holds the store, *CorruptionError when it
// is damaged (kvctl verify explains, kvctl recover salvages), *VersionError for
// a newer format, *NotAStoreError for a directory of something else; else what
// the file system said. A failed Open changes nothing that a later one could
// miss.
func Open(dir string, o *Options) (*DB, error) {
	db := newDB(o)
	db.dir = dir
	if err := db.open(context.Background()); err != nil {
		if db.lock != nil {
			err = errors.Join(err, db.lock.Close())
		}
		return nil, fmt.Errorf("engine: open %s: %w", dir, err)
	}
	return db, nil
}

// OpenMemory returns a database that lives in memory alone: the same API with
// nothing durable, for tests and caches. Options that concern files are
// ignored.
func OpenMemory(o *Options) (*DB, error) {
	db := newDB(o)
	db.opts.ReadOnly = false
	db.start()
	return db, nil
}

func newDB(o *Options) *DB {
	db := &DB{
		opts:    o.resolved(),
		slot:    make(chan struct{}, 1),
		closing: make(chan struct{}),
	}
	db.useMap(mvcc.New(mvcc.Options{}))
	db.compactor.turn = make(chan struct{}, 1)
	db.compactor.kick = make(chan struct{}, 1)
	return db
}

// useMap makes m the database's map. Nobody reads yet.
func (db *DB) useMap(m *mvcc.Map) { db.m, db.root = m, m.Bucket("") }

func (db *DB) open(ctx context.Context) (err error) {
	fsys := db.opts.FS
	if db.opts.ReadOnly {
		return db.openReadOnly(ctx)
	}
	// Before anything is created: is this a place for a store?
	if err := recovery.Check(fsys, db.dir); err != nil {
		return err
	}
	if err := vfs.MkdirAll(fsys, db.dir); err != nil {
		return err
	}
	if db.lock, err = fsys.Lock(filepath.Join(db.dir, "LOCK")); err != nil {
		return err
	}
	load := newLoader()
	if db.store, err = recovery.Open(ctx, db.recoveryOptions(load)); err != nil {
		return err
	}
	db.useMap(load.m)
	db.sequenced = db.store.NextLSN - 1
	db.m.Publish(db.sequenced)
	if db.store.ReadOnly {
		// The disk is too full to mend what a crash left. What is loaded is
		// durable, so it can be read; Open again when there is room.
		db.opts.ReadOnly = true
		db.readOnlyReason = db.store.ReadOnlyReason
		db.start()
		return nil
	}
	db.log, err = db.store.StartLog(wal.Options{
		SegmentSize: db.opts.SegmentSize,
		FillStep:    db.opts.FillStep,
		IdleMark:    db.opts.IdleMark,
		MaxRecord:   db.opts.MaxTxSize,
		MaxStaged:   db.opts.MaxPending,
		Mode:        db.opts.Durability.mode,
		Interval:    db.opts.Durability.every,
		Durable:     db.durable,
	})
	if err != nil {
		return err
	}
	db.start()
	return nil
}

func (db *DB) recoveryOptions(l *loader) recovery.Options {
	return recovery.Options{
		FS:       db.opts.FS,
		Dir:      db.dir,
		ReadOnly: db.opts.ReadOnly,
		Loader:   l,
		Logger:   db.opts.Logger,
		Now:      db.opts.Clock,
		Rand:     db.opts.Rand,
		Codecs:   db.opts.Codecs,
	}
}

// start begins the background work.
func (db *DB) start() {
	ctx, cancel := context.WithCancel(context.Background())
	db.spawn(func() {
		<-db.closing
		cancel()
	})
	db.spawn(func() { db.collectLoop(ctx) })
	c := &db.compactor
	c.replayRate.Store(assumedReplayRate)
	if db.store != nil {
		r := db.store.Report
		c.logBytes.Store(r.Bytes)
		if s := r.Duration.Seconds(); r.Bytes > assumedReplayRate/10 && s > 0 {
			c.replayRate.Store(max(1, int64(float64(r.Bytes)/s)))
		}
	}
	if db.log != nil && !db.opts.Compaction.Disabled {
		db.spawn(func() { db.compactLoop(ctx) })
		c.grown(0, db.opts.Compaction, db.m.Bytes())
	}
	if db.follower.turn != nil && db.opts.RefreshEvery > 0 {
		db.spawn(func() { db.refreshLoop(ctx) })
	}
	if !db.opts.ReadOnly && db.opts.SweepEvery > 0 {
		db.spawn(func() { db.sweepLoop(ctx) })
	}
}

func (db *DB) spawn(f func()) {
	db.work.Add(1)
	go func() {
		defer db.work.Done()
		f()
	}()
}
