//go:build !linux && !freebsd

package osfs

// DataSync is Sync here: macOS has no fdatasync that reaches the platter, and
// Windows none at all.
func (f *file) DataSync() error { return f.Sync() }
