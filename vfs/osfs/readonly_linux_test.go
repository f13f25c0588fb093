package osfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// letIn opens the temporary directories above dir to other users, since tests
// make them for their owner only.
func letIn(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
}

// asNobody runs do without root's right to ignore permissions. The file-system
// user is the thread's, so the thread is thrown away afterwards.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // never unlocked: the runtime ends the thread
			if _, err := unix.SetfsuidRetUid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		do()
	}()
	<-done
}

func TestReadOnlyDirectoryIsAClearError(t *testing.T) {
	fsys, dir := osfs.New(), filepath.Join(t.TempDir(), "store")
	must(t, os.Mkdir(dir, 0o755))
	letIn(t, dir)
	existing := filepath.Join(dir, "existing")
	must(t, os.WriteFile(existing, []byte("abc"), 0o444))
	must(t, os.Chmod(dir, 0o555))
	lock := filepath.Join(dir, "LOCK")
	asNobody(t, func() {
		_, err := fsys.Lock(lock)
		denied(t, err, "lock", lock)
		_, err = fsys.Lock(existing)
		denied(t, err, "lock", existing)
		_, err = fsys.Create(filepath.Join(dir, "f"))
		denied(t, err, "open", filepath.Join(dir, "f"))
		_, err = fsys.CreateTemp(filepath.Join(dir, "f"))
		denied(t, err, "createtemp", filepath.Join(dir, "f"))
		_, err = fsys.OpenWrite(existing)
		denied(t, err, "open", existing)
		denied(t, fsys.Mkdir(filepath.Join(dir, "d")), "mkdir", filepath.Join(dir, "d"))
		denied(t, fsys.Remove(existing), "remove", existing)
		denied(t, fsys.Rename(existing, existing+"2"), "rename", existing)
		// Reading works, and so does a store that is already there.
		f, err := fsys.Open(existing)
		if err != nil {
			t.Error(err)
			return
		}
		f.Close()
		if err := vfs.MkdirAll(fsys, dir); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(lock); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the refused lock left something: %v", err)
	}
}

// A directory whose parent may be entered but not read: the parent cannot be
// synced, which is no reason to refuse.
func TestMkdirAllBelowAParentThatMayNotBeRead(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "parent")
	dir := filepath.Join(parent, "store")
	must(t, os.MkdirAll(dir, 0o755))
	letIn(t, dir)
	must(t, os.Chmod(parent, 0o311))
	t.Cleanup(func() { os.Chmod(parent, 0o755) })
	asNobody(t, func() {
		if _, err := os.ReadDir(parent); err == nil {
			t.Error("the parent can be read")
		}
		if err := vfs.MkdirAll(osfs.New(), dir); err != nil {
			t.Error(err)
		}
	})
}

func denied(t *testing.T, err error, op, name string) {
	t.Helper()
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%s %s: %v", op, name, err)
		return
	}
	wantPathError(t, err, op, name)
}
