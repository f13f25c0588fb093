package clienttest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// kvctl builds the program once for all tests.
var kvctl = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kvctl")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kvctl")
	out, err := exec.Command("go", "build", "-o", path, "github.com/redis-lite/redis-lite/cmd/kvctl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building kvctl: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := kvctl(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

var serving = regexp.MustCompile(`serving .* at rediss?://(\S+)`)

// served is a running kvctl serve.
type served struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
	log  *lockedBuffer
	done chan error
}

// serve starts kvctl serve on a directory, and kills it when the test ends.
func serve(t testing.TB, dir string, flags ...string) *served {
	t.Helper()
	path, err := kvctl()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, log: &lockedBuffer{}, done: make(chan error, 1)}
	s.cmd = exec.Command(path, append([]string{"serve", "--dir", dir, "--addr", "127.0.0.1:0"}, flags...)...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = w
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	found := make(chan string, 1)
	go func() {
		defer r.Close()
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			io.WriteString(s.log, line)
			if m := serving.FindStringSubmatch(line); m != nil {
				found <- m[1]
			}
			if err != nil {
				return
			}
		}
	}()
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(func() { s.kill() })
	select {
	case s.addr = <-found:
	case err := <-s.done:
		s.done <- err
		t.Fatalf("kvctl serve ended: %v\n%s", err, s.log)
	case <-time.After(30 * time.Second):
		t.Fatalf("kvctl serve does not begin\n%s", s.log)
	}
	return s
}

// kill ends the process at once and waits for its end.
func (s *served) kill() {
	s.cmd.Process.Kill()
	err := <-s.done
	s.done <- err
}

// terminate asks the process to end, and wants it to do so in order.
func (s *served) terminate() {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	err := <-s.done
	s.done <- err
	if err != nil {
		s.t.Errorf("kvctl serve ended with %v\n%s", err, s.log)
	}
}

// rss is the process's resident memory in bytes, 0 where that is not known.
func (s *served) rss() (n int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	if m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(b); m != nil {
		fmt.Sscan(string(m[1]), &n)
	}
	return n << 10
}

type lockedBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	return len(p), nil
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
