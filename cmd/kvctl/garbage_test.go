package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		live uint64
		want int
	}{{0, 800}, {mib, 800}, {4 * mib, 800}, {8 * mib, 400}, {32 * mib, 100}, {106 * mib, 30}, {107 * mib, 30}, {4096 * mib, 30}} {
		if got := garbagePercent(test.live); got != test.want {
			t.Errorf("with %d MiB live: %d percent, want %d", test.live/mib, got, test.want)
		}
	}
}

// What the runtime is told follows what is live, and is as it was afterwards.
func TestLimitGarbageFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(97)
	defer debug.SetGCPercent(before)
	percent := func() int { // without setting it, which would race with who does
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return int(s[0].Value.Uint64())
	}
	stop := limitGarbage()
	reaches := func(ok func(int) bool) {
		for !ok(percent()) {
			runtime.GC()
			runtime.Gosched()
		}
	}
	var held []byte
	reaches(func(p int) bool { return p > gcPercent })
	held = make([]byte, 200<<20)
	reaches(func(p int) bool { return p == gcPercent })
	runtime.KeepAlive(held)
	held = nil
	reaches(func(p int) bool { return p > gcPercent })
	stop()
	runtime.GC()
	if p := percent(); p != 97 {
		t.Errorf("%d percent afterwards, want 97", p)
	}
}
