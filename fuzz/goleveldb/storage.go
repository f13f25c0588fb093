package goleveldb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"github.com/redis-lite/redis-lite/vfs"
)

// files is goleveldb's file storage over a vfs.FS: the calls that reach the
// disk are those of its file_storage.go, in that order. The text log and the
// names of old versions are left out.
type files struct {
	fs   vfs.FS
	dir  string
	lock io.Closer
	mu   sync.Mutex
	held bool

	// mended syncs a manifest before CURRENT names it: what goleveldb itself
	// does since its pull request 351, which is in no tagged version.
	mended bool
}

// newFiles opens the storage, as storage.OpenFile does: it makes the directory
// and syncs nothing.
func newFiles(fsys vfs.FS, dir string) (*files, error) {
	if err := fsys.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	lock, err := fsys.Lock(vfs.Join(dir, "LOCK"))
	if err != nil {
		return nil, err
	}
	return &files{fs: fsys, dir: dir, lock: lock}, nil
}

func (s *files) path(name string) string { return vfs.Join(s.dir, name) }

type unlocker struct{ s *files }

func (u unlocker) Unlock() { u.s.held = false }

// Lock implements storage.Storage.
func (s *files) Lock() (storage.Locker, error) {
	if s.held {
		return nil, storage.ErrLocked
	}
	s.held = true
	return unlocker{s}, nil
}

// Log implements storage.Storage.
func (s *files) Log(string) {}

// write makes a file with contents, synced.
func (s *files) write(name, contents string) error {
	f, err := s.create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(contents), 0); err != nil {
		return err
	}
	return f.Sync()
}

// create is os.OpenFile with O_CREATE and O_TRUNC.
func (s *files) create(name string) (vfs.File, error) {
	f, err := s.fs.OpenWrite(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return s.fs.Create(s.path(name))
	}
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s *files) read(name string) (string, error) {
	f, err := s.fs.Open(s.path(name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(b), nil
}

// SetMeta implements storage.Storage: it replaces CURRENT.
func (s *files) SetMeta(fd storage.FileDesc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mended {
		f, err := s.fs.OpenWrite(s.path(fd.String()))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return s.setMeta(fd)
}

func (s *files) setMeta(fd storage.FileDesc) error {
	contents := fd.String() + "\n"
	old, err := s.read("CURRENT")
	switch {
	case err == nil && old == contents:
		return nil
	case err == nil:
		if err := s.write("CURRENT.bak", old); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	pending := fmt.Sprintf("CURRENT.%d", fd.Num)
	if err := s.write(pending, contents); err != nil {
		return err
	}
	if err := s.fs.Rename(s.path(pending), s.path("CURRENT")); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// GetMeta implements storage.Storage. It tries the pending replacements of
// CURRENT, then CURRENT, then its backup.
func (s *files) GetMeta() (storage.FileDesc, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	infos, err := s.fs.List(s.dir)
	if err != nil {
		return storage.FileDesc{}, err
	}
	var pending []string
	for _, in := range infos {
		var n int64
		if c, _ := fmt.Sscanf(in.Name, "CURRENT.%d", &n); c == 1 {
			pending = append(pending, in.Name)
		}
	}
	slices.Reverse(pending)
	next, _, nextErr := s.current(pending)
	if nextErr != nil && !errors.Is(nextErr, fs.ErrNotExist) && !damaged(nextErr) {
		return next, nextErr
	}
	fd, from, err := s.current([]string{"CURRENT", "CURRENT.bak"})
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !damaged(err) {
		return fd, err
	}
	if nextErr == nil && (err != nil || next.Num > fd.Num) {
		fd, from, err = next, "", nil
	}
	if err != nil {
		if damaged(nextErr) {
			err = nextErr
		}
		return storage.FileDesc{}, err
	}
	if from != "CURRENT" || len(pending) > 0 {
		if s.setMeta(fd) == nil {
			for _, name := range pending {
				_ = s.fs.Remove(s.path(name))
			}
		}
	}
	return fd, nil
}

func damaged(err error) bool {
	var c *storage.ErrCorrupted
	return errors.As(err, &c)
}

// current is what the first of these files that is in order points to.
func (s *files) current(names []string) (fd storage.FileDesc, from string, err error) {
	err = fs.ErrNotExist
	for _, name := range names {
		text, readErr := s.read(name)
		switch {
		case errors.Is(readErr, fs.ErrNotExist):
			continue
		case readErr != nil:
			return fd, "", readErr
		}
		line, ok := strings.CutSuffix(text, "\n")
		if got, valid := parse(line); ok && valid {
			if _, statErr := s.fs.Stat(s.path(line)); statErr == nil {
				return got, name, nil
			}
			continue
		}
		err = &storage.ErrCorrupted{Err: errors.New("corrupted or incomplete CURRENT file")}
	}
	return fd, "", err
}

// parse is the inverse of FileDesc.String.
func parse(name string) (storage.FileDesc, bool) {
	fd := storage.FileDesc{}
	switch stem, ext, _ := strings.Cut(name, "."); {
	case strings.HasPrefix(name, "MANIFEST-"):
		fd.Type = storage.TypeManifest
		_, _ = fmt.Sscanf(name[9:], "%d", &fd.Num)
	case ext == "log" || ext == "ldb" || ext == "tmp":
		fd.Type = map[string]storage.FileType{
			"log": storage.TypeJournal, "ldb": storage.TypeTable, "tmp": storage.TypeTemp,
		}[ext]
		_, _ = fmt.Sscanf(stem, "%d", &fd.Num)
	}
	return fd, fd.Type != 0 && fd.String() == name
}

// List implements storage.Storage.
func (s *files) List(ft storage.FileType) ([]storage.FileDesc, error) {
	infos, err := s.fs.List(s.dir)
	if err != nil {
		return nil, err
	}
	var out []storage.FileDesc
	for _, in := range infos {
		if fd, ok := parse(in.Name); ok && fd.Type&ft != 0 {
			out = append(out, fd)
		}
	}
	return out, nil
}

// reader adds a position to a file.
type reader struct {
	*io.SectionReader
	io.Closer
}

// Open implements storage.Storage.
func (s *files) Open(fd storage.FileDesc) (storage.Reader, error) {
	f, err := s.fs.Open(s.path(fd.String()))
	if err != nil {
		return nil, err
	}
	n, err := f.Size()
	if err != nil {
		f.Close()
		return nil, err
	}
	return reader{io.NewSectionReader(f, 0, n), f}, nil
}

// writer appends to a file.
type writer struct {
	vfs.File
	end int64
	s   *files
	fd  storage.FileDesc
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.File.WriteAt(p, w.end)
	w.end += int64(n)
	return n, err
}

// Sync syncs the directory too when the file is a manifest: goleveldb does.
func (w *writer) Sync() error {
	if err := w.File.Sync(); err != nil {
		return err
	}
	if w.fd.Type == storage.TypeManifest {
		return w.s.fs.SyncDir(w.s.dir)
	}
	return nil
}

// Create implements storage.Storage.
func (s *files) Create(fd storage.FileDesc) (storage.Writer, error) {
	f, err := s.create(fd.String())
	if err != nil {
		return nil, err
	}
	return &writer{File: f, s: s, fd: fd}, nil
}

// Remove implements storage.Storage.
func (s *files) Remove(fd storage.FileDesc) error { return s.fs.Remove(s.path(fd.String())) }

// Rename implements storage.Storage.
func (s *files) Rename(from, to storage.FileDesc) error {
	return s.fs.Rename(s.path(from.String()), s.path(to.String()))
}

// Close implements storage.Storage.
func (s *files) Close() error { return s.lock.Close() }
