package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func testApp() (*App, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	return &App{
		Stdin: strings.NewReader(""), Stdout: NewStdout(&out, 0), Stderr: &errs, FS: memfs.New(),
		Now: time.Now, Getenv: func(string) string { return "" }, Format: FormatTable, Dir: "data dir",
	}, &out, &errs
}

// Each error that the packages below document ends in its exit code, however
// deep it is wrapped.
func TestExitCodes(t *testing.T) {
	app, _, _ := testApp()
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "f", Err: err} }
	for _, c := range []struct {
		err  error
		code int
		kind string
	}{
		{engine.ErrNotFound, 1, "not-found"},
		{Usagef("bad"), 2, "usage"},
		{engine.ErrKeyEmpty, 2, "key-empty"},
		{&engine.SizeError{Err: engine.ErrKeyTooLarge, Size: 2, Limit: 1}, 2, "key-too-large"},
		{&engine.SizeError{Err: engine.ErrValueTooLarge}, 2, "value-too-large"},
		{&engine.SizeError{Err: engine.ErrTxTooLarge}, 2, "tx-too-large"},
		{engine.ErrBucketName, 2, "bucket-name"},
		{engine.ErrDeadline, 2, "deadline"},
		{engine.ErrNotEmpty, 2, "output-exists"},
		{path(fs.ErrExist), 2, "output-exists"},
		{path(syscall.EIO), 3, "io"},
		{path(fs.ErrNotExist), 3, "io"},
		{path(fs.ErrPermission), 3, "permission"},
		{path(syscall.EACCES), 3, "permission"},
		{path(syscall.ENOSPC), 3, "disk-full"},
		{errors.New("who knows"), 3, "io"},
		{&wal.LogError{Op: "sync", File: "f", Err: syscall.EIO}, 3, "log-failed"},
		{&wal.LogError{Op: "sync", File: "f", Err: syscall.ENOSPC}, 3, "log-failed"},
		{&wal.OutcomeError{LSN: 1, Err: &wal.LogError{Err: syscall.EIO}}, 3, "log-failed"},
		{&recovery.TornError{File: "f"}, 4, "torn"},
		{&recovery.CorruptionError{File: "f", Offset: 7, LSN: 9, Reason: "rot"}, 5, "damage"},
		{&snapshot.CorruptError{File: "f"}, 5, "damage"},
		{&recovery.CorruptionError{File: "f", Offset: -1, Err: &snapshot.CorruptError{Err: snapshot.ErrNotSnapshot}}, 5, "damage"},
		{&snapshot.CorruptError{File: "f", Err: snapshot.ErrNotSnapshot}, 6, "not-a-backup"},
		{&snapshot.VersionError{File: "f", Version: 9}, 6, "version"},
		{&snapshot.UnknownCodecError{File: "f"}, 6, "version"},
		{&recovery.NotAStoreError{Dir: "d"}, 6, "not-a-store"},
		{&recovery.VersionError{File: "f"}, 6, "version"},
		{&wal.VersionError{File: "f"}, 6, "version"},
		{&record.UnknownError{What: "op"}, 6, "version"},
		{&NoStoreError{Dir: "d"}, 6, "not-a-store"},
		{path(vfs.ErrNotDir), 6, "not-a-store"},
		{&vfs.LockedError{Name: "d/LOCK", PID: 77}, 7, "locked"},
		{context.Canceled, 130, "interrupted"},
		{&wal.OutcomeError{LSN: 1, Err: context.Canceled}, 130, "interrupted"},
	} {
		for _, err := range []error{c.err, fmt.Errorf("engine: open d: %w", errors.Join(c.err)), Hint(c.err, "kvctl x")} {
			p := app.Explain(err)
			if p.Code != c.code || p.Kind != c.kind {
				t.Errorf("%T %v: code %d (%s), want %d (%s)", c.err, err, p.Code, p.Kind, c.code, c.kind)
			}
			if p.What == "" {
				t.Errorf("%T: nothing to say", c.err)
			}
		}
		if p := app.Explain(Hint(c.err, "kvctl x")); len(p.Try) != 1 || p.Try[0] != "kvctl x" {
			t.Errorf("%T: the hint was lost: %q", c.err, p.Try)
		}
	}
}

// What to try is spelled for a shell, and points at the store in question.
func TestHintsCanBePasted(t *testing.T) {
	app, _, errs := testApp()
	code := app.Fail(&recovery.CorruptionError{File: "data dir/wal/1.wal", Offset: 4096, LSN: 3, Reason: "rot"})
	want := `kvctl: data dir/wal/1.wal at offset 4096 (LSN 3): damaged: rot
Try: kvctl verify 'data dir'   # all that is wrong
     kvctl recover 'data dir' --output NEW   # salvage into a new directory
`
	if code != 5 || errs.String() != want {
		t.Errorf("code %d\n%s", code, errs.String())
	}
}

func TestErrorsAsJSON(t *testing.T) {
	app, _, errs := testApp()
	app.Format = FormatJSON
	app.Fail(&recovery.CorruptionError{File: "kvdata/wal/0000000000000001.wal", Offset: 0, LSN: 3, Reason: "rot"})
	app.Notef("by %s", "the way")
	dec := json.NewDecoder(errs)
	var e struct {
		Schema int
		Error  struct {
			Code   int
			Kind   string
			File   string
			Offset *int64
			LSN    uint64
			Try    []string
		}
		Note string
	}
	if err := dec.Decode(&e); err != nil || e.Schema != 1 || e.Error.Code != 5 || e.Error.Offset == nil || e.Error.LSN != 3 || len(e.Error.Try) != 2 {
		t.Errorf("%+v, %v", e, err)
	}
	if err := dec.Decode(&e); err != nil || e.Note != "by the way" {
		t.Errorf("%+v, %v", e, err)
	}
}

// A reader who leaves is no failure; a disk that is full is.
func TestStdoutTellsAClosedPipeFromAFullDisk(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{syscall.EPIPE, ExitOK},
		{io.ErrClosedPipe, ExitOK},
		{syscall.ENOSPC, ExitIO},
	} {
		app, _, errs := testApp()
		app.Stdout = NewStdout(failingWriter{&fs.PathError{Op: "write", Path: "|1", Err: c.err}}, 0)
		if err := app.Say("data"); err != nil {
			t.Fatal(err)
		}
		if code := app.Fail(app.Stdout.Flush()); code != c.code || (code == ExitOK) != (errs.Len() == 0) {
			t.Errorf("%v: code %d, %q", c.err, code, errs.String())
		}
		if err := app.Say("more"); err == nil {
			t.Errorf("%v: forgotten", c.err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestInterruptibleReading(t *testing.T) {
	text := strings.Repeat("all of it, in order. ", 100_000)
	got, err := io.ReadAll(Interruptible(t.Context(), strings.NewReader(text)))
	if err != nil || string(got) != text {
		t.Fatalf("%d bytes of %d, %v", len(got), len(text), err)
	}

	// A read that never returns does not hold up the end.
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	ir := Interruptible(ctx, r)
	go func() {
		_, _ = w.Write([]byte("x"))
		cancel()
	}()
	got, err = io.ReadAll(ir)
	if !errors.Is(err, context.Canceled) || len(got) > 1 {
		t.Fatalf("%q, %v", got, err)
	}
}

// On a terminal a note stands behind what was printed before it.
func TestNotesComeInOrder(t *testing.T) {
	for _, width := range []int{0, 80} {
		var screen bytes.Buffer
		app, _, _ := testApp()
		app.Stdout, app.Stderr, app.StderrIsTerminal = NewStdout(&screen, width), &screen, true
		if err := app.Say("data"); err != nil {
			t.Fatal(err)
		}
		app.Notef("note")
		if err := app.Stdout.Flush(); err != nil {
			t.Fatal(err)
		}
		if want := map[int]string{0: "kvctl: note\ndata\n", 80: "data\nkvctl: note\n"}[width]; screen.String() != want {
			t.Errorf("width %d: %q", width, screen.String())
		}
	}
}
