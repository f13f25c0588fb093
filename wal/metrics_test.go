package wal_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal"
)

// A quantile is an upper bound within a factor of two.
func TestQuantile(t *testing.T) {
	var none wal.Histogram
	if none.Quantile(.5) != 0 {
		t.Error("a quantile of nothing")
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Uint64Range(0, 1<<30), 1, 50).Draw(t, "values")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		var h wal.Histogram
		for _, v := range values {
			wal.AddToHistogram(&h, v)
		}
		slices.Sort(values)
		exact := values[0]
		for i, v := range values {
			if exact = v; float64(i+1) >= q*float64(len(values)) {
				break
			}
		}
		if got := h.Quantile(q); got < exact || got > 2*exact {
			t.Fatalf("quantile %v of %v: %d, exactly %d", q, values, got, exact)
		}
	})
}

func TestMetricsCountWhatWasDone(t *testing.T) {
	now := time.Unix(1000, 0)
	o := small(newFS(t))
	o.Now = func() time.Time { now = now.Add(-time.Second); return now } // a clock that runs backwards
	l, err := wal.Create(o, 1)
	must(t, err)
	for range 3 {
		mustAppend(t, l, record(nil))
		must(t, mustAppend(t, l, record(nil)).Wait(bg))
	}
	must(t, l.Sync(bg))
	must(t, l.Rotate(bg))
	m := l.Metrics()
	if m.Records != 6 || m.Frames != 3 || m.Marks != 1 || m.Rotations != 1 || m.Syncs != 5 || m.Bytes != 3*48 {
		t.Errorf("%+v", m)
	}
	if m.Durable != 6 || m.Written != 6 || m.Queued != 0 || m.Staged != 0 || m.SyncTotal != 0 {
		t.Errorf("%+v", m)
	}
	if got := m.GroupSize.Quantile(.5); got != 3 {
		t.Errorf("group size %d", got)
	}
	r, err := l.Reader(1)
	must(t, err)
	if n := l.Metrics().Readers; n != 1 {
		t.Errorf("%d readers", n)
	}
	must(t, r.Close())
	must(t, l.Close())
}
