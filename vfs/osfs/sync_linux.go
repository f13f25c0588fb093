package osfs

import "golang.org/x/sys/unix"

// DataSync makes the data durable, and of the metadata only what is needed to
// read it. Over bytes that exist already the file system need not write to its
// journal, which is what makes zero-filled logs fast.
func (f *file) DataSync() error {
	return f.control("datasync", func(fd uintptr) error { return unix.Fdatasync(int(fd)) })
}
