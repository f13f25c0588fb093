package kernel

import (
	"strings"
	"testing"
)

// sound is one commit, a rotation and a compaction in the right order.
const sound = `10 openat(AT_FDCWD</>, "/s/LOCK", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3</s/LOCK>
10 pwrite64(5</s/wal/1.wal>, "abc"..., 64, 4096) = 64
11 futex(0x1, FUTEX_WAIT, 0, NULL <unfinished ...>
10 fdatasync(5</s/wal/1.wal> <unfinished ...>
11 <... futex resumed>) = 0
10 <... fdatasync resumed>) = 0
10 write(1<pipe:[7]>, "99 sync 1\n", 10) = 10
10 openat(AT_FDCWD</>, "/s/wal/.2.wal77", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 6</s/wal/.2.wal77>
10 pwrite64(6</s/wal/.2.wal77>, "H"..., 4096, 0) = 4096
10 fsync(6</s/wal/.2.wal77>) = 0
10 renameat(AT_FDCWD</>, "/s/wal/.2.wal77", AT_FDCWD</>, "/s/wal/2.wal") = 0
10 fsync(7</s/wal>) = 0
10 pwrite64(8</s/.MANIFEST9>, "M", 1, 0) = 1
10 fsync(8</s/.MANIFEST9>) = 0
10 renameat(AT_FDCWD</>, "/s/.MANIFEST9", AT_FDCWD</>, "/s/MANIFEST") = 0
10 fsync(9</s>) = 0
10 pwrite64(6</s/wal/2.wal>, "abc"..., 64, 4096) = 64
10 fdatasync(6</s/wal/2.wal>) = 0
10 write(1<pipe:[7]>, "99 sync 2\n", 10) = 10
12 unlinkat(AT_FDCWD</>, "/s/wal/1.wal", 0) = 0
12 fsync(7</s/wal>) = 0
12 fdatasync(6</s/wal/2.wal>) = -1 EIO (Input/output error) (INJECTED)
12 exit_group(0) = ?
12 +++ exited with 0 +++
`

func check(t *testing.T, trace string) ([]string, map[string]int) {
	t.Helper()
	calls, err := readTrace(strings.NewReader(trace))
	if err != nil {
		t.Fatal(err)
	}
	wrong, counts := checkOrder("/s", calls, false)
	return wrong, counts
}

func TestTraceIsReadWholeWithItsResumedAndInjectedCalls(t *testing.T) {
	calls, err := readTrace(strings.NewReader(sound))
	if err != nil {
		t.Fatal(err)
	}
	var sync, injected *call
	for _, c := range calls {
		if c.Name == "fdatasync" && sync == nil {
			sync = c
		}
		if c.Injected {
			injected = c
		}
	}
	if sync.Entry != 4 || sync.Exit != 6 || !sync.ok() || sync.file() != "/s/wal/1.wal" {
		t.Errorf("a resumed call: %+v", sync)
	}
	if injected.Err != "EIO" || injected.Ret != -1 || injected.ok() {
		t.Errorf("an injected call: %+v", injected)
	}
	if last := calls[len(calls)-1]; last.Done || last.Name != "exit_group" {
		t.Errorf("the call that never returned: %+v", last)
	}
}

// A thread that is killed while strace looks at it is let go in the middle of a line.
func TestACallInWhichStraceLetGoNeverReturned(t *testing.T) {
	const killed = `10 write(1<pipe:[7]>, "99 sync 1\n", 10 <unfinished ...>
11 ???( <detached ...>
10 <... write resumed> <detached ...>
12 fdatasync(5</s/wal/1.wal> <detached ...>
12 +++ killed by SIGKILL +++
`
	calls, err := readTrace(strings.NewReader(killed))
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 || calls[0].Name != "write" || calls[1].Name != "fdatasync" || calls[1].file() != "/s/wal/1.wal" {
		t.Fatalf("read %v", calls)
	}
	for _, c := range calls {
		if c.Done || c.ok() {
			t.Errorf("returned: %v", c)
		}
	}
}

func TestTheRightOrderIsRight(t *testing.T) {
	wrong, counts := check(t, sound)
	if len(wrong) > 0 {
		t.Errorf("held against it:\n%s", strings.Join(wrong, "\n"))
	}
	for what, n := range map[string]int{"acknowledgements": 2, "segments": 1, "manifests": 1, "unlinks": 1, "renames": 2} {
		if counts[what] != n {
			t.Errorf("%s: counted %d, want %d", what, counts[what], n)
		}
	}
}

// Each barrier of the sound trace is there for a reason: without it, or with a
// failed one, or with one that began too early, something is wrong.
func TestEachMissingBarrierIsFound(t *testing.T) {
	lines := strings.SplitAfter(sound, "\n")
	found := 0
	for i, l := range lines {
		if !strings.Contains(l, " fsync(") && !strings.Contains(l, " fdatasync(") || strings.Contains(l, "INJECTED") {
			continue
		}
		if strings.Contains(l, "unfinished") || strings.HasPrefix(l, "12") {
			continue // the one is covered below, of the other nothing depends
		}
		without := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
		if wrong, _ := check(t, without); len(wrong) == 0 {
			t.Errorf("not missed: %s", l)
		}
		failed := strings.Join(lines[:i], "") + strings.Replace(l, "= 0", "= -1 EIO (Input/output error)", 1) + strings.Join(lines[i+1:], "")
		if wrong, _ := check(t, failed); len(wrong) == 0 {
			t.Errorf("its failure is not noticed: %s", l)
		}
		found++
	}
	if found != 5 {
		t.Errorf("tried %d barriers, want 5", found)
	}
}

func TestASyncThatHasNotReturnedCoversNothing(t *testing.T) {
	early := `10 pwrite64(5</s/wal/1.wal>, "a", 1, 0) = 1
10 fdatasync(5</s/wal/1.wal> <unfinished ...>
11 write(1<pipe:[7]>, "99 sync 1\n", 10) = 10
10 <... fdatasync resumed>) = 0
`
	if wrong, _ := check(t, early); len(wrong) == 0 {
		t.Error("an acknowledgement before the sync returned is taken for good")
	}
	late := `10 fdatasync(5</s/wal/1.wal> <unfinished ...>
11 pwrite64(5</s/wal/1.wal>, "a", 1, 0) = 1
10 <... fdatasync resumed>) = 0
11 write(1<pipe:[7]>, "99 sync 1\n", 10) = 10
`
	if wrong, _ := check(t, late); len(wrong) == 0 {
		t.Error("a write that came while the sync ran is taken for synced")
	}
}

// What a child may keep to itself: that there was no room for zeros ahead of the
// log, and no other failure of the log's writes and syncs.
func TestAFailureOfTheLogIsNeverPassedOver(t *testing.T) {
	zeros := `"\0\0\0\0\0\0\0\0"..., 2048, 5040`
	frame := `"KVFR\3\0\0\0"..., 2048, 5040`
	for _, c := range []struct {
		name, args, errno string
		passes            bool
	}{
		{"pwrite64", zeros, "ENOSPC", true},
		{"pwrite64", zeros, "EIO", false},
		{"pwrite64", frame, "ENOSPC", false},
		{"pwrite64", `"\0\0\0ab"..., 2048, 5040`, "ENOSPC", false},
		{"fdatasync", "", "ENOSPC", false},
		{"fsync", "", "EIO", false},
	} {
		args := "9</x/traced1/wal/1.wal>"
		if c.args != "" {
			args += ", " + c.args
		}
		calls, err := readTrace(strings.NewReader("1 " + c.name + "(" + args + ") = -1 " + c.errno + " (Some words) (INJECTED)\n"))
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range []bool{false, true} {
			h, code := &heard{done: true}, ExitDone
			if said {
				h.errors = []string{"outcome-unknown " + map[string]string{"EIO": "input/output error", "ENOSPC": "no space left on device"}[c.errno]}
				code = ExitFailed
			}
			fault := &injection{c.name, c.errno, 1}
			err := newTracing(TraceOptions{}).judge(fault, calls, h, code, func(v Verdict, format string, args ...any) error {
				return &Failure{Verdict: v}
			})
			if passes := said || c.passes; (err == nil) != passes {
				t.Errorf("%s(%s) = %s, said %t: %v", c.name, args, c.errno, said, err)
			}
		}
	}
}
