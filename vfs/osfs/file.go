package osfs

import (
	"io/fs"
	"os"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// file is an open file. ReadAt, WriteAt and Truncate are os.File's own, which
// retry EINTR and finish short transfers, and whose errors name the file.
type file struct {
	*os.File
	conn syscall.RawConn // for the calls that package os lacks
}

var _ vfs.File = (*file)(nil)

func newFile(f *os.File) (*file, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, wrap("open", f.Name(), err)
	}
	return &file{File: f, conn: conn}, nil
}

// control runs a system call on the descriptor, which no Close can take away
// meanwhile, and runs it again while a signal interrupts it.
func (f *file) control(op string, call func(fd uintptr) error) error {
	var err error
	closed := f.conn.Control(func(fd uintptr) {
		for {
			if err = call(fd); err != syscall.EINTR {
				return
			}
		}
	})
	if closed != nil {
		err = fs.ErrClosed
	}
	if err != nil {
		return wrap(op, f.Name(), err)
	}
	return nil
}

// Size is the file's length in bytes.
func (f *file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, wrap("stat", f.Name(), err)
	}
	return info.Size(), nil
}

// zeros is the source of every ZeroFill. Nobody writes to it, so it stays the
// kernel's shared zero page and takes no memory.
var zeros [256 << 10]byte

// ZeroFill writes zeros. Real ones: an fallocate'd range has to be converted by
// the first write to it, which was measured to cost more than appending.
func (f *file) ZeroFill(off, n int64) error {
	if off < 0 || n < 0 {
		return wrap("zerofill", f.Name(), syscall.EINVAL)
	}
	for n > 0 {
		written, err := f.WriteAt(zeros[:min(n, int64(len(zeros)))], off)
		if err != nil {
			return wrap("zerofill", f.Name(), err)
		}
		off, n = off+int64(written), n-int64(written)
	}
	return nil
}
