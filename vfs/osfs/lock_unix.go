//go:build unix

package osfs

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openLockDir opens the directory to be locked along with the file. Whoever
// deletes a lock file to "get rid of the lock" gets a new file that locks well,
// and a second writer; the directory is harder to replace.
func openLockDir(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
}

func lockFile(f *os.File) error {
	err := flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

// unsupported tells a file system that does not lock directories (EBADF is
// that of NFS, which wants a lock's descriptor open for writing).
func unsupported(err error) bool {
	return err == unix.ENOTSUP || err == unix.EOPNOTSUPP || err == unix.ENOSYS ||
		err == unix.EINVAL || err == unix.EBADF || err == unix.ENOLCK
}

func unlockFile(f *os.File) { _ = flock(f, unix.LOCK_UN) }

func flock(f *os.File, how int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			if result = unix.Flock(int(fd), how); result != unix.EINTR {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return result
}
