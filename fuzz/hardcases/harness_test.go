package hardcases_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Where the store lies in the simulated file systems, and its parts.
const (
	dir        = "/data/store"
	walDir     = dir + "/wal"
	snapDir    = dir + "/snap"
	quarantine = dir + "/quarantine"
	manifest   = dir + "/MANIFEST"
)

func seg(seq uint64) string  { return vfs.Join(walDir, wal.SegmentName(seq)) }
func snap(lsn uint64) string { return vfs.Join(snapDir, snapshot.Name(lsn)) }

// jump is how far the LSNs move on behind a cut.
const jump = 1 << 20

var (
	ctx = context.Background()
	set = recoverytest.Set
)

// keys is what a store holds; a key of a named bucket is "bucket/key".
type keys = map[string]string

// newDisk is an empty simulated disk that keeps the promises of POSIX and not one
// more, and tears at sectors of 512 bytes.
func newDisk() *crashfs.FS { return crashfs.New(crashfs.Options{}) }

// copyOf is an independent disk with the same files, all of them durable. The
// original goes on.
func copyOf(fsys *crashfs.FS) *crashfs.FS { return fsys.Point().Crash(crashfs.KeepAll) }

// seeds makes the salts of every open differ from those of every other.
var seeds atomic.Uint64

// options are small sizes, so that short histories rotate and fill, and no
// background work, so that nothing happens that a test did not ask for.
func options(fsys vfs.FS, change ...func(*engine.Options)) *engine.Options {
	random := rand.New(rand.NewPCG(seeds.Add(1), 2))
	o := &engine.Options{
		FS:          fsys,
		Clock:       func() time.Time { return time.UnixMilli(1_700_000_000_000) },
		Rand:        random.Uint64,
		SegmentSize: 16 << 10,
		FillStep:    4 << 10,
		IdleMark:    -1,
		SweepEvery:  -1,
		Compaction:  engine.CompactionOptions{Disabled: true},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func readOnly(o *engine.Options) { o.ReadOnly = true }
func segments(n int64) option    { return func(o *engine.Options) { o.SegmentSize = n } }
func durability(d engine.Durability) option {
	return func(o *engine.Options) { o.Durability = d }
}

type option = func(*engine.Options)

// open opens the store, which must work, and closes it with the test.
func open(t testing.TB, fsys vfs.FS, change ...option) *engine.DB {
	t.Helper()
	db, err := engine.Open(dir, options(fsys, change...))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// refused opens the store, which must fail and change not one byte.
func refused(t testing.TB, fsys vfs.FS, change ...option) error {
	t.Helper()
	before := image(t, fsys)
	db, err := engine.Open(dir, options(fsys, change...))
	if err == nil {
		got := dump(t, db)
		_ = db.Close()
		t.Fatalf("Open took it: %v, and shows %v", db.RecoveryReport(), brief(got))
	}
	if diff := cmp.Diff(before, image(t, fsys)); diff != "" {
		t.Fatalf("Open refused (%v) and changed the directory (-before +after):\n%s", err, diff)
	}
	return err
}

// damage is where a CorruptionError must point. An empty reason matches any.
type damage struct {
	file   string
	offset int64
	lsn    uint64
	reason string
}

// wantDamage checks that err is a *CorruptionError with that file, offset and LSN.
func wantDamage(t testing.TB, err error, want damage) {
	t.Helper()
	var got *engine.CorruptionError
	if !errors.As(err, &got) {
		t.Fatalf("want damage in %s at %d, got: %v", want.file, want.offset, err)
	}
	if got.File != want.file || got.Offset != want.offset || got.LSN != want.lsn || !strings.Contains(got.Error(), want.reason) {
		t.Fatalf("want damage in %s at %d (LSN %d) because of %q\ngot:  %s at %d (LSN %d): %v",
			want.file, want.offset, want.lsn, want.reason, got.File, got.Offset, got.LSN, got)
	}
}

// put writes one key, durably.
func put(t testing.TB, db *engine.DB, key, value string) {
	t.Helper()
	if err := db.Set(ctx, []byte(key), []byte(value)); err != nil {
		t.Fatalf("Set %q: %v", key, err)
	}
}

// compact makes a snapshot and drops the log that it makes unnecessary.
func compact(t testing.TB, db *engine.DB) engine.CompactionInfo {
	t.Helper()
	info, err := db.Compact(ctx)
	if err != nil {
		t.Fatalf("Compact: %v", err)
	}
	return info
}

func closeDB(t testing.TB, db *engine.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// dump is everything that readers see.
func dump(t testing.TB, db *engine.DB) keys {
	t.Helper()
	got := keys{}
	err := db.View(func(tx *engine.Tx) error {
		for _, name := range tx.Buckets() {
			prefix := name
			if name != "" {
				prefix += "/"
			}
			for it := range tx.Bucket(name).Items(engine.Scan{}) {
				got[prefix+string(it.Key)] = string(it.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	return got
}

func wantKeys(t testing.TB, db *engine.DB, want keys) {
	t.Helper()
	if diff := cmp.Diff(brief(want), brief(dump(t, db))); diff != "" {
		t.Fatalf("contents (-want +got):\n%s", diff)
	}
}

// brief shortens long values for a message, and still tells them apart.
func brief(m keys) keys {
	out := make(keys, len(m))
	for k, v := range m {
		if len(v) > 40 {
			v = fmt.Sprintf("%.12q…%d bytes, %016x", v, len(v), hash(v))
		}
		out[k] = v
	}
	return out
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// with is m and one key more.
func with(m keys, key, value string) keys {
	out := maps.Clone(m)
	if out == nil {
		out = keys{}
	}
	out[key] = value
	return out
}

// wantUsable holds a store to what every successful open owes: a second open
// finds the same and nothing more to mend, writing works, and what is written
// then survives a power cut that loses all that may be lost.
func wantUsable(t testing.TB, fsys *crashfs.FS, want keys, change ...option) {
	t.Helper()
	db, err := engine.Open(dir, options(fsys, change...))
	if err != nil {
		t.Fatalf("a second Open: %v", err)
	}
	defer db.Close() // should a check end the test
	r := db.RecoveryReport()
	wantKeys(t, db, want)
	if r.Cut != nil || len(r.Rejected) > 0 || r.Adopted != 0 || len(r.Ignored) > 0 {
		t.Fatalf("a second Open still mends: %v, adopted %d, ignored %v", r, r.Adopted, r.Ignored)
	}
	put(t, db, "written", "later")
	lsn := db.LSN()
	if lsn <= r.LastLSN {
		t.Fatalf("a new commit got LSN %d, and %d was recovered", lsn, r.LastLSN)
	}
	fsys = fsys.Crash(crashfs.LoseAll)
	_ = db.Close()
	db, err = engine.Open(dir, options(fsys, change...))
	if err != nil {
		t.Fatalf("a third Open, after a power cut: %v", err)
	}
	defer db.Close()
	wantKeys(t, db, with(want, "written", "later"))
	if r := db.RecoveryReport(); r.LastLSN != lsn {
		t.Fatalf("a third Open recovered up to LSN %d, want %d", r.LastLSN, lsn)
	}
}

// image is every file of the store with its content; LOCK, which every open
// touches, is left out.
func image(t testing.TB, fsys vfs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	walk(t, fsys, dir, all)
	delete(all, dir+"/"+recovery.LockName)
	return all
}

func walk(t testing.TB, fsys vfs.FS, dir string, all map[string]string) {
	t.Helper()
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := vfs.Join(dir, e.Name)
		if e.IsDir {
			all[name+"/"] = ""
			walk(t, fsys, name, all)
			continue
		}
		all[name] = string(recoverytest.ReadFile(t, fsys, name))
	}
}

// names lists a directory.
func names(t testing.TB, fsys vfs.FS, dir string) (list []string) {
	t.Helper()
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name)
	}
	return list
}
