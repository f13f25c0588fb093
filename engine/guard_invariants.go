//go:build invariants

package engine

import (
	"bytes"
	"runtime"
	"sync/atomic"
)

// slotGuard knows which goroutine holds the writer slot, so that a transaction
// that waits for itself is named instead of hanging.
type slotGuard struct{ holder atomic.Pointer[string] }

func (g *slotGuard) check() {
	if h := g.holder.Load(); h != nil && *h == goroutine() {
		panic("engine: a writing method of the database was called inside Update: it would wait for itself; use the Tx")
	}
}

func (g *slotGuard) enter() { id := goroutine(); g.holder.Store(&id) }
func (g *slotGuard) leave() { g.holder.Store(nil) }

// goroutine returns "goroutine N" of the caller.
func goroutine() string {
	var buf [64]byte
	head := buf[:runtime.Stack(buf[:], false)]
	if i := bytes.IndexByte(head, '['); i > 0 {
		head = head[:i]
	}
	return string(head)
}
