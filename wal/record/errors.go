package record

import (
	"errors"
	"fmt"
)

// MalformedError reports bytes that are not deterministic CBOR, or not of the
// schema. Behind a valid checksum that is damage or a bug, never an older or a
// newer format.
type MalformedError struct {
	Offset int    // of the offending byte, from the start of what was decoded
	Reason string // what was expected there
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("record: malformed at byte %d: %s", e.Offset, e.Reason)
}

// UnknownError reports a record that is well-formed but says something that
// this version does not know. It must be refused: skipping it would lose data.
type UnknownError struct {
	What   string // "kind", "op" or "meta key"
	Value  uint64
	Offset int // of the unknown number, from the start of what was decoded
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("record: unknown %s %d at byte %d: written by a newer version", e.What, e.Value, e.Offset)
}

// ErrUnknown matches every *UnknownError under errors.Is; the others match one
// sort each.
var (
	ErrUnknown     = errors.New("record: unknown content")
	ErrUnknownKind = errors.New("record: unknown kind")
	ErrUnknownOp   = errors.New("record: unknown op")
	ErrUnknownMeta = errors.New("record: unknown meta key")
)

// The values of UnknownError.What.
const (
	whatKind = "kind"
	whatOp   = "op"
	whatMeta = "meta key"
)

// Is makes errors.Is hold for the sentinels above.
func (e *UnknownError) Is(target error) bool {
	switch target {
	case ErrUnknown:
		return true
	case ErrUnknownKind:
		return e.What == whatKind
	case ErrUnknownOp:
		return e.What == whatOp
	case ErrUnknownMeta:
		return e.What == whatMeta
	}
	return false
}
