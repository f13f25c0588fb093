package engine_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
)

// TestMemoryMatchesModel runs the part of the state machine that needs no disk
// over OpenMemory: same API, same semantics.
func TestMemoryMatchesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: 1_000_000, want: model{}}
		db, err := engine.OpenMemory(&engine.Options{
			Clock:      func() time.Time { return time.UnixMilli(m.now) },
			SweepEvery: -1,
			MaxKeySize: 64,
		})
		if err != nil {
			t.Fatalf("OpenMemory: %v", err)
		}
		m.db = db
		defer m.close()
		t.Repeat(map[string]func(*rapid.T){
			"":             m.check,
			"set":          m.set,
			"delete":       m.delete,
			"delete range": m.deleteRange,
			"transaction":  m.transaction,
			"compare":      m.compareAndSwap,
			"clock":        m.clock,
			"sweep":        m.sweep,
			"view":         m.toggleView,
			"compact":      m.compact,
		})
	})
}
