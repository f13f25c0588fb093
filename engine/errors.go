package engine

import (
	"errors"
	"fmt"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// The errors that callers can tell apart with errors.Is. They arrive wrapped
// with the operation and, where there is one, the file.
var (
	// ErrNotFound: no such key, or its deadline has passed.
	ErrNotFound = errors.New("engine: key not found")
	// ErrKeyEmpty: keys have at least one byte.
	ErrKeyEmpty = errors.New("engine: empty key")
	// ErrKeyTooLarge: the key is longer than Options.MaxKeySize.
	ErrKeyTooLarge = errors.New("engine: key too large")
	// ErrValueTooLarge: the value is longer than Options.MaxValueSize.
	ErrValueTooLarge = errors.New("engine: value too large")
	// ErrTxTooLarge: the transaction's record would be longer than
	// Options.MaxTxSize.
	ErrTxTooLarge = errors.New("engine: transaction too large")
	// ErrMemoryLimit: the write would take the map over Options.MemoryLimit.
	// Deletes are still accepted. Nothing is evicted, ever.
	ErrMemoryLimit = errors.New("engine: memory limit reached")
	// ErrBucketName: a bucket name is not valid UTF-8 or longer than 255 bytes.
	ErrBucketName = errors.New("engine: invalid bucket name")
	// ErrDeadline: a deadline is negative or lies outside of what Unix
	// milliseconds hold.
	ErrDeadline = errors.New("engine: invalid deadline")
	// ErrClosed: the database is closed.
	ErrClosed = errors.New("engine: closed")
	// ErrReadOnly: the database was opened read-only.
	ErrReadOnly = errors.New("engine: read-only")
	// ErrTxReadOnly: a write inside View.
	ErrTxReadOnly = errors.New("engine: write in a read-only transaction")
	// ErrTxDone: a transaction was used after its function returned.
	ErrTxDone = errors.New("engine: transaction has ended")
	// ErrNotEmpty: Restore was pointed at a directory that holds something.
	ErrNotEmpty = errors.New("engine: directory is not empty")
)

var (
	// ErrLogFailed: an earlier write, sync or directory sync of the log failed,
	// so the log takes no more writes; the cause is wrapped. Reads go on. Only
	// a reopen, which recovers from the disk, clears it.
	ErrLogFailed = wal.ErrFailed
	// ErrOutcomeUnknown: the commit was under way when its wait ended, by an
	// error of the log or by the context. After a reopen it is either there
	// whole or not at all.
	ErrOutcomeUnknown = wal.ErrOutcomeUnknown
	// ErrLocked: another process, or another open in this one, holds the store.
	// errors.As with *LockedError gives its process ID.
	ErrLocked = vfs.ErrLocked
)

// The typed errors that Open and Restore return; use errors.As.
type (
	// LockedError names the holder of the store.
	LockedError = vfs.LockedError
	// CorruptionError says which file is damaged, where, at which LSN, and how.
	CorruptionError = recovery.CorruptionError
	// VersionError reports a file in a format that this version cannot read.
	VersionError = recovery.VersionError
	// NotAStoreError reports a directory that holds something else.
	NotAStoreError = recovery.NotAStoreError
)

// SizeError is the concrete error behind ErrKeyTooLarge, ErrValueTooLarge,
// ErrTxTooLarge and ErrMemoryLimit.
type SizeError struct {
	Err   error // one of the four
	Size  int64 // what was asked for, in bytes
	Limit int64 // what is allowed, in bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("%v: %d bytes, limit %d", e.Err, e.Size, e.Limit)
}

// Unwrap makes errors.Is hold for the kind.
func (e *SizeError) Unwrap() error { return e.Err }
