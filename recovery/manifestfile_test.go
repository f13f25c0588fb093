package recovery_test

import (
	"errors"
	"sync"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// manifestOf opens a new store whose MANIFEST exists.
func manifestOf(t *testing.T, faulty *faultFS) *recovery.ManifestFile {
	t.Helper()
	s, _ := mustOpen(t, faulty)
	if err := startLog(t, s).Close(); err != nil {
		t.Fatal(err)
	}
	return s.Manifest
}

func setActive(n uint64) func(*recovery.Manifest) error {
	return func(m *recovery.Manifest) error { m.Active = n; return nil }
}

func TestUpdatesOfManifestAreNotLost(t *testing.T) {
	fsys := memfs.New()
	f := manifestOf(t, &faultFS{FS: fsys})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := f.Update(func(m *recovery.Manifest) error {
				if i%2 == 0 {
					m.Active++
				} else {
					m.NextLSN++
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if m := f.Get(); m.Active != 11 || m.NextLSN != 10 || m.Generation != 21 {
		t.Fatalf("%+v", m)
	}
}

// An update that fails before the name can have moved leaves the old MANIFEST
// and can be repeated; one that fails later ends all updates.
func TestFailedUpdateSaysWhatStands(t *testing.T) {
	for _, op := range []string{"createtemp", "write", "sync", "publish", "syncdir"} {
		t.Run(op, func(t *testing.T) {
			fsys := memfs.New()
			faulty := &faultFS{FS: fsys}
			f := manifestOf(t, faulty)
			faulty.fail = func(_ int, o, _ string) error {
				if o == op {
					return syscall.EIO
				}
				return nil
			}
			err := f.Update(setActive(2))
			var failed *recovery.ManifestError
			if !errors.As(err, &failed) || !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
			late := op == "publish" || op == "syncdir"
			if failed.Replaced != late {
				t.Fatalf("replaced %v", failed.Replaced)
			}
			if f.Get().Active != 1 {
				t.Fatal("the failed update shows")
			}
			faulty.fail = nil
			err = f.Update(setActive(2))
			if late {
				if !errors.As(err, &failed) || !failed.Replaced {
					t.Fatalf("an update after one whose outcome is not known: %v", err)
				}
				return
			}
			if err != nil || f.Get().Active != 2 {
				t.Fatal(err)
			}
		})
	}
}

func TestManifestRefusesToGoBack(t *testing.T) {
	for name, change := range map[string]func(*recovery.Manifest){
		"another store":         func(m *recovery.Manifest) { m.Store[0]++ },
		"an earlier active":     func(m *recovery.Manifest) { m.Active-- },
		"an earlier first":      func(m *recovery.Manifest) { m.First-- },
		"a lower floor":         func(m *recovery.Manifest) { m.NextLSN-- },
		"snapshots in no order": func(m *recovery.Manifest) { m.Snapshots = []recovery.SnapshotRef{{LSN: 2}, {LSN: 1}} },
	} {
		fsys := memfs.New()
		f := manifestOf(t, &faultFS{FS: fsys})
		if err := f.Update(func(m *recovery.Manifest) error { m.Active, m.First, m.NextLSN = 3, 3, 9; return nil }); err != nil {
			t.Fatal(err)
		}
		before := image(t, fsys, dir)
		err := f.Update(func(m *recovery.Manifest) error { change(m); return nil })
		var failed *recovery.ManifestError
		if !errors.As(err, &failed) || failed.Replaced {
			t.Errorf("%s: %v", name, err)
		}
		wantImage(t, fsys, before)
	}
}

func TestUpdateThatChangesItsMind(t *testing.T) {
	fsys := memfs.New()
	f := manifestOf(t, &faultFS{FS: fsys})
	before := image(t, fsys, dir)
	mine := errors.New("mine")
	if err := f.Update(func(m *recovery.Manifest) error { m.Active = 9; return mine }); err != mine {
		t.Fatal(err)
	}
	wantImage(t, fsys, before)
	if m := f.Get(); m.Active != 1 {
		t.Fatal(m)
	}
}

// What Get returns is the caller's.
func TestManifestThatWasGivenOutIsACopy(t *testing.T) {
	f := manifestOf(t, &faultFS{FS: memfs.New()})
	if err := f.Update(func(m *recovery.Manifest) error {
		m.Snapshots = []recovery.SnapshotRef{{LSN: 1}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	m := f.Get()
	m.Snapshots[0].LSN = 99
	if f.Get().Snapshots[0].LSN != 1 {
		t.Fatal("a caller changed the owner's manifest")
	}
}
