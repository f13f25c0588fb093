package hardcases_test

import (
	"io"

	"github.com/redis-lite/redis-lite/vfs"
)

// spy is a file system that lets something happen before every call, and that
// can take a write apart, so that others see it half done.
type spy struct {
	vfs.FS
	before func()
	pieces func(n int) [][2]int // [from, to) of a write of n bytes, in the order in which they arrive; nil: at once
}

func (s *spy) Open(name string) (vfs.File, error) {
	s.before()
	return s.wrap(s.FS.Open(name))
}

func (s *spy) OpenWrite(name string) (vfs.File, error) {
	s.before()
	return s.wrap(s.FS.OpenWrite(name))
}

func (s *spy) Create(name string) (vfs.File, error) {
	s.before()
	return s.wrap(s.FS.Create(name))
}

func (s *spy) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &spyFile{f, s}, nil
}

func (s *spy) CreateTemp(target string) (vfs.TempFile, error) {
	s.before()
	t, err := s.FS.CreateTemp(target)
	if err != nil {
		return nil, err
	}
	return &spyTemp{spyFile{t, s}, t}, nil
}

func (s *spy) Rename(from, to string) error {
	s.before()
	return s.FS.Rename(from, to)
}

func (s *spy) Remove(name string) error {
	s.before()
	return s.FS.Remove(name)
}

func (s *spy) List(dir string) ([]vfs.Info, error) {
	s.before()
	return s.FS.List(dir)
}

func (s *spy) Stat(name string) (vfs.Info, error) {
	s.before()
	return s.FS.Stat(name)
}

func (s *spy) SyncDir(dir string) error {
	s.before()
	return s.FS.SyncDir(dir)
}

func (s *spy) Lock(name string) (io.Closer, error) { return s.FS.Lock(name) }

type spyFile struct {
	vfs.File
	s *spy
}

func (f *spyFile) ReadAt(p []byte, off int64) (int, error) {
	f.s.before()
	return f.File.ReadAt(p, off)
}

func (f *spyFile) WriteAt(p []byte, off int64) (int, error) {
	f.s.before()
	if f.s.pieces == nil {
		return f.File.WriteAt(p, off)
	}
	for _, x := range f.s.pieces(len(p)) {
		if _, err := f.File.WriteAt(p[x[0]:x[1]], off+int64(x[0])); err != nil {
			return 0, err
		}
		f.s.before()
	}
	return len(p), nil
}

func (f *spyFile) Truncate(size int64) error {
	f.s.before()
	return f.File.Truncate(size)
}

func (f *spyFile) ZeroFill(off, n int64) error {
	f.s.before()
	return f.File.ZeroFill(off, n)
}

func (f *spyFile) Sync() error {
	f.s.before()
	return f.File.Sync()
}

func (f *spyFile) DataSync() error {
	f.s.before()
	return f.File.DataSync()
}

func (f *spyFile) Size() (int64, error) {
	f.s.before()
	return f.File.Size()
}

type spyTemp struct {
	spyFile
	t vfs.TempFile
}

func (t *spyTemp) Publish() error {
	t.s.before()
	return t.t.Publish()
}

func (t *spyTemp) Abort() error {
	t.s.before()
	return t.t.Abort()
}
