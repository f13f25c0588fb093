package cli

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// Reading shows how far the reading of a directory has come, for work that tells
// nothing of itself: it returns the file system to do it on, and what ends the
// bar. Where there is nobody to see it, that is a.FS itself.
func (a *App) Reading(name, dir string) (fsys vfs.FS, end func()) {
	if a.Quiet || !a.StderrIsTerminal {
		return a.FS, func() {}
	}
	total := int64(0)
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	m := &meter{p: a.NewProgress(name, total)}
	return &meteredFS{a.FS, m}, m.end
}

// meter adds up what several goroutines read. Bytes that are read twice count
// twice, so the bar may be full before the work is done.
type meter struct {
	mu   sync.Mutex
	p    *Progress
	read int64
}

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read += int64(n)
	m.p.Set(m.read)
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.End()
	m.p = nil
}

type meteredFS struct {
	vfs.FS
	m *meter
}

// Open implements vfs.FS.
func (f *meteredFS) Open(name string) (vfs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &meteredFile{file, f.m}, nil
}

type meteredFile struct {
	vfs.File
	m *meter
}

// ReadAt implements io.ReaderAt.
func (f *meteredFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.m.add(n)
	return n, err
}
