// Package diskfloor holds the bare loops that durable writes are measured
// against: what a file system gives when no store stands around it. A benchmark
// runs a floor and the real thing in alternating rounds of one run and reports
// the ratio, because a disk's speed changes from minute to minute.
package diskfloor

import "github.com/redis-lite/redis-lite/vfs"

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

// IdealGroup is a group commit with nothing around it: goroutines queue to one
// writer over w, who takes all that it finds in the queue, writes it at once,
// syncs once and answers each. Close closes w.
func IdealGroup(w Writer) Writer {
	g := &idealGroup{w: w, queue: make(chan request, 1<<16), end: make(chan struct{})}
	go g.loop()
	return g
}

type idealGroup struct {
	w     Writer
	queue chan request
	end   chan struct{}
}

type request struct {
	record []byte
	answer chan error
}

func (g *idealGroup) Write(record []byte) error {
	r := request{record, make(chan error, 1)}
	g.queue <- r
	return <-r.answer
}

func (g *idealGroup) loop() {
	defer close(g.end)
	var buf []byte
	var group []request
	for r := range g.queue {
		buf, group = append(buf[:0], r.record...), append(group[:0], r)
		for more := true; more; {
			select {
			case r, ok := <-g.queue:
				if more = ok; ok {
					buf, group = append(buf, r.record...), append(group, r)
				}
			default:
				more = false
			}
		}
		err := g.w.Write(buf)
		for _, r := range group {
			r.answer <- err
		}
	}
}

func (g *idealGroup) Close() error {
	close(g.queue)
	<-g.end
	return g.w.Close()
}
