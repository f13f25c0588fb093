package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// importLines is how many lines the tests import: a hundred transactions.
const importLines = 50_000

// writeLines makes a file whose lines are in the order of their keys, so that
// an export of a prefix is a prefix of the file.
func writeLines(t *testing.T, n int) (name string, content []byte) {
	t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "{\"key\":\"key/%08d\",\"value\":\"%s\"}\n", i, strings.Repeat(string(rune('a'+i%26)), 10+i%150))
	}
	name = filepath.Join(t.TempDir(), "data.jsonl")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name, b.Bytes()
}

var durableLine = regexp.MustCompile(`durable up to line (\d+)`)

// startImport begins an import of content that cannot end by itself: its last
// line never comes. It returns once durable lines have been reported so many
// times, and sends what is reported afterwards to the channel, which is closed
// with the process's standard error.
func startImport(t *testing.T, dir string, content []byte, reports int) (cmd *exec.Cmd, first int, rest <-chan string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, "kvctl", "import", "--dir", dir, "--report-every", "500", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		last := bytes.LastIndexByte(content[:len(content)-1], '\n')
		_, _ = stdin.Write(content[:last+5]) // it may be killed while we write
	}()
	lines := bufio.NewScanner(stderr)
	for reports > 0 && lines.Scan() {
		if m := durableLine.FindStringSubmatch(lines.Text()); m != nil {
			first, _ = strconv.Atoi(m[1])
			reports--
		}
	}
	if reports > 0 {
		t.Fatalf("the import ended early: %v", lines.Err())
	}
	ch := make(chan string, importLines)
	go func() {
		defer close(ch)
		for lines.Scan() {
			ch <- lines.Text()
		}
	}()
	return cmd, first, ch
}

// prefixOf demands that a store holds exactly the first lines of content, and
// returns how many.
func prefixOf(t *testing.T, dir string, content []byte) int {
	t.Helper()
	c := newConsole(t)
	out := []byte(c.ok("export", "-q", "--dir", dir))
	if !bytes.HasPrefix(content, out) {
		t.Fatalf("%d bytes in the store are no prefix of the lines", len(out))
	}
	return bytes.Count(out, []byte("\n"))
}

// A kill at any moment leaves the lines up to some line, at least up to the last
// that was reported durable; and running the import again ends in the whole.
func TestImportSurvivesKill(t *testing.T) {
	name, content := writeLines(t, importLines)
	for _, reports := range []int{7, 1, 40} {
		if testing.Short() && reports != 7 {
			continue
		}
		t.Run(fmt.Sprint(reports), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			cmd, durable, rest := startImport(t, dir, content, reports)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for line := range rest { // what it still got out before the kill
				if m := durableLine.FindStringSubmatch(line); m != nil {
					durable, _ = strconv.Atoi(m[1])
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("it was not killed")
			}
			held := prefixOf(t, dir, content)
			if held < durable {
				t.Fatalf("line %d was reported durable, and the store holds %d", durable, held)
			}
			if held == importLines {
				t.Fatal("nothing was left to be imported")
			}
			t.Logf("killed: reported %d, holds %d", durable, held)

			c := newConsole(t)
			c.ok("import", "--dir", dir, name)
			if out := c.ok("export", "-q", "--dir", dir); out != string(content) {
				t.Fatal("after running it again the store is not what the file is")
			}
		})
	}
}

// A signal that can be caught ends an import in order: what was read is durable,
// the report says up to where, and goes on from there.
func TestImportEndsInOrderOnSignals(t *testing.T) {
	_, content := writeLines(t, importLines)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			cmd, durable, rest := startImport(t, dir, content, 5)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Skip(err)
			}
			var text strings.Builder
			for line := range rest {
				fmt.Fprintln(&text, line)
				if m := durableLine.FindStringSubmatch(line); m != nil {
					durable, _ = strconv.Atoi(m[1])
				}
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Fatalf("exit code %d\n%s", code, text.String())
			}
			if held := prefixOf(t, dir, content); held != durable {
				t.Fatalf("the last report says line %d, the store holds %d", durable, held)
			}
			if want := fmt.Sprintf("--from-line %d -", durable+1); !strings.Contains(text.String(), want) {
				t.Fatalf("no way to go on (%s) in\n%s", want, text.String())
			}
		})
	}
}

// A line that arrives on a pipe is durable without waiting for the next.
func TestImportOfASlowPipeIsPrompt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kvctl", "import", "--dir", dir, "--report-every", "1", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for i := 1; i <= 3; i++ {
		if _, err := fmt.Fprintf(stdin, "{\"key\":\"k%d\",\"value\":\"v\"}\n", i); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() || lines.Text() != fmt.Sprintf("kvctl: durable up to line %d", i) {
			t.Fatalf("line %d: %q", i, lines.Text())
		}
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(stderr)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, rest)
	}
}
