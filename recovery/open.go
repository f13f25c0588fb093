package recovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Open recovers the store in o.Dir, or begins a new one where there is none.
// The caller holds the store's lock, unless o.ReadOnly.
//
// Errors: *CorruptionError, *VersionError, *NotAStoreError,
// *snapshot.UnknownCodecError; what the file system said; what the Loader said.
// After an error the directory is as it was, or some of the mending was done,
// which the next Open does not need to do again. A disk too full for the mending
// is no error: see Store.ReadOnlyReason.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	start := o.Now()
	s, err := open(ctx, o)
	if err != nil {
		var damage *CorruptionError
		if errors.As(err, &damage) {
			damage.Next = fmt.Sprintf("kvctl verify %s explains, kvctl recover %s --output NEW salvages", o.Dir, o.Dir)
		}
		o.Logger.Error("recovery failed", "dir", o.Dir, "err", err)
		return nil, err
	}
	s.Report.ReadOnly, s.Report.ReadOnlyReason = s.ReadOnly, s.ReadOnlyReason
	s.Report.NextLSN = s.NextLSN
	s.Report.Duration = o.Now().Sub(start)
	s.Report.log(o.Logger, o.Dir)
	return s, nil
}

func open(ctx context.Context, o Options) (*Store, error) {
	if err := Check(o.FS, o.Dir); err != nil {
		return nil, err
	}
	_, err := o.FS.Stat(vfs.Join(o.Dir, ManifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return begin(ctx, o)
	case err != nil:
		return nil, err
	case o.ReadOnly:
		return openReadOnly(ctx, o)
	}
	return openWritable(ctx, o)
}

// openWritable reads, judges, mends.
func openWritable(ctx context.Context, o Options) (*Store, error) {
	a := &attempt{o: o, report: &Report{}}
	if err := also(a.read(ctx), a.close()); err != nil {
		return nil, err
	}
	m := newMender(a)
	var doing string
	err := a.report.phase(o.Now, "mend", func() (err error) {
		doing, err = m.mend(ctx)
		return err
	})
	switch {
	case err == nil:
		return a.store(m.file, m.raised), nil
	case !noRoom(err):
		return nil, err
	}
	full := &DiskFullError{Op: doing, Err: err}
	o.Logger.Warn("no room for recovery", "dir", o.Dir, "err", full)
	if doing == stepRewrite {
		// The end of the log may stand in memory only. What is proven can be
		// read all the same.
		o.ReadOnly = true
		o.Loader.Reset()
		s, err := openReadOnly(ctx, o)
		if err != nil {
			return nil, err
		}
		s.ReadOnlyReason = full
		return s, nil
	}
	s := a.store(newManifestFile(o.FS, o.Dir, m.file.Get(), true), m.raised)
	s.ReadOnly, s.ReadOnlyReason = true, full
	return s, nil
}

// store is what an attempt comes to; floor is the least LSN for the next commit.
func (a *attempt) store(file *ManifestFile, floor uint64) *Store {
	a.report.LastLSN = a.lastLSN
	a.tail.First = a.manifest.First
	return &Store{
		FS: a.o.FS, Dir: a.o.Dir, Manifest: file, Report: a.report,
		Tail: a.tail, SnapshotLSN: a.report.SnapshotLSN,
		NextLSN: max(a.tail.NextLSN, floor, a.report.SnapshotLSN+1),
		logger:  a.o.Logger, now: a.o.Now, random: a.o.Rand,
	}
}

// attempts bounds how often a reader starts again. Each time, a writer would
// have to compact, or to leave a segment, between two looks at the directory.
const attempts = 20

// openReadOnly reads beside a writer that may be alive. What looks wrong is
// believed only when it looks the same twice and MANIFEST has not changed: a
// compaction may have taken files away, a rotation may have added one, between
// reading MANIFEST and looking for them.
func openReadOnly(ctx context.Context, o Options) (*Store, error) {
	var last error
	for n := 0; ; n++ {
		a := &attempt{o: o, report: &Report{}}
		err := also(a.read(ctx), a.close())
		if err == nil {
			return a.readOnlyStore(), nil
		}
		if !mayBeAlive(err) || n == attempts {
			return nil, err
		}
		same := last != nil && last.Error() == err.Error()
		now, merr := readManifest(o.FS, o.Dir)
		if same && (merr != nil || now.Generation == a.manifest.Generation) {
			return nil, err
		}
		last = err
		o.Logger.Debug("reading again", "dir", o.Dir, "err", err)
		o.Loader.Reset()
	}
}

// mayBeAlive tells errors that a writer at work can cause in a reader: what
// looks like damage, a file that has gone, one that was trimmed while it was read.
func mayBeAlive(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (a *attempt) readOnlyStore() *Store {
	s := a.store(newManifestFile(a.o.FS, a.o.Dir, a.manifest, true), 0)
	s.ReadOnly = true
	return s
}

// begin makes a store where there is no MANIFEST. Directories are all that it
// creates; the store comes into being in StartLog.
func begin(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		FS: o.FS, Dir: o.Dir, New: true, ReadOnly: o.ReadOnly, NextLSN: 1,
		Report: &Report{New: true}, logger: o.Logger, now: o.Now, random: o.Rand,
	}
	m := Manifest{Version: manifestVersion, First: 1, Active: 1, Created: o.Now().UnixMilli()}
	newUUID(&m.Store, o.Rand)
	if o.ReadOnly {
		l, err := readLayout(o.FS, o.Dir)
		if err != nil {
			return nil, err
		}
		err = leavingsOnly(ctx, o.FS, l)
		if _, gone := o.FS.Stat(vfs.Join(o.Dir, ManifestName)); gone == nil {
			return openReadOnly(ctx, o) // it was made while we looked
		}
		s.Manifest = newManifestFile(o.FS, o.Dir, m, true)
		return s, err
	}
	s.Report.Store = m.Store
	s.Manifest = newManifestFile(o.FS, o.Dir, m, false)
	return s, makeDirectories(ctx, o, s.Report)
}

// makeDirectories makes what is missing, each with its parent synced: without
// that, a power cut could take the directory away with all that it holds. Even
// those that are there may be so in memory only.
func makeDirectories(ctx context.Context, o Options, report *Report) error {
	if err := vfs.MkdirAll(o.FS, o.Dir); err != nil {
		return err
	}
	l, err := readLayout(o.FS, o.Dir)
	if err != nil {
		return err
	}
	if err := leavingsOnly(ctx, o.FS, l); err != nil {
		return err
	}
	for _, sub := range []string{WALDir, SnapshotDir, QuarantineDir} {
		if err := vfs.MkdirAll(o.FS, vfs.Join(o.Dir, sub)); err != nil {
			return err
		}
	}
	leavings := l.temps
	for _, s := range l.segments {
		leavings = append(leavings, segmentPath(o.Dir, s.number))
	}
	report.Foreign = l.foreign
	report.Swept = sweep(o.FS, o.Logger, leavings)
	return nil
}

// leavingsOnly makes sure that a directory without MANIFEST has never had one:
// MANIFEST is made before the first frame, so a frame or a snapshot says that it
// is lost.
func leavingsOnly(ctx context.Context, fsys vfs.FS, l *layout) error {
	lost := func(because string) error {
		return &CorruptionError{File: vfs.Join(l.dir, ManifestName), Offset: -1, LSN: 1,
			Reason: "it is missing, and this is no interrupted creation: there is " + because, Err: fs.ErrNotExist}
	}
	if len(l.snapshots) > 0 {
		return lost(snapshotPath(l.dir, l.snapshots[0].number))
	}
	for _, f := range l.segments {
		name := segmentPath(l.dir, f.number)
		if f.number != 1 {
			return lost(name)
		}
		s, err := wal.OpenSegment(fsys, name)
		if err != nil {
			if err = translate(err, name, 0, 1); errors.Is(err, ErrCorrupt) {
				return lost(name + ", which is no empty segment")
			}
			return err
		}
		end, err := s.DataEnd(ctx, wal.HeaderBlock)
		if err := also(err, s.Close()); err != nil {
			return err
		}
		if end > wal.HeaderBlock {
			return lost(name + ", which holds frames")
		}
	}
	return nil
}

// newUUID fills in a random UUID (RFC 9562, version 4).
func newUUID(u *[16]byte, random func() uint64) {
	for i := 0; i < len(u); i += 8 {
		r := random()
		for j := range 8 {
			u[i+j] = byte(r >> (8 * j))
		}
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
}
