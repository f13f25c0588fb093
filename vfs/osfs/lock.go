package osfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// lockAttempts bounds how often Lock starts again because the lock file was
// replaced under it. Somebody who replaces it in a loop is refused.
const lockAttempts = 16

// errReplaced says that the lock taken is one on a file that has lost its name.
var errReplaced = errors.New("the lock file was replaced while it was being locked")

// errHeld says that somebody else holds what is to be locked.
var errHeld = errors.New("held by another process")

// Lock takes the lock on the named file and on the directory that it lies in.
func (FS) Lock(name string) (io.Closer, error) {
	var err error
	for range lockAttempts {
		var l *lock
		if l, err = tryLock(name); err == nil {
			return l, nil
		}
		if !errors.Is(err, errReplaced) {
			break
		}
	}
	var locked *vfs.LockedError
	if errors.As(err, &locked) {
		return nil, locked
	}
	return nil, wrap("lock", name, err)
}

// tryLock takes the lock once, in this order: open, enter it into the process's
// list, lock, then look whether the path still leads to what was locked. Only
// then is a second locker, who opens the path from now on, bound to meet it.
func tryLock(name string) (*lock, error) {
	l := &lock{}
	err := l.open(name)
	if err == nil {
		err = l.take(name)
	}
	if err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// take locks what is open.
func (l *lock) take(name string) error {
	if !held.claim(l.infos) {
		l.infos = nil // another's entries, not to be released
		return &vfs.LockedError{Name: name, PID: os.Getpid()}
	}
	for i, f := range l.files {
		err := lockFile(f)
		if i > 0 && unsupported(err) {
			continue // then the file alone has to do
		}
		if errors.Is(err, errHeld) {
			return &vfs.LockedError{Name: name, PID: readPID(l.files[0])}
		}
		if err != nil {
			return err
		}
	}
	now, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, l.infos[0]) {
		return errReplaced
	}
	if err != nil {
		return err
	}
	writePID(l.files[0])
	return nil
}

// lock is a held lock.
type lock struct {
	files []*os.File    // the lock file, then its directory where that can be locked
	infos []os.FileInfo // the same in the process's list; nil when not entered
	once  sync.Once
}

// open opens the lock file and its directory.
func (l *lock) open(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return err
	}
	l.files = append(l.files, f)
	dir, err := openLockDir(vfs.Dir(name))
	if err != nil {
		return err
	}
	if dir != nil {
		l.files = append(l.files, dir)
	}
	infos := make([]os.FileInfo, len(l.files))
	for i, f := range l.files {
		if infos[i], err = f.Stat(); err != nil {
			return err
		}
	}
	if err := regular(infos[0]); err != nil {
		return err
	}
	l.infos = infos
	return nil
}

// Close gives the lock up. The text goes first, while it is still ours.
func (l *lock) Close() error {
	var err error
	l.once.Do(func() {
		clearPID(l.files[0])
		err = l.release()
	})
	return err
}

// release closes what is open and strikes it off the list, in this order: the
// next locker in this process must not find the system's lock still held.
func (l *lock) release() error {
	var first error
	for _, f := range l.files {
		// Closing alone would not do: a child that is just being forked holds
		// a copy of the descriptor until it runs its own program.
		unlockFile(f)
		if err := f.Close(); err != nil && first == nil {
			first = wrap("unlock", f.Name(), err)
		}
	}
	held.release(l.infos)
	return first
}

// held lists the locks of this process, whichever FS took them.
var held registry

type registry struct {
	mu    sync.Mutex // held for the comparison only
	infos []os.FileInfo
}

// claim enters all of infos, or none when one of them is there already. Files
// are compared by device and inode, so two paths to one file are one.
func (r *registry) claim(infos []os.FileInfo) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, info := range infos {
		if r.index(info) >= 0 {
			return false
		}
	}
	r.infos = append(r.infos, infos...)
	return true
}

func (r *registry) release(infos []os.FileInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, info := range infos {
		if i := r.index(info); i >= 0 {
			r.infos = append(r.infos[:i], r.infos[i+1:]...)
		}
	}
}

func (r *registry) index(info os.FileInfo) int {
	for i, other := range r.infos {
		if os.SameFile(info, other) {
			return i
		}
	}
	return -1
}

// writePID writes who holds the lock. It serves a message only, so that a full
// disk must not keep a store shut: when it cannot be written, nothing wrong
// shall stand there either, and then that is all.
func writePID(f *os.File) {
	text := strconv.Itoa(os.Getpid()) + "\n"
	// Written first and cut after: bytes that exist already need no free block.
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		clearPID(f)
		return
	}
	_ = f.Truncate(int64(len(text)))
}

// clearPID takes the text away. Failing leaves a process ID behind that nobody
// reads unless the file is locked again, by somebody who writes another.
func clearPID(f *os.File) { _ = f.Truncate(0) }

// readPID reads who holds the lock, 0 when the file does not say. Our own ID is
// no answer: the holder is in another PID namespace, or has yet to write its own
// over that of a killed one.
func readPID(f *os.File) int {
	var text [32]byte
	n, _ := f.ReadAt(text[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid < 0 || pid == os.Getpid() {
		return 0
	}
	return pid
}
