package crashfs

import (
	"io"
	"strings"
	"sync"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// lock is a held lock. It is on the name, so that removing or replacing the
// file lets nobody else in.
type lock struct {
	fs   *FS
	name string
	once sync.Once
}

// Lock implements vfs.FS. The name of a lock file that had to be created is a
// pending effect like any other; the process ID in it is kept out of the disk,
// because nothing may depend on it and every crash point would be multiplied.
// A crash and Kill release the lock. The holder's process ID is unknown.
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
	key := strings.Join(split(name), "/")
	if f.locks[key] != nil {
		return nil, &vfs.LockedError{Name: name}
	}
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
	}
	if f.locks == nil {
		f.locks = make(map[string]*lock)
	}
	l := &lock{fs: f, name: key}
	f.locks[key] = l
	return l, nil
}

// Close releases the lock; the file stays.
func (l *lock) Close() error {
	l.once.Do(func() {
		l.fs.mu.Lock()
		defer l.fs.mu.Unlock()
		delete(l.fs.locks, l.name)
	})
	return nil
}
