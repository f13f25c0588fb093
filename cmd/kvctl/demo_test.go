package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/demo"
	"github.com/redis-lite/redis-lite/vfs/osfs"
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

// What was acknowledged and is not there is told loudly, and is exit code 1.
func TestDemoFindsALiar(t *testing.T) {
	dir := t.TempDir() + "/store"
	var out, errs bytes.Buffer
	app := &cli.App{Stdout: cli.NewStdout(&out, 0), Stderr: &errs, FS: osfs.New(), Now: time.Now, Getenv: os.Getenv, Format: cli.FormatTable}
	err := runDemo(t.Context(), app, 1, 0, demo.Options{
		FS: app.FS, Dir: dir, Seed: 1, Writers: 1, Now: time.Now,
		Command: func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "liar", dir) },
	})
	if code := app.Fail(err); code != cli.ExitDiffers {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"came back     0 of 3", "WRONG writer 0, commit 1: acknowledged, and LOST", "SOMETHING ACKNOWLEDGED IS MISSING"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if !strings.Contains(errs.String(), "broke its promise") {
		t.Errorf("%q", errs.String())
	}
}
