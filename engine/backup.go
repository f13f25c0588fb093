package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
)

// BackupInfo describes a backup.
type BackupInfo struct {
	LSN     uint64   // the newest commit in it
	Entries uint64   // keys
	Size    int64    // bytes written
	Digest  [32]byte // SHA-256 of the contents: equal contents, equal digests
}

// Backup writes a consistent image of the whole state to w while the database
// is in use: a snapshot file, as a stream. What it holds is durable before it is
// written. It keeps the versions it reads in memory until it is done. The
// backup is complete only when Backup returns nil.
func (db *DB) Backup(ctx context.Context, w io.Writer) (BackupInfo, error) {
	if db.isClosed() {
		return BackupInfo{}, ErrClosed
	}
	snap := db.m.Snapshot(db.opts.Clock().UnixMilli())
	defer snap.Close()
	meta := snapshot.Meta{LSN: snap.LSN(), Created: db.opts.Clock().UnixMilli()}
	if db.store != nil {
		meta.Store = db.store.Manifest.Get().Store
	}
	if db.log != nil {
		if err := db.log.Sync(ctx); err != nil {
			return BackupInfo{}, fmt.Errorf("engine: backup: %w", err)
		}
	}
	sw, err := snapshot.NewWriter(w, meta, snapshot.WriterOptions{Codec: db.opts.SnapshotCodec})
	if err != nil {
		return BackupInfo{}, fmt.Errorf("engine: backup: %w", err)
	}
	if err := db.writeState(ctx, snap, sw); err != nil {
		return BackupInfo{}, fmt.Errorf("engine: backup: %w", err)
	}
	sum, err := sw.Finish()
	if err != nil {
		return BackupInfo{}, fmt.Errorf("engine: backup: %w", err)
	}
	return BackupInfo{LSN: meta.LSN, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}, nil
}

// Restore creates a store in dir from a backup. dir must not exist or be empty
// (ErrNotEmpty), or hold what an interrupted Restore left, which begins again. The
// backup is checked whole before the store comes into being; until then an error
// leaves nothing, and a crash what Open refuses as unfinished (*NotAStoreError). The new store has an identity
// of its own, so that its log is never taken for the original's; LSNs and
// contents are the backup's.
func Restore(ctx context.Context, dir string, r io.Reader, o *Options) (BackupInfo, error) {
	opts := o.resolved()
	meta, sum, err := recovery.Restore(ctx, recovery.RestoreOptions{
		FS: opts.FS, Dir: dir, Codecs: opts.Codecs, Now: opts.Clock, Rand: opts.Rand, Logger: opts.Logger,
	}, r)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w: %w", ErrNotEmpty, err)
	}
	if err != nil {
		return BackupInfo{}, fmt.Errorf("engine: restore to %s: %w", dir, err)
	}
	return BackupInfo{LSN: meta.LSN, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}, nil
}
