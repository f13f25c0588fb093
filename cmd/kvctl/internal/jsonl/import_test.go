package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// syncFS is a file system whose data syncs a test holds up or lets fail.
type syncFS struct {
	vfs.FS
	sync func() error
}

func (f *syncFS) CreateTemp(target string) (vfs.TempFile, error) {
	t, err := f.FS.CreateTemp(target)
	return &syncTemp{t, f}, err
}

func (f *syncFS) OpenWrite(name string) (vfs.File, error) {
	file, err := f.FS.OpenWrite(name)
	return &syncFile{file, f}, err
}

func (f *syncFS) Create(name string) (vfs.File, error) {
	file, err := f.FS.Create(name)
	return &syncFile{file, f}, err
}

type syncFile struct {
	vfs.File
	fs *syncFS
}

func (f *syncFile) DataSync() error {
	if err := f.fs.sync(); err != nil {
		return err
	}
	return f.File.DataSync()
}

type syncTemp struct {
	vfs.TempFile
	fs *syncFS
}

func (f *syncTemp) DataSync() error { return (&syncFile{f.TempFile, f.fs}).DataSync() }

func openOn(t *testing.T, sync func() error) *engine.DB {
	t.Helper()
	db, err := engine.Open("store", &engine.Options{FS: &syncFS{memfs.New(), sync}, IdleMark: -1})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"key\":\"k%06d\",\"value\":\"v\"}\n", i+1)
	}
	return b.String()
}

// A line is reported durable after the sync that made it so, never before.
func TestDurableMeansSynced(t *testing.T) {
	entered, release := make(chan struct{}, 100), make(chan struct{})
	var syncing atomic.Bool
	db := openOn(t, func() error {
		if syncing.Load() {
			entered <- struct{}{}
			<-release
		}
		return nil
	})
	defer db.Close()
	syncing.Store(true)
	var reported atomic.Int64
	done := make(chan error, 1)
	go func() {
		_, err := Import(t.Context(), db, strings.NewReader(lines(10)), Options{
			Durable: func(line, _ int64) { reported.Store(line) },
		})
		done <- err
	}()
	<-entered
	if n := reported.Load(); n != 0 {
		t.Errorf("line %d was reported while its sync was under way", n)
	}
	syncing.Store(false)
	close(release)
	if err := <-done; err != nil || reported.Load() != 10 {
		t.Errorf("%v, reported %d", err, reported.Load())
	}
}

// A failed sync ends the import with the log's error, and the summary with the
// last line that is known to be durable.
func TestImportReportsAFailedLog(t *testing.T) {
	syncs := 0
	db := openOn(t, func() error {
		if syncs++; syncs > 3 {
			return syscall.EIO
		}
		return nil
	})
	defer db.Close()
	var reported int64
	// One transaction a line, each waited for: the pipe hands out one at a time.
	r, w := io.Pipe()
	told := make(chan struct{}, 100)
	go func() {
		for line := range strings.Lines(lines(100)) {
			if _, err := io.WriteString(w, line); err != nil {
				return
			}
			select {
			case <-told:
			case <-t.Context().Done():
			}
		}
		w.Close()
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sum, err := Import(ctx, db, r, Options{Durable: func(line, _ int64) { reported = line; told <- struct{}{} }})
	r.Close()
	if !errors.Is(err, syscall.EIO) || !errors.Is(err, engine.ErrOutcomeUnknown) {
		t.Fatalf("%v", err)
	}
	if sum.LastDurable != reported || sum.Imported != reported || reported == 0 || reported > 4 {
		t.Fatalf("reported %d, %+v", reported, sum)
	}
}

// What a stream has said is made durable while it has nothing more to say.
func TestImportDoesNotWaitForMore(t *testing.T) {
	db, err := engine.OpenMemory(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, w := io.Pipe()
	told := make(chan int64)
	done := make(chan error, 1)
	go func() {
		_, err := Import(t.Context(), db, r, Options{Durable: func(line, _ int64) { told <- line }})
		done <- err
	}()
	for i := int64(1); i <= 3; i++ {
		if _, err := fmt.Fprintf(w, "{\"key\":\"k%d\",\"value\":\"v\"}\n", i); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != i {
			t.Fatalf("told of line %d, want %d", got, i)
		}
	}
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// Whatever line is the bad one, and whichever of the two who may refuse it does,
// all lines before it are in the store and none behind it.
func TestImportStopsAtTheFirstBadLine(t *testing.T) {
	good := lines(2500)
	all := strings.SplitAfter(good, "\n")
	for _, at := range []int{1, 2, 999, 1000, 1001, 2000, 2500} {
		for name, bad := range map[string]string{
			"syntax":  "{\"key\":\n",
			"refused": `{"key":"x","value":"v","bucket":"` + strings.Repeat("b", 256) + "\"}\n",
		} {
			db, err := engine.OpenMemory(nil)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(all[:at-1], "") + bad + strings.Join(all[at:], "") + "{\"also\":\n"
			sum, err := Import(t.Context(), db, strings.NewReader(text), Options{})
			var le *LineError
			if !errors.As(err, &le) || le.Line != int64(at) {
				t.Fatalf("%s at %d: %v", name, at, err)
			}
			n := 0
			if err := db.View(func(tx *engine.Tx) error {
				n = tx.Count(engine.Scan{})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if n != at-1 || sum.LastDurable != int64(at-1) || sum.Imported != int64(at-1) {
				t.Fatalf("%s at %d: holds %d, %+v", name, at, n, sum)
			}
			db.Close()
		}
	}
}
