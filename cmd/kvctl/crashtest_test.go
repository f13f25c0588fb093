package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/fuzz/mutants"
)

// mutant builds kvctl with a bug in its engine.
func mutant(t *testing.T, id string) (program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles kvctl; not with -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to compile with")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, m := range mutants.All() {
		if m.ID != id {
			continue
		}
		overlay, err := m.Overlay(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(dir, "kvctl-"+id)
		build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", program, "./cmd/kvctl")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return program
	}
	t.Fatalf("no mutant is called %s", id)
	return ""
}

// runProgram runs a program in a directory.
func runProgram(t *testing.T, dir, program string, args ...string) result {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// A kvctl whose engine replays transactions in part finds that out: exit code 1,
// the story, a page, and a command that shows the same again, which a sound kvctl
// does not see. On a real disk it takes a kill.
func TestCrashtestFindsABrokenEngine(t *testing.T) {
	broken, dir := mutant(t, "M20"), t.TempDir()

	r := runProgram(t, dir, broken, "crashtest", "run", "--suite", "short", "--seed", "3", "--report", "page.html")
	if r.code != cli.ExitDiffers {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, want := range []string{"\nTorn: a part of an operation is there", "the history:", "the crash:", "page:  page.html"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "page.html"))
	if err != nil || !strings.Contains(string(page), "<b>Torn</b>") || !strings.Contains(string(page), "kvctl crashtest replay short:") {
		t.Errorf("the page: %v, %d bytes", err, len(page))
	}
	m := regexp.MustCompile(`Try: kvctl (crashtest replay short:[0-9,]+) --report`).FindStringSubmatch(r.stdout + r.stderr)
	if m == nil {
		m = regexp.MustCompile(`Try: kvctl (crashtest replay short:[0-9,]+)`).FindStringSubmatch(r.stderr)
	}
	if m == nil {
		t.Fatalf("no command to replay in\n%s", r.stderr)
	}
	replay := strings.Fields(m[1])

	first, second := runProgram(t, dir, broken, replay...), runProgram(t, dir, broken, replay...)
	if first != second || first.code != cli.ExitDiffers {
		t.Errorf("two replays differ:\n%v\n%v", first, second)
	}
	if story := first.stdout[strings.Index(first.stdout, "Torn: "):]; !strings.Contains(r.stdout, story[:strings.Index(story, "again:")]) {
		t.Errorf("the replay tells another story:\n%s\nthan the run:\n%s", story, r.stdout)
	}
	if sound := newConsole(t).run(replay...); sound.code != 0 {
		t.Errorf("without the bug: exit code %d\n%s", sound.code, sound.stdout)
	}

	r = runProgram(t, dir, broken, append(replay, "-o", "json")...)
	var doc replayJSON
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || doc.OK || doc.Failure == nil || doc.Failure.Verdict != "Torn" {
		t.Errorf("%v\n%s", err, r.stdout)
	}

	r = runProgram(t, dir, broken, "crashtest", "run", "--seed", "3", "--for", "20s", "--suite", "long")
	if r.code != cli.ExitDiffers || !strings.Contains(r.stderr, "crashtest replay long:3:") {
		t.Errorf("long: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	r = runProgram(t, dir, broken, "crashtest", "run", "--dir", "kills", "--rounds", "200", "--seed", "3")
	if r.code != cli.ExitDiffers || !strings.Contains(r.stdout, " in round ") {
		t.Errorf("kill -9: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "kills", "store", "MANIFEST")); err != nil {
		t.Errorf("the evidence is gone: %v", err)
	}
}

// Ctrl-C ends a run in order: what was tried is told, the exit code is 130.
func TestCrashtestEndsInOrderOnInterrupt(t *testing.T) {
	for _, args := range [][]string{{"--suite", "sampled"}, {"--dir", "kills"}} {
		cmd := exec.CommandContext(t.Context(), "kvctl", append([]string{"crashtest", "run", "--for", "1h"}, args...)...)
		cmd.Dir = t.TempDir()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs strings.Builder
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for s := bufio.NewScanner(out); s.Scan(); {
			if lines = append(lines, s.Text()); len(lines) == 1 { // the seed: it has begun
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Skip(err)
				}
			}
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted || errs.String() != "kvctl: interrupted\n" {
			t.Errorf("%v: exit code %d\n%s\n%s", args, code, strings.Join(lines, "\n"), errs.String())
		}
	}
}

// Cut short in the middle, a run tells what it got to.
func TestCrashtestTellsWhatItGotTo(t *testing.T) {
	c := newConsole(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	var out, errs bytes.Buffer
	app := &cli.App{
		Stdout: cli.NewStdout(&out, 0), Stderr: &errs, StderrIsTerminal: true, FS: c.fs, Getenv: os.Getenv,
		Now: func() time.Time { // is looked at after every case, for the line on the terminal
			if looks++; looks == 9 {
				cancel()
			}
			return time.Time{}
		},
	}
	code := run(ctx, app, []string{"crashtest", "run", "--suite", "short", "--seed", "1", "-o", "json"})
	var doc crashJSON
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || code != cli.ExitInterrupted {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out.String(), errs.String())
	}
	if len(doc.Suites) != 1 || doc.Suites[0].Finished || doc.Suites[0].Cases < 5 || doc.Suites[0].Cases > 20 {
		t.Errorf("%s", out.String())
	}
}

// On a terminal there is a line that moves, and none before half a second.
func TestCrashtestShowsProgress(t *testing.T) {
	for _, step := range []time.Duration{0, time.Second} {
		var out, errs bytes.Buffer
		now := time.Time{}
		app := &cli.App{
			Stdout: cli.NewStdout(&out, 0), Stderr: &errs, StderrIsTerminal: true, FS: newConsole(t).fs, Getenv: os.Getenv,
			Now: func() time.Time { now = now.Add(step); return now },
		}
		if code := run(t.Context(), app, []string{"crashtest", "run", "--suite", "short", "--histories", "9"}); code != 0 {
			t.Fatalf("exit code %d\n%s", code, errs.String())
		}
		if step == 0 && errs.Len() > 0 {
			t.Errorf("at once: %q", errs.String())
		}
	}
}
