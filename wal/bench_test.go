package wal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
)

// The benchmarks measure the log against floors in the same run, in alternating
// rounds, because a disk's speed changes from minute to minute: read the ratio
// x-floor and not the numbers beside it.
//
//	go test ./wal -run '^$' -bench Commit -benchtime 10x
//
// One iteration is one round of both. They write into WAL_BENCH_DIR, or a
// temporary directory, which must be on a real disk to mean anything.

// benchPayload is a record of a 16-byte key and a 128-byte value.
var benchPayload = record(make([]byte, 148))

const benchRound = 200 * time.Millisecond

func benchDir(b *testing.B) string {
	root := os.Getenv("WAL_BENCH_DIR")
	if root == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(root, "wal-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// contender does durable writes from any number of goroutines.
type contender interface {
	write(r []byte)
	close()
}

// round lets n goroutines write records for a while and returns how many a
// second were written.
func round(c contender, n int, r []byte) float64 {
	var count atomic.Int64
	var wg sync.WaitGroup
	var over atomic.Bool
	begun := time.Now()
	for range n {
		wg.Go(func() {
			mine := 0
			for !over.Load() {
				c.write(r)
				mine++
			}
			count.Add(int64(mine))
		})
	}
	time.AfterFunc(benchRound, func() { over.Store(true) })
	wg.Wait()
	return float64(count.Load()) / time.Since(begun).Seconds()
}

// compare alternates rounds of both and reports their medians' ratio.
func compare(b *testing.B, floor, log contender, n int, r []byte) {
	defer floor.close()
	defer log.close()
	var floors, logs, ratios []float64
	for b.Loop() {
		f, l := round(floor, n, r), round(log, n, r)
		floors, logs, ratios = append(floors, f), append(logs, l), append(ratios, l/f)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(floors), "floor/s")
	b.ReportMetric(median(logs), "log/s")
	b.ReportMetric(median(ratios), "x-floor")
}

func median(v []float64) float64 {
	s := append([]float64(nil), v...)
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s[len(s)/2]
}

// zeroed is a file full of zeros, written to over and over.
type zeroed struct {
	b    *testing.B
	file vfs.File
	size int64
	off  int64
}

func newZeroed(b *testing.B, dir string) *zeroed {
	const size = 2 << 30
	f, err := osfs.New().Create(vfs.Join(dir, "zeroed"))
	if err == nil {
		err = f.ZeroFill(0, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		b.Fatal(err)
	}
	return &zeroed{b: b, file: f, size: size}
}

// write is the bare loop: one write, one fdatasync.
func (z *zeroed) write(r []byte) {
	if z.off+int64(len(r)) > z.size {
		z.off = 0
	}
	_, err := z.file.WriteAt(r, z.off)
	if err == nil {
		err = z.file.DataSync()
	}
	if err != nil {
		z.b.Error(err)
	}
	z.off += int64(len(r)+7) &^ 7
}

func (z *zeroed) close() { z.file.Close() }

// appended is the same without the zeros.
type appended struct{ *zeroed }

func newAppended(b *testing.B, dir string) *appended {
	f, err := osfs.New().Create(vfs.Join(dir, "appended"))
	if err != nil {
		b.Fatal(err)
	}
	return &appended{&zeroed{b: b, file: f, size: 1 << 40}}
}

// idealGroup is the least that a group commit can be: goroutines queue to one
// writer, who writes all that it finds and syncs once.
type idealGroup struct {
	*zeroed
	mu   sync.Mutex
	buf  []byte
	done chan struct{}
	wake chan struct{}
	end  chan struct{}
}

func newIdealGroup(b *testing.B, dir string) *idealGroup {
	g := &idealGroup{zeroed: newZeroed(b, dir), done: make(chan struct{}), wake: make(chan struct{}, 1), end: make(chan struct{})}
	go g.loop()
	return g
}

func (g *idealGroup) write(r []byte) {
	g.mu.Lock()
	g.buf = append(g.buf, r...)
	done := g.done
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
	<-done
}

func (g *idealGroup) loop() {
	defer close(g.end)
	var spare []byte
	for range g.wake {
		g.mu.Lock()
		buf, done := g.buf, g.done
		g.buf, g.done = spare[:0], make(chan struct{})
		g.mu.Unlock()
		if len(buf) > 0 {
			g.zeroed.write(buf)
		}
		close(done)
		spare = buf
	}
}

func (g *idealGroup) close() {
	close(g.wake)
	<-g.end
	g.zeroed.close()
}

// theLog is what all this is about.
type theLog struct {
	b *testing.B
	l *wal.Log
}

func newLog(b *testing.B, dir string, change func(*wal.Options)) *theLog {
	dir = vfs.Join(dir, "wal")
	if err := vfs.MkdirAll(osfs.New(), dir); err != nil {
		b.Fatal(err)
	}
	o := wal.Options{
		FS: osfs.New(), Dir: dir, Store: testStore, Rand: rand.Uint64, Now: time.Now,
		Durable: func(wal.Batch) {},
	}
	if change != nil {
		change(&o)
	}
	l, err := wal.Create(o, 1)
	if err != nil {
		b.Fatal(err)
	}
	return &theLog{b, l}
}

func (t *theLog) write(r []byte) {
	p, err := t.l.Append(context.Background(), r, nil, wal.Default)
	if err == nil {
		err = p.Wait(context.Background())
	}
	if err != nil {
		t.b.Error(err)
	}
}

func (t *theLog) close() {
	if err := t.l.Close(); err != nil {
		t.b.Error(err)
	}
	if testing.Verbose() {
		m := t.l.Metrics()
		t.b.Logf("%d records, %d frames, group p50 %d, sync p50 %d µs p99 %d µs", m.Records, m.Frames,
			m.GroupSize.Quantile(.5), m.SyncTime.Quantile(.5), m.SyncTime.Quantile(.99))
	}
}

func BenchmarkCommit(b *testing.B) {
	b.Run("writers=1", func(b *testing.B) {
		dir := benchDir(b)
		compare(b, newZeroed(b, dir), newLog(b, dir, nil), 1, benchPayload)
	})
	for _, n := range []int{8, 64, 512, 4096} {
		b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) {
			dir := benchDir(b)
			compare(b, newIdealGroup(b, dir), newLog(b, dir, nil), n, benchPayload)
		})
	}
}
