package bench

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

// Each test takes its turns and is held against its floor, on a clock that a test
// drives: every look at it is a millisecond.
func TestRun(t *testing.T) {
	var steps []string
	clock := time.Unix(0, 0)
	results, err := Run(t.Context(), Options{
		FS: memfs.New(), Dir: "/bench", Writers: 1, Value: 10, For: 180 * time.Millisecond,
		Now:  func() time.Time { clock = clock.Add(time.Millisecond); return clock },
		Step: func(test string) { steps = append(steps, test) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 6 || len(steps) != rounds*6 {
		t.Fatalf("%d results, %d steps", len(results), len(steps))
	}
	for _, r := range results {
		// Ten calls a round, and the eleventh look says that the round is over.
		ops := int64(3 * 10)
		took := time.Millisecond
		switch {
		case strings.Contains(r.Test, "transaction"):
			ops *= batch
		case r.Test == "get":
			ops, took = ops*batch, took/batch
		}
		if r.Ops != ops || r.Median != took || r.P99 != took {
			t.Errorf("%+v", r)
		}
		if held := strings.HasPrefix(r.Test, "set") && !strings.Contains(r.Test, "transaction"); held != (r.Ratio == 1) || held != (r.Floor != "") {
			t.Errorf("%+v", r)
		}
	}
}

// A disk that fails, and a person who has seen enough, end it.
func TestRunEnds(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, test := range []struct {
		name string
		want error
		step func(g *vfstest.Gate, cancel func())
	}{
		{"disk", broken, func(g *vfstest.Gate, _ func()) { g.Release(broken) }},
		{"interrupt", context.Canceled, func(_ *vfstest.Gate, cancel func()) { cancel() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := vfstest.NewGate(memfs.New())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			_, err := Run(ctx, Options{FS: g, Dir: "/bench", Writers: 4, Value: 10, For: time.Hour, Now: time.Now, Step: func(string) {
				if n++; n == 1 {
					test.step(g, cancel)
				}
			}})
			if !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
