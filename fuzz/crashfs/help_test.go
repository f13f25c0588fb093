package crashfs_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// script is a test's shorthand for calls that must not fail.
type script struct {
	t  testing.TB
	fs *crashfs.FS
}

func (s script) do(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s script) open(name string) vfs.File {
	s.t.Helper()
	f, err := s.fs.OpenWrite(name)
	if err != nil {
		f, err = s.fs.Create(name)
	}
	s.do(err)
	return f
}

func (s script) write(name, data string, off int64) {
	s.t.Helper()
	f := s.open(name)
	_, err := f.WriteAt([]byte(data), off)
	s.do(err)
	s.do(f.Close())
}

func (s script) with(name string, fn func(vfs.File) error) {
	s.t.Helper()
	f := s.open(name)
	s.do(fn(f))
	s.do(f.Close())
}

func (s script) sync(name string)         { s.t.Helper(); s.with(name, vfs.File.Sync) }
func (s script) datasync(name string)     { s.t.Helper(); s.with(name, vfs.File.DataSync) }
func (s script) syncdir(name string)      { s.t.Helper(); s.do(s.fs.SyncDir(name)) }
func (s script) rename(oldn, newn string) { s.t.Helper(); s.do(s.fs.Rename(oldn, newn)) }
func (s script) remove(name string)       { s.t.Helper(); s.do(s.fs.Remove(name)) }
func (s script) mkdir(name string)        { s.t.Helper(); s.do(s.fs.Mkdir(name)) }
func (s script) truncate(n string, to int64) {
	s.t.Helper()
	s.with(n, func(f vfs.File) error { return f.Truncate(to) })
}

// durable makes everything durable by crashing with everything kept.
func (s script) durable() script { return script{s.t, s.fs.Crash(crashfs.KeepAll)} }

func content(t testing.TB, fsys vfs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return string(b)
}

// tree describes a file system in one line: every path, and for a file the
// bytes, runs of one byte written as "x*512".
func tree(t testing.TB, fsys vfs.FS) string {
	t.Helper()
	var out []string
	var walk func(dir string)
	walk = func(dir string) {
		infos, err := fsys.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range infos {
			name := strings.TrimLeft(dir+"/"+in.Name, "/")
			if in.IsDir {
				out = append(out, name+"/")
				walk("/" + name)
				continue
			}
			out = append(out, name+"="+runs(content(t, fsys, "/"+name)))
		}
	}
	walk("/")
	return strings.Join(out, " ")
}

func runs(s string) string {
	if len(s) < 32 && !strings.Contains(s, "\x00") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] == s[i] {
			j++
		}
		c := string(s[i])
		if s[i] == 0 {
			c = "0"
		}
		if j-i > 3 {
			fmt.Fprintf(&b, "%s*%d,", c, j-i)
		} else {
			b.WriteString(strings.Repeat(c, j-i))
		}
		i = j
	}
	return strings.TrimSuffix(b.String(), ",")
}

// outcomes is every image that a crash now can leave, sorted.
func outcomes(t testing.TB, f *crashfs.FS) []string {
	t.Helper()
	var out []string
	for img := range f.Point().States(crashfs.Bound{Exhaustive: 16}) {
		out = append(out, tree(t, img))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
