package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// A follower of a live writer sees every commit, in order and at once, through
// rotations; and what compactions were faster with, it says.
func TestAFollowerSeesEveryCommitOfALiveWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := memfs.New()
		db, err := engine.Open(dir, &engine.Options{FS: fsys, SegmentSize: 64 << 10, SweepEvery: -1, Compaction: engine.CompactionOptions{Disabled: true}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := inspect.Open(fsys, dir, inspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		next, segment := uint64(1), uint64(0)
		written := map[uint64]time.Time{}
		seen := make(chan uint64, 1)
		done := make(chan error, 1)
		go func() {
			for f, err := range s.Follow(ctx, inspect.From{}, inspect.FollowOptions{}) {
				if err != nil {
					done <- err
					return
				}
				segment = f.Segment
				switch {
				case f.Verdict.Kind == inspect.Removed:
					if f.Verdict.Lost.From != next {
						done <- fmt.Errorf("gap %v, expected LSN %d", f.Verdict.Lost, next)
						return
					}
					next = f.Verdict.Lost.To + 1
				case f.Verdict.Kind.Bad() || f.Verdict.Kind == inspect.Torn:
					done <- fmt.Errorf("%+v", f)
					return
				}
				for r := range f.Records() {
					if r.LSN != next || r.Err != nil {
						done <- fmt.Errorf("LSN %d, expected %d (%v)", r.LSN, next, r.Err)
						return
					}
					next++
					select {
					case <-seen:
					default:
					}
					seen <- r.LSN
				}
			}
		}()
		for i := range 600 {
			if err := db.Set(ctx, []byte("key"), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			written[uint64(i+1)] = time.Now()
			if i%7 == 0 {
				time.Sleep(25 * time.Millisecond) // its polls, in the bubble's time
				select {
				case lsn := <-seen:
					if lsn != uint64(i+1) {
						t.Fatalf("25 ms behind LSN %d only %d was seen", i+1, lsn)
					}
				case err := <-done:
					t.Fatal(err)
				}
			}
			if i%100 == 99 {
				if _, err := db.Compact(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Second)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if next != 601 || segment < 5 {
			t.Errorf("next LSN %d, in segment %d", next, segment)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A frame that is being written is waited for; a tear that stays is told once,
// and the log goes on when somebody has finished it.
func TestAFollowerWaitsForWhatIsBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := small(t)
		seg := b.Segments[1]
		f := seg.Frame(wal.FlagSynced, recoverytest.Set("slow", "8"))
		whole := append([]byte(nil), seg.Buf...)
		seg.Zero(f.End-16, 16)
		b.Write()
		s := open(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got := make(chan inspect.Kind, 100)
		go func() {
			for f, err := range s.Follow(ctx, inspect.From{LSN: 8}, inspect.FollowOptions{}) {
				if err == nil && f.Empty() == "" {
					got <- f.Verdict.Kind
				}
			}
			close(got)
		}()
		time.Sleep(500 * time.Millisecond)
		if len(got) != 0 {
			t.Fatal("it did not wait")
		}
		time.Sleep(5 * time.Second)
		if len(got) != 1 || <-got != inspect.Torn {
			t.Fatal("a tear that stays is told once")
		}
		file, err := b.FS.OpenWrite(b.SegmentPath(seg))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(whole[f.Offset:], f.Offset); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if len(got) != 1 || <-got != inspect.Valid {
			t.Fatal("the finished frame was not seen")
		}
		cancel()
		for range got {
		}
	})
}

// A follower that was too slow says exactly what it has missed, and goes on.
func TestAFollowerThatFellBehindSaysWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := memfs.New()
		db, err := engine.Open(dir, &engine.Options{FS: fsys, SegmentSize: 64 << 10, SweepEvery: -1, Compaction: engine.CompactionOptions{Disabled: true}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := inspect.Open(fsys, dir, inspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		next, missed := uint64(1), uint64(0)
		done := make(chan error, 1)
		go func() {
			for f, err := range s.Follow(ctx, inspect.From{}, inspect.FollowOptions{}) {
				switch {
				case err != nil:
					done <- err
					return
				case f.Verdict.Kind == inspect.Removed:
					if f.Verdict.Lost.From != next {
						done <- fmt.Errorf("missed %v, expected LSN %d", f.Verdict.Lost, next)
						return
					}
					missed += f.Verdict.Lost.Count()
					next = f.Verdict.Lost.To + 1
				case f.Verdict.Kind.Bad():
					done <- fmt.Errorf("%+v", f)
					return
				case f.Count() > 0 && f.LSN != next:
					done <- fmt.Errorf("LSN %d, expected %d", f.LSN, next)
					return
				case f.Count() > 0:
					next = f.Header.NextLSN()
					if f.LSN == 3 {
						time.Sleep(time.Minute) // it is looking elsewhere
					}
				}
			}
		}()
		for i := range 600 {
			if err := db.Set(ctx, []byte("key"), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if i < 5 {
				time.Sleep(50 * time.Millisecond)
			}
			if i%100 == 99 {
				if _, err := db.Compact(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(2 * time.Minute)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if next != 601 || missed == 0 || missed > 550 {
			t.Errorf("next LSN %d, %d missed", next, missed)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
