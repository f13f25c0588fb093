package main

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/snapshot/zstd"
)

// A program may compress its snapshots; kvctl reads, verifies, backs up and
// mends its store all the same.
func TestCompressedSnapshots(t *testing.T) {
	c := newConsole(t)
	codec, err := zstd.New()
	if err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(c.dir, &engine.Options{SnapshotCodec: codec})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(t.Context(), []byte("k"), []byte(strings.Repeat("again ", 1000))); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	want := c.ok("export", "-q")
	if !strings.Contains(want, "again again") {
		t.Fatalf("exported %q", want)
	}
	c.ok("verify", "--deep")
	if out := c.ok("info"); !strings.Contains(out, "snapshots\tLSN 1, 1 key, ") {
		t.Error(out)
	}
	backup, other := t.TempDir()+"/backup", t.TempDir()+"/other"
	c.ok("backup", backup)
	c.ok("restore", backup, "--dir", other)
	if got := c.ok("export", "-q", "--dir", other); got != want {
		t.Error("restored to something else")
	}
	rescued := t.TempDir() + "/rescued"
	c.ok("recover", c.dir, "--output", rescued)
	if got := c.ok("export", "-q", "--dir", rescued); got != want {
		t.Error("recovered to something else")
	}
	// What kvctl writes is compressed as what it found.
	c.ok("set", "more", "x")
	c.ok("compact")
	for _, dir := range []string{c.dir, other, rescued} {
		s, err := inspect.Open(c.fs, dir, inspect.Options{Codecs: []snapshot.Codec{codec}})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Snapshots()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			if f.Err != nil || f.Meta.Codec != codec.ID() {
				t.Errorf("%s: codec %d, %v", f.File, f.Meta.Codec, f.Err)
			}
		}
	}
}
