//go:build unix

package osfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A lock file that is replaced between being opened and being locked must not
// count: the next locker would open the new one and lock that.
func TestLockOnAFileThatLostItsNameIsNotTaken(t *testing.T) {
	for what, change := range map[string]func(name string) error{
		"removed":  os.Remove,
		"replaced": func(name string) error { return errors.Join(os.Remove(name), os.WriteFile(name, nil, 0o600)) },
	} {
		name := filepath.Join(t.TempDir(), "LOCK")
		l := &lock{}
		if err := l.open(name); err != nil {
			t.Fatal(err)
		}
		if err := change(name); err != nil {
			t.Fatal(err)
		}
		if err := l.take(name); !errors.Is(err, errReplaced) {
			t.Errorf("%s: %v", what, err)
		}
		l.release()
		// Nothing of it is left, and the next attempt gets the new file.
		again, err := FS{}.Lock(name)
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	}
}

// A process that is being forked off holds a copy of every descriptor for a
// moment; a lock that is closed in that moment must be free all the same.
func TestLockIsFreeAfterCloseThoughAChildHoldsACopy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	closer, err := FS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range closer.(*lock).files {
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := FS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestFIFOIsRefusedAndDoesNotBlock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	for what, open := range map[string]func() error{
		"Open":      func() error { _, err := FS{}.Open(name); return err },
		"OpenWrite": func() error { _, err := FS{}.OpenWrite(name); return err },
		"Lock":      func() error { _, err := FS{}.Lock(name); return err },
	} {
		if err := open(); !errors.Is(err, errNotRegular) {
			t.Errorf("%s of a FIFO: %v", what, err)
		}
	}
	if len(held.infos) > 0 {
		t.Errorf("%d locks are left in the process's list", len(held.infos))
	}
}
