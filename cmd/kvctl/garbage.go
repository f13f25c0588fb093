package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// gcPercent is how much garbage the server lets pile up, in percent of what is
	// live. With 30, a million keys of 16 bytes with values of 32 take 130 bytes each
	// of the process, with Go's 100 they take 160; SETs and GETs are as fast.
	gcPercent = 30
	// gcFloor is how many bytes of garbage are fine whatever is live: a third of a
	// small store would be collected several times a second, each time with all of it
	// gone through, which took a sixth of the processor time of an HSET.
	gcFloor = 32 << 20
)

// limitGarbage keeps the garbage within those two until stop is called: after each
// collection it says anew when the next one is due.
func limitGarbage() (stop func()) {
	g := &garbage{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	g.before = g.set()
	g.watch()
	return g.stop
}

type garbage struct {
	mu      sync.Mutex
	live    []metrics.Sample
	before  int // percent
	percent int
	stopped bool
}

// set is called after each collection. It returns the percentage before.
func (g *garbage) set() (before int) {
	metrics.Read(g.live)
	percent := garbagePercent(g.live[0].Value.Uint64())
	if percent == g.percent {
		return percent
	}
	g.percent = percent
	return debug.SetGCPercent(percent)
}

// garbagePercent is how much may pile up above so many bytes that are live, in percent.
func garbagePercent(live uint64) int {
	live = max(live, gcFloor/8) // of which the runtime has some itself
	return max(gcPercent, int(gcFloor*100/live))
}

// watch has the next collection end with another call of it: it finds an object that
// nobody needs.
func (g *garbage) watch() {
	mark := new(*garbage) // with a pointer in it, so that it shares its memory with nothing
	runtime.AddCleanup(mark, func(g *garbage) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.stopped {
			g.set()
			g.watch()
		}
	}, g)
}

func (g *garbage) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	debug.SetGCPercent(g.before)
}
