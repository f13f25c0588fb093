package wal

import (
	"math"
	"math/bits"
	"time"
)

// Buckets is the number of buckets of a Histogram.
const Buckets = 40

// Histogram counts values by powers of two: bucket i counts the values v with
// 2^(i-1) <= v < 2^i, bucket 0 the zeros.
type Histogram [Buckets]uint64

func (h *Histogram) add(v uint64) { h[min(bits.Len64(v), len(h)-1)]++ }

// Quantile returns an upper bound of the q-th quantile, 0 < q <= 1: at least the
// part q of all values lies at or below it. It is 0 when nothing was counted.
func (h *Histogram) Quantile(q float64) uint64 {
	total := uint64(0)
	for _, n := range h {
		total += n
	}
	rank := uint64(math.Ceil(q * float64(total)))
	seen := uint64(0)
	for i, n := range h {
		if seen += n; n > 0 && seen >= rank {
			return 1<<i - 1
		}
	}
	return 0
}

// Metrics counts what a log did since it was opened.
type Metrics struct {
	Records   uint64 // records written
	Frames    uint64 // frames with records written
	Bytes     uint64 // bytes of those frames
	Filled    uint64 // zeros written ahead, in bytes
	Syncs     uint64
	Marks     uint64
	Rotations uint64

	GroupSize Histogram     // records in a frame
	SyncTime  Histogram     // microseconds of a sync
	SyncTotal time.Duration // of all syncs
	SyncMax   time.Duration // the longest sync

	// As of now:
	Staged  int64  // bytes of records queued or in flight
	Queued  int    // records queued or in flight
	Written uint64 // last LSN written
	Durable uint64 // last LSN durable
	Readers int    // open readers
}

// Metrics returns the counters.
func (l *Log) Metrics() Metrics {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.metrics
	m.Staged, m.Queued, m.Readers = l.staged, l.pending, len(l.readers)
	m.Written, m.Durable = l.written.Load(), l.durable.Load()
	return m
}

func (m *Metrics) sync(took time.Duration) {
	took = max(took, 0) // the clock may run backwards
	m.Syncs++
	m.SyncTotal += took
	m.SyncMax = max(m.SyncMax, took)
	m.SyncTime.add(uint64(took.Microseconds()))
}

func (l *Log) count(records int, bytes int64) {
	l.mu.Lock()
	l.metrics.Records += uint64(records)
	l.metrics.Frames++
	l.metrics.Bytes += uint64(bytes)
	l.metrics.GroupSize.add(uint64(records))
	l.mu.Unlock()
}

func (l *Log) countFill(bytes int64) {
	l.mu.Lock()
	l.metrics.Filled += uint64(bytes)
	l.mu.Unlock()
}

func (l *Log) countMark() {
	l.mu.Lock()
	l.metrics.Marks++
	l.mu.Unlock()
}
