package recovery

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// StartLog opens the log for appending where recovery says that it goes on:
// in the last segment, in a new one behind what was cut or sealed, or, in a new
// store, in the first, which makes the store exist. It sets o.FS, o.Dir, o.Store
// and o.Rotated (one that is given is called after MANIFEST knows the segment),
// and o.Now, o.Rand and o.Logger where they are nil. It is called once.
func (s *Store) StartLog(o wal.Options) (*wal.Log, error) {
	if s.ReadOnly {
		return nil, ErrReadOnly
	}
	o.FS, o.Dir, o.Store = s.FS, vfs.Join(s.Dir, WALDir), s.Manifest.Get().Store
	if o.Now == nil {
		o.Now = s.now
	}
	if o.Rand == nil {
		o.Rand = s.random
	}
	if o.Logger == nil {
		o.Logger = s.logger
	}
	told := o.Rotated
	o.Rotated = func(seq uint64) error {
		// The segment's name is durable, its first frame is not written. Were
		// MANIFEST to come later, a crash would leave frames in a segment that
		// it does not know, which is damage; were it to come before the name
		// was durable, it could name a segment that a crash took away.
		err := s.Manifest.Update(func(m *Manifest) error {
			m.Active = seq
			return nil
		})
		if err == nil && told != nil {
			err = told(seq)
		}
		return err
	}
	if s.New {
		return s.create(o)
	}
	if o.Mode != wal.Always {
		// Before the first commit that somebody may see and a crash may take.
		if err := s.Manifest.Update(lazy(true)); err != nil {
			return nil, err
		}
	}
	switch {
	case s.NextLSN > s.Tail.NextLSN:
		return wal.StartAfter(o, s.Tail, s.NextLSN)
	}
	return wal.Continue(o, s.Tail)
}

// create makes the first segment and then MANIFEST. In this order: from the
// moment that MANIFEST exists, a missing first segment is damage and not a
// creation that came half-way.
func (s *Store) create(o wal.Options) (*wal.Log, error) {
	log, err := wal.Create(o, s.NextLSN)
	if err != nil {
		return nil, err
	}
	if err := s.Manifest.Update(lazy(o.Mode != wal.Always)); err != nil {
		return nil, also(err, log.Close())
	}
	return log, nil
}

// Close closes the log that StartLog opened and, when that went well, remembers
// that nothing of it can be missing. A program that closes the log alone loses
// nothing; but in the lazier modes the next open then goes on in a new segment,
// as after a crash.
func (s *Store) Close(log *wal.Log) error {
	if err := log.Close(); err != nil {
		return err
	}
	if !s.Manifest.Get().Lazy {
		return nil
	}
	return s.Manifest.Update(lazy(false))
}

func lazy(is bool) func(*Manifest) error {
	return func(m *Manifest) error {
		m.Lazy = is
		return nil
	}
}

// Discard takes a listed snapshot that turned out to be rotten (cause says how)
// or missing out of the store: what there is of it moves to quarantine/, and it
// is de-listed, so that it never again counts as one to fall back on. A
// *ManifestError is as from Update.
func (s *Store) Discard(ref SnapshotRef, cause error) error {
	if s.ReadOnly {
		return ErrReadOnly
	}
	name := snapshotPath(s.Dir, ref.LSN)
	to, err := moveToQuarantine(s.FS, s.Dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		to, err = "", nil // missing: there is nothing to keep
	}
	if err != nil {
		return fmt.Errorf("recovery: discard a snapshot: %w", err)
	}
	// A crash from here on leaves MANIFEST listing a missing snapshot, which
	// the next open de-lists.
	if err := syncMove(s.FS, s.Dir); err != nil {
		return fmt.Errorf("recovery: discard a snapshot: %w", err)
	}
	s.logger.Warn("snapshot rejected", "file", name, "lsn", ref.LSN, "quarantine", to, "err", cause)
	return s.Manifest.Update(func(m *Manifest) error {
		for i := range m.Snapshots {
			if m.Snapshots[i].LSN == ref.LSN {
				m.Snapshots = append(m.Snapshots[:i], m.Snapshots[i+1:]...)
				break
			}
		}
		return nil
	})
}
