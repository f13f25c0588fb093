package osfs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// traced runs childCalls under strace and returns the calls that sync, rename
// or lock, in order, with the paths of their descriptors.
func traced(t *testing.T, inject string) (calls []string, output string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	dir := t.TempDir()
	trace := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-y", "-o", trace, "-e", "trace=/^(fsync|fdatasync|flock|rename.*|pwrite64)$"}
	if inject != "" {
		args = append(args, "-e", "inject="+inject)
	}
	cmd := exec.Command(strace, append(args, os.Args[0], dir)...)
	cmd.Env = append(os.Environ(), "OSFS_CHILD=calls")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "ptrace") {
		t.Skipf("this machine does not let itself be traced: %s", out)
	}
	raw, readErr := os.ReadFile(trace)
	if readErr != nil {
		t.Fatalf("%v, %v: %s", err, readErr, out)
	}
	line := regexp.MustCompile(`^(\w+)\((.*)\) += (.*)$`)
	for _, l := range whole(strings.ReplaceAll(string(raw), dir, "DIR")) {
		m := line.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		call := m[1] + " " + strings.Join(regexp.MustCompile(`DIR[^>"]*`).FindAllString(m[2], -1), " ")
		call = regexp.MustCompile(`\.target\d+`).ReplaceAllString(call, ".temp")
		if errno := regexp.MustCompile(`E[A-Z]+`).FindString(m[3]); errno != "" {
			call += " " + errno
		}
		calls = append(calls, call)
	}
	return calls, strings.ReplaceAll(string(out), dir, "DIR")
}

// whole puts the two halves of a call together again that strace prints when
// another thread comes between, and drops the thread's number.
func whole(trace string) []string {
	var lines []string
	halves := map[string]string{}
	for _, l := range strings.Split(trace, "\n") {
		thread, call, _ := strings.Cut(l, " ")
		call = strings.TrimSpace(call)
		if half, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			halves[thread] = half
			continue
		}
		if strings.HasPrefix(call, "<... ") {
			_, rest, _ := strings.Cut(call, "resumed>")
			call = halves[thread] + rest
		}
		lines = append(lines, call)
	}
	return lines
}

const quiet = `flock DIR/LOCK
flock DIR
pwrite64 DIR/LOCK
pwrite64 DIR/log
fdatasync DIR/log
fsync DIR/log
fsync DIR
pwrite64 DIR/.temp
fsync DIR/.temp
fsync DIR/.temp
renameat DIR/.temp DIR/target
fsync DIR
renameat DIR/target DIR/moved
fsync DIR
flock DIR/LOCK
flock DIR`

func TestSystemCallsBehindEachMethod(t *testing.T) {
	calls, output := traced(t, "")
	if got := strings.Join(calls, "\n"); got != quiet || output != "" {
		t.Errorf("got\n%s\n\nwant\n%s\n\noutput: %s", got, quiet, output)
	}
}

// An interrupted call has done nothing, and is the one thing that is repeated.
func TestInterruptedCallsAreRepeated(t *testing.T) {
	for _, c := range []struct{ call, line string }{
		{"fdatasync", "fdatasync DIR/log"},
		{"fsync", "fsync DIR/log"},
		{"flock", "flock DIR/LOCK"},
		{"pwrite64", "pwrite64 DIR/LOCK"},
	} {
		calls, output := traced(t, c.call+":error=EINTR:when=1..3")
		want := strings.Replace(quiet, c.line, strings.Repeat(c.line+" EINTR\n", 3)+c.line, 1)
		if got := strings.Join(calls, "\n"); got != want || output != "" {
			t.Errorf("%s: got\n%s\n\nwant\n%s\n\noutput: %s", c.call, got, want, output)
		}
	}
}

// Any other error comes back at once, with the operation and the file.
func TestFailedCallsAreNotRepeated(t *testing.T) {
	for _, c := range []struct{ inject, want, last string }{
		{"fdatasync:error=EIO:when=1", "datasync DIR/log: input/output error\n", "fdatasync DIR/log EIO"},
		{"fsync:error=EIO:when=1", "sync DIR/log: input/output error\n", "fsync DIR/log EIO"},
		{"fsync:error=ENOSPC:when=2", "syncdir DIR: no space left on device\n", "fsync DIR ENOSPC"},
		{"pwrite64:error=ENOSPC:when=2", "zerofill DIR/log: no space left on device\n", "pwrite64 DIR/log ENOSPC"},
		{"fsync:error=EIO:when=4", "publish DIR/target: input/output error\n", "fsync DIR/.temp EIO"},
		{"renameat:error=EIO:when=1", "publish DIR/target: input/output error\n", "renameat DIR/.temp DIR/target EIO"},
		{"renameat:error=EIO:when=2", "rename DIR/target: to DIR/moved: input/output error\n", "renameat DIR/target DIR/moved EIO"},
		{"flock:error=EIO:when=1", "lock DIR/LOCK: input/output error\n", "flock DIR/LOCK EIO"},
		{"flock:error=EAGAIN:when=2", "DIR/LOCK: locked already (the holder is not known)\n", "flock DIR EAGAIN"},
	} {
		calls, output := traced(t, c.inject)
		if output != c.want {
			t.Errorf("%s: the error is %q, want %q", c.inject, output, c.want)
		}
		failed := 0
		for _, call := range calls {
			if call == c.last {
				failed++
			}
		}
		if failed != 1 {
			t.Errorf("%s: made %d times in\n%s", c.last, failed, strings.Join(calls, "\n"))
		}
	}
}

// A full disk must not keep a store shut: whose lock it is serves a message
// only. A directory that cannot be locked leaves the file's lock.
func TestLockDoesWithoutWhatItCanDoWithout(t *testing.T) {
	for _, inject := range []string{"pwrite64:error=ENOSPC:when=1", "flock:error=EOPNOTSUPP:when=2"} {
		if _, output := traced(t, inject); output != "" {
			t.Errorf("%s: %s", inject, output)
		}
	}
}
