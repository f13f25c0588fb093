package loopfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// each runs the test on every kind that the machine allows.
func each(t *testing.T, test func(t *testing.T, f *loopfs.FS)) {
	kinds(t, test, loopfs.Kinds()...)
}

func kinds(t *testing.T, test func(t *testing.T, f *loopfs.FS), kinds ...loopfs.Kind) {
	for _, k := range kinds {
		t.Run(k.String(), func(t *testing.T) {
			if reason := loopfs.Available(k); reason != "" {
				t.Skip("not run: " + reason)
			}
			f, err := loopfs.New(k)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}()
			test(t, f)
		})
	}
}

func write(t *testing.T, name, data string, sync bool) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(data); err != nil {
		t.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACutKeepsWhatWasSyncedAndLosesWhatWasNot(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		for _, cut := range f.Kind().Cuts() {
			synced, unsynced := cut.String()+"-synced", cut.String()+"-unsynced"
			write(t, filepath.Join(f.Dir(), synced), "kept", true)
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(f.Dir(), unsynced), "lost", false)
			if err := f.Cut(cut); err != nil {
				t.Fatal(err)
			}
			if err := f.Remount(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(f.Dir(), synced)); string(got) != "kept" {
				t.Errorf("%v: synced file: %q, %v", cut, got, err)
			}
			// With its log flushed a file system may know the name; never the data.
			if got, err := os.ReadFile(filepath.Join(f.Dir(), unsynced)); err == nil && (cut == loopfs.Shutdown || len(got) > 0) {
				t.Errorf("%v: unsynced file came through: %q", cut, got)
			}
		}
	})
}

func TestNothingIsWrittenAfterACut(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		for _, cut := range f.Kind().Cuts() {
			name := filepath.Join(f.Dir(), cut.String())
			write(t, name, "old", true)
			file, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Cut(cut); err != nil {
				t.Fatal(err)
			}
			_, werr := file.WriteAt([]byte("new"), 0)
			if serr := file.Sync(); werr == nil && serr == nil {
				t.Errorf("%v: write and fsync succeed after the cut", cut)
			}
			file.Close()
			if err := f.Remount(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(f.Dir(), cut.String())); string(got) != "old" {
				t.Errorf("%v: %q, %v", cut, got, err)
			}
		}
	})
}

func TestRemountRefusesWhileAFileIsOpen(t *testing.T) {
	kinds(t, func(t *testing.T, f *loopfs.FS) {
		file, err := os.Create(filepath.Join(f.Dir(), "open"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Cut(f.Kind().Cuts()[0]); err != nil {
			t.Fatal(err)
		}
		var busy *loopfs.BusyError
		if err := f.Remount(); !errors.As(err, &busy) {
			t.Errorf("remount with an open file: %v", err)
		}
		file.Close()
		if err := f.Remount(); err != nil {
			t.Errorf("remount after closing it: %v", err)
		}
		write(t, filepath.Join(f.Dir(), "after"), "x", true)
	}, loopfs.Ext4, loopfs.Btrfs)
}

func TestCutWhenNotMountedIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Cut(f.Kind().Cuts()[0]); err == nil {
			t.Error("cut after Close succeeds")
		}
		if f.CutCount() != 0 {
			t.Error("a refused cut was counted")
		}
	})
}

func TestACycleIsFast(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		const n = 20
		start := time.Now()
		for range n {
			write(t, filepath.Join(f.Dir(), "f"), "data", true)
			if err := f.Cut(f.Kind().Cuts()[0]); err != nil {
				t.Fatal(err)
			}
			if err := f.Remount(); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%v: %v a cycle", f.Kind(), time.Since(start)/n)
	})
}
