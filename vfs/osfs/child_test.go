package osfs_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// TestMain lets the test binary be its own second process: with OSFS_CHILD set
// it does what that says instead of running tests.
func TestMain(m *testing.M) {
	what, args := os.Getenv("OSFS_CHILD"), os.Args[1:]
	if what == "" {
		os.Exit(m.Run())
	}
	// strace counts the calls of each thread; so all are made on one.
	runtime.LockOSThread()
	if err := children[what](args); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

var children = map[string]func(args []string) error{
	"lock":  childLock,
	"calls": childCalls,
}

// childLock locks a file, says so, and holds it until its input ends.
func childLock(args []string) error {
	lock, err := osfs.New().Lock(args[0])
	if err != nil {
		return err
	}
	fmt.Println("locked", os.Getpid())
	io.Copy(io.Discard, os.Stdin)
	return lock.Close()
}

// holder is a process that holds a lock.
type holder struct {
	t     *testing.T
	cmd   *exec.Cmd
	pid   int
	stdin io.WriteCloser
}

func startHolder(t *testing.T, name string) *holder {
	t.Helper()
	cmd := exec.Command(os.Args[0], name)
	cmd.Env = append(os.Environ(), "OSFS_CHILD=lock")
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	h := &holder{t: t, cmd: cmd, stdin: stdin}
	t.Cleanup(h.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pid, ok := strings.CutPrefix(strings.TrimSpace(line), "locked ")
	if !ok {
		t.Fatalf("the child says %q, %v", line, err)
	}
	h.pid, err = strconv.Atoi(pid)
	must(t, err)
	return h
}

// leave lets the child close its lock and end.
func (h *holder) leave() {
	h.t.Helper()
	h.stdin.Close()
	must(h.t, h.cmd.Wait())
}

// kill ends the child as a crash would.
func (h *holder) kill() {
	h.cmd.Process.Kill()
	h.cmd.Wait()
}

func asErrno(err error, e *syscall.Errno) bool { return errors.As(err, e) }

// childCalls makes the calls on which durability rests, one after the other,
// in an empty directory, and stops at the first error.
func childCalls(args []string) error {
	fsys, dir := osfs.New(), args[0]
	lock, err := fsys.Lock(vfs.Join(dir, "LOCK"))
	if err != nil {
		return err
	}
	defer lock.Close()
	f, err := fsys.Create(vfs.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer f.Close()
	steps := []func() error{
		func() error { return f.ZeroFill(0, 1000) },
		f.DataSync,
		f.Sync,
		func() error { return fsys.SyncDir(dir) },
		func() error {
			f, err := fsys.CreateTemp(vfs.Join(dir, "target"))
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte("abc"), 0); err != nil {
				return err
			}
			if err := f.Sync(); err != nil {
				return err
			}
			return f.Publish()
		},
		func() error { return fsys.SyncDir(dir) },
		func() error { return fsys.Rename(vfs.Join(dir, "target"), vfs.Join(dir, "moved")) },
		func() error { return fsys.SyncDir(dir) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
