package main

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Who is turned away by a server is told how to talk to it.
func TestLockedByAServer(t *testing.T) {
	c := newConsole(t)
	dir := t.TempDir() + "/state"
	server := exec.CommandContext(t.Context(), "kvctl", "serve", "--dir", dir, "--addr", "127.0.0.1:0")
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "127.0.0.1:") {
	}
	r := c.run("set", "mykey", "other", "--dir", dir)
	if r.code != 7 || !strings.Contains(r.stderr, "Try: redis-cli SET mykey myval ") || strings.Contains(r.stderr, "ps -p") {
		t.Errorf("code %d\n%s", r.code, r.stderr)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := server.Wait(); err != nil {
		t.Logf("the server ended: %v", err)
	}
}
