package engine_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// gateFS is a memory file system whose data syncs can be held up, or made to
// fail, from outside.
type gateFS struct {
	vfs.FS
	mu      sync.Mutex
	gate    chan struct{} // syncs wait for it to be closed; nil lets them pass
	err     error         // what a sync then returns
	waiting chan struct{} // one token for each sync that has come to the gate
	syncs   atomic.Int64
}

func newGateFS() *gateFS {
	return &gateFS{FS: memfs.New(), waiting: make(chan struct{}, 1<<16)}
}

// shut makes syncs wait from now on; open lets them go, with an error or nil.
func (g *gateFS) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = make(chan struct{})
}

func (g *gateFS) open(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
	if g.gate != nil {
		close(g.gate)
		g.gate = nil
	}
}

func (g *gateFS) pass() error {
	g.syncs.Add(1)
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		g.waiting <- struct{}{}
		<-gate
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *gateFS) Create(name string) (vfs.File, error) {
	f, err := g.FS.Create(name)
	return g.wrap(f, err)
}

func (g *gateFS) OpenWrite(name string) (vfs.File, error) {
	f, err := g.FS.OpenWrite(name)
	return g.wrap(f, err)
}

func (g *gateFS) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return gateFile{f, g}, nil
}

type gateFile struct {
	vfs.File
	g *gateFS
}

func (f gateFile) DataSync() error {
	if err := f.g.pass(); err != nil {
		return err
	}
	return f.File.DataSync()
}

func (f gateFile) Sync() error {
	if err := f.g.pass(); err != nil {
		return err
	}
	return f.File.Sync()
}

// quiet are options under which nothing happens that a test did not ask for.
func quiet(fsys vfs.FS) *engine.Options {
	return &engine.Options{
		FS:         fsys,
		IdleMark:   -1,
		SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: true},
	}
}

func mustOpen(t testing.TB, fsys vfs.FS) *engine.DB {
	t.Helper()
	db, err := engine.Open("/store", quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
