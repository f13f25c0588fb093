package snapshot

import (
	"errors"
	"fmt"
	"io"
)

// CorruptError reports a file whose bytes are not what a writer put there.
type CorruptError struct {
	File   string // as it was opened; for a stream, what ReaderOptions.Name said
	Offset int64  // where the damage shows
	Reason string
	Err    error // ErrNotSnapshot, ErrWrongName, an error of a codec or of record; may be nil
}

func (e *CorruptError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: corrupt snapshot at byte %d: %s: %v", e.File, e.Offset, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s: corrupt snapshot at byte %d: %s", e.File, e.Offset, e.Reason)
}

func (e *CorruptError) Unwrap() error { return e.Err }

var (
	// ErrNotSnapshot is wrapped in the *CorruptError of a file that does not
	// even start like a snapshot.
	ErrNotSnapshot = errors.New("not a snapshot")
	// ErrWrongName is wrapped in the *CorruptError of a snapshot that lies
	// under the name of another LSN.
	ErrWrongName = errors.New("the name belongs to another LSN")
	// ErrOrder is wrapped in the *EntryError of an entry that does not follow
	// the one before.
	ErrOrder = errors.New("entries must ascend by bucket and key")
	// ErrFinished reports the use of a Writer after Finish.
	ErrFinished = errors.New("snapshot: writer is finished")
)

// VersionError reports a snapshot of a format that this version does not know.
type VersionError struct {
	File      string
	Version   uint64 // the file's
	Supported uint64 // the newest known here
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: snapshot format %d; this program knows up to %d", e.File, e.Version, e.Supported)
}

// UnknownCodecError reports a snapshot compressed by a codec that the reader
// was not given.
type UnknownCodecError struct {
	File string
	ID   uint8
}

func (e *UnknownCodecError) Error() string {
	name := ""
	if e.ID == CodecZstd {
		name = " (zstd)"
	}
	return fmt.Sprintf("%s: snapshot is compressed by codec %d%s, which is not registered", e.File, e.ID, name)
}

// EntryError reports an entry that a Writer refused. The Writer is of no use
// afterwards.
type EntryError struct {
	Bucket string
	Key    []byte
	Err    error // ErrOrder, or why this entry can be in no snapshot
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("snapshot: entry %q %q: %v", e.Bucket, e.Key, e.Err)
}

func (e *EntryError) Unwrap() error { return e.Err }

// PublishError reports how far a publication came.
type PublishError struct {
	Op        string // "create", "write", "sync", "publish", "syncdir" or "verify"
	File      string // the snapshot's own name, not the temporary one
	Published bool   // whether the name may already lead to the new file
	Err       error
}

func (e *PublishError) Error() string {
	state := "nothing was published"
	if e.Published {
		state = "the file may be there"
	}
	return fmt.Sprintf("snapshot: %s %s: %v (%s)", e.Op, e.File, e.Err, state)
}

func (e *PublishError) Unwrap() error { return e.Err }

// truncated turns the end of a file into damage and leaves every other error of
// reading alone.
func truncated(file string, off int64, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &CorruptError{File: file, Offset: off, Reason: "the file ends early"}
	}
	return err
}
