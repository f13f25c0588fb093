package recovery

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
)

// RestoreOptions configure Restore. FS and Dir are required.
type RestoreOptions struct {
	FS     vfs.FS
	Dir    string           // the new store's directory: it does not exist, or is empty
	Codecs []snapshot.Codec // those that the backup may be compressed with
	Logger *slog.Logger
	Now    func() time.Time
	Rand   func() uint64
}

// Restore makes a new store of a backup, which is a snapshot as a stream. The
// stream is verified as a whole before the store comes into being; an error
// leaves the directory as it was, a crash leaves what Open refuses and another
// Restore starts over (see Vacant). The store has a UUID of its own, so that its
// log is never taken for the original's; it keeps the backup's bytes and LSNs. A
// directory that holds anything is refused with an error that matches
// fs.ErrExist, one that somebody is making a store in with vfs.ErrLocked.
func Restore(ctx context.Context, o RestoreOptions, backup io.Reader) (meta snapshot.Meta, sum snapshot.Summary, err error) {
	_, o.Now, o.Rand = defaults(o.Logger, o.Now, o.Rand)
	p, err := newPlot(o.FS, o.Dir, o.Now, o.Rand)
	if err != nil {
		return meta, sum, err
	}
	defer func() { err = p.leave(err) }()
	meta, sum, err = snapshot.Receive(ctx, o.FS, vfs.Join(o.Dir, SnapshotDir), backup, snapshot.ReaderOptions{Codecs: o.Codecs})
	if err != nil {
		return meta, sum, err
	}
	return meta, sum, p.plant(&SnapshotRef{
		LSN: meta.LSN, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest, Origin: meta.Store,
	}, 0)
}
