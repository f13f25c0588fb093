package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Ctrl-C ends demo, its child, and the directory that it worked in.
func TestDemoEndsInOrderOnInterrupt(t *testing.T) {
	temp := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kvctl", "demo", "--writers", "2", "--rounds", "1000")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Round 1") {
	}
	// The second round has begun, or is about to.
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip(err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || stderr.String() != "kvctl: interrupted\n" {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A child that dies by itself is an error that says why, and no success.
func TestDemoReportsAChildThatFails(t *testing.T) {
	c := newConsole(t)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := c.run("demo", "--dir", file+"/store")
	if r.code == 0 || !strings.Contains(r.stderr, "not a directory") {
		t.Errorf("code %d\n%s", r.code, r.stderr)
	}
	child := exec.CommandContext(t.Context(), "kvctl", "demo-child", "--dir", file)
	if out, err := child.CombinedOutput(); err == nil || !strings.Contains(string(out), "not a store") {
		t.Errorf("%v\n%s", err, out)
	}
}
