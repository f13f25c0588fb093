package recovery_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

const dir = "db"

var (
	set   = recoverytest.Set
	del   = recoverytest.Delete
	entry = recoverytest.Entry
)

type keys = map[string]string

func newBuilder(t testing.TB) *recoverytest.Builder {
	return recoverytest.New(t, memfs.New(), dir)
}

func options(fsys vfs.FS, l recovery.Loader) recovery.Options {
	random := rand.New(rand.NewPCG(1, 2))
	return recovery.Options{
		FS: fsys, Dir: dir, Loader: l, Rand: random.Uint64,
		Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) },
	}
}

func tryOpen(fsys vfs.FS) (*recovery.Store, *recoverytest.Contents, error) {
	c := recoverytest.NewContents()
	s, err := recovery.Open(context.Background(), options(fsys, c))
	return s, c, err
}

func mustOpen(t testing.TB, fsys vfs.FS) (*recovery.Store, *recoverytest.Contents) {
	t.Helper()
	s, c, err := tryOpen(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func mustReadOnly(t testing.TB, fsys vfs.FS) (*recovery.Store, *recoverytest.Contents) {
	t.Helper()
	c := recoverytest.NewContents()
	o := options(fsys, c)
	o.ReadOnly = true
	s, err := recovery.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func wantKeys(t testing.TB, c *recoverytest.Contents, want keys) {
	t.Helper()
	if diff := cmp.Diff(want, c.Keys); diff != "" {
		t.Fatalf("contents (-want +got):\n%s", diff)
	}
}

// wantCorruption checks an error's place. An empty reason matches any.
func wantCorruption(t testing.TB, err error, file string, offset int64, lsn uint64, reason string) {
	t.Helper()
	var got *recovery.CorruptionError
	if !errors.As(err, &got) {
		t.Fatalf("want damage in %s, got %v", file, err)
	}
	if got.File != file || got.Offset != offset || got.LSN != lsn || !strings.Contains(got.Error(), reason) {
		t.Fatalf("want damage in %s at %d (LSN %d) because of %q\ngot  %s at %d (LSN %d): %v",
			file, offset, lsn, reason, got.File, got.Offset, got.LSN, got)
	}
}

// image is every file of a directory tree.
func image(t testing.TB, fsys vfs.FS, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := vfs.Join(dir, e.Name)
		if e.IsDir {
			for k, v := range image(t, fsys, name) {
				all[k] = v
			}
			all[name+"/"] = ""
			continue
		}
		all[name] = string(recoverytest.ReadFile(t, fsys, name))
	}
	return all
}

// clone copies a directory tree into a new file system.
func clone(t testing.TB, from vfs.FS) vfs.FS {
	t.Helper()
	to := memfs.New()
	for name, content := range image(t, from, ".") {
		if rest, isDir := strings.CutSuffix(name, "/"); isDir {
			if err := vfs.MkdirAll(to, rest); err != nil {
				t.Fatal(err)
			}
			continue
		}
		recoverytest.WriteFile(t, to, name, []byte(content))
	}
	return to
}

func startLog(t testing.TB, s *recovery.Store) *wal.Log {
	t.Helper()
	log, err := s.StartLog(logOptions())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// write commits to a log and returns the LSN.
func write(t testing.TB, log *wal.Log, c record.Commit) uint64 {
	t.Helper()
	p, err := log.Append(context.Background(), record.AppendCommit(nil, &c), nil, wal.Default)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p.LSN()
}

// wantUsable checks what every successful open owes: opening again finds the
// same and nothing more to cut, writing works, and what is written then comes
// back too, under LSNs that were never given out before.
func wantUsable(t testing.TB, fsys vfs.FS, first *recovery.Store, want keys) {
	t.Helper()
	again, c := mustOpen(t, fsys)
	wantKeys(t, c, want)
	if again.Report.Cut != nil {
		t.Fatalf("a second open cuts: %+v", again.Report.Cut)
	}
	if again.NextLSN != first.NextLSN {
		t.Fatalf("the next LSN was %d, a second open says %d", first.NextLSN, again.NextLSN)
	}
	log := startLog(t, again)
	lsn := write(t, log, set("written", "later"))
	if lsn != first.NextLSN {
		t.Fatalf("the next commit got LSN %d, want %d", lsn, first.NextLSN)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	more := keys{"written": "later"}
	for k, v := range want {
		more[k] = v
	}
	third, c := mustOpen(t, fsys)
	wantKeys(t, c, more)
	if third.Report.Cut != nil || third.NextLSN != lsn+1 {
		t.Fatalf("after a clean close: %+v, next LSN %d", third.Report.Cut, third.NextLSN)
	}
}

func wantImage(t testing.TB, fsys vfs.FS, want map[string]string) {
	t.Helper()
	got := image(t, fsys, dir)
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Fatalf("%s appeared", name)
		}
	}
	for name, content := range want {
		if g, ok := got[name]; !ok || !bytes.Equal([]byte(g), []byte(content)) {
			t.Fatalf("%s changed (or went: %v)", name, !ok)
		}
	}
}

func logOptions() wal.Options {
	return wal.Options{IdleMark: -1, FillStep: 4096, Durable: func(wal.Batch) {}}
}

func contains(s, sub string) bool { return sub == "" || strings.Contains(s, sub) }

func sortedKeys(m keys) []string { return slices.Sorted(maps.Keys(m)) }
