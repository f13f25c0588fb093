package conformance

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// nudge makes the kernel write something now that it would write sometime.
func (m *machine) nudge(o Op) error {
	switch o.Kind {
	case Flush, Start:
		f, err := os.OpenFile(filepath.Join(m.root(), o.Path), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		flags := unix.SYNC_FILE_RANGE_WRITE
		if o.Kind == Flush {
			flags |= unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WAIT_AFTER
		}
		return unix.SyncFileRange(int(f.Fd()), o.Off, o.Len, flags)
	case Commit:
		f, err := os.OpenFile(filepath.Join(m.fs.Dir(), "other"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		m.others++
		// A longer file each time: there must be something to commit.
		if _, err := f.WriteAt([]byte{1}, m.others); err != nil {
			return err
		}
		return f.Sync()
	}
	return m.fs.Sync()
}
