package recovery_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// life is a store's: begun, written to, left for a new segment, imaged, its log
// shortened, closed. It goes on until something fails, and remembers which
// writes were acknowledged.
type life struct {
	mode         wal.Mode
	acknowledged int
}

func (l *life) state(n int) keys {
	m := keys{}
	for i := range n {
		m[fmt.Sprint(i)] = fmt.Sprint("value ", i)
	}
	return m
}

func (l *life) live(fsys vfs.FS) error {
	ctx := context.Background()
	s, _, err := tryOpen(fsys)
	if err != nil {
		return err
	}
	o := logOptions()
	o.Mode = l.mode
	log, err := s.StartLog(o)
	if err != nil {
		return err
	}
	defer log.Close()
	put := func() error {
		c := set(fmt.Sprint(l.acknowledged), fmt.Sprint("value ", l.acknowledged))
		p, err := log.Append(ctx, record.AppendCommit(nil, &c), nil, wal.Default)
		if err == nil {
			err = p.Wait(ctx)
		}
		if err == nil {
			l.acknowledged++
		}
		return err
	}
	for range 2 {
		for range 2 {
			if err := put(); err != nil {
				return err
			}
		}
		if err := l.compact(ctx, s, log); err != nil {
			return err
		}
	}
	if err := put(); err != nil {
		return err
	}
	return log.Close()
}

// compact leaves the segment, publishes a snapshot and keeps what the older one
// needs.
func (l *life) compact(ctx context.Context, s *recovery.Store, log *wal.Log) error {
	if err := log.Rotate(ctx); err != nil {
		return err
	}
	lsn := uint64(l.acknowledged)
	m := s.Manifest.Get()
	state := l.state(l.acknowledged)
	sum, err := snapshot.Publish(ctx, s.FS, vfs.Join(dir, recovery.SnapshotDir),
		snapshot.Meta{Store: m.Store, LSN: lsn}, snapshot.WriterOptions{}, func(w *snapshot.Writer) error {
			for _, k := range sortedKeys(state) {
				e := entry(k, state[k], 1)
				if err := w.Add(&e); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	first := m.First
	if n := len(m.Snapshots); n > 0 {
		for _, seg := range log.Segments() {
			if seg.FirstLSN <= m.Snapshots[n-1].LSN+1 {
				first = seg.Seq
			}
		}
	}
	err = s.Manifest.Update(func(m *recovery.Manifest) error {
		m.Snapshots = append(m.Snapshots, recovery.SnapshotRef{LSN: lsn, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest})
		m.First = first
		return nil
	})
	if err != nil {
		return err
	}
	_, err = log.TruncateFront(ctx, first)
	return err
}

// The process is killed before any step of a store's life. The next one finds
// what the page cache holds, and serves it. Then the power goes, and the disk
// loses all that it may, or some of it: what was acknowledged and what was served
// is there.
func TestKillThenRecoverThenPowerCut(t *testing.T) {
	for _, disk := range promising() {
		for _, mode := range []wal.Mode{wal.Always, wal.Never} {
			t.Run(fmt.Sprintf("%v/%v", disk, mode), func(t *testing.T) {
				for n := 1; ; n++ {
					fsys := crashfs.New(crashfs.Options{Mode: disk, NoTrace: true})
					l := &life{mode: mode}
					fsys.CrashAt(n)
					if err := l.live(fsys); err == nil {
						if n < 60 {
							t.Fatalf("a life of %d steps", n)
						}
						return
					}
					next := fsys.Kill()
					s, got := mustOpen(t, next)
					served := len(got.Keys)
					if served < l.acknowledged {
						t.Fatalf("killed at step %d: %d served, %d acknowledged", n, served, l.acknowledged)
					}
					wantKeys(t, got, l.state(served))
					log := startLog(t, s)
					lsn := write(t, log, set("z", "z"))
					want := l.state(served)
					want["z"] = "z"
					point := next.Point()
					for _, c := range []crashfs.Chooser{crashfs.LoseAll, crashfs.KeepAll, crashfs.Random(uint64(n)), crashfs.Random(uint64(n) << 32)} {
						if err := recovered(point.Crash(c), want, lsn+1); err != nil {
							t.Fatalf("killed at step %d: %v", n, err)
						}
					}
					if err := log.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}
