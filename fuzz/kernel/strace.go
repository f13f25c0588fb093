package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// traced are the calls that strace is asked for: all that change what a disk
// holds, and those that say what the child told its parent.
var traced = []string{
	"write", "pwrite64", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range",
	"open", "openat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
}

// StraceAvailable says why strace cannot be used here, or "".
func StraceAvailable() (reason string) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return "strace is not installed"
	}
	out, err := exec.Command(path, "-f", "-o", os.DevNull, "-e", "trace=write", "--seccomp-bpf", "true").CombinedOutput()
	if err != nil {
		return fmt.Sprintf("strace does not run: %v: %s", err, strings.TrimSpace(string(out)))
	}
	return ""
}

// injection is a fault that strace makes: the Nth call of that name in a thread
// fails with Errno without being carried out, or, when Errno is empty, the
// process is killed in it.
type injection struct {
	Call  string
	Errno string
	N     int
}

func (i injection) String() string {
	if i.Errno == "" {
		return fmt.Sprintf("kill -9 in %s %d", i.Call, i.N)
	}
	return fmt.Sprintf("%s in %s %d", i.Errno, i.Call, i.N)
}

// strace wraps a command so that its calls go to the file out, with the faults.
// Only the calls that are traced stop the child; the rest run at full speed
// (but not when the fault is a signal: strace 6.1 forgets those then).
func strace(cmd *exec.Cmd, out string, faults ...injection) *exec.Cmd {
	args := []string{"-f", "-y", "-s", "64", "-e", "signal=none", "-o", out, "-e", "trace=" + strings.Join(traced, ",")}
	fast := true
	for _, i := range faults {
		what := "error=" + i.Errno
		if i.Errno == "" {
			what, fast = "signal=KILL", false
		}
		args = append(args, "-e", fmt.Sprintf("inject=%s:%s:when=%d", i.Call, what, i.N))
	}
	if fast {
		args = append(args, "--seccomp-bpf")
	}
	args = append(args, "--", cmd.Path)
	wrapped := exec.Command("strace", append(args, cmd.Args[1:]...)...)
	wrapped.Env, wrapped.Stderr, wrapped.Dir = cmd.Env, cmd.Stderr, cmd.Dir
	return wrapped
}
