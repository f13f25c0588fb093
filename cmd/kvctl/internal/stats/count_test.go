package stats_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/stats"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// written is a store with random writes over some days, and what was written.
type written struct {
	fs            *memfs.FS
	live          map[string]string
	ops, bytes    int64
	perPrefix     map[string]int64 // operations
	first, last   time.Time
	deletes, sets int64
}

func write(t *testing.T, seed uint64, n int) *written {
	t.Helper()
	w := &written{fs: memfs.New(), live: map[string]string{}, perPrefix: map[string]int64{}}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(seed, 1))
	db, err := engine.Open("s", &engine.Options{
		FS: w.fs, Clock: func() time.Time { return now }, SweepEvery: -1, IdleMark: -1, SegmentSize: 16 << 10,
		Compaction: engine.CompactionOptions{Disabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.first = now
	for i := range n {
		now = now.Add(time.Duration(random.IntN(3600)) * time.Second)
		if i == 0 {
			w.first = now
		}
		prefix := string(rune('a'+random.IntN(4))) + "/"
		key := prefix + fmt.Sprint(random.IntN(20))
		w.perPrefix[prefix]++
		w.ops++
		if random.IntN(4) == 0 {
			err = db.Delete(t.Context(), []byte(key))
			if _, there := w.live[key]; !there {
				w.perPrefix[prefix]-- // nothing to delete, nothing logged
				w.ops--
			} else {
				w.deletes++
				w.bytes += int64(len(key))
				w.last = now
			}
			delete(w.live, key)
		} else {
			value := strings.Repeat("v", random.IntN(2000))
			err = db.Set(t.Context(), []byte(key), []byte(value))
			w.live[key] = value
			w.sets++
			w.bytes += int64(len(key) + len(value))
			w.last = now
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func count(t *testing.T, w *written, o stats.Options) *stats.Stats {
	t.Helper()
	s, err := inspect.Open(w.fs, "s", inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Separators, o.Depth, o.Size = "/", 1, func(n int64) string { return fmt.Sprint(n) }
	got, err := stats.Count(t.Context(), s, o)
	if err != nil || got.NoState != nil {
		t.Fatal(err, got.NoState)
	}
	return got
}

// However it is grouped, the rows add up to the total, and the total is what was
// written.
func TestRowsAddUpToWhatWasWritten(t *testing.T) {
	for seed := range uint64(5) {
		w := write(t, seed, 200)
		liveBytes := int64(0)
		for k, v := range w.live {
			liveBytes += int64(len(k) + len(v))
		}
		for _, by := range append(stats.Ways(), "") {
			s := count(t, w, stats.Options{By: stats.By(by)})
			if s.Total.LiveKeys != int64(len(w.live)) || s.Total.LiveBytes != liveBytes || s.Total.Ops != w.ops || s.Total.OpBytes != w.bytes || s.Total.Commits != w.ops {
				t.Fatalf("by %q: %+v, want %d keys of %d bytes, %d operations of %d", by, s.Total, len(w.live), liveBytes, w.ops, w.bytes)
			}
			if s.FirstTime != w.first.UnixMilli() && w.ops == 200 || s.LastTime != w.last.UnixMilli() || s.Bad != nil {
				t.Errorf("by %q: from %d to %d, %+v", by, s.FirstTime, s.LastTime, s.Bad)
			}
			if by == "" {
				continue
			}
			var sum stats.Row
			for _, r := range s.Rows {
				if r.Group == "mark" || r.Group == "seal" {
					continue
				}
				sum.LiveKeys += r.LiveKeys
				sum.LiveBytes += r.LiveBytes
				sum.Ops += r.Ops
				sum.OpBytes += r.OpBytes
				if by == "prefix" && w.perPrefix[r.Group] != r.Ops {
					t.Errorf("%s: %d operations, want %d", r.Group, r.Ops, w.perPrefix[r.Group])
				}
				if want := map[string]int64{"set": w.sets, "delete": w.deletes}[r.Group]; by == "type" && r.Ops != want {
					t.Errorf("%s: %d operations, want %d", r.Group, r.Ops, want)
				}
			}
			if sum.LiveKeys != s.Total.LiveKeys || sum.LiveBytes != s.Total.LiveBytes || sum.Ops != s.Total.Ops || sum.OpBytes != s.Total.OpBytes {
				t.Errorf("by %q: the rows come to %+v, the total is %+v", by, sum, s.Total)
			}
			if by == "time" && (len(s.Rows) > 41 || len(s.Rows) < 10 || s.Width < time.Hour) {
				t.Errorf("%d rows of %v", len(s.Rows), s.Width)
			}
		}
	}
}

// What grows with the store is bounded.
func TestGroupsAreBounded(t *testing.T) {
	fsys := memfs.New()
	db, err := engine.Open("s", &engine.Options{FS: fsys, Compaction: engine.CompactionOptions{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	const keys = stats.MaxGroups + 500
	for i := 0; i < keys; i += 1000 {
		err := db.Update(t.Context(), func(tx *engine.Tx) error {
			for j := i; j < min(i+1000, keys); j++ {
				if err := tx.Set(t.Context(), fmt.Appendf(nil, "%06d/x", j), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := count(t, &written{fs: fsys}, stats.Options{By: stats.ByPrefix})
	if len(s.Rows) != stats.MaxGroups+1 {
		t.Fatalf("%d rows", len(s.Rows))
	}
	for _, r := range s.Rows {
		if r.Group == stats.Others && (r.LiveKeys != 500 || r.Ops != 500) {
			t.Errorf("%+v", r)
		}
	}
}

func TestCountIsInterrupted(t *testing.T) {
	w := write(t, 1, 50)
	s, err := inspect.Open(w.fs, "s", inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, by := range stats.Ways() {
		if _, err := stats.Count(ctx, s, stats.Options{By: stats.By(by), Depth: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("by %s: %v", by, err)
		}
	}
}
