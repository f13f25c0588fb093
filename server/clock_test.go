package server

import (
	"sync/atomic"
	"time"
)

// testClock is a clock that a test moves.
type testClock struct{ ms atomic.Int64 }

func newClock() *testClock {
	c := &testClock{}
	c.ms.Store(1_700_000_000_000)
	return c
}

func (c *testClock) Now() time.Time   { return time.UnixMilli(c.ms.Load()) }
func (c *testClock) advance(ms int64) { c.ms.Add(ms) }
