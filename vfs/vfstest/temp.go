package vfstest

import (
	"io/fs"
	"strings"

	"github.com/redis-lite/redis-lite/vfs"
)

// temp makes a temporary file with contents.
func (e *env) temp(target, contents string) vfs.TempFile {
	e.Helper()
	f, err := e.CreateTemp(target)
	e.must(err)
	e.write(f, contents, 0)
	e.Cleanup(func() { f.Abort() })
	return f
}

var tempCases = []testCase{
	{"a temporary file lies beside its target, behind a dot", func(e *env) {
		f := e.temp(e.path("f"), "abc")
		infos, err := e.List(e.dir)
		e.must(err)
		if len(infos) != 1 || !strings.HasPrefix(infos[0].Name, ".") || infos[0].Size != 3 {
			e.Errorf("List = %+v, want one name that begins with a dot", infos)
		}
		if f.Name() != e.path(infos[0].Name) {
			e.Errorf("Name = %q", f.Name())
		}
		e.holds(f, "abc")
	}},
	{"publishing gives the file its name", func(e *env) {
		f := e.temp(e.path("f"), "abc")
		e.must(f.Sync())
		e.must(f.Publish())
		e.must(e.SyncDir(e.dir))
		e.lists(e.dir, "f")
		e.contains(e.path("f"), "abc")
	}},
	{"publishing replaces what was there, and its handles keep the old", func(e *env) {
		old := e.create(e.path("f"), "old")
		f := e.temp(e.path("f"), "newer")
		e.must(f.Sync())
		e.contains(e.path("f"), "old")
		e.must(f.Publish())
		e.lists(e.dir, "f")
		e.contains(e.path("f"), "newer")
		e.holds(old, "old")
	}},
	{"publishing ends the file", func(e *env) {
		f := e.temp(e.path("f"), "abc")
		e.must(f.Publish())
		_, err := f.WriteAt([]byte("x"), 0)
		e.fails("WriteAt", err, fs.ErrClosed)
		e.fails("Publish again", f.Publish(), fs.ErrClosed)
		e.must(f.Abort())
		e.must(f.Close())
		e.contains(e.path("f"), "abc")
	}},
	{"aborting removes the file", func(e *env) {
		e.put(e.path("f"), "old")
		f := e.temp(e.path("f"), "newer")
		e.must(f.Abort())
		e.lists(e.dir, "f")
		e.contains(e.path("f"), "old")
		e.must(f.Abort())
		e.fails("Publish after Abort", f.Publish(), fs.ErrClosed)
		e.contains(e.path("f"), "old")
	}},
	{"closing is aborting", func(e *env) {
		f := e.temp(e.path("f"), "abc")
		e.must(f.Close())
		e.lists(e.dir)
	}},
	{"aborting does not mind that the file is gone", func(e *env) {
		f := e.temp(e.path("f"), "abc")
		e.must(e.Remove(f.Name()))
		e.must(f.Abort())
		e.lists(e.dir)
	}},
	{"a failed publication leaves the target alone and can be aborted", func(e *env) {
		e.must(e.Mkdir(e.path("f")))
		e.put(e.path("f", "x"), "abc")
		f := e.temp(e.path("f"), "newer")
		e.fails("Publish over a directory", f.Publish(), nil)
		e.fails("Publish again", f.Publish(), fs.ErrClosed)
		e.must(f.Abort())
		e.lists(e.dir, "f")
		e.contains(e.path("f", "x"), "abc")
	}},
	{"two temporary files of one target do not meet", func(e *env) {
		f, g := e.temp(e.path("f"), "one"), e.temp(e.path("f"), "two")
		e.must(f.Publish())
		e.contains(e.path("f"), "one")
		e.must(g.Publish())
		e.contains(e.path("f"), "two")
		e.lists(e.dir, "f")
	}},
}
