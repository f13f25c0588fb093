// Package diskfloor holds the bare loops that durable writes are measured
// against: what a file system gives when no store stands around it. A benchmark
// runs a floor and the real thing in alternating rounds of one run and reports
// the ratio, because a disk's speed changes from minute to minute.
package diskfloor

import (
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// Writer writes one record durably. Any number of goroutines may call Write.
type Writer interface {
	Write(record []byte) error
	Close() error
}

// Zeroed returns a loop of one write and one fdatasync over a file of size bytes
// that was filled with zeros beforehand; it wraps around. One goroutine at a
// time may use it.
func Zeroed(fsys vfs.FS, name string, size int64) (Writer, error) {
	f, err := fsys.Create(name)
	if err != nil {
		return nil, err
	}
	if err := f.ZeroFill(0, size); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return &zeroed{file: f, size: size}, nil
}

type zeroed struct {
	file      vfs.File
	size, off int64
}

func (z *zeroed) Write(record []byte) error {
	if z.off+int64(len(record)) > z.size {
		z.off = 0
	}
	if _, err := z.file.WriteAt(record, z.off); err != nil {
		return err
	}
	z.off += int64(len(record)+7) &^ 7
	return z.file.DataSync()
}

func (z *zeroed) Close() error { return z.file.Close() }

// IdealGroup is the least that a group commit can be: goroutines queue to one
// writer over w, who writes all that it finds and syncs once. Close closes w.
func IdealGroup(w Writer) Writer {
	g := &idealGroup{w: w, batch: newBatch(nil), wake: make(chan struct{}, 1), end: make(chan struct{})}
	go g.loop()
	return g
}

type idealGroup struct {
	w    Writer
	wake chan struct{}
	end  chan struct{}

	mu    sync.Mutex
	batch *batch
}

type batch struct {
	buf  []byte
	err  error
	done chan struct{}
}

func newBatch(buf []byte) *batch { return &batch{buf: buf[:0], done: make(chan struct{})} }

func (g *idealGroup) Write(record []byte) error {
	g.mu.Lock()
	b := g.batch
	b.buf = append(b.buf, record...)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
	<-b.done
	return b.err
}

func (g *idealGroup) loop() {
	defer close(g.end)
	var spare []byte
	for range g.wake {
		g.mu.Lock()
		b := g.batch
		g.batch = newBatch(spare)
		g.mu.Unlock()
		if len(b.buf) > 0 {
			b.err = g.w.Write(b.buf)
		}
		spare = b.buf
		close(b.done)
	}
}

func (g *idealGroup) Close() error {
	close(g.wake)
	<-g.end
	return g.w.Close()
}
