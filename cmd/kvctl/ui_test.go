package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// Ui says where it is before it waits, answers there, and ends in order when it is
// interrupted.
func TestUIServesUntilInterrupted(t *testing.T) {
	c := newConsole(t)
	c.ok("set", "mykey", "myval")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, in := io.Pipe()
	var errs bytes.Buffer
	app := &cli.App{
		Stdin: strings.NewReader(""), Stdout: cli.NewStdout(in, 0), Stderr: &errs, FS: osfs.New(), Now: time.Now,
		Getenv: func(k string) string {
			if k == cli.DirVariable {
				return c.dir
			}
			return ""
		},
	}
	done := make(chan int, 1)
	go func() {
		code := run(ctx, app, []string{"ui", "-q"})
		_ = in.Close()
		done <- code
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(line[:n]))
	answer, err := http.Get(url + "data/overview")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if !strings.Contains(string(body), `"records":1`) {
		t.Errorf("%s: %s", url, body)
	}
	http.DefaultClient.CloseIdleConnections()
	interrupt()
	if code := <-done; code != cli.ExitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if errs.Len() > 0 {
		t.Errorf("standard error: %s", &errs)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}
