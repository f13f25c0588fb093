package vfstest

import (
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/redis-lite/redis-lite/vfs"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

var fileCases = []testCase{
	{"created file is empty, readable and writable", func(e *env) {
		f := e.create(e.path("f"), "")
		e.holds(f, "")
		e.write(f, "abc", 0)
		e.holds(f, "abc")
		if f.Name() != e.path("f") {
			e.Errorf("Name = %q", f.Name())
		}
	}},
	{"write becomes visible to other handles at once", func(e *env) {
		f := e.create(e.path("f"), "abc")
		other, err := e.Open(e.path("f"))
		e.must(err)
		defer other.Close()
		e.holds(other, "abc")
		e.write(f, "XY", 1)
		e.holds(other, "aXY")
	}},
	{"writing overwrites, extends, and leaves zeros in a gap", func(e *env) {
		f := e.create(e.path("f"), "abcdef")
		e.write(f, "XY", 2)
		e.holds(f, "abXYef")
		e.write(f, "ghi", 5)
		e.holds(f, "abXYeghi")
		e.write(f, "z", 12)
		e.holds(f, "abXYeghi\x00\x00\x00\x00z")
		e.write(f, "", 99)
		e.holds(f, "abXYeghi\x00\x00\x00\x00z")
	}},
	{"reading says io.EOF exactly when it delivers less than asked", func(e *env) {
		f := e.create(e.path("f"), "abcdef")
		for _, c := range []struct {
			len  int
			off  int64
			want string
			err  error
		}{
			{6, 0, "abcdef", nil}, {7, 0, "abcdef", io.EOF}, {2, 3, "de", nil}, {4, 4, "ef", io.EOF},
			{1, 6, "", io.EOF}, {1, 1000, "", io.EOF}, {0, 3, "", nil},
		} {
			p := make([]byte, c.len)
			n, err := f.ReadAt(p, c.off)
			if string(p[:n]) != c.want || err != c.err {
				e.Errorf("ReadAt of %d at %d = %q, %v; want %q, %v", c.len, c.off, p[:n], err, c.want, c.err)
			}
		}
	}},
	{"large transfers arrive whole", func(e *env) {
		f := e.create(e.path("f"), "")
		big := strings.Repeat("0123456789abcde", 100_000) // no power of two, 1.5 MB
		e.write(f, big, 12_345)
		e.write(f, "head", 0)
		e.holds(f, "head"+strings.Repeat("\x00", 12_341)+big)
	}},
	{"negative offsets and sizes are errors", func(e *env) {
		f := e.create(e.path("f"), "abc")
		_, err := f.ReadAt(make([]byte, 1), -1)
		e.fails("ReadAt(-1)", err, nil)
		_, err = f.WriteAt([]byte("x"), -1)
		e.fails("WriteAt(-1)", err, nil)
		e.fails("Truncate(-1)", f.Truncate(-1), nil)
		e.fails("ZeroFill(-1, 1)", f.ZeroFill(-1, 1), nil)
		e.fails("ZeroFill(0, -1)", f.ZeroFill(0, -1), nil)
		e.holds(f, "abc")
	}},
	{"truncating cuts, and growing again shows zeros and not the past", func(e *env) {
		f := e.create(e.path("f"), "abcdef")
		e.must(f.Truncate(2))
		e.holds(f, "ab")
		e.must(f.Truncate(5))
		e.holds(f, "ab\x00\x00\x00")
		e.must(f.Truncate(1))
		e.write(f, "z", 3)
		e.holds(f, "a\x00\x00z")
		e.must(f.Truncate(0))
		e.must(f.Truncate(70_000))
		e.holds(f, strings.Repeat("\x00", 70_000))
	}},
	{"zero-filling extends, and changes nothing where zeros are", func(e *env) {
		f := e.create(e.path("f"), "abc")
		e.must(f.ZeroFill(3, 700_000))
		e.holds(f, "abc"+strings.Repeat("\x00", 700_000))
		e.must(f.ZeroFill(100, 50))
		e.holds(f, "abc"+strings.Repeat("\x00", 700_000))
		e.must(f.ZeroFill(600_000, 200_000))
		e.must(f.ZeroFill(900_000, 0))
		e.holds(f, "abc"+strings.Repeat("\x00", 799_997))
		e.write(f, "xyz", 3)
		e.holds(f, "abcxyz"+strings.Repeat("\x00", 799_994))
	}},
	{"a handle for reading refuses to change the file", func(e *env) {
		e.put(e.path("f"), "abc")
		f, err := e.Open(e.path("f"))
		e.must(err)
		defer f.Close()
		_, err = f.WriteAt([]byte("x"), 0)
		e.fails("WriteAt", err, nil)
		e.fails("Truncate", f.Truncate(1), nil)
		e.fails("ZeroFill", f.ZeroFill(3, 1), nil)
		e.holds(f, "abc")
	}},
	{"opening for writing keeps the contents and creates nothing", func(e *env) {
		e.put(e.path("f"), "abc")
		e.holds(e.open(e.path("f")), "abc")
		_, err := e.OpenWrite(e.path("g"))
		e.fails("OpenWrite of a missing file", err, fs.ErrNotExist)
		e.missing(e.path("g"))
	}},
	{"syncing succeeds, again and with nothing to do", func(e *env) {
		f := e.create(e.path("f"), "abc")
		for range 2 {
			e.must(f.Sync())
			e.must(f.DataSync())
		}
		f.DropCache()
		e.holds(f, "abc")
	}},
	{"a closed handle is refused everything", func(e *env) {
		f := e.create(e.path("f"), "abc")
		e.must(f.Close())
		_, err := f.ReadAt(make([]byte, 1), 0)
		e.fails("ReadAt", err, fs.ErrClosed)
		_, err = f.WriteAt([]byte("x"), 0)
		e.fails("WriteAt", err, fs.ErrClosed)
		_, err = f.Size()
		e.fails("Size", err, fs.ErrClosed)
		e.fails("Truncate", f.Truncate(0), fs.ErrClosed)
		e.fails("Sync", f.Sync(), fs.ErrClosed)
		e.fails("DataSync", f.DataSync(), fs.ErrClosed)
		e.fails("ZeroFill", f.ZeroFill(0, 1), fs.ErrClosed)
		e.fails("Close", f.Close(), fs.ErrClosed)
		if f.DropCache() {
			e.Error("DropCache of a closed file reports success")
		}
		if f.Name() != e.path("f") {
			e.Errorf("Name = %q", f.Name())
		}
		e.contains(e.path("f"), "abc")
	}},
	{"an error names the file as the caller did", func(e *env) {
		name := e.path("absent")
		_, openErr := e.Open(name)
		_, statErr := e.Stat(name)
		_, listErr := e.List(name)
		for what, err := range map[string]error{
			"Open": openErr, "Stat": statErr, "List": listErr,
			"Remove": e.Remove(name), "SyncDir": e.SyncDir(name),
			"Rename": e.Rename(name, e.path("other")),
		} {
			e.fails(what, err, fs.ErrNotExist)
			if err != nil && !strings.Contains(err.Error(), name) {
				e.Errorf("%s: %q does not name %s", what, err, name)
			}
		}
	}},
	{"many handles to one file see one file", func(e *env) {
		e.put(e.path("f"), strings.Repeat("-", 20))
		var files []vfs.File
		for range 20 {
			files = append(files, e.open(e.path("f")))
		}
		for i, f := range files {
			e.write(f, string(rune('a'+i)), int64(i))
		}
		for _, f := range files {
			e.holds(f, "abcdefghijklmnopqrst")
		}
	}},
}
