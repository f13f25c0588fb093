package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
)

// Run tests a file system. It calls create for each case; create returns the
// file system and an existing empty directory in it for the case to work in,
// and cleans up through t.
func Run(t *testing.T, create func(t *testing.T) (fsys vfs.FS, dir string)) {
	groups := []struct {
		name  string
		cases []testCase
	}{
		{"File", fileCases},
		{"Name", nameCases},
		{"Temp", tempCases},
		{"Lock", lockCases},
		{"Concurrent", concurrentCases},
	}
	for _, group := range groups {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) {
				fsys, dir := create(t)
				c.run(&env{T: t, FS: fsys, dir: dir})
			})
		}
	}
	t.Run("Model", func(t *testing.T) {
		fsys, dir := create(t)
		testModel(t, fsys, dir)
	})
}

type testCase struct {
	name string
	run  func(*env)
}

// env is what a case works with: the file system, and shorthands that end the
// case when something fails that is not its subject.
type env struct {
	*testing.T
	vfs.FS
	dir string
}

// path is a name in the case's directory.
func (e *env) path(elem ...string) string {
	return vfs.Join(append([]string{e.dir}, elem...)...)
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// fails asserts that err is an error that names what failed, and matches target
// when there is one.
func (e *env) fails(what string, err, target error) {
	e.Helper()
	if problem := badError(err, target); problem != "" {
		e.Errorf("%s: %s", what, problem)
	}
}

// badError says what is wrong with an error that was expected, "" if nothing.
func badError(err, target error) string {
	var path *fs.PathError
	switch {
	case err == nil:
		return "no error"
	case !errors.As(err, &path):
		return "not a *fs.PathError: " + err.Error()
	case path.Op == "" || path.Path == "":
		return "names no operation or no file: " + err.Error()
	case target != nil && !errors.Is(err, target):
		return "got " + err.Error() + ", want " + target.Error()
	}
	return ""
}

// create makes a file with contents and returns it open.
func (e *env) create(name, contents string) vfs.File {
	e.Helper()
	f, err := e.FS.Create(name)
	e.must(err)
	e.write(f, contents, 0)
	e.Cleanup(func() { f.Close() })
	return f
}

// put makes a closed file with contents.
func (e *env) put(name, contents string) {
	e.Helper()
	e.must(e.create(name, contents).Close())
}

// open opens for writing.
func (e *env) open(name string) vfs.File {
	e.Helper()
	f, err := e.OpenWrite(name)
	e.must(err)
	e.Cleanup(func() { f.Close() })
	return f
}

func (e *env) write(f vfs.File, s string, off int64) {
	e.Helper()
	n, err := f.WriteAt([]byte(s), off)
	e.must(err)
	if n != len(s) {
		e.Fatalf("WriteAt of %d bytes wrote %d and said nothing", len(s), n)
	}
}

// holds asserts the whole contents of an open file, read in one piece and by
// its size.
func (e *env) holds(f vfs.File, want string) {
	e.Helper()
	if problem := badContents(f, []byte(want)); problem != "" {
		e.Errorf("%s: %s", f.Name(), problem)
	}
}

func badContents(f vfs.File, want []byte) string {
	size, err := f.Size()
	if err != nil {
		return err.Error()
	}
	if size != int64(len(want)) {
		return "size " + itoa(size) + ", want " + itoa(int64(len(want)))
	}
	// Not zeros: a reader that leaves the buffer as it was must not pass.
	got := bytes.Repeat([]byte{0xA5}, len(want)+1)
	n, err := f.ReadAt(got, 0)
	if err != io.EOF {
		return "reading past the end gives no io.EOF"
	}
	if !bytes.Equal(got[:n], want) {
		return "contents differ from byte " + itoa(int64(firstDifference(got[:n], want))) + " on"
	}
	return ""
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// contains asserts the contents of a file by name.
func (e *env) contains(name, want string) {
	e.Helper()
	f, err := e.Open(name)
	e.must(err)
	defer f.Close()
	e.holds(f, want)
}

// missing asserts that nothing has the name.
func (e *env) missing(name string) {
	e.Helper()
	_, err := e.Stat(name)
	e.fails("Stat of "+name, err, fs.ErrNotExist)
}

// lists asserts the names in a directory.
func (e *env) lists(dir string, want ...string) {
	e.Helper()
	infos, err := e.List(dir)
	e.must(err)
	var got []string
	for _, info := range infos {
		got = append(got, info.Name)
	}
	if !slices.Equal(got, want) {
		e.Errorf("List(%s) = %q, want %q", dir, got, want)
	}
}
