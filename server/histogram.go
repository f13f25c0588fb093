package server

import (
	"math/bits"
	"sync/atomic"
)

// histogram counts how long a command took, by powers of two of 1,032 ns: that is
// where the histograms of Redis, whose numbers have two digits, end their steps of
// 1,024 ns and its doubles. It also is the only count of a command's calls, so that
// a call costs one addition either way. What took longer than a second is in the
// last step.
type histogram [21]atomic.Int64

const histogramUnit = 1032 // ns

// add counts a call that took so many ns.
func (h *histogram) add(ns int64) { h[histogramStep(ns)].Add(1) }

func histogramStep(ns int64) int {
	return min(bits.Len64(uint64(max(ns, 0))/histogramUnit), len(histogram{})-1)
}

// histogramEnd is the last ns of a step.
func histogramEnd(step int) int64 { return histogramUnit<<step - 1 }

// calls is how many there were.
func (h *histogram) calls() (n int64) {
	for i := range h {
		n += h[i].Load()
	}
	return n
}

func (h *histogram) reset() {
	for i := range h {
		h[i].Store(0)
	}
}

// percentile is the end, in ns, of the step that the slowest of the fastest p percent
// of calls lies in.
func (h *histogram) percentile(p float64) int64 {
	want := max(1, int64(float64(h.calls())*p/100+0.5))
	for i := range h {
		if want -= h[i].Load(); want <= 0 {
			return histogramEnd(i)
		}
	}
	return histogramEnd(len(h) - 1)
}
