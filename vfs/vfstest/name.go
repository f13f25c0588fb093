package vfstest

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/redis-lite/redis-lite/vfs"
)

var nameCases = []testCase{
	{"creating refuses a name that is taken", func(e *env) {
		e.put(e.path("f"), "abc")
		e.must(e.Mkdir(e.path("d")))
		for _, name := range []string{"f", "d"} {
			_, err := e.Create(e.path(name))
			e.fails("Create over "+name, err, fs.ErrExist)
		}
		e.contains(e.path("f"), "abc")
	}},
	{"a missing parent is fs.ErrNotExist", func(e *env) {
		e.put(e.path("f"), "")
		_, err := e.Create(e.path("no", "f"))
		e.fails("Create", err, fs.ErrNotExist)
		_, err = e.Open(e.path("no", "f"))
		e.fails("Open", err, fs.ErrNotExist)
		_, err = e.CreateTemp(e.path("no", "f"))
		e.fails("CreateTemp", err, fs.ErrNotExist)
		_, err = e.Lock(e.path("no", "f"))
		e.fails("Lock", err, fs.ErrNotExist)
		e.fails("Mkdir", e.Mkdir(e.path("no", "d")), fs.ErrNotExist)
		e.fails("Rename", e.Rename(e.path("f"), e.path("no", "f")), fs.ErrNotExist)
		e.lists(e.dir, "f")
	}},
	{"a file is no directory", func(e *env) {
		e.put(e.path("f"), "abc")
		_, err := e.Create(e.path("f", "x"))
		e.fails("Create", err, nil)
		_, err = e.Stat(e.path("f", "x"))
		e.fails("Stat", err, nil)
		_, err = e.List(e.path("f"))
		e.fails("List", err, nil)
		e.fails("Mkdir", e.Mkdir(e.path("f", "x")), nil)
		e.fails("SyncDir", e.SyncDir(e.path("f")), nil)
		e.contains(e.path("f"), "abc")
	}},
	{"a directory is no file", func(e *env) {
		e.must(e.Mkdir(e.path("d")))
		_, err := e.Open(e.path("d"))
		e.fails("Open", err, nil)
		_, err = e.OpenWrite(e.path("d"))
		e.fails("OpenWrite", err, nil)
	}},
	{"making a directory refuses a name that is taken", func(e *env) {
		e.put(e.path("f"), "abc")
		e.must(e.Mkdir(e.path("d")))
		e.put(e.path("d", "x"), "")
		e.fails("Mkdir over a file", e.Mkdir(e.path("f")), fs.ErrExist)
		e.fails("Mkdir over a directory", e.Mkdir(e.path("d")), fs.ErrExist)
		e.contains(e.path("f"), "abc")
		e.lists(e.path("d"), "x")
	}},
	{"listing is sorted and says what is what", func(e *env) {
		e.lists(e.dir)
		e.put(e.path("b"), "12345")
		e.put(e.path("a1"), "")
		e.put(e.path(".c"), "x")
		e.must(e.Mkdir(e.path("a")))
		e.put(e.path("a", "inner"), "123")
		got, err := e.List(e.dir)
		e.must(err)
		want := []vfs.Info{{Name: ".c", Size: 1}, {Name: "a", IsDir: true}, {Name: "a1"}, {Name: "b", Size: 5}}
		if !slices.Equal(got, want) {
			e.Errorf("List = %+v, want %+v", got, want)
		}
		for _, info := range want {
			got, err := e.Stat(e.path(info.Name))
			e.must(err)
			if got != info {
				e.Errorf("Stat = %+v, want %+v", got, info)
			}
		}
	}},
	{"size is up to date while the file is open", func(e *env) {
		f := e.create(e.path("f"), "abc")
		e.must(f.ZeroFill(3, 10))
		info, err := e.Stat(e.path("f"))
		e.must(err)
		if info.Size != 13 {
			e.Errorf("Stat says %d bytes, want 13", info.Size)
		}
	}},
	{"removing takes files and empty directories", func(e *env) {
		e.put(e.path("f"), "abc")
		e.must(e.Mkdir(e.path("d")))
		e.put(e.path("d", "x"), "")
		e.fails("Remove of a full directory", e.Remove(e.path("d")), nil)
		e.lists(e.path("d"), "x")
		e.must(e.Remove(e.path("d", "x")))
		e.must(e.Remove(e.path("d")))
		e.must(e.Remove(e.path("f")))
		e.lists(e.dir)
		e.fails("Remove again", e.Remove(e.path("f")), fs.ErrNotExist)
	}},
	{"a removed file lives on in its handles", func(e *env) {
		f := e.create(e.path("f"), "abc")
		e.must(e.Remove(e.path("f")))
		e.missing(e.path("f"))
		e.write(f, "def", 3)
		e.must(f.DataSync())
		e.holds(f, "abcdef")
		// The name is free again, for another file.
		e.put(e.path("f"), "new")
		e.write(f, "X", 0)
		e.contains(e.path("f"), "new")
		e.holds(f, "Xbcdef")
	}},
	{"renaming moves the file and replaces the target", func(e *env) {
		f := e.create(e.path("f"), "new")
		g := e.create(e.path("g"), "old")
		e.must(e.Rename(e.path("f"), e.path("g")))
		e.lists(e.dir, "g")
		e.contains(e.path("g"), "new")
		e.holds(g, "old")
		e.write(f, "er", 3)
		e.contains(e.path("g"), "newer")
		e.must(e.Mkdir(e.path("d")))
		e.must(e.Rename(e.path("g"), e.path("d", "h")))
		e.lists(e.dir, "d")
		e.contains(e.path("d", "h"), "newer")
	}},
	{"renaming to itself changes nothing", func(e *env) {
		e.put(e.path("f"), "abc")
		e.must(e.Rename(e.path("f"), e.path("f")))
		e.contains(e.path("f"), "abc")
	}},
	{"a rename that fails changes nothing", func(e *env) {
		e.put(e.path("f"), "abc")
		e.must(e.Mkdir(e.path("d")))
		e.fails("Rename of a missing file", e.Rename(e.path("g"), e.path("f")), fs.ErrNotExist)
		e.fails("Rename over a directory", e.Rename(e.path("f"), e.path("d")), nil)
		e.contains(e.path("f"), "abc")
		e.lists(e.dir, "d", "f")
	}},
	{"directories can be synced at every level", func(e *env) {
		e.must(e.Mkdir(e.path("d")))
		e.must(e.SyncDir(e.path("d")))
		e.must(e.SyncDir(e.dir))
	}},
	{"MkdirAll makes what is missing and accepts what is there", func(e *env) {
		deep := e.path("a", "b", "c")
		e.must(vfs.MkdirAll(e.FS, deep))
		e.put(vfs.Join(deep, "f"), "abc")
		e.must(vfs.MkdirAll(e.FS, deep))
		e.contains(vfs.Join(deep, "f"), "abc")
		err := vfs.MkdirAll(e.FS, vfs.Join(deep, "f"))
		e.fails("MkdirAll of a file", err, vfs.ErrNotDir)
		if err := vfs.MkdirAll(e.FS, vfs.Join(deep, "f", "x")); err == nil || errors.Is(err, fs.ErrExist) {
			e.Errorf("MkdirAll below a file: %v", err)
		}
	}},
}
