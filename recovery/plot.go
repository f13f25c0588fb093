package recovery

import (
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// UnfinishedName is a file that says that a store is being made of a backup, or
// of what was salvaged. Without MANIFEST beside it the making did not finish:
// the directory is no store, Open says so, and the same command begins again.
const UnfinishedName = "UNFINISHED"

const unfinishedText = "A restore or a recovery is writing a store here. If it was interrupted, run it\n" +
	"again, or remove this directory: nothing in it is of use to anybody.\n"

// Vacant says whether a store can be made in dir by Restore or Recover: it does
// not exist, is empty, or holds what an interrupted making left. If not, the
// error matches fs.ErrExist and names what is in the way. It changes nothing.
func Vacant(fsys vfs.FS, dir string) error {
	l, err := readLayout(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.vacant()
}

func (l *layout) vacant() error {
	taken := func(path string) error { return &fs.PathError{Op: "make a store beside", Path: path, Err: fs.ErrExist} }
	switch {
	case l.unfinished():
	case l.manifest:
		return taken(vfs.Join(l.dir, ManifestName))
	case len(l.segments) > 0:
		return taken(segmentPath(l.dir, l.segments[0].number))
	case len(l.snapshots) > 0:
		return taken(snapshotPath(l.dir, l.snapshots[0].number))
	}
	if len(l.foreign) > 0 {
		return taken(l.foreign[0])
	}
	if len(l.hidden) > 0 {
		return taken(l.hidden[0])
	}
	return nil
}

// unfinished says that a making was interrupted here. The marker alone is not
// believed: a power cut may have brought it back. Had the store ever been used,
// there would be frames, or more than one snapshot, and its MANIFEST is lost.
func (l *layout) unfinished() bool {
	return l.marker && !l.manifest && len(l.snapshots) <= 1 &&
		(len(l.segments) == 0 || len(l.segments) == 1 && l.segments[0].number == 1 && l.segments[0].size <= wal.HeaderBlock)
}

// plot is a directory in which a store is about to be made of a snapshot. The
// order is that of every creation: directories, the snapshot, the first segment,
// and MANIFEST last, so that until then there is no store. The marker is there
// before anything else and goes after MANIFEST has come: whatever a crash leaves
// in between is told from a store that lost its MANIFEST.
type plot struct {
	fs     vfs.FS
	dir    string
	now    func() time.Time
	random func() uint64
	store  [16]byte
	lock   io.Closer // nobody else makes a store here meanwhile
	made   bool      // the directory is ours
}

// newPlot takes the directory and makes those below it.
func newPlot(fsys vfs.FS, dir string, now func() time.Time, random func() uint64) (*plot, error) {
	p := &plot{fs: fsys, dir: dir, now: now, random: random}
	newUUID(&p.store, random)
	// Before anything is created: is this a place for a store?
	if err := Vacant(fsys, dir); err != nil {
		return nil, err
	}
	_, err := fsys.Stat(dir)
	if p.made = errors.Is(err, fs.ErrNotExist); err != nil && !p.made {
		return nil, err
	}
	if err := vfs.MkdirAll(fsys, dir); err != nil {
		return nil, p.leave(err)
	}
	if p.lock, err = fsys.Lock(vfs.Join(dir, LockName)); err != nil {
		if errors.Is(err, vfs.ErrLocked) {
			return nil, err // it is somebody else's
		}
		return nil, p.leave(err)
	}
	// Again, now that nobody else can be at it.
	if err := Vacant(fsys, dir); errors.Is(err, fs.ErrExist) {
		return nil, also(err, p.lock.Close())
	} else if err != nil {
		return nil, p.leave(err)
	}
	if err := p.prepare(); err != nil {
		return nil, p.leave(err)
	}
	return p, nil
}

// prepare sets the marker, takes away what an interrupted making left, and makes
// the directories. Even a marker that is there may be so in memory only.
func (p *plot) prepare() error {
	err := publish(p.fs, vfs.Join(p.dir, UnfinishedName), func(f vfs.File) error {
		_, err := f.WriteAt([]byte(unfinishedText), 0)
		return err
	})
	if err != nil {
		return err
	}
	l, err := readLayout(p.fs, p.dir)
	if err != nil {
		return err
	}
	old := l.temps
	for _, s := range l.segments {
		old = append(old, segmentPath(p.dir, s.number))
	}
	for _, s := range l.snapshots {
		old = append(old, snapshotPath(p.dir, s.number))
	}
	for _, name := range old {
		if err := p.fs.Remove(name); err != nil {
			return err
		}
	}
	for _, sub := range []string{WALDir, SnapshotDir, QuarantineDir} {
		if err := vfs.MkdirAll(p.fs, vfs.Join(p.dir, sub)); err != nil {
			return err
		}
	}
	return nil
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

// leave ends the making. When it failed, everything is taken away again, as far
// as it can be done, the marker last. Where MANIFEST may be there, the store may
// be there: nothing is touched, not even the marker, which Open sweeps.
func (p *plot) leave(err error) error {
	var m *ManifestError
	switch {
	case err == nil:
		// It means nothing beside MANIFEST. Whether it goes at once is no matter.
		_ = p.fs.Remove(vfs.Join(p.dir, UnfinishedName))
	case errors.As(err, &m) && m.Replaced:
	default:
		err = p.clear(err)
	}
	if p.lock != nil {
		err = also(err, p.lock.Close())
	}
	return err
}

func (p *plot) clear(err error) error {
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
	if l, lerr := readLayout(p.fs, p.dir); lerr == nil {
		for _, name := range l.temps {
			err = joinUnlessGone(err, p.fs.Remove(name))
		}
	}
	err = joinUnlessGone(err, p.fs.Remove(vfs.Join(p.dir, UnfinishedName)))
	if p.lock != nil {
		// Nobody can have come to rely on it: there never was a store.
		err = joinUnlessGone(err, p.fs.Remove(vfs.Join(p.dir, LockName)))
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
