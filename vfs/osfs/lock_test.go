package osfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// refused asserts that the lock is held, and by whom the error says it is.
func refused(t *testing.T, name string, pid int) {
	t.Helper()
	l, err := osfs.New().Lock(name)
	if err == nil {
		l.Close()
		t.Fatal("locked twice")
	}
	var locked *vfs.LockedError
	if !errors.As(err, &locked) {
		t.Fatal(err)
	}
	if locked.PID != pid {
		t.Errorf("the holder is said to be %d, want %d", locked.PID, pid)
	}
}

func free(t *testing.T, name string) {
	t.Helper()
	l, err := osfs.New().Lock(name)
	must(t, err)
	must(t, l.Close())
}

func TestLockOfAnotherProcessNamesItsPID(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	h := startHolder(t, name)
	refused(t, name, h.pid)
	refused(t, name, h.pid)
	h.leave()
	free(t, name)
}

func TestLockEndsWithItsProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	h := startHolder(t, name)
	h.kill()
	// The text of the killed one is still there, and means nothing.
	if text, err := os.ReadFile(name); err != nil || string(text) != fmt.Sprintln(h.pid) {
		t.Fatalf("%q, %v", text, err)
	}
	free(t, name)
	h = startHolder(t, name)
	refused(t, name, h.pid)
}

func TestLockWhoseFileHoldsNoUsablePID(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	startHolder(t, name)
	// Our own ID cannot be the holder's: it would be in this process's list.
	for _, text := range []string{"", "\n", "words", "-5\n", "12 34", fmt.Sprintln(os.Getpid()), strings.Repeat("9", 100)} {
		must(t, os.WriteFile(name, []byte(text), 0o600))
		refused(t, name, 0)
	}
}

func TestLockFileHoldsPIDWhileLocked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	must(t, os.WriteFile(name, []byte("a much longer text than a process ID\n"), 0o600))
	l, err := osfs.New().Lock(name)
	must(t, err)
	text, err := os.ReadFile(name)
	must(t, err)
	if string(text) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("while locked: %q", text)
	}
	refused(t, name, os.Getpid())
	refused(t, name, os.Getpid())
	must(t, l.Close())
	if text, err = os.ReadFile(name); err != nil || len(text) > 0 {
		t.Errorf("after Close: %q, %v", text, err)
	}
}

func TestLockThroughAnotherPath(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "real"), 0o700))
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	l, err := osfs.New().Lock(filepath.Join(dir, "real", "LOCK"))
	must(t, err)
	refused(t, filepath.Join(dir, "link", "LOCK"), os.Getpid())
	refused(t, dir+"/real/../link/LOCK", os.Getpid())
	must(t, l.Close())
	free(t, filepath.Join(dir, "link", "LOCK"))
}

// Deleting the lock file is what people do to "unlock" a store. The holder is
// still there.
func TestLockFileReplacedUnderAnotherProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps a locked file from being replaced")
	}
	name := filepath.Join(t.TempDir(), "LOCK")
	h := startHolder(t, name)
	must(t, os.Remove(name))
	refused(t, name, 0)
	refused(t, name, 0)
	must(t, os.WriteFile(name+"2", []byte("1\n"), 0o600))
	must(t, os.Rename(name+"2", name))
	refused(t, name, 1)
	h.leave()
	free(t, name)
}

func TestLockOnWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "LOCK"), 0o700))
	_, err := osfs.New().Lock(filepath.Join(dir, "LOCK"))
	wantPathError(t, err, "lock", filepath.Join(dir, "LOCK"))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	_, err = osfs.New().Lock(filepath.Join(dir, "file", "LOCK"))
	wantPathError(t, err, "lock", filepath.Join(dir, "file", "LOCK"))
}

func wantPathError(t *testing.T, err error, op, name string) {
	t.Helper()
	var path *fs.PathError
	if !errors.As(err, &path) {
		t.Fatalf("got %v, want a *fs.PathError", err)
	}
	if path.Op != op || path.Path != name {
		t.Errorf("%v: op %q, file %q", err, path.Op, path.Path)
	}
}
