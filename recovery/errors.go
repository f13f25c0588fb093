package recovery

import (
	"errors"
	"fmt"
	"syscall"
)

// CorruptionError says that a file of the store holds what no crash can have
// left there: rot, a gap, a foreign or duplicated file, a missing one. Nothing
// has been changed. `kvctl verify` lists all that is wrong with the store,
// `kvctl recover --output NEW` salvages what can be had into a new directory.
type CorruptionError struct {
	File   string // path of the file
	Offset int64  // where in it, in bytes; -1 when the whole file is meant
	LSN    uint64 // the first LSN that cannot be had because of it; 0 when none is known
	Reason string // what was found, and what was expected
	Next   string // what to do about it; "" where the caller knows better
	Err    error  // the cause, which Reason tells already; may be nil
}

// where is the place, for a sentence.
func (e *CorruptionError) where() string {
	if e.Offset >= 0 {
		return fmt.Sprintf("%s at offset %d", e.File, e.Offset)
	}
	return e.File
}

func (e *CorruptionError) Error() string {
	s := e.where()
	if e.LSN != 0 {
		s = fmt.Sprintf("%s (LSN %d)", s, e.LSN)
	}
	s += ": damaged: " + e.Reason
	if e.Next != "" {
		s += " (" + e.Next + ")"
	}
	return s
}

// Unwrap returns the cause, if another package reported it.
func (e *CorruptionError) Unwrap() error { return e.Err }

// ErrCorrupt matches every *CorruptionError under errors.Is.
var ErrCorrupt = errors.New("recovery: damaged")

// Is makes errors.Is(err, ErrCorrupt) hold.
func (e *CorruptionError) Is(target error) bool { return target == ErrCorrupt }

// VersionError says that a file is sound and of a format that this program does
// not know: a newer program wrote it. Such a file is never cut and never
// replaced; use the program that wrote it, or a newer one.
type VersionError struct {
	File string // path of the file
	What string // what is unknown: "version 7", "field 12", "record kind 3"
	Err  error  // the cause, when another package reported it; may be nil
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: written by a newer program (use that one, or a newer one still): %s is unknown here", e.File, e.What)
}

// Unwrap returns the cause, if another package reported it.
func (e *VersionError) Unwrap() error { return e.Err }

// ErrVersion matches every *VersionError under errors.Is.
var ErrVersion = errors.New("recovery: unknown format version")

// Is makes errors.Is(err, ErrVersion) hold.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }

// NotAStoreError says that a directory holds something else than a store.
type NotAStoreError struct {
	Dir    string
	Reason string
}

func (e *NotAStoreError) Error() string {
	return fmt.Sprintf("%s: not a store: %s", e.Dir, e.Reason)
}

// ErrNotAStore matches every *NotAStoreError under errors.Is.
var ErrNotAStore = errors.New("recovery: not a store")

// Is makes errors.Is(err, ErrNotAStore) hold.
func (e *NotAStoreError) Is(target error) bool { return target == ErrNotAStore }

// ManifestError is a failed replacement of MANIFEST.
type ManifestError struct {
	Op string // "write", "sync", "publish", "sync directory", ...
	// Replaced says that the name may already stand for the new content, so
	// that nobody knows which of the two a crash would leave. Whoever gets this
	// must delete nothing and write nothing more: only a reopen can tell.
	Replaced bool
	Err      error
}

func (e *ManifestError) Error() string {
	state := "the old one stands"
	if e.Replaced {
		state = "it may or may not have been replaced"
	}
	return fmt.Sprintf("MANIFEST: %s: %v (%s)", e.Op, e.Err, state)
}

// Unwrap returns what the file system said.
func (e *ManifestError) Unwrap() error { return e.Err }

// DiskFullError is why a store opened read-only although writing was asked for:
// recovery could not keep a copy of what it had to cut, or could not replace
// MANIFEST, for want of room. Free some and open again.
type DiskFullError struct {
	Op  string // the step that found no room
	Err error
}

func (e *DiskFullError) Error() string {
	return fmt.Sprintf("opened read-only (free some room and open again): the disk is too full to %s: %v", e.Op, e.Err)
}

// Unwrap returns what the file system said; errors.Is(err, ENOSPC) holds.
func (e *DiskFullError) Unwrap() error { return e.Err }

// noRoom tells "the disk is full" from every other failure.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// also is errors.Join for an error and that of a last Close: one that stands
// alone stays as it is.
func also(err, more error) error {
	switch {
	case more == nil:
		return err
	case err == nil:
		return more
	}
	return errors.Join(err, more)
}
