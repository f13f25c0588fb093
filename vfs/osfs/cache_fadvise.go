//go:build linux || freebsd

package osfs

import "golang.org/x/sys/unix"

// DropCache drops the file's clean pages. Dirty ones stay, so sync first.
func (f *file) DropCache() bool {
	return f.control("fadvise", func(fd uintptr) error {
		return unix.Fadvise(int(fd), 0, 0, unix.FADV_DONTNEED)
	}) == nil
}
