package recovery

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
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
// leaves the directory as it was, a crash leaves what Open refuses. The store has
// a UUID of its own, so that its log is never taken for the original's; it keeps
// the backup's bytes and LSNs. A directory that holds anything is refused with an
// error that matches fs.ErrExist.
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

// plot is a directory in which a store is about to be made of a snapshot. The
// order is that of every creation: directories, the snapshot, the first segment,
// and MANIFEST last, so that until then there is no store.
type plot struct {
	fs     vfs.FS
	dir    string
	now    func() time.Time
	random func() uint64
	store  [16]byte
	made   bool // the directory is ours
}

// newPlot makes the directories.
func newPlot(fsys vfs.FS, dir string, now func() time.Time, random func() uint64) (*plot, error) {
	p := &plot{fs: fsys, dir: dir, now: now, random: random}
	newUUID(&p.store, random)
	entries, err := fsys.List(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.made = true
	case err != nil:
		return nil, err
	case len(entries) > 0:
		return nil, &fs.PathError{Op: "make a store in", Path: dir, Err: fs.ErrExist}
	}
	for _, d := range []string{dir, vfs.Join(dir, WALDir), vfs.Join(dir, SnapshotDir), vfs.Join(dir, QuarantineDir)} {
		if err := vfs.MkdirAll(fsys, d); err != nil {
			return nil, p.leave(err)
		}
	}
	return p, nil
}

// plant makes the store: the log goes on behind the snapshot (from the beginning
// when there is none), and no LSN below floor is given out.
func (p *plot) plant(ref *SnapshotRef, floor uint64) error {
	m := Manifest{Version: manifestVersion, Store: p.store, First: 1, Active: 1, NextLSN: floor, Created: p.now().UnixMilli()}
	first := uint64(1)
	if ref != nil {
		m.Snapshots = []SnapshotRef{*ref}
		first = ref.LSN + 1
	}
	log, err := wal.Create(wal.Options{
		FS: p.fs, Dir: vfs.Join(p.dir, WALDir), Store: p.store, Rand: p.random, Now: p.now,
	}, first)
	if err != nil {
		return err
	}
	if err := log.Close(); err != nil {
		return err
	}
	return newManifestFile(p.fs, p.dir, m, false).Update(func(*Manifest) error { return nil })
}

// leave takes everything away again when the making failed, as far as it can be
// done. Where MANIFEST may be there, the store may be there: nothing is touched.
func (p *plot) leave(err error) error {
	var m *ManifestError
	if err == nil || errors.As(err, &m) && m.Replaced {
		return err
	}
	for _, sub := range []string{WALDir, SnapshotDir, QuarantineDir} {
		d := vfs.Join(p.dir, sub)
		entries, lerr := p.fs.List(d)
		if lerr != nil {
			continue
		}
		for _, e := range entries {
			err = joinUnlessGone(err, p.fs.Remove(vfs.Join(d, e.Name)))
		}
		err = joinUnlessGone(err, p.fs.Remove(d))
	}
	if p.made {
		err = joinUnlessGone(err, p.fs.Remove(p.dir))
	}
	return err
}

func joinUnlessGone(err, more error) error {
	if errors.Is(more, fs.ErrNotExist) {
		more = nil
	}
	return also(err, more)
}
