package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// compactor makes snapshots so that the log can be short. Its order of steps,
// and the crash that each survives:
//
//  1. A snapshot of the map is taken, and the log synced up to its LSN. A
//     published image never holds more than the log has made durable.
//  2. The image is written under a temporary name, synced, renamed, the
//     directory synced, and read back. Until here a crash leaves a stray file.
//  3. MANIFEST names the new image and moves the log's first segment forward. It
//     leans on the second-newest image for that, which is read and verified
//     again first: should the newest ever rot, that one and the log behind it
//     must carry the whole state.
//  4. Only then are files removed. A crash among the removals leaves strays that
//     the next open sweeps.
//
// An error before MANIFEST may have been replaced drops the attempt and is
// retried later; afterwards it ends all writing, and nothing is removed.
type compactor struct {
	turn chan struct{} // one compaction at a time
	kick chan struct{} // something to look at

	logBytes   atomic.Int64 // of records behind the newest snapshot
	replayRate atomic.Int64 // bytes a second, from the last recovery

	done     atomic.Int64 // compactions that finished
	failures atomic.Int64
	lastErr  atomic.Pointer[error]
	lastTook atomic.Int64 // ns
}

// assumedReplayRate is used until a recovery has measured one.
const assumedReplayRate = 100 << 20

// CompactionInfo says what a compaction did.
type CompactionInfo struct {
	LSN             uint64        // of the newest snapshot
	Entries         uint64        // in it
	SnapshotBytes   int64         // its size on disk
	Made            bool          // false when there was nothing new to write
	SegmentsRemoved int           // log files that nothing needs any more
	Took            time.Duration // in all, by Options.Clock
}

// Compact writes a snapshot of the current state and removes the part of the
// log that the second-newest snapshot makes unnecessary. It blocks neither
// readers nor writers. The background does the same when Options.Compaction
// says so.
func (db *DB) Compact(ctx context.Context) (CompactionInfo, error) {
	if err := db.writeErr(); err != nil {
		return CompactionInfo{}, err
	}
	if db.log == nil {
		return CompactionInfo{}, nil
	}
	select {
	case db.compactor.turn <- struct{}{}:
		defer func() { <-db.compactor.turn }()
	case <-ctx.Done():
		return CompactionInfo{}, ctx.Err()
	case <-db.closing:
		return CompactionInfo{}, ErrClosed
	}
	start := db.opts.Clock()
	info, err := db.compact(ctx)
	info.Took = db.opts.Clock().Sub(start)
	c := &db.compactor
	c.lastTook.Store(int64(info.Took))
	if err != nil {
		c.failures.Add(1)
		c.lastErr.Store(&err)
		db.opts.Logger.Warn("compaction failed", "err", err)
		return info, fmt.Errorf("engine: compact: %w", err)
	}
	c.done.Add(1)
	c.lastErr.Store(nil)
	db.opts.Logger.Info("compacted", "lsn", info.LSN, "entries", info.Entries,
		"snapshot_bytes", info.SnapshotBytes, "segments_removed", info.SegmentsRemoved, "took", info.Took)
	return info, nil
}

func (db *DB) compact(ctx context.Context) (info CompactionInfo, err error) {
	// Leaving the active segment lets it be removed as soon as an image covers
	// it, instead of when 64 MiB more have been written.
	if err := db.log.Rotate(ctx); err != nil {
		return info, err
	}
	ref, made, err := db.makeSnapshot(ctx)
	if err != nil {
		return info, err
	}
	info = CompactionInfo{LSN: ref.LSN, Entries: ref.Entries, SnapshotBytes: ref.Size, Made: made}
	info.SegmentsRemoved, err = db.retire(ctx)
	return info, err
}

// makeSnapshot publishes an image of the current state and names it in
// MANIFEST, unless the newest image already is that.
func (db *DB) makeSnapshot(ctx context.Context) (ref recovery.SnapshotRef, made bool, err error) {
	snap := db.m.Snapshot(db.opts.Clock().UnixMilli())
	defer snap.Close()
	lsn := snap.LSN()
	counted := db.compactor.logBytes.Load()
	if last := newestSnapshot(db.store.Manifest.Get()); last.LSN == lsn {
		return last, false, nil
	}
	if err := db.log.Sync(ctx); err != nil {
		return ref, false, err
	}
	if d := db.log.Durable(); d < lsn {
		return ref, false, fmt.Errorf("log is durable up to %d, short of the image at %d", d, lsn)
	}
	sum, err := snapshot.Publish(ctx, db.opts.FS, db.snapDir(), db.snapshotMeta(lsn), snapshot.WriterOptions{Codec: db.opts.SnapshotCodec},
		func(w *snapshot.Writer) error { return db.writeState(ctx, snap, w) })
	if err != nil {
		return ref, false, err
	}
	ref = recovery.SnapshotRef{LSN: lsn, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}
	err = db.store.Manifest.Update(func(m *recovery.Manifest) error {
		m.Snapshots = append(m.Snapshots, ref)
		return nil
	})
	if err != nil {
		if err = db.manifestFailed(err); db.failed.Load() == nil {
			// Nothing will ever name the image. Were it to stay it would be a
			// stray, which the next open sweeps.
			_ = db.opts.FS.Remove(filepath.Join(db.snapDir(), snapshot.Name(lsn)))
		}
		return ref, false, err
	}
	db.compactor.logBytes.Add(-counted)
	return ref, true, nil
}

// writeState streams the state at a snapshot of the map, in the order that
// images have.
func (db *DB) writeState(ctx context.Context, snap *mvcc.Snapshot, w *snapshot.Writer) error {
	var e record.Entry
	for _, b := range db.m.Buckets() {
		e.Bucket = b.Name()
		n := 0
		for it := range b.Ascend(nil, nil, snap.LSN()) {
			if n++; n%1024 == 0 {
				if err := db.cancelled(ctx); err != nil {
					return err
				}
			}
			e.Key, e.Value, e.LSN, e.Deadline = it.Key, it.Value, it.LSN, it.Deadline
			if err := w.Add(&e); err != nil {
				return err
			}
		}
	}
	return db.cancelled(ctx)
}

// cancelled ends long work when its caller gives up or the database closes.
func (db *DB) cancelled(ctx context.Context) error {
	if db.isClosed() {
		return ErrClosed
	}
	return ctx.Err()
}

// retire moves the beginning of the log forward and drops images beyond those
// that are kept.
func (db *DB) retire(ctx context.Context) (segments int, err error) {
	m := db.store.Manifest.Get()
	if len(m.Snapshots) < minSnapshots {
		return 0, nil
	}
	// The image that the whole state would rest on if the newest rotted.
	second := m.Snapshots[len(m.Snapshots)-2]
	if err := db.store.CheckSnapshot(ctx, second, db.opts.Codecs); err != nil {
		if !errors.Is(err, recovery.ErrCorrupt) {
			return 0, err // it could not be read: nothing may lean on it, nothing goes
		}
		if derr := db.store.Discard(second, err); derr != nil {
			return 0, db.manifestFailed(derr)
		}
		return 0, fmt.Errorf("an older snapshot is damaged and was set aside; the log it covers stays: %w", err)
	}
	first := m.First
	for _, s := range db.log.Segments() {
		if s.Seq > first && s.FirstLSN <= second.LSN+1 {
			first = s.Seq
		}
	}
	drop := m.Snapshots[:max(0, len(m.Snapshots)-db.opts.KeepSnapshots)]
	if first == m.First && len(drop) == 0 {
		return 0, nil
	}
	err = db.store.Manifest.Update(func(m *recovery.Manifest) error {
		m.First = first
		m.Snapshots = m.Snapshots[len(drop):]
		return nil
	})
	if err != nil {
		return 0, db.manifestFailed(err)
	}
	removed, err := db.log.TruncateFront(ctx, first)
	if err != nil {
		return len(removed), err
	}
	for _, s := range drop {
		if err := db.opts.FS.Remove(filepath.Join(db.snapDir(), snapshot.Name(s.LSN))); err != nil {
			return len(removed), err
		}
	}
	return len(removed), nil
}

// manifestFailed ends all writing when the name may already point to the new
// MANIFEST: what a crash would now bring back is not known. Before that point
// the old one stands, and the attempt is simply dropped.
func (db *DB) manifestFailed(err error) error {
	var me *recovery.ManifestError
	if errors.As(err, &me) && me.Replaced {
		db.fail(err)
	}
	return err
}

func (db *DB) snapDir() string { return filepath.Join(db.dir, "snap") }

func (db *DB) snapshotMeta(lsn uint64) snapshot.Meta {
	return snapshot.Meta{Store: db.store.Manifest.Get().Store, LSN: lsn, Created: db.opts.Clock().UnixMilli()}
}

func newestSnapshot(m recovery.Manifest) (last recovery.SnapshotRef) {
	if n := len(m.Snapshots); n > 0 {
		last = m.Snapshots[n-1]
	}
	return last
}

// grown tells the compactor of new log; it never blocks. The loop is woken only
// when there is something to do: a wake-up for every commit costs a lone writer
// more than all the rest of its commit.
func (c *compactor) grown(bytes int64, o CompactionOptions, live int64) {
	c.logBytes.Add(bytes)
	if o.Disabled || !c.due(o, live) {
		return
	}
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// due reports whether the options ask for a compaction now.
func (c *compactor) due(o CompactionOptions, live int64) bool {
	log := c.logBytes.Load()
	if o.RecoveryTime > 0 {
		replay := time.Duration(float64(log) / float64(c.replayRate.Load()) * float64(time.Second))
		if replay > o.RecoveryTime {
			return true
		}
	}
	return log >= o.MinLogSize && float64(log) >= o.Ratio*float64(live)
}

// compactLoop runs compactions until ctx ends. A failed attempt is retried with
// a delay that doubles up to a minute.
func (db *DB) compactLoop(ctx context.Context) {
	const first, most = time.Second, time.Minute
	delay := first
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.compactor.kick:
		}
		for db.compactor.due(db.opts.Compaction, db.m.Bytes()) {
			if _, err := db.Compact(ctx); err == nil {
				delay = first
				continue
			}
			if ctx.Err() != nil || db.writeErr() != nil {
				return
			}
			retry := time.NewTimer(delay)
			delay = min(2*delay, most)
			select {
			case <-ctx.Done():
				retry.Stop()
				return
			case <-retry.C:
			}
		}
	}
}
