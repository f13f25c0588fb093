package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Whoever reads only the beginning, as head does, gets no error for it; and the
// store is closed in order all the same.
func TestAClosedPipeIsNoError(t *testing.T) {
	c := newConsole(t)
	var in strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&in, "{\"key\":\"%06d\",\"value\":\"%s\"}\n", i, strings.Repeat("x", 200))
	}
	c.stdin = strings.NewReader(in.String())
	c.ok("import", "-")
	for _, args := range []string{
		"scan", "scan -o json", "scan -o jsonl", "export", "log --full", "log -o json", "backup - -q",
	} {
		cmd := exec.CommandContext(t.Context(), "closedpipe", append([]string{"kvctl", "--dir", c.dir}, strings.Fields(args)...)...)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "kvctl:") {
			t.Errorf("%s: %v\n%.300q", args, err, out)
		}
	}
	if out := c.ok("info"); !strings.Contains(out, "open in\tno process\n") {
		t.Error(out)
	}
}
