package wal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
)

// life drives a log through random calls and knows what it must hold.
type life struct {
	t     *rapid.T
	fsys  vfs.FS
	o     wal.Options
	l     *wal.Log
	model model
	lsns  []uint64 // of model.records; they jump after StartAfter
	open  []wal.Pending
	got   *delivered
	told  []uint64 // segments that Rotated was told of
}

func newLife(t *rapid.T, fsys vfs.FS) *life {
	v := &life{t: t, fsys: fsys}
	v.o = small(fsys)
	v.o.Rotated = func(seq uint64) error { v.told = append(v.told, seq); return nil }
	v.chooseMode()
	l, err := wal.Create(v.o, 1)
	must(t, err)
	v.l = l
	return v
}

func (v *life) chooseMode() {
	v.o.Mode = rapid.SampledFrom([]wal.Mode{wal.Always, wal.Interval, wal.Never}).Draw(v.t, "mode")
	v.o.FillStep = rapid.SampledFrom([]int64{-1, 64, 512, 4096}).Draw(v.t, "fill step")
	v.got = &delivered{}
	v.o.Durable = v.got.take
}

func (v *life) append(t *rapid.T) {
	size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 40), rapid.IntRange(400, 6000)).Draw(t, "size")
	r := record(slices.Repeat([]byte{byte(len(v.lsns))}, size))
	d := rapid.SampledFrom([]wal.Durability{wal.Default, wal.Durable}).Draw(t, "durability")
	want := v.l.NextLSN()
	p, err := v.l.Append(bg, r, len(v.lsns), d)
	must(t, err)
	if p.LSN() != want {
		t.Fatalf("LSN %d, NextLSN said %d", p.LSN(), want)
	}
	v.model.records = append(v.model.records, r)
	v.lsns = append(v.lsns, p.LSN())
	v.open = append(v.open, p)
	if d == wal.Durable && rapid.Bool().Draw(t, "wait") {
		must(t, p.Wait(bg))
		if v.l.Durable() < p.LSN() {
			t.Fatalf("record %d asked to be durable, %d is", p.LSN(), v.l.Durable())
		}
	}
}

func (v *life) wait(t *rapid.T) {
	if len(v.open) == 0 {
		t.Skip("nothing to wait for")
	}
	p := rapid.SampledFrom(v.open).Draw(t, "pending")
	must(t, p.Wait(bg))
	if v.l.Written() < p.LSN() || v.o.Mode == wal.Always && v.l.Durable() < p.LSN() {
		t.Fatalf("record %d acknowledged; written %d, durable %d", p.LSN(), v.l.Written(), v.l.Durable())
	}
}

func (v *life) reopen(t *rapid.T) {
	must(t, v.l.Close())
	must(t, v.l.Close())
	v.check(t)
	tail := mustScan(t, v.fsys).tail
	v.open = nil
	v.chooseMode()
	var err error
	if rapid.Bool().Draw(t, "jump") {
		v.l, err = wal.StartAfter(v.o, tail, tail.NextLSN+1<<20)
	} else {
		v.l, err = wal.Continue(v.o, tail)
	}
	must(t, err)
}

// check compares the disk with the model, after Close.
func (v *life) check(t *rapid.T) {
	d := mustScan(t, v.fsys)
	d.checkClean(t)
	if len(d.records) != len(v.lsns) {
		t.Fatalf("%d records on disk, %d appended", len(d.records), len(v.lsns))
	}
	for i, lsn := range v.lsns {
		if string(d.records[lsn]) != string(v.model.records[i]) {
			t.Fatalf("record %d is %x, want %x", lsn, d.records[lsn], v.model.records[i])
		}
	}
	if v.got.wrong != nil {
		t.Fatal(v.got.wrong)
	}
	for i, item := range v.got.items {
		if want := len(v.lsns) - len(v.got.items) + i; item != want {
			t.Fatalf("item %d delivered where %d was next", item, want)
		}
	}
	v.checkFrames(t, d)
	want := []uint64{}
	for seq := uint64(2); seq <= d.tail.Seq; seq++ {
		want = append(want, seq)
	}
	if !slices.Equal(v.told, want) && len(want) > 0 {
		t.Fatalf("Rotated was told of %v, the segments are %v", v.told, want)
	}
}

// checkFrames checks what every log of ours has in common.
func (v *life) checkFrames(t *rapid.T, d *onDisk) {
	for i, f := range d.frames {
		last := i == len(d.frames)-1
		if f.Header.Seal() && !last && d.frames[i+1].Offset != wal.HeaderBlock {
			t.Fatalf("frame %d follows the SEAL of its segment", i+1)
		}
		if f.Header.Mark() && !f.Header.Synced() {
			t.Fatalf("frame %d is a MARK without SYNCED", i)
		}
		if f.Header.Count > 0 && f.Offset > wal.HeaderBlock && f.End()+wal.FrameHeaderSize > v.o.SegmentSize {
			t.Fatalf("frame %d ends at %d, past the segment's size", i, f.End())
		}
		if int(f.Header.BodyLen) > v.o.MaxFrame && f.Header.Count != 1 {
			t.Fatalf("an oversize frame of %d records", f.Header.Count)
		}
	}
}

// Whatever calls a log sees, in whatever mode: after Close a scan finds every
// record, in order, delivered once, in segments that fit together.
func TestLogHoldsWhatWasAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newLife(t, newFS(t))
		t.Repeat(map[string]func(*rapid.T){
			"append":  v.append,
			"append2": v.append,
			"append3": v.append,
			"wait":    v.wait,
			"start": func(t *rapid.T) {
				if len(v.open) > 0 {
					v.open[len(v.open)-1].Start()
				}
			},
			"sync": func(t *rapid.T) {
				must(t, v.l.Sync(bg))
				if v.l.Durable() != v.l.NextLSN()-1 {
					t.Fatalf("Sync left %d durable of %d", v.l.Durable(), v.l.NextLSN()-1)
				}
			},
			"mark":   func(t *rapid.T) { must(t, v.l.Mark(bg)) },
			"rotate": func(t *rapid.T) { must(t, v.l.Rotate(bg)) },
			"reopen": v.reopen,
			"":       func(t *rapid.T) { must(t, v.l.Err()) },
		})
		must(t, v.l.Close())
		v.check(t)
		if _, err := v.l.Append(bg, record(nil), nil, wal.Default); !errors.Is(err, wal.ErrClosed) {
			t.Fatalf("Append after Close: %v", err)
		}
		if err := v.l.Sync(bg); !errors.Is(err, wal.ErrClosed) {
			t.Fatalf("Sync after Close: %v", err)
		}
	})
}

// In Always every frame proves the one before it: that is what recovery tells a
// tear from damage by.
func TestAlwaysSyncsEveryFrameBeforeTheNext(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	for i := range 200 {
		p := mustAppend(t, l, record(fmt.Appendf(nil, "%d", i)))
		if i%3 == 0 {
			must(t, p.Wait(bg))
		}
	}
	must(t, l.Close())
	for _, f := range mustScan(t, fsys).frames {
		if !f.Header.Synced() {
			t.Fatalf("frame at %d with LSN %d is not SYNCED", f.Offset, f.Header.FirstLSN)
		}
	}
}

func TestConcurrentWritersShareFramesAndLoseNothing(t *testing.T) {
	for _, mode := range []wal.Mode{wal.Always, wal.Interval, wal.Never} {
		t.Run(mode.String(), func(t *testing.T) {
			const writers, each = 32, 60
			fsys, dir := vfs.FS(osfs.New()), t.TempDir()
			o := small(fsys)
			o.Dir, o.Mode, o.MaxFrame, o.SegmentSize = dir, mode, 2048, 16<<10
			o.Interval, o.IdleMark = time.Millisecond, time.Millisecond
			o.MaxStaged = 4096
			got := &delivered{}
			o.Durable = got.take
			l, err := wal.Create(o, 1)
			must(t, err)
			var mu sync.Mutex
			want := map[uint64]string{}
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						r := record(fmt.Appendf(nil, "%d/%d", w, i))
						p, err := l.Append(bg, r, string(r), wal.Default)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						want[p.LSN()] = string(r)
						mu.Unlock()
						switch i % 3 {
						case 0:
							p.Start()
						case 1:
							if err := l.Sync(bg); err != nil {
								t.Error(err)
							}
						default:
							if err := p.Wait(bg); err != nil {
								t.Error(err)
							}
							if mode == wal.Always && l.Durable() < p.LSN() {
								t.Errorf("record %d acknowledged, durable %d", p.LSN(), l.Durable())
							}
						}
					}
				})
			}
			wg.Wait()
			must(t, l.Close())
			d, err := scanLog(fsys, dir)
			must(t, err)
			d.checkClean(t)
			if len(d.records) != writers*each || len(want) != writers*each || len(got.items) != writers*each {
				t.Fatalf("%d records on disk, %d LSNs, %d delivered; want %d", len(d.records), len(want), len(got.items), writers*each)
			}
			must(t, got.wrong)
			for i, item := range got.items {
				lsn := uint64(i + 1)
				if item != want[lsn] || string(d.records[lsn]) != want[lsn] {
					t.Fatalf("record %d: appended %q, on disk %q, delivered %q", lsn, want[lsn], d.records[lsn], item)
				}
			}
		})
	}
}

func TestRecordsOverTheLimitAreRefusedAndLeaveNothing(t *testing.T) {
	fsys := newFS(t)
	o := small(fsys)
	o.MaxRecord = 1000
	l, err := wal.Create(o, 1)
	must(t, err)
	var size *wal.RecordSizeError
	_, err = l.Append(bg, make([]byte, 1001), nil, wal.Default)
	if !errors.As(err, &size) || size.Size != 1001 || size.Limit != 1000 || !errors.Is(err, wal.ErrRecordTooLarge) {
		t.Fatalf("%v", err)
	}
	for _, bad := range [][]byte{nil, {0x41}, {0x9f, 0xff}, append(record(nil), 0)} {
		if _, err := l.Append(bg, bad, nil, wal.Default); err != wal.ErrBadRecord {
			t.Errorf("%x: %v", bad, err)
		}
	}
	r := record(make([]byte, 997))
	p := mustAppend(t, l, r) // at the limit
	if p.LSN() != 1 {
		t.Errorf("the refused record took LSN 1")
	}
	must(t, p.Wait(bg))
	must(t, l.Close())
	if got := mustScan(t, fsys).records[1]; string(got) != string(r) {
		t.Errorf("record of %d bytes came back as %d", len(r), len(got))
	}
}

// A frame larger than a segment gets one of its own, whose header declares how
// far the committer may now reach.
func TestAFrameLargerThanASegmentGetsOneOfItsOwn(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	must(t, mustAppend(t, l, record([]byte("before"))).Wait(bg))
	must(t, mustAppend(t, l, record(make([]byte, 50_000))).Wait(bg))
	must(t, mustAppend(t, l, record([]byte("after"))).Wait(bg))
	must(t, l.Close())
	d := mustScan(t, fsys)
	if len(d.records) != 3 || d.tail.Seq != 3 {
		t.Fatalf("%d records in %d segments", len(d.records), d.tail.Seq)
	}
	s, err := wal.OpenSegment(fsys, vfs.Join(testDir, wal.SegmentName(2)))
	must(t, err)
	if s.Header.Reach < wal.FrameSize(50_000) {
		t.Errorf("reach %d does not cover the frame", s.Header.Reach)
	}
}

// Zeros are written ahead of small frames in Always, from the second one on, and
// nowhere else.
func TestWhereZerosAreWrittenAhead(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  wal.Mode
		sizes []int
		zeros bool
	}{
		{"the first frame", wal.Always, []int{10}, false},
		{"the second", wal.Always, []int{10, 10}, true},
		{"a large one", wal.Always, []int{10, 400}, false},
		{"a small one behind a large one", wal.Always, []int{10, 400, 10}, true},
		{"a lazier mode", wal.Never, []int{10, 10, 10}, false},
	} {
		fsys := newFS(t)
		o := small(fsys)
		o.Mode, o.SegmentSize = c.mode, 1<<20
		l, err := wal.Create(o, 1)
		must(t, err)
		for _, n := range c.sizes {
			must(t, mustAppend(t, l, record(make([]byte, n))).Wait(bg))
		}
		d := mustScan(t, fsys)
		want := int64(0)
		if c.zeros {
			want = o.FillStep
		}
		if ahead := d.tail.Filled - d.tail.Offset; ahead != want || (l.Metrics().Filled != 0) != c.zeros {
			t.Errorf("%s: %d zeros ahead, want %d", c.name, ahead, want)
		}
		must(t, l.Close())
	}
}

func TestClosingAnUntouchedLogWritesNothing(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	must(t, mustAppend(t, l, record(nil)).Wait(bg))
	must(t, l.Close())
	before := mustScan(t, fsys)
	for range 3 {
		l, err := wal.Continue(small(fsys), before.tail)
		must(t, err)
		must(t, l.Sync(bg))
		must(t, l.Close())
	}
	after := mustScan(t, fsys)
	if len(after.frames) != len(before.frames) || after.tail.Filled != before.tail.Filled {
		t.Errorf("%d frames became %d", len(before.frames), len(after.frames))
	}
}

func TestASegmentIsNeverOverwritten(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	f, err := fsys.Create(vfs.Join(testDir, wal.SegmentName(2)))
	must(t, err)
	must(t, f.Close())
	must(t, mustAppend(t, l, record(nil)).Wait(bg))
	if err := l.Rotate(bg); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("rotating onto an existing file: %v", err)
	}
	if _, err := wal.Create(small(fsys), 1); err == nil {
		t.Fatal("Create over an existing log succeeded")
	}
}

// What stands unsynced stays within the reach that the segment's header
// declares, also when it was declared by a log in another mode: recovery takes
// bytes further out for damage.
func TestUnsyncedBytesStayWithinTheReach(t *testing.T) {
	disk := &faultFS{FS: newFS(t)}
	o := small(disk)
	o.SegmentSize, o.FillStep = 64<<10, -1
	l, err := wal.Create(o, 1)
	must(t, err)
	must(t, l.Close())
	tail := mustScan(t, disk.FS).tail
	if tail.Header.Reach != wal.FrameSize(o.MaxFrame) {
		t.Fatalf("reach %d in Always", tail.Header.Reach)
	}
	o.Mode = wal.Never
	l, err = wal.Continue(o, tail)
	must(t, err)
	synced := int64(wal.HeaderBlock)
	disk.before = func(_ int, call string) error {
		if strings.HasPrefix(call, "datasync") {
			synced = mustScan(t, disk.FS).tail.Offset
		}
		return nil
	}
	for range 300 {
		must(t, mustAppend(t, l, record(make([]byte, 100))).Wait(bg))
		if end := mustScan(t, disk.FS).tail.Offset; end-synced > tail.Header.Reach {
			t.Fatalf("%d bytes stand unsynced, the reach is %d", end-synced, tail.Header.Reach)
		}
	}
	if n := l.Metrics().Rotations; n != 0 {
		t.Fatalf("%d rotations: not what this is about", n)
	}
	must(t, l.Close())
}

// No more records stand unsynced or wait than recovery jumps over when it cuts a
// log, however small they are.
func TestUnsyncedRecordsStayWithinTheJump(t *testing.T) {
	if raceEnabled {
		t.Skip("a million appends by one goroutine: slow, and no race to find")
	}
	const jump = 1 << 20
	o := small(newFS(t))
	o.Mode, o.SegmentSize, o.MaxFrame, o.MaxStaged = wal.Never, 64<<20, 4<<20, 64<<20
	l, err := wal.Create(o, 1)
	must(t, err)
	var p wal.Pending
	for i := range jump + jump/16 {
		p, err = l.Append(bg, []byte{0}, nil, wal.Default)
		must(t, err)
		if i%300_000 == 0 {
			p.Start()
		}
		if standing := p.LSN() - l.Durable(); standing > jump {
			t.Fatalf("record %d, only %d are durable", p.LSN(), l.Durable())
		}
	}
	must(t, p.Wait(bg))
	must(t, l.Close())
}

// Appending allocates per frame and not per record.
func TestAppendDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	o := small(newFS(t))
	o.SegmentSize, o.MaxFrame, o.MaxStaged = 64<<20, 4<<20, 64<<20
	l, err := wal.Create(o, 1)
	must(t, err)
	r, item := record(make([]byte, 100)), any(t)
	append100 := func() {
		var p wal.Pending
		for range 100 {
			p, err = l.Append(bg, r, item, wal.Default)
			must(t, err)
		}
		must(t, p.Wait(bg))
	}
	append100() // its buffer is the next one's
	if n := testing.AllocsPerRun(50, append100); n > 10 {
		t.Errorf("%v allocations for a frame of 100 records", n)
	}
	must(t, l.Close())
}
