package vfstest

import (
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/vfs"
)

// Gate is a file system whose syncs of files can be held up, or made to fail, from
// outside: for tests of what waits for the disk, and of what must not.
type Gate struct {
	vfs.FS

	// Waiting has a token for each sync that has come to a gate that was shut.
	Waiting chan struct{}

	mu    sync.Mutex
	gate  chan struct{} // closed when syncs may pass; nil: they may
	err   error         // what a sync returns
	syncs atomic.Int64
}

// NewGate puts a gate, which is open, in front of a file system.
func NewGate(fsys vfs.FS) *Gate { return &Gate{FS: fsys, Waiting: make(chan struct{}, 1<<16)} }

// Shut makes syncs wait from now on.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = make(chan struct{})
}

// Release lets syncs pass, those that wait and later ones. With an error, each returns
// that instead of what it is there for.
func (g *Gate) Release(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
	if g.gate != nil {
		close(g.gate)
		g.gate = nil
	}
}

// Syncs is how many syncs there were, those that wait included.
func (g *Gate) Syncs() int64 { return g.syncs.Load() }

func (g *Gate) pass() error {
	g.syncs.Add(1)
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		g.Waiting <- struct{}{}
		<-gate
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// Create is that of the file system.
func (g *Gate) Create(name string) (vfs.File, error) { return g.wrap(g.FS.Create(name)) }

// OpenWrite is that of the file system.
func (g *Gate) OpenWrite(name string) (vfs.File, error) { return g.wrap(g.FS.OpenWrite(name)) }

func (g *Gate) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return gatedFile{f, g}, nil
}

type gatedFile struct {
	vfs.File
	g *Gate
}

func (f gatedFile) DataSync() error {
	if err := f.g.pass(); err != nil {
		return err
	}
	return f.File.DataSync()
}

func (f gatedFile) Sync() error {
	if err := f.g.pass(); err != nil {
		return err
	}
	return f.File.Sync()
}
