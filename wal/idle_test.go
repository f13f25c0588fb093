package wal_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

func marked(t *testing.T, fsys vfs.FS) bool { return mustScan(t, fsys).tail.Marked }

func TestAnIdleLogIsMarkedOnce(t *testing.T) {
	for _, mode := range []wal.Mode{wal.Always, wal.Interval, wal.Never} {
		synctest.Test(t, func(t *testing.T) {
			fsys := newFS(t)
			o := small(fsys)
			o.Mode, o.IdleMark, o.Interval = mode, 50*time.Millisecond, time.Minute
			l, err := wal.Create(o, 1)
			must(t, err)
			time.Sleep(time.Hour)
			if l.Metrics().Marks != 0 {
				t.Errorf("%v: an empty log was marked", mode)
			}
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
			time.Sleep(49 * time.Millisecond)
			if marked(t, fsys) {
				t.Errorf("%v: marked too early", mode)
			}
			time.Sleep(2 * time.Millisecond)
			if !marked(t, fsys) || l.Durable() != 1 {
				t.Errorf("%v: not marked when idle", mode)
			}
			time.Sleep(time.Hour)
			if n := l.Metrics().Marks; n != 1 {
				t.Errorf("%v: %d MARKs for one record", mode, n)
			}
			must(t, l.Close())
			if frames := mustScan(t, fsys).frames; len(frames) != 2 {
				t.Errorf("%v: %d frames, Close marked again", mode, len(frames))
			}
		})
	}
}

// A busy log is not marked, and one where records trickle in is not marked after
// each of them.
func TestMarksBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(newFS(t))
		o.IdleMark = 50 * time.Millisecond
		l, err := wal.Create(o, 1)
		must(t, err)
		for range 200 {
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
			time.Sleep(10 * time.Millisecond)
		}
		if n := l.Metrics().Marks; n != 0 {
			t.Errorf("%d MARKs in a busy log", n)
		}
		time.Sleep(time.Second)
		busy := l.Metrics().Marks
		if busy != 1 {
			t.Errorf("%d MARKs after the burst", busy)
		}
		for range 500 {
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
			time.Sleep(120 * time.Millisecond)
		}
		if n := l.Metrics().Marks - busy; n > 10 {
			t.Errorf("%d MARKs among 500 records that trickled in", n)
		}
		// After a pause the first delay holds again.
		time.Sleep(time.Minute)
		before := l.Metrics().Marks
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		time.Sleep(51 * time.Millisecond)
		if l.Metrics().Marks != before+1 {
			t.Error("the delay did not come back down")
		}
		must(t, l.Close())
	})
}

func TestSyncMarksALogThatItLeavesIdle(t *testing.T) {
	fsys := newFS(t)
	l, err := wal.Create(small(fsys), 1)
	must(t, err)
	must(t, l.Sync(bg))
	mustAppend(t, l, record(nil))
	must(t, l.Sync(bg))
	must(t, l.Sync(bg))
	d := mustScan(t, fsys)
	if len(d.frames) != 2 || !d.tail.Marked || len(d.records) != 1 {
		t.Errorf("%d frames, marked %v", len(d.frames), d.tail.Marked)
	}
	must(t, l.Close())
}

func TestIntervalSyncsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(newFS(t))
		o.Mode, o.Interval = wal.Interval, time.Second
		l, err := wal.Create(o, 1)
		must(t, err)
		begun := time.Now()
		for i := range 300 { // 3 s
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
			if late := uint64(time.Since(begun) / (10 * time.Millisecond)); late > l.Durable()+101 {
				t.Fatalf("record %d: only %d are durable", i, l.Durable())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if syncs := l.Metrics().Syncs; syncs > 20 { // rotations sync too
			t.Errorf("%d syncs in 3 s", syncs)
		}
		time.Sleep(time.Second)
		if l.Durable() != 300 {
			t.Errorf("durable %d of 300", l.Durable())
		}
		must(t, l.Close())
	})
}

// The interval's sync does not hold writers up, and makes durable only what was
// written before it began.
func TestIntervalSyncDoesNotHoldWritersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, func(o *wal.Options) { o.Mode, o.Interval, o.SegmentSize = wal.Interval, time.Second, 1<<20 })
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		time.Sleep(time.Second + 1)
		synctest.Wait() // the sync is under way
		for range 5 {
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
		}
		durable := mustAppend(t, l, record(nil))
		_ = durable
		asked, err := l.Append(bg, record(nil), nil, wal.Durable)
		must(t, err)
		c := waiting(bg, asked)
		stillWaiting(t, c)
		close(g.open)
		must(t, <-c)
		if l.Durable() != asked.LSN() {
			t.Errorf("durable %d, want %d", l.Durable(), asked.LSN())
		}
		must(t, l.Close())
	})
}

func TestIntervalSyncMakesDurableOnlyWhatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, func(o *wal.Options) { o.Mode, o.Interval = wal.Interval, time.Second })
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		time.Sleep(time.Second + 1)
		synctest.Wait()
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		close(g.open)
		synctest.Wait()
		if l.Durable() != 1 {
			t.Errorf("durable %d after a sync that began with 1", l.Durable())
		}
		time.Sleep(2 * time.Second)
		if l.Durable() != 2 {
			t.Errorf("durable %d of 2", l.Durable())
		}
		must(t, l.Close())
	})
}

// A failed sync of the interval ends the log, though nobody waits for it.
func TestAFailedIntervalSyncEndsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, disk, _ := gated(t, func(o *wal.Options) { o.Mode, o.Interval = wal.Interval, time.Second })
		disk.before = func(_ int, call string) error {
			if strings.HasPrefix(call, "datasync") {
				return errDisk
			}
			return nil
		}
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		time.Sleep(2 * time.Second)
		if l.Err() == nil || l.Durable() != 0 {
			t.Errorf("Err %v, durable %d", l.Err(), l.Durable())
		}
		if l.Close() == nil {
			t.Error("Close forgot the failure")
		}
	})
}

// In Never nothing is synced but what the log's own order needs.
func TestNeverSyncsOnlyAtRotations(t *testing.T) {
	fsys := newFS(t)
	o := small(fsys)
	o.Mode = wal.Never
	l, err := wal.Create(o, 1)
	must(t, err)
	for range 300 {
		must(t, mustAppend(t, l, record(make([]byte, 50))).Wait(bg))
	}
	if m := l.Metrics(); m.Syncs != m.Rotations || m.Rotations == 0 {
		t.Errorf("%d syncs, %d rotations", m.Syncs, m.Rotations)
	}
	must(t, l.Close())
}
