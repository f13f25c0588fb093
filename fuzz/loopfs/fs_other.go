//go:build !linux

package loopfs

import "errors"

// FS is a mounted file system that belongs to this process. There is none on
// this platform.
type FS struct{ kind Kind }

const reason = "loop mounts and the shutdown ioctl need Linux"

var errUnsupported = errors.New("loopfs: " + reason)

// Available says why a file system of this kind cannot be had here.
func Available(Kind) string { return reason }

// New fails.
func New(Kind) (*FS, error) { return nil, errUnsupported }

// Kind is the file system's kind.
func (f *FS) Kind() Kind { return f.kind }

// Dir is a directory of the file system.
func (f *FS) Dir() string { return "" }

// CutCount is how many times the power was cut.
func (f *FS) CutCount() int { return 0 }

// Sync makes everything durable.
func (f *FS) Sync() error { return errUnsupported }

// Cut cuts the power.
func (f *FS) Cut(Cut) error { return errUnsupported }

// Remount mounts again.
func (f *FS) Remount() error { return errUnsupported }

// Close does nothing.
func (f *FS) Close() error { return nil }
