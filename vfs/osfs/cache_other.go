//go:build !linux && !freebsd

package osfs

// DropCache can do nothing: F_NOCACHE on macOS keeps later reads out of the
// cache but still answers from what lies in it.
func (f *file) DropCache() bool { return false }
