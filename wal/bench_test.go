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

const benchRound = 250 * time.Millisecond

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

// newZeroed fills a file that is large enough for what n writers write in a
// while, so that like a log it writes each place once.
func newZeroed(b *testing.B, dir string, n int) *zeroed {
	size := int64(128 << 20)
	if n >= 512 {
		size = 1 << 30
	}
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

func newIdealGroup(b *testing.B, dir string, n int) *idealGroup {
	g := &idealGroup{zeroed: newZeroed(b, dir, n), done: make(chan struct{}), wake: make(chan struct{}, 1), end: make(chan struct{})}
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

// BenchmarkCommit is one durable record per call, by 1 to 4,096 goroutines. The
// floor of one writer is the bare loop, that of many the ideal group commit.
func BenchmarkCommit(b *testing.B) {
	b.Run("writers=1", func(b *testing.B) {
		dir := benchDir(b)
		compare(b, newZeroed(b, dir, 1), newLog(b, dir, nil), 1, benchPayload)
	})
	for _, n := range []int{8, 64, 512, 4096} {
		b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) {
			dir := benchDir(b)
			compare(b, newIdealGroup(b, dir, n), newLog(b, dir, nil), n, benchPayload)
		})
	}
}

// BenchmarkBatch is one durable record of many bytes per call, as a batch of a
// thousand small writes or a large value makes. Both floors write the same bytes:
// into zeros, and appending.
func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{16 << 10, 148 << 10, 1 << 20} {
		r := record(make([]byte, size))
		b.Run(fmt.Sprintf("size=%dKiB/zeroed", size>>10), func(b *testing.B) {
			dir := benchDir(b)
			compare(b, newZeroed(b, dir, 512), newLog(b, dir, nil), 1, r)
		})
		b.Run(fmt.Sprintf("size=%dKiB/appended", size>>10), func(b *testing.B) {
			dir := benchDir(b)
			compare(b, newAppended(b, dir), newLog(b, dir, nil), 1, r)
		})
	}
}

// BenchmarkLazy is what the log costs where nobody waits for the disk.
func BenchmarkLazy(b *testing.B) {
	for _, mode := range []wal.Mode{wal.Interval, wal.Never} {
		lazy := func(o *wal.Options) { o.Mode, o.Interval, o.IdleMark = mode, 100*time.Millisecond, -1 }
		b.Run(mode.String()+"/wait", func(b *testing.B) {
			l := newLog(b, benchDir(b), lazy)
			defer l.close()
			b.ReportAllocs()
			for b.Loop() {
				l.write(benchPayload)
			}
		})
		b.Run(mode.String()+"/start", func(b *testing.B) {
			l := newLog(b, benchDir(b), lazy)
			defer l.close()
			b.ReportAllocs()
			for b.Loop() {
				p, err := l.l.Append(context.Background(), benchPayload, nil, wal.Default)
				if err != nil {
					b.Fatal(err)
				}
				p.Start()
			}
		})
	}
}

// BenchmarkAppendOnly is Append by itself, on a file system that costs nothing.
func BenchmarkAppendOnly(b *testing.B) {
	o := small(newFS(b))
	o.SegmentSize, o.MaxFrame, o.MaxStaged = 1<<20, 64<<10, 1<<20
	l, err := wal.Create(o, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		p, err := l.Append(context.Background(), benchPayload, nil, wal.Default)
		if err != nil {
			b.Fatal(err)
		}
		if p.LSN()%256 == 0 {
			if err := p.Wait(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkScan reads a log of small frames and of large ones, from the cache.
func BenchmarkScan(b *testing.B) {
	for _, group := range []int{1, 100} {
		for _, ahead := range []bool{false, true} {
			b.Run(fmt.Sprintf("group=%d/ahead=%v", group, ahead), func(b *testing.B) {
				var body []byte
				for range group {
					body = append(body, benchPayload...)
				}
				h := sampleHeader()
				file, err := h.Encode()
				if err != nil {
					b.Fatal(err)
				}
				link, next := h.Prev.Link, h.FirstLSN
				for len(file) < 32<<20 {
					at := len(file)
					file = wal.AppendFrame(file, h.Salt, link, next, uint32(group), wal.FlagSynced, body)
					fh, _ := wal.DecodeFrameHeader(file[at:], h.Salt)
					link, next = fh.Link(), fh.NextLSN()
				}
				name := vfs.Join(benchDir(b), wal.SegmentName(h.Seq))
				if err := os.WriteFile(name, file, 0o600); err != nil {
					b.Fatal(err)
				}
				s, err := wal.OpenSegment(osfs.New(), name)
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				b.SetBytes(int64(len(file)))
				b.ReportAllocs()
				records := 0
				for b.Loop() {
					sc := wholeScan(s, ahead)
					for {
						f, err := sc.Next()
						if err != nil {
							break
						}
						for rest := f.Body; len(rest) > 0; records++ {
							if _, rest, _ = wal.NextRecord(rest); rest == nil {
								b.Fatal("no record")
							}
						}
					}
					sc.Close()
				}
				b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}
