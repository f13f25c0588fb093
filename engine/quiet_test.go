package engine_test

import (
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
)

// quiet are options under which nothing happens that a test did not ask for.
func quiet(fsys vfs.FS) *engine.Options {
	return &engine.Options{
		FS:         fsys,
		IdleMark:   -1,
		SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: true},
	}
}

func mustOpen(t testing.TB, fsys vfs.FS) *engine.DB {
	t.Helper()
	db, err := engine.Open("/store", quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
