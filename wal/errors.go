package wal

import (
	"errors"
	"fmt"
)

// ErrClosed is returned by every call on a log, a reader or a follower that was
// closed.
var ErrClosed = errors.New("wal: closed")

// ErrFailed matches every *LogError: the log met an I/O error and takes no more
// records.
var ErrFailed = errors.New("wal: log failed")

// ErrOutcomeUnknown matches every *OutcomeError: the record may or may not
// become durable.
var ErrOutcomeUnknown = errors.New("wal: outcome unknown")

// ErrRecordTooLarge matches every *RecordSizeError.
var ErrRecordTooLarge = errors.New("wal: record too large")

// ErrBadRecord is returned for a record that is not exactly one well-formed CBOR
// item of definite length. A frame that held one could never be split again.
var ErrBadRecord = errors.New("wal: record is not one CBOR item")

// LogError is the first I/O error of a log, after which it takes no more
// records. Only recovery, which judges what the disk holds, clears it.
type LogError struct {
	Op   string // what was being done: "write", "sync", "fill", "seal", ...
	File string // the file or directory
	Err  error  // the cause; errors.Is sees through to the errno
}

func (e *LogError) Error() string {
	return fmt.Sprintf("wal: log failed: %s %s: %v", e.Op, e.File, e.Err)
}

// Unwrap returns the cause.
func (e *LogError) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrFailed) hold.
func (e *LogError) Is(target error) bool { return target == ErrFailed }

// OutcomeError says that nobody knows whether a record is going to survive: its
// commit failed half-way, or the caller stopped waiting for it.
type OutcomeError struct {
	LSN uint64
	Err error // a *LogError, or the context's error
}

func (e *OutcomeError) Error() string {
	return fmt.Sprintf("wal: outcome of record %d unknown: %v", e.LSN, e.Err)
}

// Unwrap returns the cause.
func (e *OutcomeError) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrOutcomeUnknown) hold.
func (e *OutcomeError) Is(target error) bool { return target == ErrOutcomeUnknown }

// RecordSizeError refuses a record; nothing was written.
type RecordSizeError struct {
	Size, Limit int // bytes
}

func (e *RecordSizeError) Error() string {
	return fmt.Sprintf("wal: record of %d bytes is over the limit of %d", e.Size, e.Limit)
}

// Is makes errors.Is(err, ErrRecordTooLarge) hold.
func (e *RecordSizeError) Is(target error) bool { return target == ErrRecordTooLarge }

// FormatError says that bytes which ought to be a header are not: a wrong magic,
// a wrong checksum, or fields that contradict one another under a valid one.
type FormatError struct {
	File   string // "" when bytes were decoded that came from no file
	Offset int64
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("wal: %s: offset %d: %s", fileOr(e.File), e.Offset, e.Reason)
}

// VersionError says that valid bytes (their checksum holds) were written by
// something newer: an unknown version, flag or field. They are refused and
// never cut off.
type VersionError struct {
	File   string
	Offset int64
	What   string // "segment version", "frame flags", ...
	Value  uint64 // what was found
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("wal: %s: offset %d: unsupported %s %d", fileOr(e.File), e.Offset, e.What, e.Value)
}

func fileOr(name string) string {
	if name == "" {
		return "log"
	}
	return name
}

// TruncatedError says that a record which a reader asked for is gone: the front
// of the log was removed.
type TruncatedError struct {
	LSN   uint64 // what was asked for
	First uint64 // the first LSN that the log still holds
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("wal: record %d is no longer in the log, which starts at %d", e.LSN, e.First)
}
