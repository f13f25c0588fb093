package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal"
)

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	opts Options
	dir  string // "" in memory

	m    *mvcc.Map
	root *mvcc.Bucket // the default bucket

	log   *wal.Log        // nil in memory and read-only
	store *recovery.Store // nil in memory
	lock  interface{ Close() error }

	// slot is the writer slot: who has put a token in may run a transaction.
	// It guards sequenced, encoded and spare.
	slot      chan struct{}
	guard     slotGuard
	sequenced uint64          // LSN of the newest sequenced commit
	encoded   []byte          // the record being encoded
	spare     []*stagedCommit // to be used again
	staged    staged

	// writes are on their way into the map. They belong to whoever applies: the log's
	// call of durable, or without a log the holder of the writer slot.
	writes []mvcc.Write

	readOnlyReason error // why the store is read-only although it was not asked to be

	failed    atomic.Pointer[error] // why writing has ended, besides the log's own reason
	closed    atomic.Bool           // Close was called
	closing   chan struct{}         // the same, for those who wait
	closeOnce sync.Once
	closeErr  error

	compactor compactor
	follower  follower
	work      sync.WaitGroup // background goroutines
}

// Get returns a copy of the value of key in the default bucket, or ErrNotFound.
// It never waits for the disk.
func (db *DB) Get(key []byte) ([]byte, error) { return db.getCopy(db.root, key) }

// GetNoCopy is Get without the copy: the bytes are the database's own,
// immutable for ever, and must not be written to.
func (db *DB) GetNoCopy(key []byte) ([]byte, error) {
	return db.value(db.root, key)
}

// Set gives key a value in the default bucket, durably.
func (db *DB) Set(ctx context.Context, key, value []byte, opts ...SetOption) error {
	return db.set(ctx, "", key, value, opts)
}

// Delete removes key from the default bucket, durably. Removing a key that is
// not there is no error, and writes nothing.
func (db *DB) Delete(ctx context.Context, key []byte) error {
	return db.deleteKey(ctx, "", key)
}

// DeleteRange removes every key of the default bucket from from (inclusive, nil
// for the first) to to (exclusive, nil for the last), as one record of the log.
func (db *DB) DeleteRange(ctx context.Context, from, to []byte) error {
	return db.Update(ctx, func(tx *Tx) error { return tx.DeleteRange(ctx, from, to) })
}

// CompareAndSwap sets key to new if its value is old, and reports whether it
// was. A nil old means that the key must not be there; a nil new deletes it.
// The key's deadline, if any, stays when the value is replaced.
func (db *DB) CompareAndSwap(ctx context.Context, key, old, new []byte) (swapped bool, err error) {
	return db.Bucket("").CompareAndSwap(ctx, key, old, new)
}

// View runs fn in a read-only transaction: a consistent snapshot of everything
// published when it begins. It takes no lock that a writer or the disk could
// hold up, however long fn runs; but the versions that it sees stay in memory
// until it ends (Metrics().OldestSnapshot shows one that was forgotten).
func (db *DB) View(fn func(*Tx) error) error {
	if db.isClosed() {
		return ErrClosed
	}
	tx := newTx(db, false)
	tx.snap = db.m.Snapshot(tx.now)
	defer func() {
		tx.done = true
		tx.snap.Close()
	}()
	return fn(tx)
}

// Sync waits until everything acknowledged so far is durable. In mode Always it
// already is.
func (db *DB) Sync(ctx context.Context) error {
	if err := db.writeErr(); err != nil {
		return err
	}
	if db.log == nil {
		return nil
	}
	return db.log.Sync(ctx)
}

// LSN is the newest commit that readers see.
func (db *DB) LSN() uint64 { return db.m.Published() }

// RecoveryReport says what Open found: what was read, what was cut off and why,
// and how long it took. It is nil for a database in memory.
func (db *DB) RecoveryReport() *recovery.Report {
	if db.store == nil {
		return nil
	}
	return db.store.Report
}

func (db *DB) getCopy(b *mvcc.Bucket, key []byte) ([]byte, error) {
	v, err := db.value(b, key)
	if err != nil {
		return nil, err
	}
	return own(v), nil
}

// value is get for those who want nothing but the value. A hit is two misses in the
// processor's caches, and a loop of them is as fast as the processor gets ahead to the
// next one's: what is returned fits its registers, and nothing else is done.
func (db *DB) value(b *mvcc.Bucket, key []byte) ([]byte, error) {
	if db.isClosed() {
		return nil, ErrClosed
	}
	if b == nil {
		return nil, ErrNotFound
	}
	v, dead, ok := b.LatestValue(key)
	// Most keys have no deadline, and need no clock.
	if !ok || dead != 0 && dead <= db.opts.Clock().UnixMilli() {
		return nil, ErrNotFound
	}
	return v, nil
}

// get reads one key at the newest published state.
func (db *DB) get(b *mvcc.Bucket, key []byte) (rawItem, error) {
	if db.isClosed() {
		return rawItem{}, ErrClosed
	}
	it, ok := latest(b, key)
	// Most keys have no deadline, and need no clock.
	if !ok || it.dead != 0 && it.expired(db.opts.Clock().UnixMilli()) {
		return rawItem{}, ErrNotFound
	}
	return it, nil
}

// set is a transaction of one Set. Without options and without anything that
// could have expired it needs to look nothing up, and skips the Tx.
func (db *DB) set(ctx context.Context, bucket string, key, value []byte, opts []SetOption) error {
	if err := db.checkSet(bucket, key, value); err != nil {
		return err
	}
	var v mvcc.Version
	if len(opts) == 0 {
		v = mvcc.NewVersion(key, value, 0) // before the slot, for which others wait
	}
	if err := db.enterWriter(ctx); err != nil {
		return err
	}
	if len(opts) > 0 || db.mayHoldExpired(0) {
		tx := newTx(db, true)
		c, err := db.runWriter(ctx, tx, func(tx *Tx) error {
			return tx.Bucket(bucket).Set(ctx, key, value, opts...)
		}, commitOptions{})
		if err != nil {
			return db.settle(ctx, tx, err)
		}
		return c.Wait(ctx)
	}
	c := db.newCommit(db.opts.Clock().UnixMilli())
	c.one[0], c.oneMade[0] = setOf(bucket, v, 0), v
	c.muts, c.made = c.one[:], c.oneMade[:]
	done, err := db.sequence(ctx, c, commitOptions{})
	db.leaveWriter()
	if err != nil {
		return err
	}
	return done.Wait(ctx)
}

func (db *DB) deleteKey(ctx context.Context, bucket string, key []byte) error {
	return db.Update(ctx, func(tx *Tx) error { return tx.Bucket(bucket).Delete(ctx, key) })
}

// mayHoldExpired reports whether the sequenced state can hold a key whose
// deadline has passed at now; with now 0, the clock is read if need be.
func (db *DB) mayHoldExpired(now int64) bool {
	// Staged before map: a commit leaves the one only after it is in the other.
	first := db.staged.earliestDeadline()
	if d := db.m.NextDeadline(); d != 0 && (first == 0 || d < first) {
		first = d
	}
	if first == 0 {
		return false
	}
	if now == 0 {
		now = db.opts.Clock().UnixMilli()
	}
	return first <= now
}

func (db *DB) isClosed() bool { return db.closed.Load() }

// Close ends the database in order: new work is refused, the running
// transaction and all queued commits finish, the log is marked and trimmed, the
// lock is released. Transactions of View that are under way may go on reading.
// Closing again returns the same error. It must not be called inside Update.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		db.closed.Store(true)
		close(db.closing)
		db.slot <- struct{}{} // the last writer has left
		db.work.Wait()
		var errs []error
		if db.log != nil {
			errs = append(errs, db.store.Close(db.log))
		}
		errs = append(errs, db.follower.close())
		if db.lock != nil {
			errs = append(errs, db.lock.Close())
		}
		db.closeErr = errors.Join(errs...)
		<-db.slot
	})
	return db.closeErr
}
