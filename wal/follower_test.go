package wal_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

func follow(t tester, fsys vfs.FS, from uint64) *wal.Follower {
	t.Helper()
	f, err := wal.Follow(wal.FollowOptions{FS: fsys, Dir: testDir, Store: testStore, From: from})
	must(t, err)
	return f
}

// nothing fails unless the follower has nothing to show.
func nothing(t tester, f *wal.Follower) {
	t.Helper()
	lsn, _, ok, err := f.TryNext()
	must(t, err)
	if ok {
		t.Fatalf("record %d is shown and not proven", lsn)
	}
}

// A frame is shown when a later SYNCED frame or a MARK has proven it.
func TestFollowerShowsOnlyWhatIsProven(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	f := follow(t, fsys, 0)
	nothing(t, f)
	appendText(t, l, 1)
	nothing(t, f)
	appendText(t, l, 1) // proves the first
	expect(t, f.Next, 1, 1)
	nothing(t, f)
	must(t, l.Mark(bg))
	expect(t, f.Next, 2, 2)
	nothing(t, f)
	appendText(t, l, 1)
	must(t, l.Rotate(bg)) // the SEAL, and the next header
	expect(t, f.Next, 3, 3)
	nothing(t, f)
	must(t, f.Close())
	must(t, f.Close())
	if _, _, _, err := f.TryNext(); !errors.Is(err, wal.ErrClosed) {
		t.Errorf("%v", err)
	}
	must(t, l.Close())
}

// In the lazier modes frames wait for a proof too.
func TestFollowerOfALazyLog(t *testing.T) {
	fsys := newFS(t)
	o := small(fsys)
	o.Mode, o.SegmentSize = wal.Never, 1<<20
	l, err := wal.Create(o, 1)
	must(t, err)
	f := follow(t, fsys, 1)
	appendText(t, l, 20)
	nothing(t, f)
	must(t, l.Sync(bg))
	expect(t, f.Next, 1, 20)
	appendText(t, l, 20)
	nothing(t, f)
	must(t, l.Close())
	expect(t, f.Next, 21, 40)
	nothing(t, f)
	must(t, f.Close())
}

// However the writer and the follower interleave, at every call of the file
// system the follower sees a prefix, nothing unproven, and never damage.
func TestFollowerNeverSaysDamageOfALiveLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := &faultFS{FS: newFS(t)}
		o := small(disk)
		o.Mode = rapid.SampledFrom([]wal.Mode{wal.Always, wal.Never}).Draw(t, "mode")
		l, err := wal.Create(o, 1)
		must(t, err)
		f := follow(t, disk.FS, 1)
		next := uint64(1)
		look := func() {
			for {
				lsn, r, ok, err := f.TryNext()
				if err != nil {
					t.Fatalf("record %d: %v", next, err)
				}
				if !ok {
					return
				}
				if lsn != next || !bytes.Equal(r, text(lsn)) || lsn > l.Durable() {
					t.Fatalf("record %d (%q), want %d; durable %d", lsn, r, next, l.Durable())
				}
				next++
			}
		}
		disk.before = func(int, string) error { look(); return nil }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				must(t, l.Rotate(bg))
			case 1:
				must(t, l.Sync(bg))
			case 2:
				must(t, l.Close())
				l, err = wal.Continue(o, mustScan(t, disk.FS).tail)
				must(t, err)
			default:
				appendText(t, l, 1)
			}
		}
		last := l.NextLSN() - 1
		must(t, l.Close())
		look()
		if next != last+1 {
			t.Fatalf("%d of %d records seen", next-1, last)
		}
		must(t, f.Close())
	})
}

// A frame that is being written, in whatever part has arrived, is waited for.
func TestFollowerWaitsForAHalfWrittenFrame(t *testing.T) {
	b, at := segmentBytes([][]byte{text(1001)}, [][]byte{text(1002)}, nil)
	fsys := newFS(t)
	writeFile(t, fsys, segmentName, b[:at[1]])
	h := sampleHeader()
	f, err := wal.Follow(wal.FollowOptions{FS: fsys, Dir: testDir, Store: h.Store})
	must(t, err)
	file, err := fsys.OpenWrite(segmentName)
	must(t, err)
	for n := at[1]; n < at[3]; n++ {
		_, err := file.WriteAt(b[at[1]:n], at[1])
		must(t, err)
		if n < at[2] {
			nothing(t, f)
		}
	}
	_, err = file.WriteAt(b[at[1]:], at[1])
	must(t, err)
	expect(t, f.Next, 1001, 1002)
	nothing(t, f)
}

func TestFollowerPollsUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := newFS(t)
		o := small(fsys)
		o.IdleMark = 50 * time.Millisecond
		l, err := wal.Create(o, 1)
		must(t, err)
		f := follow(t, fsys, 1)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		if _, _, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { expect(t, f.Next, 1, 1) })
		appendText(t, l, 1)
		begun := time.Now()
		wg.Wait()
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("an idle log's last record took %v to show", took)
		}
		must(t, l.Close())
	})
}

// A front that is removed under a follower's feet is named, not called damage.
func TestFollowerOfATruncatedLog(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	appendText(t, l, 3)
	must(t, l.Rotate(bg))
	f := follow(t, fsys, 2)
	expect(t, f.Next, 2, 2)
	for range 3 {
		appendText(t, l, 3)
		must(t, l.Rotate(bg))
	}
	_, err = l.TruncateFront(bg, 4)
	must(t, err)
	expect(t, f.Next, 3, 3) // it has the file open
	var te *wal.TruncatedError
	if _, _, _, err := f.TryNext(); !errors.As(err, &te) || te.LSN != 4 || te.First != 10 {
		t.Errorf("%v", err)
	}
	must(t, f.Close())
	if _, err := wal.Follow(wal.FollowOptions{FS: fsys, Dir: testDir, Store: testStore, From: 4}); !errors.As(err, &te) {
		t.Errorf("%v", err)
	}
	must(t, l.Close())
}

// Proven bytes that are rotten are damage, and said so.
func TestFollowerNamesDamageInWhatIsProven(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	appendText(t, l, 3)
	second := mustScan(t, fsys).frames[1]
	must(t, l.Rotate(bg))
	appendText(t, l, 1)
	file, err := fsys.OpenWrite(vfs.Join(testDir, wal.SegmentName(1)))
	must(t, err)
	_, err = file.WriteAt([]byte{0xff}, second.Offset+wal.FrameHeaderSize)
	must(t, err)
	f := follow(t, fsys, 1)
	expect(t, f.Next, 1, 1)
	_, _, _, err = f.TryNext()
	if e := invalid(t, err); e.Offset != second.Offset || e.Reason != wal.BadBodyCRC {
		t.Errorf("%v", err)
	}
	if _, _, _, again := f.TryNext(); again == nil {
		t.Error("the damage was passed over at the second look")
	}
	must(t, f.Close())
	must(t, l.Close())
}

func TestFollowRefusesWhatIsNoLogOfThisStore(t *testing.T) {
	fsys := newFS(t)
	o := wal.FollowOptions{FS: fsys, Dir: testDir, Store: testStore}
	if _, err := wal.Follow(o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty: %v", err)
	}
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	must(t, l.Close())
	o.Store[0]++
	var fe *wal.FormatError
	if _, err := wal.Follow(o); !errors.As(err, &fe) {
		t.Errorf("another store: %v", err)
	}
}
