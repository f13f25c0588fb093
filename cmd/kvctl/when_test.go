package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// A store is made again as it was at a moment, by the clock of whoever wrote it.
func TestRecoverToAMoment(t *testing.T) {
	c := newConsole(t)
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	now := began
	db, err := engine.Open(c.dir, &engine.Options{Clock: func() time.Time { return now }, SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // LSN 1 at twelve, 2 at one, ...
		if err := db.Set(t.Context(), fmt.Append(nil, "key", i), []byte("v")); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for i, x := range []struct {
		to   string
		keys string
	}{
		{"2026-01-31T12:00:00Z", "1"}, {"2026-01-31T12:59:59Z", "1"}, {"2026-01-31T13:00:00Z", "2"}, {"2026-01-31T17:30:00+01:00", "5"},
		{"1ms", "5"}, {"4", "4"},
	} {
		output := fmt.Sprint(t.TempDir(), "/", i)
		r := c.run("recover", c.dir, "--output", output, "--to", x.to)
		if r.code != 0 || !strings.Contains(r.stdout, "keys\t"+x.keys+"\n") {
			t.Errorf("--to %s: %d, %s%s", x.to, r.code, r.stdout, r.stderr)
		}
		if said := strings.Contains(r.stderr, "the last commit up to "); said != (x.to != "4") {
			t.Errorf("--to %s: %s", x.to, r.stderr)
		}
	}
	for _, bad := range []string{"2026-01-31T11:59:59Z", "yesterday", "0", "-1h"} {
		if r := c.run("recover", c.dir, "--output", t.TempDir()+"/new", "--to", bad); r.code != 2 {
			t.Errorf("--to %s: %d, %s", bad, r.code, r.stderr)
		}
	}
}
