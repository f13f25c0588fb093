package wal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

const testDir = "/log"

var testStore = [16]byte{1, 2, 3}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newFS(t tester) vfs.FS {
	fsys := memfs.New()
	if err := vfs.MkdirAll(fsys, testDir); err != nil {
		t.Fatal(err)
	}
	return fsys
}

// small returns options with tiny sizes, so that a few records go through all
// that a log does in its life.
func small(fsys vfs.FS) wal.Options {
	return wal.Options{
		FS: fsys, Dir: testDir, Store: testStore,
		SegmentSize: wal.HeaderBlock + 2048, MaxFrame: 512, MaxRecord: 1 << 20,
		FillStep: 512, FillLimit: 256, IdleMark: -1,
		Rand: rand.New(rand.NewPCG(1, 2)).Uint64, Now: time.Now,
	}
}

// delivered collects what a log hands to Options.Durable and checks its order.
type delivered struct {
	mu    sync.Mutex
	items []any
	next  uint64
	wrong error
}

func (d *delivered) take(b wal.Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next != 0 && b.First != d.next || b.Last != b.First+uint64(len(b.Items))-1 {
		d.wrong = errors.Join(d.wrong, fmt.Errorf("batch %d..%d of %d items where %d was next", b.First, b.Last, len(b.Items), d.next))
	}
	d.next = b.Last + 1
	d.items = append(d.items, b.Items...)
}

// onDisk is a whole log as a scan of its segments finds it: a recovery that
// accepts nothing but a clean log.
type onDisk struct {
	tail    wal.Tail
	records map[uint64][]byte
	first   uint64
	frames  []wal.Frame
	end     *wal.InvalidError
}

// scanLog follows the segments from the first one on. What does not fit together
// is an error; where the last segment ends, and why, is in the result.
func scanLog(fsys vfs.FS, dir string) (*onDisk, error) {
	entries, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	d := &onDisk{records: map[uint64][]byte{}}
	for _, e := range entries {
		seq, ok := wal.ParseSegmentName(e.Name)
		if !ok {
			continue
		}
		if d.tail.Seq != 0 && seq != d.tail.Seq+1 {
			return nil, fmt.Errorf("segment %d follows %d", seq, d.tail.Seq)
		}
		if err := d.scanSegment(fsys, vfs.Join(dir, e.Name), seq); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *onDisk) scanSegment(fsys vfs.FS, name string, seq uint64) error {
	s, err := wal.OpenSegment(fsys, name)
	if err != nil {
		return err
	}
	defer s.Close()
	h := s.Header
	if h.Seq != seq {
		return fmt.Errorf("%s says that it is segment %d", name, h.Seq)
	}
	if t := d.tail; t.Seq != 0 {
		if want := (wal.Predecessor{Seq: t.Seq, End: t.Offset, LastLSN: t.NextLSN - 1, Link: t.Link}); h.Prev != want {
			return fmt.Errorf("%s declares %+v, its predecessor ends at %+v (%v)", name, h.Prev, want, d.end)
		}
	} else {
		d.first = h.FirstLSN
	}
	d.tail = wal.Tail{Seq: seq, Header: h, Offset: wal.HeaderBlock, NextLSN: h.FirstLSN, Link: h.Prev.Link, Filled: s.Size()}
	for sc := s.Scan(wal.HeaderBlock, h.Prev.Link, h.FirstLSN); ; {
		f, err := sc.Next()
		if errors.As(err, &d.end) {
			return nil
		}
		if err != nil {
			return err
		}
		list, ok := records(f.Body)
		if !ok || len(list) != int(f.Header.Count) {
			return fmt.Errorf("%s: frame at %d holds %d records and says %d", name, f.Offset, len(list), f.Header.Count)
		}
		for i, r := range list {
			d.records[f.Header.FirstLSN+uint64(i)] = r
		}
		f.Body = nil
		d.frames = append(d.frames, f)
		d.tail.Offset, d.tail.NextLSN, d.tail.Link = f.End(), f.Header.NextLSN(), f.Header.Link()
		d.tail.Sealed, d.tail.Marked = f.Header.Seal(), f.Header.Seal() || f.Header.Mark()
	}
}

func mustScan(t tester, fsys vfs.FS) *onDisk {
	t.Helper()
	d, err := scanLog(fsys, testDir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// checkClean fails unless the log ends with nothing but zeros.
func (d *onDisk) checkClean(t tester) {
	t.Helper()
	if d.end.Reason != wal.EndOfData && d.end.Reason != wal.AfterSeal {
		t.Fatalf("the log does not end clean: %v", d.end)
	}
}

// model is what a log should hold: records[i] has LSN first+i.
type model struct {
	first   uint64
	records [][]byte
}

// checkPrefix fails unless the log holds exactly a prefix of the model, of at
// least n records. It returns how many.
func (m *model) checkPrefix(t tester, d *onDisk, n int) int {
	t.Helper()
	got := len(d.records)
	if got < n {
		t.Fatalf("%d records are missing: %d of the %d acknowledged are on disk", n-got, got, n)
	}
	if got > len(m.records) {
		t.Fatalf("%d records on disk, only %d were appended", got, len(m.records))
	}
	for i, want := range m.records[:got] {
		if r := d.records[m.first+uint64(i)]; !bytes.Equal(r, want) {
			t.Fatalf("record %d is %x, want %x", m.first+uint64(i), r, want)
		}
	}
	return got
}

func mustAppend(t tester, l *wal.Log, r []byte) wal.Pending {
	t.Helper()
	p, err := l.Append(context.Background(), r, nil, wal.Default)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var bg = context.Background()

func TestRecordsComeBackAfterClose(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	var m model
	m.first = 1
	for i := range 100 {
		r := record(fmt.Appendf(nil, "record %d", i))
		p := mustAppend(t, l, r)
		if p.LSN() != uint64(i+1) {
			t.Fatalf("LSN %d for record %d", p.LSN(), i)
		}
		must(t, p.Wait(bg))
		if l.Durable() != p.LSN() {
			t.Fatalf("acknowledged %d, durable %d", p.LSN(), l.Durable())
		}
		m.records = append(m.records, r)
	}
	must(t, l.Close())
	d := mustScan(t, fsys)
	d.checkClean(t)
	m.checkPrefix(t, d, 100)
	if d.tail.Seq < 3 {
		t.Errorf("only %d segments: the test is too small", d.tail.Seq)
	}
	if !d.tail.Marked || d.tail.Filled != d.tail.Offset {
		t.Errorf("closed log is not marked and trimmed: %+v", d.tail)
	}
}
