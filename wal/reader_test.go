package wal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

func text(lsn uint64) []byte { return record(fmt.Appendf(nil, "record %d", lsn)) }

// expect reads the records first to last.
func expect(t tester, next func(context.Context) (uint64, []byte, error), first, last uint64) {
	t.Helper()
	for want := first; want <= last; want++ {
		lsn, r, err := next(bg)
		must(t, err)
		if lsn != want || string(r) != string(text(want)) {
			t.Fatalf("record %d (%q) where %d was next", lsn, r, want)
		}
	}
}

func appendText(t tester, l *wal.Log, n int) {
	t.Helper()
	for range n {
		must(t, mustAppend(t, l, text(l.NextLSN())).Wait(bg))
	}
}

// A reader that starts anywhere sees every record from there on, across
// segments, while others are being written, and none before it is durable.
func TestReaderFollowsALogThatIsWritten(t *testing.T) {
	for _, mode := range []wal.Mode{wal.Always, wal.Never} {
		t.Run(mode.String(), func(t *testing.T) {
			const total = 2000
			o := small(newFS(t))
			o.Mode = mode
			l, err := wal.Create(o, 1)
			must(t, err)
			appendText(t, l, 100)
			must(t, l.Sync(bg))
			var wg sync.WaitGroup
			for _, from := range []uint64{1, 7, 50, 100, 101, 1500} {
				r, err := l.Reader(from)
				must(t, err)
				wg.Go(func() {
					defer r.Close()
					for want := from; want <= total; want++ {
						lsn, b, err := r.Next(bg)
						if err != nil || lsn != want || string(b) != string(text(want)) {
							t.Errorf("from %d: record %d (%q), %v; want %d", from, lsn, b, err, want)
							return
						}
						if lsn > l.Durable() {
							t.Errorf("record %d was read, durable is %d", lsn, l.Durable())
						}
					}
				})
			}
			for i := range total - 100 {
				p := mustAppend(t, l, text(l.NextLSN()))
				if i%3 == 0 {
					must(t, p.Wait(bg))
				}
			}
			must(t, l.Sync(bg))
			wg.Wait()
			must(t, l.Close())
		})
	}
}

// A reader waits for what does not exist yet, until its context ends or the log
// is closed.
func TestReaderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := wal.Create(small(newFS(t)), 1)
		must(t, err)
		r, err := l.Reader(3)
		must(t, err)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		appendText(t, l, 2)
		if _, _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next: %v", err)
		}
		got := make(chan error, 1)
		go func() {
			lsn, _, err := r.Next(bg)
			if err == nil && lsn != 3 {
				err = fmt.Errorf("record %d", lsn)
			}
			got <- err
		}()
		stillWaiting(t, got)
		appendText(t, l, 1)
		must(t, <-got)
		go func() {
			_, _, err := r.Next(bg)
			got <- err
		}()
		stillWaiting(t, got)
		must(t, l.Close())
		if err := <-got; !errors.Is(err, wal.ErrClosed) {
			t.Errorf("Next of a closed log: %v", err)
		}
		must(t, r.Close())
		must(t, r.Close())
		if _, _, err := r.Next(bg); !errors.Is(err, wal.ErrClosed) {
			t.Errorf("Next of a closed reader: %v", err)
		}
	})
}

// What was written but not delivered yet is not shown: a reader that then asks
// the map finds what it read about.
func TestReaderShowsOnlyWhatWasDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		apply := make(chan struct{})
		o := small(newFS(t))
		o.Durable = func(wal.Batch) { <-apply }
		l, err := wal.Create(o, 1)
		must(t, err)
		r, err := l.Reader(1)
		must(t, err)
		c := waiting(bg, mustAppend(t, l, text(1)))
		synctest.Wait()
		if l.Durable() != 1 {
			t.Fatal("not durable")
		}
		got := make(chan error, 1)
		go func() {
			_, _, err := r.Next(bg)
			got <- err
		}()
		stillWaiting(t, got)
		close(apply)
		must(t, <-got)
		must(t, <-c)
		must(t, r.Close())
		must(t, l.Close())
	})
}

// After a failure a reader gets what was durable, and then the failure.
func TestReaderOfAFailedLog(t *testing.T) {
	disk := &faultFS{FS: newFS(t)}
	l, err := wal.Create(small(disk), 1)
	must(t, err)
	appendText(t, l, 5)
	disk.before = func(_ int, call string) error {
		if strings.HasPrefix(call, "datasync") {
			return errDisk
		}
		return nil
	}
	if mustAppend(t, l, text(6)).Wait(bg) == nil {
		t.Fatal("the failure went unseen")
	}
	r, err := l.Reader(1)
	must(t, err)
	expect(t, r.Next, 1, 5)
	if _, _, err := r.Next(bg); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("Next: %v", err)
	}
	must(t, r.Close())
	l.Close()
}

// A reader holds its segments, however little it reads; the front goes when it
// has moved on.
func TestTruncateFrontSparesWhatAReaderHolds(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	for range 4 {
		appendText(t, l, 3)
		must(t, l.Rotate(bg))
	}
	r, err := l.Reader(5) // in segment 2
	must(t, err)
	removed, err := l.TruncateFront(bg, 4)
	must(t, err)
	if !slices.Equal(removed, []uint64{1}) {
		t.Fatalf("removed %v while a reader is in segment 2", removed)
	}
	if _, err := l.Reader(2); true {
		var te *wal.TruncatedError
		if !errors.As(err, &te) || te.LSN != 2 || te.First != 4 {
			t.Fatalf("Reader(2): %v", err)
		}
	}
	expect(t, r.Next, 5, 9) // to the end of segment 3
	removed, err = l.TruncateFront(bg, 4)
	must(t, err)
	if !slices.Equal(removed, []uint64{2}) {
		t.Fatalf("removed %v while the reader is in segment 3", removed)
	}
	expect(t, r.Next, 10, 12)
	must(t, r.Close())
	removed, err = l.TruncateFront(bg, 100)
	must(t, err)
	if !slices.Equal(removed, []uint64{3, 4}) {
		t.Fatalf("removed %v with nobody reading", removed)
	}
	if s := l.Segments(); len(s) != 1 || s[0].Seq != 5 {
		t.Fatalf("%+v", s)
	}
	entries, err := fsys.List(testDir)
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("%v", entries)
	}
	appendText(t, l, 1)
	must(t, l.Close())
}

// A reader that has nothing left to read does not hold the segments behind it.
func TestAnIdleReaderHoldsOnlyTheLastSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := wal.Create(small(newFS(t)), 1)
		must(t, err)
		appendText(t, l, 3)
		r, err := l.Reader(1)
		must(t, err)
		expect(t, r.Next, 1, 3)
		c := make(chan error, 1)
		go func() {
			_, _, err := r.Next(bg)
			c <- err
		}()
		stillWaiting(t, c)
		must(t, l.Rotate(bg))
		synctest.Wait()
		removed, err := l.TruncateFront(bg, 2)
		must(t, err)
		if len(removed) != 1 {
			t.Error("a reader that has read it all holds the first segment")
		}
		must(t, l.Close())
		if err := <-c; !errors.Is(err, wal.ErrClosed) {
			t.Error(err)
		}
		must(t, r.Close())
	})
}

// Segments says what is in them, also after the log was opened again.
func TestSegmentsDescribeTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fsys := newFS(t)
		l, err := wal.Create(small(fsys), 1)
		must(t, err)
		for range rapid.IntRange(0, 60).Draw(t, "records") {
			must(t, mustAppend(t, l, drawRecord(t, "r")).Wait(bg))
		}
		check := func() {
			d := mustScan(t, fsys)
			list := l.Segments()
			if len(list) != int(d.tail.Seq) {
				t.Fatalf("%d segments, %d files", len(list), d.tail.Seq)
			}
			for i, s := range list {
				last := i == len(list)-1
				seg, err := wal.OpenSegment(fsys, vfs.Join(testDir, wal.SegmentName(s.Seq)))
				must(t, err)
				if s.Seq != uint64(i+1) || s.FirstLSN != seg.Header.FirstLSN || s.Err != nil {
					t.Fatalf("%+v, header %+v", s, seg.Header)
				}
				if last && (s.LastLSN != d.tail.NextLSN-1 || s.Size != d.tail.Offset) {
					t.Fatalf("%+v, the log ends at %+v", s, d.tail)
				}
				if !last && (s.LastLSN != list[i+1].FirstLSN-1 || s.Size != seg.Size()) {
					t.Fatalf("%+v, then %+v; file of %d", s, list[i+1], seg.Size())
				}
			}
		}
		check()
		must(t, l.Close())
		l, err = wal.Continue(small(fsys), mustScan(t, fsys).tail)
		must(t, err)
		check()
		r, err := l.Reader(1)
		must(t, err)
		for lsn := uint64(1); lsn < l.NextLSN(); lsn++ {
			got, _, err := r.Next(bg)
			if err != nil || got != lsn {
				t.Fatalf("record %d: %d, %v", lsn, got, err)
			}
		}
		must(t, r.Close())
		must(t, l.Close())
	})
}

// A rotten header far back is noted and stops nobody who does not need it.
func TestARottenHeaderInFrontDoesNotStopTheLog(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	for range 3 {
		appendText(t, l, 3)
		must(t, l.Rotate(bg))
	}
	must(t, l.Close())
	tail := mustScan(t, fsys).tail
	f, err := fsys.OpenWrite(vfs.Join(testDir, wal.SegmentName(2)))
	must(t, err)
	_, err = f.WriteAt([]byte("rot"), 20)
	must(t, err)
	must(t, f.Close())
	l, err = wal.Continue(small(fsys), tail)
	must(t, err)
	list := l.Segments()
	if list[1].Err == nil || list[0].LastLSN != 6 || list[1].LastLSN != 6 || list[2].LastLSN != 9 {
		// Segment 1's true last LSN is 3; only segment 2 knew.
		t.Errorf("%+v", list)
	}
	r, err := l.Reader(7)
	must(t, err)
	expect(t, r.Next, 7, 9)
	must(t, r.Close())
	r, err = l.Reader(1)
	must(t, err)
	expect(t, r.Next, 1, 3)
	if _, _, err := r.Next(bg); err == nil {
		t.Error("the rotten segment was passed over")
	}
	must(t, r.Close())
	must(t, l.Close())
}

// Rot in what is durable is an error, not an end.
func TestReaderNamesDamage(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	appendText(t, l, 5)
	second := mustScan(t, fsys).frames[1]
	f, err := fsys.OpenWrite(vfs.Join(testDir, wal.SegmentName(1)))
	must(t, err)
	_, err = f.WriteAt([]byte{0xff}, second.Offset+wal.FrameHeaderSize)
	must(t, err)
	must(t, f.Close())
	r, err := l.Reader(1)
	must(t, err)
	expect(t, r.Next, 1, 1)
	_, _, err = r.Next(bg)
	if e := invalid(t, err); e.Offset != second.Offset || e.LSN != 2 {
		t.Errorf("%v", err)
	}
	must(t, r.Close())
	must(t, l.Close())
}

// After a jump of the LSNs a reader goes on with the next record there is.
func TestReaderPassesAJumpOfTheLSNs(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	appendText(t, l, 3)
	must(t, l.Close())
	l, err = wal.StartAfter(small(fsys), mustScan(t, fsys).tail, 1000)
	must(t, err)
	appendText(t, l, 3)
	for _, from := range []uint64{2, 4, 500, 1001} {
		r, err := l.Reader(from)
		must(t, err)
		for _, want := range []uint64{1, 2, 3, 1000, 1001, 1002} {
			if want < from {
				continue
			}
			lsn, _, err := r.Next(bg)
			if err != nil || lsn != want {
				t.Fatalf("from %d: record %d, %v; want %d", from, lsn, err, want)
			}
		}
		must(t, r.Close())
	}
	must(t, l.Close())
}

// A segment that does not follow the one before it is not read on into.
func TestReaderRefusesASegmentOfAnotherPast(t *testing.T) {
	make2 := func(n int) vfs.FS {
		fsys := newFS(t)
		l, err := wal.Create(small(fsys), 1)
		must(t, err)
		appendText(t, l, n)
		must(t, l.Rotate(bg))
		appendText(t, l, 3)
		must(t, l.Close())
		return fsys
	}
	fsys, other := make2(3), make2(4)
	l, err := wal.Continue(small(fsys), mustScan(t, fsys).tail)
	must(t, err)
	r, err := l.Reader(1)
	must(t, err)
	second := vfs.Join(testDir, wal.SegmentName(2))
	must(t, fsys.Remove(second))
	f, err := other.Open(second)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	_, err = f.ReadAt(b, 0)
	must(t, err)
	writeFile(t, fsys, second, b)
	expect(t, r.Next, 1, 3)
	var fe *wal.FormatError
	if lsn, _, err := r.Next(bg); !errors.As(err, &fe) || fe.File != second {
		t.Errorf("record %d, %v", lsn, err)
	}
	must(t, r.Close())
	must(t, l.Close())
}
