package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/snapshot/zstd"
	"github.com/redis-lite/redis-lite/vfs"
)

// NoStoreError says that a directory that was to be read does not exist, or that
// one that was to be worked on is still Empty.
type NoStoreError struct {
	Dir   string
	Empty bool
}

func (e *NoStoreError) Error() string {
	if e.Empty {
		return e.Dir + " is an empty store: nothing was ever written to it"
	}
	return "there is no store at " + e.Dir
}

// Codecs are those that a snapshot may be compressed with: whatever program made
// the store, kvctl reads it.
func (a *App) Codecs() []snapshot.Codec {
	c, err := zstd.New()
	if err != nil {
		return nil // a snapshot that needs it will say so
	}
	return []snapshot.Codec{c}
}

// Options are the engine's options that all commands share.
func (a *App) Options() *engine.Options {
	return &engine.Options{FS: a.FS, Clock: a.Now, Codecs: a.Codecs(), SnapshotCodec: a.codec}
}

// KeepCodec makes what is written from now on be compressed as the store's newest
// snapshot is: the program that owns the store chose that. It is for commands
// that write snapshots.
func (a *App) KeepCodec() {
	s, err := inspect.Open(a.FS, a.StoreDir(), inspect.Options{Codecs: a.Codecs()})
	if err != nil {
		return // whoever opens the store says it better
	}
	list, err := s.Snapshots()
	if err != nil {
		return
	}
	for _, f := range list {
		if !f.Listed || f.Err != nil {
			continue
		}
		a.codec = nil
		for _, c := range a.Codecs() {
			if c.ID() == f.Meta.Codec {
				a.codec = c
			}
		}
	}
}

// Codec is what KeepCodec found; nil = no compression.
func (a *App) Codec() snapshot.Codec { return a.codec }

// OpenWrite opens the store for writing and makes it when it is not there.
// Somebody else's lock is a *vfs.LockedError: kvctl never waits for one.
func (a *App) OpenWrite(ctx context.Context) (*engine.DB, error) {
	return a.openToWrite(ctx, a.Options())
}

// openToWrite does not take less for an answer: a store that opens read-only,
// because the disk is too full to mend it, is an error.
func (a *App) openToWrite(ctx context.Context, o *engine.Options) (*engine.DB, error) {
	db, err := a.open(ctx, o)
	if err != nil {
		return nil, err
	}
	if r := db.RecoveryReport(); r != nil && r.ReadOnlyReason != nil {
		return nil, errors.Join(r.ReadOnlyReason, db.Close())
	}
	a.noteRecovery(db.RecoveryReport())
	return db, nil
}

// OpenOnce is OpenWrite for a command that is soon done, and for which it is not
// worth starting anything in the background.
func (a *App) OpenOnce(ctx context.Context) (*engine.DB, error) {
	o := a.Options()
	o.SweepEvery, o.Compaction.Disabled = -1, true
	return a.openToWrite(ctx, o)
}

// OpenServe is OpenWrite for the server, which removes expired keys itself.
// change, if any, changes the options further.
func (a *App) OpenServe(ctx context.Context, change func(*engine.Options)) (*engine.DB, error) {
	o := a.Options()
	o.SweepEvery = -1
	if change != nil {
		change(o)
	}
	return a.openToWrite(ctx, o)
}

// OpenExisting is OpenWrite for commands that make no sense on a store that is
// not there.
func (a *App) OpenExisting(ctx context.Context) (*engine.DB, error) {
	if made, err := a.made(); err != nil {
		return nil, err
	} else if !made {
		return nil, &NoStoreError{Dir: a.StoreDir(), Empty: true}
	}
	return a.OpenWrite(ctx)
}

// OpenRead opens the store for reading, and creates nothing: an empty directory,
// or one with the leavings of an interrupted creation, is an empty store, and
// one that does not exist a *NoStoreError.
//
// The lock is taken when it is free, so that everything the log holds is shown
// (and mended, as any opener does). When somebody else holds it, or this user
// may not write there, the store is read beside the writer: then what the log
// proves durable is shown.
func (a *App) OpenRead(ctx context.Context) (*engine.DB, error) {
	made, err := a.made()
	if err != nil {
		return nil, err
	}
	// A command that reads has no business compacting or sweeping.
	o := a.Options()
	o.SweepEvery, o.Compaction.Disabled = -1, true
	o.ReadOnly = !made
	db, err := a.open(ctx, o)
	if err != nil && made && readBeside(err) {
		o.ReadOnly = true
		db, err = a.open(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	a.noteRecovery(db.RecoveryReport())
	return db, nil
}

// readBeside reports whether a store that cannot be opened for writing might
// still be read.
func readBeside(err error) bool {
	return errors.Is(err, vfs.ErrLocked) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// made reports whether a store's creation has come to its end in the directory:
// from MANIFEST on, an opener for writing makes nothing new. A directory that
// is not there is a *NoStoreError.
func (a *App) made() (bool, error) {
	dir := a.StoreDir()
	if _, err := a.FS.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, &NoStoreError{Dir: dir}
	} else if err != nil {
		return false, err
	}
	switch _, err := a.FS.Stat(vfs.Join(dir, "MANIFEST")); {
	case err == nil:
		return true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return false, recovery.Check(a.FS, dir)
}

// open opens the store in a goroutine, so that a signal ends the wait at once: a
// recovery can be killed at any moment and starts over.
func (a *App) open(ctx context.Context, o *engine.Options) (*engine.DB, error) {
	type opened struct {
		db  *engine.DB
		err error
	}
	done := make(chan opened, 1)
	go func() {
		db, err := engine.Open(a.StoreDir(), o)
		done <- opened{db, err}
	}()
	select {
	case r := <-done:
		return r.db, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("opening %s: %w", a.StoreDir(), ctx.Err())
	}
}

// noteRecovery tells of what an opener should know: something was cut off, set
// aside, or could not be mended.
func (a *App) noteRecovery(r *recovery.Report) {
	if r == nil {
		return
	}
	if c := r.Cut; c != nil && c.Quarantine != "" {
		a.Notef("recovered: the log ended in a torn tail, which a crash leaves; %s at offset %d of %s were cut off and kept in %s",
			Size(c.Bytes), c.Offset, c.File, c.Quarantine)
	}
	for _, s := range r.Rejected {
		a.Notef("the snapshot of LSN %d cannot be used, an older one and the log are: %v", s.LSN, s.Err)
	}
	if r.ReadOnlyReason != nil {
		a.Notef("%v", r.ReadOnlyReason)
	}
}

// With opens a store, runs fn on it and closes it, and says which of the two
// went wrong.
func With(ctx context.Context, open func(context.Context) (*engine.DB, error), fn func(*engine.DB) error) error {
	db, err := open(ctx)
	if err != nil {
		return err
	}
	err = fn(db)
	if cerr := db.Close(); cerr != nil && err == nil {
		err = fmt.Errorf("closing the store: %w", cerr)
	}
	return err
}

// MustExist is for commands that look at a directory without opening the store.
func (a *App) MustExist() error {
	_, err := a.FS.Stat(a.StoreDir())
	if errors.Is(err, fs.ErrNotExist) {
		return &NoStoreError{Dir: a.StoreDir()}
	}
	return err
}
