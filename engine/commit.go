package engine

import (
	"context"
	"fmt"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// The commit path.
//
//	writer:    take the slot -> run fn on the newest sequenced state -> encode
//	           -> give the commit the next LSN, stage it, queue it with the log
//	           -> free the slot -> wait
//	committer: all that is queued -> one frame -> write -> sync
//	           -> apply to the map in LSN order -> publish -> wake
//
// What each step protects:
//
//   - The slot makes transactions serial, so their order of execution is the
//     order of their LSNs and of the log. It is a channel, not a mutex: a
//     transaction's function may wait for a (simulated) file system.
//   - A commit is staged before the log has it. The committer may be done with
//     it before Append returns, and what it publishes it also unstages.
//   - The map changes in durable, which the log calls after the sync and never
//     before (in mode Always): a reader cannot see what a power cut can undo.
//   - Publishing comes after applying all of a batch, unstaging after
//     publishing.

// Commit is a transaction that is on its way to the disk.
type Commit struct {
	lsn   uint64
	after wal.Pending // what Wait waits for; LSN 0 for nothing
}

// LSN is the commit's place in the order of all commits; 0 when the transaction
// wrote nothing.
func (c *Commit) LSN() uint64 { return c.lsn }

// Wait returns when the commit is durable and visible (as the durability mode
// has it). When ctx ends first the error is ErrOutcomeUnknown and the commit
// goes on. Wait may be called any number of times, or not at all.
func (c *Commit) Wait(ctx context.Context) error {
	if c.after.LSN() == 0 {
		return nil
	}
	if err := c.after.Wait(ctx); err != nil {
		return fmt.Errorf("engine: commit %d: %w", c.after.LSN(), err)
	}
	return nil
}

// Update runs fn in a writing transaction and returns when its writes are
// durable. Transactions run one after the other; their waits for the disk are
// shared. When fn returns an error nothing is written and Update returns that
// error; when it panics nothing is written and the panic goes on.
//
// Calling Update, or any other writing method of the database, inside fn would
// wait for itself: the Tx offers all that is needed. (A build with the tag
// invariants panics there.)
func (db *DB) Update(ctx context.Context, fn func(*Tx) error, opts ...CommitOption) error {
	c, err := db.update(ctx, fn, opts)
	if err != nil {
		return err
	}
	return c.Wait(ctx)
}

// UpdateAsync is Update without the wait: fn has run and the commit has its
// place in the order when it returns, and it is durable and visible to readers
// when the Commit's Wait returns nil. Later transactions see it at once; should
// one of them return before it is durable, it waits.
func (db *DB) UpdateAsync(ctx context.Context, fn func(*Tx) error, opts ...CommitOption) (*Commit, error) {
	c, err := db.update(ctx, fn, opts)
	if err != nil {
		return nil, err
	}
	if c.after.LSN() != 0 && !commitOptionsOf(opts).waits {
		c.after.Start() // the caller may never wait
	}
	return &c, nil
}

// update runs a transaction and hands its commit to the log; somebody has to
// wait for it or start it.
func (db *DB) update(ctx context.Context, fn func(*Tx) error, opts []CommitOption) (Commit, error) {
	if err := db.enterWriter(ctx); err != nil {
		return Commit{}, err
	}
	tx := newTx(db, true)
	c, err := db.runWriter(ctx, tx, fn, commitOptionsOf(opts))
	if err != nil {
		return Commit{}, db.settle(ctx, tx, err)
	}
	return c, nil
}

// runWriter runs fn and sequences its writes. It frees the writer slot on every
// way out.
func (db *DB) runWriter(ctx context.Context, tx *Tx, fn func(*Tx) error, o commitOptions) (_ Commit, err error) {
	panicked := true
	defer func() {
		tx.done = true
		db.leaveWriter()
		if panicked {
			// The panic may carry what the function read.
			_ = db.settle(context.WithoutCancel(ctx), tx, nil)
		}
	}()
	err = fn(tx)
	panicked = false
	if err != nil {
		return Commit{}, err
	}
	if len(tx.muts) == 0 {
		return Commit{after: tx.dirty}, nil
	}
	c := db.newCommit(tx.now)
	c.muts, c.made = tx.muts, tx.made
	return db.sequence(ctx, c, o)
}

// settle waits, before err is handed out, until what the transaction has read
// is durable. Should it never be, err says so: it was decided on by state that
// is not there.
func (db *DB) settle(ctx context.Context, tx *Tx, err error) error {
	if tx.dirty.LSN() == 0 {
		return err
	}
	werr := tx.dirty.Wait(ctx)
	switch {
	case werr == nil:
		return err
	case err == nil:
		return werr
	default:
		return fmt.Errorf("%w (the transaction had read state that did not become durable: %w)", err, werr)
	}
}

// sequence gives a commit its LSN and hands it to the log. The caller holds the
// writer slot; the mutations' bytes are ours.
func (db *DB) sequence(ctx context.Context, c *stagedCommit, o commitOptions) (Commit, error) {
	if err := db.checkMemory(c.muts); err != nil {
		return Commit{}, err
	}
	lsn := db.sequenced + 1
	c.lsn = lsn
	if db.log == nil {
		db.sequenced = lsn
		db.apply(c)
		db.applied()
		db.m.Publish(lsn)
		return Commit{lsn: lsn}, nil
	}

	db.encoded = record.AppendCommit(db.encoded[:0], &record.Commit{Mutations: c.muts, Time: c.time})
	c.size = int64(len(db.encoded))
	if limit := int64(db.opts.MaxTxSize); c.size > limit {
		return Commit{}, &SizeError{Err: ErrTxTooLarge, Size: c.size, Limit: limit}
	}
	mode := wal.Default
	if o.sync {
		mode = wal.Durable
	}
	db.staged.add(c)
	pending, err := db.log.Append(ctx, db.encoded, c, mode)
	if cap(db.encoded) > maxKeptBuffer {
		db.encoded = nil
	}
	if err != nil {
		db.staged.undo(c)
		return Commit{}, fmt.Errorf("engine: commit: %w", err)
	}
	if pending.LSN() != lsn {
		panic(fmt.Sprintf("engine: log gave LSN %d to commit %d", pending.LSN(), lsn))
	}
	c.pending = pending
	db.sequenced = lsn
	return Commit{lsn: lsn, after: pending}, nil
}

// newCommit returns a commit to be filled in and sequenced. The caller holds the
// writer slot.
func (db *DB) newCommit(now int64) *stagedCommit {
	if len(db.spare) == 0 {
		db.spare = db.staged.reuse(db.spare)
	}
	last := len(db.spare) - 1
	if last < 0 {
		return &stagedCommit{time: now}
	}
	c := db.spare[last]
	db.spare[last], db.spare = nil, db.spare[:last]
	c.time, c.pending = now, wal.Pending{}
	return c
}

// maxKeptBuffer is the largest encoding buffer kept for the next commit.
const maxKeptBuffer = 1 << 20

// durable is the log's call for a batch that has reached what its mode
// promises. Calls come one at a time, in LSN order.
func (db *DB) durable(b wal.Batch) {
	var bytes int64
	for _, it := range b.Items {
		c := it.(*stagedCommit)
		db.apply(c)
		bytes += c.size
	}
	db.applied()
	db.m.Publish(b.Last)
	db.staged.drop(b.Last)
	db.compactor.grown(bytes, db.opts.Compaction, db.m.Bytes())
}

// apply changes the map, at the latest when applied is called: the map takes in
// many versions for less than it takes them in one by one.
func (db *DB) apply(c *stagedCommit) {
	for i := range c.muts {
		if v := c.made[i]; v.Made() {
			if len(db.writes) == maxWrites {
				db.applied()
			}
			db.writes = append(db.writes, mvcc.Write{Bucket: c.muts[i].Bucket, Version: v, LSN: c.lsn})
		} else {
			db.applied()
			applyMutation(db.m, &c.muts[i], c.lsn)
		}
	}
}

// applied brings the map up to what apply was called for.
func (db *DB) applied() {
	db.m.SetVersions(db.writes)
	clear(db.writes)
	db.writes = db.writes[:0]
}

// maxWrites is how many versions wait for applied.
const maxWrites = 1024

// checkMemory refuses a commit that adds values beyond the limit.
func (db *DB) checkMemory(muts []record.Mutation) error {
	limit := db.opts.MemoryLimit
	if limit <= 0 {
		return nil
	}
	var add int64
	for i := range muts {
		if muts[i].Op == record.OpSet {
			add += int64(len(muts[i].Key) + len(muts[i].Value))
		}
	}
	if add == 0 {
		return nil
	}
	if size := db.m.Bytes() + db.staged.size() + add; size > limit {
		return &SizeError{Err: ErrMemoryLimit, Size: size, Limit: limit}
	}
	return nil
}
