package vfstest

import (
	"errors"
	"io"
	"os"

	"github.com/redis-lite/redis-lite/vfs"
)

// lock takes a lock that must be free.
func (e *env) lock(name string) io.Closer {
	e.Helper()
	l, err := e.Lock(name)
	e.must(err)
	e.Cleanup(func() { l.Close() })
	return l
}

// refused asserts that the lock is held, and by whom if that is told.
func (e *env) refused(name string) {
	e.Helper()
	l, err := e.Lock(name)
	if err == nil {
		l.Close()
		e.Fatalf("%s could be locked twice", name)
	}
	var locked *vfs.LockedError
	if !errors.As(err, &locked) || !errors.Is(err, vfs.ErrLocked) {
		e.Fatalf("got %v, want a *vfs.LockedError", err)
	}
	if locked.PID != 0 && locked.PID != os.Getpid() {
		e.Errorf("the holder is said to be %d, and is %d", locked.PID, os.Getpid())
	}
	if locked.Name != name {
		e.Errorf("the error names %q, want %q", locked.Name, name)
	}
}

var lockCases = []testCase{
	{"a lock is held until it is closed", func(e *env) {
		l := e.lock(e.path("LOCK"))
		e.refused(e.path("LOCK"))
		e.refused(e.path("LOCK"))
		e.must(l.Close())
		again := e.lock(e.path("LOCK"))
		e.refused(e.path("LOCK"))
		// A second Close of the first must not open the second.
		e.must(l.Close())
		e.refused(e.path("LOCK"))
		e.must(again.Close())
	}},
	{"the file stays", func(e *env) {
		e.must(e.lock(e.path("LOCK")).Close())
		e.lists(e.dir, "LOCK")
	}},
	{"locks in two directories do not meet", func(e *env) {
		for _, name := range []string{"a", "b"} {
			e.must(e.Mkdir(e.path(name)))
			e.lock(e.path(name, "LOCK"))
		}
		e.refused(e.path("a", "LOCK"))
		e.refused(e.path("b", "LOCK"))
	}},
	{"a file with foreign contents can be locked", func(e *env) {
		for _, text := range []string{"", "\n", "not a number\n", "-7", "99999999999999999999999999", "4000000000\n"} {
			name := e.path("LOCK")
			e.put(name, text)
			l := e.lock(name)
			e.refused(name)
			e.must(l.Close())
			e.must(e.Remove(name))
		}
	}},
	{"a directory cannot be locked in a file's place", func(e *env) {
		e.must(e.Mkdir(e.path("LOCK")))
		_, err := e.Lock(e.path("LOCK"))
		e.fails("Lock of a directory", err, nil)
		// Nothing of the failed attempt stays behind.
		e.must(e.Remove(e.path("LOCK")))
		e.lock(e.path("LOCK"))
	}},
	{"removing the file while it is locked lets nobody in", func(e *env) {
		l := e.lock(e.path("LOCK"))
		if err := e.Remove(e.path("LOCK")); err != nil {
			e.Skipf("this system keeps a locked file from being removed: %v", err)
		}
		e.refused(e.path("LOCK"))
		if _, err := e.Stat(e.path("LOCK")); err != nil {
			e.put(e.path("LOCK"), "")
		}
		e.refused(e.path("LOCK"))
		e.must(l.Close())
		e.lock(e.path("LOCK"))
	}},
	{"replacing the file while it is locked lets nobody in", func(e *env) {
		l := e.lock(e.path("LOCK"))
		e.put(e.path("other"), "1\n")
		if err := e.Rename(e.path("other"), e.path("LOCK")); err != nil {
			e.Skipf("this system keeps a locked file from being replaced: %v", err)
		}
		e.refused(e.path("LOCK"))
		e.must(l.Close())
		e.lock(e.path("LOCK"))
	}},
}
