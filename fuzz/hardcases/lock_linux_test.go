package hardcases_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redis-lite/redis-lite/engine"
)

const locksDirectories = true

// A directory that may be read and not written: no lock can be had there, so
// nothing is opened for writing; reading works, and leaves no trace.
func TestHardCase16_ReadOnlyDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	db := openReal(t, dir)
	put(t, db, "a", "1")
	put(t, db, "b", "2")
	closeDB(t, db)
	fresh := filepath.Join(filepath.Dir(dir), "fresh")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		t.Fatal(err)
	}
	// Open to others on the way there, and closed to writing below.
	for d := filepath.Dir(dir); d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list := map[string]os.FileInfo{}
	err := filepath.Walk(dir, func(name string, info fs.FileInfo, err error) error {
		list[name] = info
		mode := os.FileMode(0o444)
		if info.IsDir() {
			mode = 0o555
		}
		return errors.Join(err, os.Chmod(name, mode))
	})
	if err := errors.Join(err, os.Chmod(fresh, 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for name := range list {
			_ = os.Chmod(name, 0o755)
		}
	})

	var reader *engine.DB
	asNobody(t, func() {
		for _, d := range []string{dir, fresh} {
			db, err := engine.Open(d, nil)
			if err == nil {
				_ = db.Close()
				t.Errorf("%s was opened for writing", d)
			} else if !errors.Is(err, fs.ErrPermission) || errors.Is(err, engine.ErrLocked) {
				t.Errorf("%s: %v", d, err)
			}
		}
		var err error
		if reader, err = engine.Open(dir, &engine.Options{ReadOnly: true}); err != nil {
			t.Error(err)
		}
	})
	if reader == nil {
		t.FailNow()
	}
	wantKeys(t, reader, keys{"a": "1", "b": "2"})
	closeDB(t, reader)
	err = filepath.Walk(dir, func(name string, info fs.FileInfo, err error) error {
		if was, ok := list[name]; !ok || !was.ModTime().Equal(info.ModTime()) || was.Size() != info.Size() {
			t.Errorf("%s changed, or is new", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asNobody runs do without root's right to ignore permissions. The file-system
// user belongs to the thread, which is thrown away afterwards.
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
