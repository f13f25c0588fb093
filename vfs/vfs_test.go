package vfs_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// recorder notes the directories that are synced, and can refuse some.
type recorder struct {
	vfs.FS
	synced []string
	refuse map[string]error
}

func (r *recorder) SyncDir(dir string) error {
	if err := r.refuse[dir]; err != nil {
		return &fs.PathError{Op: "syncdir", Path: dir, Err: err}
	}
	r.synced = append(r.synced, dir)
	return r.FS.SyncDir(dir)
}

func TestMkdirAllSyncsEveryDirectoryThatGainedAName(t *testing.T) {
	r := &recorder{FS: memfs.New()}
	must(t, r.Mkdir("a"))
	must(t, vfs.MkdirAll(r, vfs.Join("a", "b", "c")))
	// "." because a killed process may have made "a" and not synced its name.
	if want := []string{".", "a", vfs.Join("a", "b")}; !slices.Equal(r.synced, want) {
		t.Errorf("synced %q, want %q", r.synced, want)
	}
	r.synced = nil
	must(t, vfs.MkdirAll(r, vfs.Join("a", "b", "c")))
	if want := []string{vfs.Join("a", "b")}; !slices.Equal(r.synced, want) {
		t.Errorf("synced %q, want %q", r.synced, want)
	}
}

func TestMkdirAllReportsASyncThatFailed(t *testing.T) {
	broken := errors.New("broken")
	r := &recorder{FS: memfs.New(), refuse: map[string]error{"a": broken}}
	if err := vfs.MkdirAll(r, vfs.Join("a", "b")); !errors.Is(err, broken) {
		t.Errorf("for a new directory: %v", err)
	}
	// The directory is there now, and its name still not durable.
	if err := vfs.MkdirAll(r, vfs.Join("a", "b")); !errors.Is(err, broken) {
		t.Errorf("for a directory that an earlier attempt left: %v", err)
	}
}

func TestMkdirAllPassesOverAParentThatMayNotBeRead(t *testing.T) {
	r := &recorder{FS: memfs.New(), refuse: map[string]error{".": fs.ErrPermission}}
	must(t, r.Mkdir("a"))
	must(t, vfs.MkdirAll(r, "a"))
	must(t, vfs.MkdirAll(r, vfs.Join("a", "b")))
	// A parent that gained a name is another matter.
	if err := vfs.MkdirAll(r, "new"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the name of a new directory is not durable, and the error is %v", err)
	}
}

// raced lets somebody else make every name just before Mkdir does.
type raced struct {
	vfs.FS
	first func(name string) error
}

func (r raced) Mkdir(name string) error {
	if err := r.first(name); err != nil {
		return err
	}
	return r.FS.Mkdir(name)
}

func TestMkdirAllAcceptsADirectoryThatAnotherMadeMeanwhile(t *testing.T) {
	fsys := memfs.New()
	must(t, vfs.MkdirAll(raced{fsys, fsys.Mkdir}, vfs.Join("a", "b")))
	file := func(name string) error {
		f, err := fsys.Create(name)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if err := vfs.MkdirAll(raced{fsys, file}, "f"); !errors.Is(err, vfs.ErrNotDir) {
		t.Errorf("another made a file there: %v", err)
	}
}

func TestMkdirAllRefusesAFileInTheWay(t *testing.T) {
	fsys := memfs.New()
	f, err := fsys.Create("f")
	must(t, err)
	must(t, f.Close())
	for _, dir := range []string{"f", vfs.Join("f", "x"), vfs.Join("f", "x", "y")} {
		if err := vfs.MkdirAll(fsys, dir); !errors.Is(err, vfs.ErrNotDir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestLockedErrorSaysWhoAndWhere(t *testing.T) {
	for _, c := range []struct {
		pid  int
		want string
	}{{42, "process 42"}, {0, "not known"}} {
		err := error(&vfs.LockedError{Name: "dir/LOCK", PID: c.pid})
		if !errors.Is(err, vfs.ErrLocked) || !strings.Contains(err.Error(), "dir/LOCK") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v", err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
