package wal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/wal"
)

// gate holds up calls of the file system until it is opened.
type gate struct {
	op   string
	open chan struct{}
}

func newGate(op string) *gate { return &gate{op, make(chan struct{})} }

func (g *gate) before(_ int, call string) error {
	if strings.HasPrefix(call, g.op) {
		<-g.open
	}
	return nil
}

// gated returns a log whose next syncs are held up until the gate opens.
func gated(t *testing.T, change func(*wal.Options)) (*wal.Log, *faultFS, *gate) {
	disk := &faultFS{FS: newFS(t)}
	o := small(disk)
	if change != nil {
		change(&o)
	}
	l, err := wal.Create(o, 1)
	must(t, err)
	g := newGate("datasync")
	disk.before = g.before
	return l, disk, g
}

// waiting runs a Wait in the background.
func waiting(ctx context.Context, p wal.Pending) chan error {
	c := make(chan error, 1)
	go func() { c <- p.Wait(ctx) }()
	return c
}

func stillWaiting(t *testing.T, c chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-c:
		t.Fatalf("returned already: %v", err)
	default:
	}
}

// Records that arrive during a sync are one frame together: that is all the
// group commit there is.
func TestRecordsThatArriveDuringASyncShareTheNextFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, disk, g := gated(t, nil)
		first := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		var later []chan error
		for range 10 {
			later = append(later, waiting(bg, mustAppend(t, l, record(nil))))
		}
		synctest.Wait()
		writes := func() (n int) {
			for _, c := range disk.calls() {
				if strings.HasPrefix(c, "write 0") {
					n++
				}
			}
			return n
		}
		if writes() != 1 {
			t.Errorf("%d frames written while the first is being synced", writes())
		}
		close(g.open)
		for _, c := range append(later, first) {
			must(t, <-c)
		}
		if writes() != 2 {
			t.Errorf("11 records took %d frames, want 2", writes())
		}
		must(t, l.Close())
	})
}

// Nobody is acknowledged, and nothing delivered, before the sync has returned.
func TestNothingIsAcknowledgedBeforeItsSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := &delivered{}
		l, _, g := gated(t, func(o *wal.Options) { o.Durable = got.take })
		c := waiting(bg, mustAppend(t, l, record(nil)))
		stillWaiting(t, c)
		if l.Durable() != 0 || l.Written() != 1 || len(got.items) != 0 {
			t.Errorf("durable %d, written %d, delivered %v before the sync returned", l.Durable(), l.Written(), got.items)
		}
		close(g.open)
		must(t, <-c)
		if l.Durable() != 1 || len(got.items) != 1 {
			t.Errorf("durable %d, delivered %v", l.Durable(), got.items)
		}
		must(t, l.Close())
	})
}

// The next frame is on its way to the disk while the batch before it is applied.
func TestApplyingOverlapsTheNextSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		apply := make(chan struct{})
		var order []uint64
		l, _, g := gated(t, func(o *wal.Options) {
			o.Durable = func(b wal.Batch) {
				<-apply
				order = append(order, b.First)
			}
		})
		one := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		two := waiting(bg, mustAppend(t, l, record(nil)))
		close(g.open)
		stillWaiting(t, one)
		stillWaiting(t, two)
		if l.Durable() != 2 {
			t.Errorf("the second frame waits for the first to be applied: durable %d", l.Durable())
		}
		close(apply)
		must(t, <-one)
		must(t, <-two)
		if len(order) != 2 || order[0] != 1 || order[1] != 2 {
			t.Errorf("applied in the order %v", order)
		}
		must(t, l.Close())
	})
}

// Where a sync takes longer than a delivery, the writers that are about to be let go
// are worth waiting for: without that the second record would be synced alone. Where
// a delivery takes longer it is not waited for.
func TestASlowDiskWaitsForAQuickDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock atomic.Int64
		deliver := make(chan struct{})
		disk := &faultFS{FS: newFS(t)}
		o := small(disk)
		o.Now = func() time.Time { return time.Unix(0, clock.Load()) }
		o.Durable = func(b wal.Batch) {
			if b.First == 3 {
				clock.Add(int64(time.Second)) // a slow one
			}
			<-deliver
		}
		l, err := wal.Create(o, 1)
		must(t, err)
		disk.before = func(_ int, call string) error {
			if strings.HasPrefix(call, "datasync") {
				clock.Add(int64(time.Second))
			}
			return nil
		}
		one := waiting(bg, mustAppend(t, l, record(nil)))
		stillWaiting(t, one) // it is being delivered
		two := waiting(bg, mustAppend(t, l, record(nil)))
		stillWaiting(t, two)
		if l.Written() != 1 {
			t.Errorf("record 2 did not wait for record 1: written up to %d", l.Written())
		}
		close(deliver)
		must(t, <-one)
		must(t, <-two)
		must(t, mustAppend(t, l, record(nil)).Wait(bg))

		deliver = make(chan struct{})
		four := waiting(bg, mustAppend(t, l, record(nil)))
		stillWaiting(t, four)
		five := waiting(bg, mustAppend(t, l, record(nil)))
		stillWaiting(t, five)
		if l.Durable() != 5 {
			t.Errorf("record 5 waits for a delivery that is expected to be slow: durable up to %d", l.Durable())
		}
		close(deliver)
		must(t, <-four)
		must(t, <-five)
		must(t, l.Close())
	})
}

func TestCancellingAWaitEndsTheWaitAndNotTheCommit(t *testing.T) {
	for _, role := range []string{"follower", "heir", "nobody else"} {
		t.Run(role, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _, g := gated(t, nil)
				leader := waiting(bg, mustAppend(t, l, record(nil)))
				synctest.Wait()
				ctx, cancel := context.WithCancel(bg)
				p := mustAppend(t, l, record(nil))
				var other chan error
				if role == "follower" { // somebody else is the heir
					other = waiting(bg, mustAppend(t, l, record(nil)))
					synctest.Wait()
				}
				c := waiting(ctx, p)
				synctest.Wait()
				if role == "heir" { // somebody else relies on us
					other = waiting(bg, mustAppend(t, l, record(nil)))
				}
				stillWaiting(t, c)
				cancel()
				err := <-c
				var unknown *wal.OutcomeError
				if !errors.Is(err, wal.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) || !errors.As(err, &unknown) || unknown.LSN != p.LSN() {
					t.Fatalf("Wait: %v", err)
				}
				close(g.open)
				must(t, <-leader)
				if other != nil {
					must(t, <-other)
				}
				<-p.Done()
				must(t, p.Wait(bg))
				must(t, l.Close())
			})
		})
	}
}

// A wait that is over before it began ends at once, and leaves somebody who
// commits.
func TestWaitingWithAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, nil)
		busy := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		ctx, cancel := context.WithCancel(bg)
		cancel()
		p := mustAppend(t, l, record(nil))
		if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Wait: %v", err)
		}
		close(g.open)
		must(t, <-busy)
		<-p.Done()
		must(t, l.Close())
	})
}

// Who leads finishes, whatever becomes of its own context.
func TestALeaderWhoseContextEndsFinishesTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, nil)
		ctx, cancel := context.WithCancel(bg)
		mine := waiting(ctx, mustAppend(t, l, record(nil)))
		synctest.Wait()
		other := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		cancel()
		stillWaiting(t, mine)
		close(g.open)
		must(t, <-mine)
		must(t, <-other)
		must(t, l.Close())
	})
}

// A leader goes home with its own batch: it does not stay for those who queue up.
func TestALeaderIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := make(chan struct{})
		l, disk, _ := gated(t, nil)
		disk.before = func(_ int, call string) error {
			if strings.HasPrefix(call, "datasync") {
				<-step
			}
			return nil
		}
		one := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		two := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		step <- struct{}{}
		synctest.Wait()
		select {
		case err := <-one:
			must(t, err)
		default:
			t.Error("the first leader is kept by the second batch")
		}
		step <- struct{}{}
		must(t, <-two)
		close(step)
		must(t, l.Close())
	})
}

// Who gets the token after somebody else has committed its batch has no business
// with it any more, though the batch is not delivered yet.
func TestAnHeirWhoseBatchWasTakenGoesHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		apply := make(chan struct{})
		l, disk, _ := gated(t, func(o *wal.Options) {
			o.Durable = func(b wal.Batch) {
				if b.First == 2 {
					<-apply
				}
			}
		})
		step := make(chan struct{})
		disk.before = func(_ int, call string) error {
			if strings.HasPrefix(call, "datasync") {
				<-step
			}
			return nil
		}
		leader := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		second := mustAppend(t, l, record(nil))
		syncing := make(chan error, 1)
		go func() { syncing <- l.Sync(bg) }()
		synctest.Wait()
		heir := waiting(bg, second) // behind Sync, who takes the batch
		synctest.Wait()
		step <- struct{}{}
		must(t, <-leader)
		synctest.Wait() // Sync syncs the second record
		third := mustAppend(t, l, record(nil))
		close(step)
		stillWaiting(t, heir)
		if l.Written() != 2 {
			t.Error("the heir of a batch that was committed leads for others")
		}
		close(apply)
		must(t, <-heir)
		must(t, <-syncing)
		must(t, third.Wait(bg))
		must(t, l.Close())
	})
}

func TestStartCommitsWhatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, nil)
		close(g.open)
		p := mustAppend(t, l, record(nil))
		synctest.Wait()
		if l.Written() != 0 {
			t.Error("committed before anybody asked")
		}
		p.Start()
		synctest.Wait()
		if l.Durable() != 1 {
			t.Error("not committed")
		}
		must(t, p.Wait(bg))
		must(t, l.Close())
	})
}

// Started while somebody else commits, and never waited for.
func TestStartDuringACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, nil)
		mustAppend(t, l, record(nil)).Start()
		synctest.Wait()
		for range 5 {
			mustAppend(t, l, record(nil)).Start()
			synctest.Wait()
		}
		close(g.open)
		synctest.Wait()
		if l.Durable() != 6 {
			t.Errorf("durable %d of 6", l.Durable())
		}
		must(t, l.Close())
	})
}

func TestStagedBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, func(o *wal.Options) { o.MaxStaged, o.MaxFrame = 1000, 300 })
		r := record(make([]byte, 97)) // 99 bytes
		appended := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 50 {
				if _, err := l.Append(bg, r, nil, wal.Default); err != nil {
					t.Error(err)
				}
				appended++
			}
		}()
		synctest.Wait()
		// Nobody waits and nobody calls Start: Append itself sees to it that
		// there will be room.
		if appended != 10 || l.Metrics().Staged > 1000 {
			t.Errorf("%d records, %d bytes staged", appended, l.Metrics().Staged)
		}
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		if _, err := l.Append(ctx, r, nil, wal.Default); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Append: %v", err)
		}
		close(g.open)
		<-done
		must(t, l.Close())
		if m := l.Metrics(); m.Records != 50 || m.Staged != 0 || m.Queued != 0 {
			t.Errorf("%+v", m)
		}
	})
}

// A record larger than everything that may be staged waits until it is alone.
func TestARecordLargerThanTheBoundGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, func(o *wal.Options) { o.MaxStaged = 1000 })
		mustAppend(t, l, record(nil))
		big := make(chan error, 1)
		go func() {
			p, err := l.Append(bg, record(make([]byte, 5000)), nil, wal.Default)
			if err == nil {
				err = p.Wait(bg)
			}
			big <- err
		}()
		stillWaiting(t, big)
		close(g.open)
		must(t, <-big)
		must(t, l.Close())
	})
}

func TestCloseLetsBlockedAppendsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, func(o *wal.Options) { o.MaxStaged = 10 })
		p := mustAppend(t, l, record(make([]byte, 10)))
		blocked := make(chan error, 1)
		go func() {
			_, err := l.Append(bg, record(nil), nil, wal.Default)
			blocked <- err
		}()
		stillWaiting(t, blocked)
		closed := make(chan error, 2)
		go func() { closed <- l.Close() }()
		go func() { closed <- l.Close() }()
		if err := <-blocked; !errors.Is(err, wal.ErrClosed) {
			t.Errorf("blocked Append: %v", err)
		}
		stillWaiting(t, closed)
		close(g.open)
		must(t, <-closed)
		must(t, <-closed)
		must(t, p.Wait(bg))
	})
}

// A failed sync tells those whose frame it was, those who queue behind it, and
// those who come later, each with its own error.
func TestAFailedSyncTellsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := &delivered{}
		l, disk, _ := gated(t, func(o *wal.Options) { o.Durable, o.MaxStaged = got.take, 20 })
		open := make(chan struct{})
		disk.before = func(_ int, call string) error {
			if strings.HasPrefix(call, "datasync") {
				<-open
				return errDisk
			}
			return nil
		}
		inFlight := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		queued := waiting(bg, mustAppend(t, l, record(make([]byte, 15))))
		blocked := make(chan error, 1)
		go func() {
			_, err := l.Append(bg, record(make([]byte, 15)), nil, wal.Default)
			blocked <- err
		}()
		syncing := make(chan error, 1)
		go func() { syncing <- l.Sync(bg) }()
		synctest.Wait()
		close(open)
		for name, c := range map[string]chan error{"in flight": inFlight, "queued": queued} {
			if err := <-c; !errors.Is(err, wal.ErrOutcomeUnknown) || !errors.Is(err, errDisk.Err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, c := range map[string]chan error{"blocked": blocked, "Sync": syncing} {
			if err := <-c; !errors.Is(err, wal.ErrFailed) || !errors.Is(err, errDisk.Err) || errors.Is(err, wal.ErrOutcomeUnknown) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(got.items) != 0 || l.Durable() != 0 {
			t.Errorf("delivered %v, durable %d", got.items, l.Durable())
		}
		var le *wal.LogError
		if err := l.Close(); !errors.As(err, &le) || le.Op != "sync" {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestSyncGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, g := gated(t, nil)
		busy := waiting(bg, mustAppend(t, l, record(nil)))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		if err := l.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sync: %v", err)
		}
		close(g.open)
		must(t, <-busy)
		must(t, l.Sync(bg))
		must(t, l.Close())
	})
}

// Buffers are used again, and never while their bytes are on their way: every
// frame holds what was appended, not what came after.
func TestBuffersAreNotReusedInFlight(t *testing.T) {
	fsys := newFS(t)
	o := small(fsys)
	o.SegmentSize = 1 << 20
	l, err := wal.Create(o, 1)
	must(t, err)
	m := model{first: 1}
	for round := range 200 {
		var ps []wal.Pending
		for i := range round % 7 {
			r := record(fmt.Appendf(nil, "%d.%d", round, i))
			m.records = append(m.records, r)
			ps = append(ps, mustAppend(t, l, r))
		}
		for _, p := range ps {
			p.Start()
		}
	}
	must(t, l.Close())
	m.checkPrefix(t, mustScan(t, fsys), len(m.records))
}

// Whatever waits begin and are given up, in whatever interleaving: every record
// that anybody ever cared about gets committed, though nobody closes the log.
func TestNoWakeUpIsLost(t *testing.T) {
	l, err := wal.Create(small(newFS(t)), 1)
	must(t, err)
	var wg sync.WaitGroup
	for w := range uint64(16) {
		rng := rand.New(rand.NewPCG(w, 1))
		wg.Go(func() {
			for range 300 {
				p, err := l.Append(bg, record(nil), nil, wal.Default)
				if err != nil {
					t.Error(err)
					return
				}
				ctx, cancel := context.WithCancel(bg)
				switch rng.IntN(5) {
				case 0:
					p.Start()
				case 1:
					cancel()
					_ = p.Wait(ctx)
				case 2:
					wg.Go(func() { _ = p.Wait(ctx) })
					for range rng.IntN(10) {
						runtime.Gosched()
					}
				case 3:
					time.AfterFunc(time.Duration(rng.IntN(50))*time.Microsecond, cancel)
					_ = p.Wait(ctx)
				default:
					err = p.Wait(ctx)
				}
				cancel()
				if err != nil {
					t.Error(err)
				}
				if rng.IntN(20) == 0 {
					<-p.Done()
				}
			}
			// The last record of each goroutine was cared about.
			p, err := l.Append(bg, record(nil), nil, wal.Default)
			if err != nil {
				t.Error(err)
				return
			}
			p.Start()
			<-p.Done()
		})
	}
	wg.Wait()
	if got, want := l.Durable(), uint64(16*301); got != want {
		t.Errorf("%d records are durable of %d", got, want)
	}
	must(t, l.Close())
}
