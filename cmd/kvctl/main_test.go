package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

func TestMain(m *testing.M) {
	// Under the race detector each process sleeps a second before it ends.
	check(os.Setenv("GORACE", noRaceSleep))
	testscript.Main(m, map[string]func(){
		"kvctl":      main,
		"holdstore":  holdStore,
		"closedpipe": closedPipe,
		"liar":       liar,
		"peak":       peak,
	})
}

const noRaceSleep = "atexit_sleep_ms=0"

// TestScripts runs the script files: one for each command, failures first.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", noRaceSleep)
			e.Setenv("NO_COLOR", "")
			e.Setenv("TERM", "xterm")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":    scriptCode,
			"flip":    scriptFlip,
			"garbage": scriptGarbage,
			"tree":    scriptTree,
		},
	})
}

// scriptCode runs a command and demands an exit code: code 7 kvctl set a b
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// scriptFlip flips a bit of a file: flip FILE OFFSET; an offset below 0 counts
// from the end.
func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x10
	ts.Check(os.WriteFile(name, b, 0o600))
}

// scriptGarbage appends what no frame begins with: garbage FILE BYTES
func scriptGarbage(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	_, err = f.Write(bytes.Repeat([]byte{0xab}, n))
	ts.Check(err)
	ts.Check(f.Close())
}

// scriptTree writes the names, sizes and contents' sums of a directory to a
// file, so that a script can see that a command changed nothing: tree DIR FILE
func scriptTree(ts *testscript.TestScript, _ bool, args []string) {
	var out strings.Builder
	ts.Check(filepath.Walk(ts.MkAbs(args[0]), func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			fmt.Fprintln(&out, p)
			return err
		}
		b, err := os.ReadFile(p)
		fmt.Fprintf(&out, "%s %x\n", p, b)
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(out.String()), 0o600))
}

// holdStore is a program that has a store open: holdstore DIR FIFO KEY VALUE...
// It sets the keys, says so through the FIFO, and goes on until it is
// interrupted.
func holdStore() {
	dir, fifo, pairs := os.Args[1], os.Args[2], os.Args[3:]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db, err := engine.Open(dir, nil)
	check(err)
	for ; len(pairs) > 1; pairs = pairs[2:] {
		check(db.Set(ctx, []byte(pairs[0]), []byte(pairs[1])))
	}
	check(db.Sync(ctx)) // and with it the mark that proves all of it to readers
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	check(err)
	fmt.Fprintln(f, os.Getpid())
	check(f.Close())
	<-ctx.Done()
	check(db.Close())
}

// liar is a child of demo that acknowledges what it never wrote: liar DIR
func liar() {
	db, err := engine.Open(os.Args[1], nil)
	check(err)
	check(db.Close())
	for n := byte(1); n <= 3; n++ {
		for acked := byte(0); acked < 2; acked++ {
			_, err := os.Stdout.Write([]byte{acked, 0, 0, 0, 0, n, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0})
			check(err)
		}
	}
	select {} // until it is killed
}

// closedPipe runs a command, reads one line of its output and closes the pipe:
// closedpipe command args... Its exit code is the command's.
func closedPipe() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	check(err)
	fmt.Print(line)
	check(out.Close())
	if err := cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(max(1, cmd.ProcessState.ExitCode()))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

// result is what a command came to.
type result struct {
	code           int
	stdout, stderr string
}

// console is a kvctl inside the test: its store is in a directory of its own,
// its terminal is what the test says.
type console struct {
	t     *testing.T
	dir   string
	stdin io.Reader
	width int // of standard output as a terminal; 0 = a pipe
	env   map[string]string
	now   func() time.Time
	fs    vfs.FS
}

func newConsole(t *testing.T) *console {
	return &console{t: t, dir: filepath.Join(t.TempDir(), "store"), stdin: strings.NewReader(""), now: time.Now, fs: osfs.New()}
}

func (c *console) run(args ...string) result {
	c.t.Helper()
	var out, errs bytes.Buffer
	app := &cli.App{
		Stdin: c.stdin, Stdout: cli.NewStdout(&out, c.width), Stderr: &errs, FS: c.fs, Now: c.now,
		Getenv: func(k string) string {
			if k == cli.DirVariable {
				return c.dir
			}
			return c.env[k]
		},
	}
	code := run(c.t.Context(), app, args)
	return result{code, out.String(), errs.String()}
}

// ok runs a command that must succeed and returns its output.
func (c *console) ok(args ...string) string {
	c.t.Helper()
	r := c.run(args...)
	if r.code != 0 {
		c.t.Fatalf("kvctl %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}
