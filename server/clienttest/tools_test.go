package clienttest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// redis-cli as a person uses it, and redis-benchmark with all its tests for
// strings; what they print is shown.
func TestRedisTools(t *testing.T) {
	for _, tool := range []string{"redis-cli", "redis-benchmark"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s (Debian package redis-tools): %v", tool, err)
		}
	}
	s := serve(t, t.TempDir())
	host, port, _ := strings.Cut(s.addr, ":")
	script, err := filepath.Abs("testdata/tools.sh")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", script)
	cmd.Env = append(os.Environ(), "HOST="+host, "PORT="+port)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	s.terminate()
}

// ioredis, the client of most Node programs.
func TestIORedis(t *testing.T) { runNode(t, "ioredis") }

// A session store and a job queue for Node that need neither scripts nor streams.
func TestNodeSessionsAndQueue(t *testing.T) { runNode(t, "queues") }

// runNode runs the tests of a directory in a copy of it, with the packages that its
// lock file names, against a server.
func runNode(t *testing.T, name string) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: %v", tool, err)
		}
	}
	dir := t.TempDir()
	files, err := filepath.Glob(name + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(f)), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm ci: %v\n%s", err, out)
	}
	s := serve(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", "--test-reporter=spec")
	run.Dir = dir
	run.Env = append(os.Environ(), "REDIS_URL=redis://"+s.addr)
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
}
