package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
)

// followed is `kvctl log --follow` as a process, and the LSNs that it prints.
type followed struct {
	cmd  *exec.Cmd
	errs bytes.Buffer
	lsns chan uint64
	last chan error // what was wrong with its output, nil when nothing was
}

func follow(t *testing.T, dir string, args ...string) *followed {
	t.Helper()
	f := &followed{lsns: make(chan uint64, 10000), last: make(chan error, 1)}
	f.cmd = exec.CommandContext(t.Context(), "kvctl", append([]string{"log", dir, "--follow", "-o", "jsonl"}, args...)...)
	f.cmd.Stderr = &f.errs
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(f.lsns)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var doc struct{ LSN uint64 }
			err := json.Unmarshal(lines.Bytes(), &doc)
			if err != nil || bytes.Contains(lines.Bytes(), []byte(`"gap"`)) {
				f.last <- fmt.Errorf("%v: %s", err, lines.Text())
				return
			}
			f.lsns <- doc.LSN
		}
		f.last <- lines.Err()
	}()
	return f
}

// What a live writer commits is shown within a tenth of a second, through rotations
// and compactions; an interrupt ends it in order.
func TestLogFollowsALiveWriter(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	c := newConsole(t)
	db, err := engine.Open(c.dir, &engine.Options{SegmentSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	f := follow(t, c.dir)
	var took []time.Duration
	commits := 120
	if testing.Short() {
		commits = 30
	}
	for i := range commits {
		if err := db.Set(t.Context(), fmt.Appendf(nil, "key%d", i), make([]byte, 2000)); err != nil {
			t.Fatal(err)
		}
		since := time.Now()
		select {
		case lsn := <-f.lsns:
			if lsn != uint64(i+1) {
				t.Fatalf("LSN %d, expected %d\n%s", lsn, i+1, f.errs.String())
			}
		case err := <-f.last:
			t.Fatal(err, f.errs.String())
		case <-time.After(30 * time.Second):
			t.Fatal("not seen: LSN ", i+1)
		}
		if i > 0 { // the first waits for the process to start
			took = append(took, time.Since(since))
		}
		if i%40 == 25 {
			if _, err := db.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(took)
	t.Logf("seen after %v at the median, %v at the most", took[len(took)/2], took[len(took)-1])
	// A machine that does other things besides may be late now and then.
	if late := took[len(took)*9/10]; late > 100*time.Millisecond && !testing.Short() {
		t.Errorf("one in ten came after more than %v", late)
	}
	if err := f.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range f.lsns {
	}
	if err := <-f.last; err != nil {
		t.Error(err)
	}
	_ = f.cmd.Wait()
	if code := f.cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted || f.errs.Len() > 0 {
		t.Errorf("exit code %d: %s", code, f.errs.String())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// --limit ends a follower too, and so does a reader who leaves.
func TestLogFollowEnds(t *testing.T) {
	c := newConsole(t)
	c.ok("set", "a", "1")
	c.ok("set", "b", "2")
	if out := c.ok("log", "--follow", "--limit", "2", "-o", "json"); !json.Valid([]byte(out)) {
		t.Error(out)
	}
	if out := c.ok("log", "--follow", "--to", "1"); len(out) == 0 {
		t.Error("nothing was shown")
	}
	cmd := exec.CommandContext(t.Context(), "closedpipe", "kvctl", "log", "--follow", c.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for i := 0; ; i++ {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return
		case <-time.After(20 * time.Millisecond):
			c.ok("set", "more", fmt.Sprint(i)) // it notices when it has something to say
		}
	}
}
