package main

import (
	"strings"
	"testing"
)

// A loop of short commands has no background that compacts, so one of them does.
func TestShortCommandsKeepTheLogShort(t *testing.T) {
	c := newConsole(t)
	value := strings.Repeat("sixteen bytes...", 1<<20)
	notes := 0
	for range 5 {
		c.stdin = strings.NewReader(value)
		r := c.run("set", "k", "--file", "-")
		if r.code != 0 || r.stdout != "OK\n" {
			t.Fatalf("code %d\n%s", r.code, r.stderr)
		}
		notes += strings.Count(r.stderr, "compacting")
	}
	if notes != 1 {
		t.Errorf("compacted %d times", notes)
	}
	if out := c.ok("info"); !strings.Contains(out, "snapshots\tLSN 4, 1 key") {
		t.Error(out)
	}
}
