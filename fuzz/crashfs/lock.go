package crashfs

import (
	"io"
	"sync"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// lockPID is the process ID that every simulated process has.
const lockPID = 1

// lock is a held lock.
type lock struct {
	fs   *FS
	ino  int
	once sync.Once
}

// Lock implements vfs.FS. The name of a lock file that had to be created is a
// pending effect like any other; the process ID in it is kept out of the disk,
// because nothing may depend on it and every crash point would be multiplied.
// A crash and Kill release the lock.
func (f *FS) Lock(name string) (io.Closer, error) {
	c := &Call{Op: OpLock, Name: name}
	if err := f.enter(c); err != nil {
		return nil, err
	}
	l, err := f.lock(c, name)
	if err == nil {
		err = c.after()
	}
	f.leave(c, err)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (f *FS) lock(c *Call, name string) (*lock, error) {
	_, _, ino, err := f.locate(name)
	if err == nil && ino == none {
		ino, err = f.create(c, name)
		if err != nil {
			return nil, err
		}
	}
	switch {
	case err != nil:
		return nil, pathError(c.Op, name, err)
	case f.inodes[ino].dir:
		return nil, pathError(c.Op, name, syscall.EISDIR)
	case f.locks[ino] != nil:
		return nil, &vfs.LockedError{Name: name, PID: lockPID}
	}
	if f.locks == nil {
		f.locks = make(map[int]*lock)
	}
	l := &lock{fs: f, ino: ino}
	f.locks[ino] = l
	return l, nil
}

// Close releases the lock; the file stays.
func (l *lock) Close() error {
	l.once.Do(func() {
		l.fs.mu.Lock()
		defer l.fs.mu.Unlock()
		delete(l.fs.locks, l.ino)
	})
	return nil
}
