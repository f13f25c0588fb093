package osfs

import "golang.org/x/sys/unix"

// sysFdatasync is the same number on every architecture; x/sys lacks it on one.
const sysFdatasync = 550

// DataSync makes the data durable, and of the metadata only what is needed to
// read it.
func (f *file) DataSync() error {
	return f.control("datasync", func(fd uintptr) error {
		if _, _, errno := unix.Syscall(sysFdatasync, fd, 0, 0); errno != 0 {
			return errno
		}
		return nil
	})
}
