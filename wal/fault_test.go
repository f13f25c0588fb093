package wal_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal"
)

// workload appends to a log, in one of its modes, until something fails, and
// then tries on. It returns how many records were acknowledged durable.
func workload(t tester, l *wal.Log, m *model, steps int) (acknowledged int, failed error) {
	var open []wal.Pending
	check := func(err error) {
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Fatalf("the cause is lost: %v", err)
		}
		if failed == nil {
			failed = err
		}
	}
	for i := range steps {
		r := record(fmt.Appendf(nil, "record %d%s", i, strings.Repeat("x", i*37%300)))
		d := wal.Default
		if i%5 == 0 {
			d = wal.Durable
		}
		p, err := l.Append(bg, r, nil, d)
		if failed != nil && !errors.Is(err, wal.ErrFailed) {
			t.Fatalf("Append after a failure: %v", err)
		}
		if err != nil {
			check(err)
			continue
		}
		m.records = append(m.records, r)
		open = append(open, p)
		if i%3 == 0 {
			continue
		}
		for _, p := range open {
			err := p.Wait(bg)
			if err != nil && !errors.Is(err, wal.ErrOutcomeUnknown) {
				t.Fatalf("Wait: %v", err)
			}
			check(err)
		}
		open = nil
		if i%7 == 0 {
			check(l.Sync(bg))
		}
		if i%11 == 0 {
			check(l.Rotate(bg))
		}
		acknowledged = max(acknowledged, int(l.Durable()))
	}
	return acknowledged, failed
}

// For every call of the file system that a log makes: when it fails, everything
// acknowledged is still there, everybody is told, and nothing is written after.
func TestAfterAnyFailureNothingIsWrittenAndNothingIsMissing(t *testing.T) {
	for _, mode := range []wal.Mode{wal.Always, wal.Never} {
		failures := 0
		for n := 1; ; n++ {
			disk := &faultFS{FS: newFS(t)}
			o := small(disk)
			o.Mode = mode
			l, err := wal.Create(o, 1)
			must(t, err)
			setup := len(disk.calls())
			disk.before = failAt(setup + n)
			m := model{first: 1}
			acknowledged, failed := workload(t, l, &m, 40)
			closed := l.Close()
			calls := disk.calls()
			if len(calls) < setup+n {
				break // fewer calls than that: all were tried
			}
			failures++
			where := fmt.Sprintf("%v, call %d (%s)", mode, n, calls[setup+n-1])
			if failed == nil && closed == nil {
				t.Errorf("%s: nobody was told", where)
			}
			if failed != nil && (!errors.Is(l.Err(), wal.ErrFailed) || !errors.Is(l.Err(), syscall.EIO) || !errors.Is(closed, syscall.EIO)) {
				t.Errorf("%s: Err is %v, Close returns %v", where, l.Err(), closed)
			}
			for _, call := range calls[setup+n:] {
				if op, _, _ := strings.Cut(call, " "); op != "close" && op != "abort" && op != "open" {
					t.Errorf("%s: %q after the failure", where, call)
				}
			}
			d, err := scanLog(disk.FS, testDir)
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			m.checkPrefix(t, d, acknowledged)
		}
		if failures < 50 {
			t.Errorf("%v: only %d calls were failed", mode, failures)
		}
	}
}

// Creating a log fails cleanly at every call.
func TestCreateFailsCleanly(t *testing.T) {
	for n := 1; ; n++ {
		disk := &faultFS{FS: newFS(t), before: failAt(n)}
		l, err := wal.Create(small(disk), 1)
		if calls := len(disk.calls()); err == nil && calls < n {
			disk.before = nil
			must(t, l.Close())
			return
		}
		if !errors.Is(err, syscall.EIO) || !errors.Is(err, wal.ErrFailed) {
			t.Fatalf("call %d: %v", n, err)
		}
	}
}

// An error of the directory's sync while the front is removed ends the log too:
// it may have been about a name that the log leans on.
func TestAFailedDirectorySyncOfTruncateFrontEndsTheLog(t *testing.T) {
	disk := &faultFS{FS: newFS(t)}
	l, err := wal.Create(small(disk), 1)
	must(t, err)
	for range 3 {
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		must(t, l.Rotate(bg))
	}
	disk.before = func(_ int, call string) error {
		if strings.HasPrefix(call, "syncdir") {
			return errDisk
		}
		return nil
	}
	removed, err := l.TruncateFront(bg, 3)
	if len(removed) != 2 || !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("removed %v, %v", removed, err)
	}
	if _, err := l.Append(bg, record(nil), nil, wal.Default); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("Append: %v", err)
	}
	if err := l.Close(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Close: %v", err)
	}
}

// An error of Rotated ends the log before the new segment holds anything.
func TestAnErrorOfRotatedEndsTheLog(t *testing.T) {
	fsys := newFS(t)
	o := small(fsys)
	o.Rotated = func(uint64) error { return errDisk }
	l, err := wal.Create(o, 1)
	must(t, err)
	must(t, mustAppend(t, l, record(nil)).Wait(bg))
	if err := l.Rotate(bg); !errors.Is(err, syscall.EIO) || !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("Rotate: %v", err)
	}
	if err := l.Close(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Close: %v", err)
	}
	d := mustScan(t, fsys)
	if d.tail.Seq != 2 || d.tail.Offset != wal.HeaderBlock || len(d.records) != 1 {
		t.Fatalf("%+v", d.tail)
	}
}

// A panic in the callback reaches its caller, and nobody waits for ever.
func TestAPanicInTheCallbackEndsTheLog(t *testing.T) {
	o := small(newFS(t))
	o.Durable = func(wal.Batch) { panic("boom") }
	l, err := wal.Create(o, 1)
	must(t, err)
	first := mustAppend(t, l, record(nil))
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic was swallowed")
			}
		}()
		first.Wait(bg)
	}()
	if err := first.Wait(bg); !errors.Is(err, wal.ErrOutcomeUnknown) {
		t.Errorf("Wait after the panic: %v", err)
	}
	if _, err := l.Append(bg, record(nil), nil, wal.Default); !errors.Is(err, wal.ErrFailed) {
		t.Errorf("Append after the panic: %v", err)
	}
	if err := l.Close(); !errors.Is(err, wal.ErrFailed) {
		t.Errorf("Close: %v", err)
	}
}

// Rotation is six steps in one order, in every mode.
func TestRotationOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := &faultFS{FS: newFS(t)}
		o := small(disk)
		o.Mode = rapid.SampledFrom([]wal.Mode{wal.Always, wal.Interval, wal.Never}).Draw(t, "mode")
		o.Rotated = func(seq uint64) error { return disk.call("manifest", wal.SegmentName(seq)) }
		l, err := wal.Create(o, 1)
		must(t, err)
		for range rapid.IntRange(1, 5).Draw(t, "records") {
			must(t, mustAppend(t, l, record(nil)).Wait(bg))
		}
		before := len(disk.calls())
		must(t, l.Rotate(bg))
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
		got := disk.calls()[before:]
		want := []string{
			"write 0000000000000001.wal", // SEAL
			"datasync 0000000000000001.wal",
			"truncate 0000000000000001.wal", // only where there are zeros
			"createtemp 0000000000000002.wal",
			"write temp",
			"sync temp",
			"publish 0000000000000002.wal",
			"syncdir log",
			"openwrite 0000000000000002.wal",
			"manifest 0000000000000002.wal",
			"close 0000000000000001.wal",
			"write 0000000000000002.wal", // the first frame
		}
		for len(want) > 0 && len(got) > 0 {
			if got[0] == want[0] {
				got = got[1:]
			} else if !strings.HasPrefix(want[0], "truncate") {
				t.Fatalf("%q where %q was next", got[0], want[0])
			}
			want = want[1:]
		}
		if len(want) > 0 {
			t.Fatalf("missing: %q", want)
		}
	})
}
