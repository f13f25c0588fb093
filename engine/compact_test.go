package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

func names(t *testing.T, fsys vfs.FS, dir string) string {
	t.Helper()
	list, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range list {
		out = append(out, i.Name)
	}
	return strings.Join(out, " ")
}

func mustCompact(t *testing.T, db *engine.DB) engine.CompactionInfo {
	t.Helper()
	info, err := db.Compact(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// The log that the second-newest snapshot needs stays, older log goes, and what
// is left opens to the same state, from either snapshot.
func TestCompactionKeepsWhatTheOlderSnapshotNeeds(t *testing.T) {
	fsys := memfs.New()
	db := mustOpen(t, fsys)
	for round := range 4 {
		for i := range 100 {
			set(t, db, fmt.Sprintf("%d/%d", round, i), "x")
		}
		info := mustCompact(t, db)
		if want := uint64(100 * (round + 1)); info.Entries != want || info.LSN != want || !info.Made {
			t.Fatalf("round %d: %+v", round, info)
		}
		if round > 0 && info.SegmentsRemoved == 0 {
			t.Errorf("round %d removed nothing", round)
		}
	}
	if info := mustCompact(t, db); info.Made {
		t.Errorf("a compaction with nothing new made a snapshot: %+v", info)
	}
	if got := names(t, fsys, "/store/snap"); got != "0000000000000300.snap 0000000000000400.snap" {
		t.Errorf("snapshots: %s", got)
	}
	set(t, db, "last", "x")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db = mustOpen(t, fsys)
	if r := db.RecoveryReport(); r.SnapshotLSN != 400 || r.Records != 1 {
		t.Errorf("recovered from snapshot %d and %d commits", r.SnapshotLSN, r.Records)
	}
	if n := countKeys(t, db); n != 401 {
		t.Errorf("%d keys", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	// One flipped byte in the newest: the older one and the log behind it.
	flip(t, fsys, "/store/snap/0000000000000400.snap", 200)
	db = mustOpen(t, fsys)
	if r := db.RecoveryReport(); r.SnapshotLSN != 300 || len(r.Rejected) != 1 || r.Rejected[0].LSN != 400 {
		t.Errorf("fell back to snapshot %d, rejected %v", r.SnapshotLSN, r.Rejected)
	}
	if n := countKeys(t, db); n != 401 {
		t.Errorf("%d keys from the older snapshot", n)
	}
	if got := names(t, fsys, "/store/quarantine"); !strings.Contains(got, "400") {
		t.Errorf("quarantine holds %q", got)
	}
}

func flip(t *testing.T, fsys vfs.FS, name string, off int64) {
	t.Helper()
	f, err := fsys.OpenWrite(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x40
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
}

// The older snapshot rots while the store is open. The next compaction would
// move the log's beginning up to it: it must notice, keep the log, and set the
// rotten one aside.
func TestCompactionLeansOnNothingRotten(t *testing.T) {
	fsys := memfs.New()
	db := mustOpen(t, fsys)
	for round := range 2 {
		for i := range 50 {
			set(t, db, fmt.Sprintf("%d/%d", round, i), "x")
		}
		mustCompact(t, db)
	}
	before := names(t, fsys, "/store/wal")
	flip(t, fsys, "/store/snap/0000000000000100.snap", 300)
	set(t, db, "more", "x")
	if _, err := db.Compact(ctx); err == nil {
		t.Error("the rotten snapshot was not reported")
	}
	if got := names(t, fsys, "/store/wal"); !strings.HasPrefix(got, before) {
		t.Errorf("log was %s, is %s", before, got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// Now the newest goes too: the whole state must come back all the same.
	flip(t, fsys, "/store/snap/0000000000000101.snap", 300)
	db = mustOpen(t, fsys)
	if n := countKeys(t, db); n != 101 {
		t.Fatalf("%d keys, want 101", n)
	}
}

// An error before MANIFEST is replaced costs the attempt and nothing else.
func TestAFailedCompactionIsDropped(t *testing.T) {
	for _, fault := range []crashfs.Fault{
		{On: crashfs.OpWrite, Name: ".*.snap*", Do: crashfs.Fail, Err: syscall.ENOSPC},
		{On: crashfs.OpSync, Name: ".*.snap*", Do: crashfs.Fail, Err: syscall.EIO},
		{On: crashfs.OpCreateTemp, Name: "*.snap", Do: crashfs.Fail, Err: syscall.ENOSPC},
		{On: crashfs.OpPublish, Name: ".*.snap*", Do: crashfs.Fail, Err: syscall.EIO},
		{On: crashfs.OpWrite, Name: ".MANIFEST*", Nth: 1, Do: crashfs.Fail, Err: syscall.ENOSPC},
	} {
		fsys := crashfs.New(crashfs.Options{})
		db := mustOpen(t, fsys)
		set(t, db, "a", "1")
		mustCompact(t, db)
		set(t, db, "b", "1")
		if fault.Name == ".MANIFEST*" {
			fault.Nth = 2 // the first is the rotation's, which is the log's
		}
		in := fsys.Inject(fault)
		_, err := db.Compact(ctx)
		in.Remove()
		if in.Fired() == 0 {
			t.Errorf("%v: did not happen", fault)
			continue
		}
		if !errors.Is(err, fault.Err) {
			t.Errorf("%v: Compact said %v", fault, err)
		}
		m := db.Metrics()
		if m.Failed != nil || m.CompactionFailures != 1 || !errors.Is(m.CompactionErr, fault.Err) {
			t.Errorf("%v: metrics %+v", fault, m)
		}
		set(t, db, "c", "1")
		if info := mustCompact(t, db); info.LSN != 3 {
			t.Errorf("%v: the retry made %+v", fault, info)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if n := countKeys(t, mustOpen(t, fsys.Kill())); n != 3 {
			t.Errorf("%v: %d keys after a reopen", fault, n)
		}
	}
}

// An error at or after MANIFEST's replacement ends writing, and nothing is
// deleted; a reopen has everything.
func TestAnErrorAfterTheManifestEndsWriting(t *testing.T) {
	fsys := crashfs.New(crashfs.Options{})
	db := mustOpen(t, fsys)
	for _, k := range []string{"a", "b"} {
		set(t, db, k, "1")
		mustCompact(t, db)
	}
	set(t, db, "c", "1")
	before := names(t, fsys, "/store/wal")
	// Directory syncs: the rotation's two (segment, MANIFEST), the snapshot's,
	// and then the one that makes the snapshot's MANIFEST durable.
	in := fsys.Inject(crashfs.Fault{On: crashfs.OpSyncDir, Nth: 4, Do: crashfs.Fail, Err: syscall.EIO})
	_, err := db.Compact(ctx)
	in.Remove()
	if !errors.Is(err, syscall.EIO) {
		t.Fatalf("Compact said %v", err)
	}
	if err := db.Set(ctx, []byte("d"), nil); !errors.Is(err, engine.ErrLogFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("a later write: %v", err)
	}
	if got := names(t, fsys, "/store/wal"); !strings.HasPrefix(got, before) {
		t.Errorf("log was %s, is %s", before, got)
	}
	if v := get(t, db, "c"); v != "1" {
		t.Errorf("c = %q", v)
	}
	_ = db.Close()
	if n := countKeys(t, mustOpen(t, fsys.Kill())); n != 3 {
		t.Errorf("%d keys after a reopen", n)
	}
}

// The background compacts when the log outgrows the options, and goes on after
// a failure.
func TestBackgroundCompaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := crashfs.New(crashfs.Options{})
		o := quiet(fsys)
		o.SegmentSize = 16 << 10
		o.Compaction = engine.CompactionOptions{MinLogSize: 64 << 10}
		db, err := engine.Open("/store", o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		in := fsys.Inject(crashfs.Fault{On: crashfs.OpCreateTemp, Name: "*.snap", Do: crashfs.Fail, Err: syscall.ENOSPC})
		for i := range 1000 {
			if err := db.Set(ctx, []byte{byte(i % 50)}, bytes.Repeat([]byte("v"), 400)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute) // the clock of the bubble: retries have passed
		synctest.Wait()
		if in.Fired() != 1 {
			t.Fatalf("the fault hit %d times", in.Fired())
		}
		m := db.Metrics()
		if m.CompactionFailures != 1 || m.Compactions < 1 || m.LogBytes > 128<<10 {
			t.Fatalf("metrics: %d compactions, %d failures, %d bytes of log", m.Compactions, m.CompactionFailures, m.LogBytes)
		}
	})
}

// Backup while writing goes on: a consistent image that restores elsewhere under
// an identity of its own.
func TestBackupAndRestore(t *testing.T) {
	fsys := memfs.New()
	db := mustOpen(t, fsys)
	for i := range 500 {
		set(t, db, fmt.Sprintf("%03d", i), strings.Repeat("v", i))
	}
	var backup bytes.Buffer
	info, err := db.Backup(ctx, &backup)
	if err != nil || info.Entries != 500 || info.LSN != 500 || info.Size != int64(backup.Len()) {
		t.Fatalf("%+v, %v", info, err)
	}
	set(t, db, "later", "x")

	raw := backup.Bytes()
	got, err := engine.Restore(ctx, "/copy", bytes.NewReader(raw), quiet(fsys))
	if err != nil || got.Digest != info.Digest || got.LSN != 500 {
		t.Fatalf("%+v, %v", got, err)
	}
	copied, err := engine.Open("/copy", quiet(fsys))
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if n := countKeys(t, copied); n != 500 {
		t.Fatalf("%d keys restored", n)
	}
	if copied.RecoveryReport().Store == db.RecoveryReport().Store {
		t.Error("the copy has the original's UUID")
	}
	set(t, copied, "new", "x")
	if copied.LSN() != 501 {
		t.Errorf("the copy goes on at LSN %d", copied.LSN())
	}

	if _, err := engine.Restore(ctx, "/copy", bytes.NewReader(raw), quiet(fsys)); !errors.Is(err, engine.ErrNotEmpty) {
		t.Errorf("restore over a store: %v", err)
	}
	for _, cut := range []int{0, 10, len(raw) / 2, len(raw) - 1} {
		dir := fmt.Sprintf("/cut%d", cut)
		if _, err := engine.Restore(ctx, dir, bytes.NewReader(raw[:cut]), quiet(fsys)); err == nil {
			t.Errorf("a backup cut to %d bytes was restored", cut)
		}
		if _, err := fsys.Stat(filepath.Join(dir, "MANIFEST")); err == nil {
			t.Errorf("a backup cut to %d bytes left a store", cut)
		}
	}
	for off := 0; off < len(raw); off += 97 {
		bad := bytes.Clone(raw)
		bad[off] ^= 1
		if _, err := engine.Restore(ctx, fmt.Sprintf("/bad%d", off), bytes.NewReader(bad), quiet(fsys)); err == nil {
			t.Errorf("a backup with a flipped bit at %d was restored", off)
		}
	}
}

// What only an open view could see is freed when it ends; while it is open, the
// metrics show it.
func TestVersionsGoWithTheViewThatNeededThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := mustOpen(t, memfs.New())
		for i := range 100 {
			set(t, db, fmt.Sprint(i), "old")
		}
		opened := time.Now()
		err := db.View(func(tx *engine.Tx) error {
			time.Sleep(time.Hour)
			for i := range 100 {
				set(t, db, fmt.Sprint(i), "new")
			}
			if err := db.DeleteRange(ctx, []byte("5"), nil); err != nil {
				return err
			}
			m := db.Metrics()
			if m.Snapshots != 1 || m.OldestSnapshotLSN != 100 || !m.OldestSnapshot.Equal(opened.Truncate(time.Millisecond)) {
				t.Errorf("metrics of an open view: %d open, oldest at LSN %d since %v", m.Snapshots, m.OldestSnapshotLSN, m.OldestSnapshot)
			}
			if m.Versions < 200 {
				t.Errorf("%d versions while a view needs the old ones", m.Versions)
			}
			if n := tx.Count(engine.Scan{}); n != 100 {
				t.Errorf("the view counts %d", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		m := db.Metrics()
		if m.Versions != m.Keys || m.Tombstones != 0 || m.Snapshots != 0 {
			t.Errorf("after the view: %d keys, %d versions, %d tombstones", m.Keys, m.Versions, m.Tombstones)
		}
	})
}
