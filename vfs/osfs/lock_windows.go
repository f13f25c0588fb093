package osfs

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte lies behind any text: a locked byte cannot be read by others, and
// the process ID is there for them.
const lockedByte = 1 << 30

// openLockDir opens nothing: an open file cannot be replaced here, since
// os.OpenFile does not share deletion.
func openLockDir(string) (*os.File, error) { return nil, nil }

func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{Offset: lockedByte})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}

func unsupported(error) bool { return false }

func unlockFile(f *os.File) {
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: lockedByte})
}
