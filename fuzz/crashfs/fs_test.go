package crashfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	for _, o := range []crashfs.Options{
		{Mode: crashfs.Worst}, {Mode: crashfs.Worst, Atom: 64}, {Mode: crashfs.Hostile, Atom: 4096},
		{Mode: crashfs.Ext4}, {Mode: crashfs.XFS, NoTrace: true}, {Mode: crashfs.Btrfs},
	} {
		t.Run(fmt.Sprintf("%v-%d", o.Mode, o.Atom), func(t *testing.T) {
			vfstest.Run(t, func(t *testing.T) (vfs.FS, string) {
				f := crashfs.New(o)
				if err := vfs.MkdirAll(f, "/some/dir"); err != nil {
					t.Fatal(err)
				}
				return f, "/some/dir"
			})
		})
	}
}

func TestWhatWasSyncedSurvivesWhateverIsLost(t *testing.T) {
	for _, mode := range crashfs.Modes() {
		s := script{t, crashfs.New(crashfs.Options{Mode: mode})}
		s.mkdir("/db")
		s.syncdir("/")
		s.write("/db/log", strings.Repeat("a", 700), 0)
		s.sync("/db/log")
		s.syncdir("/db")
		s.write("/db/log", "unsynced", 700)
		g := s.fs.Crash(crashfs.LoseAll)
		if got := content(t, g, "/db/log"); got != strings.Repeat("a", 700) {
			t.Errorf("%v: after losing everything that was pending: %s", mode, runs(got))
		}
	}
}

func TestNothingSyncedMayAllBeLost(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.mkdir("/db")
	s.write("/db/log", "hello", 0)
	s.sync("/db/log")
	if got := tree(t, s.fs.Crash(crashfs.LoseAll)); got != "" {
		t.Errorf("a name that nobody synced survived: %s", got)
	}
	if got := tree(t, s.fs.Crash(crashfs.KeepAll)); got != "db/ db/log=hello" {
		t.Errorf("keeping everything: %s", got)
	}
}

func TestOldHandlesAndLocksAreDeadAfterTheCrash(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	h := s.open("/a")
	if _, err := s.fs.Lock("/LOCK"); err != nil {
		t.Fatal(err)
	}
	var held *vfs.LockedError
	if _, err := s.fs.Lock("/LOCK"); !errors.As(err, &held) {
		t.Fatalf("second lock: %v", err)
	}
	g := s.fs.Crash(crashfs.KeepAll)
	if _, err := h.WriteAt([]byte("x"), 0); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("write through a handle of before the crash: %v", err)
	}
	if err := h.Sync(); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("sync through a handle of before the crash: %v", err)
	}
	if _, err := s.fs.Stat("/a"); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("stat on the file system of before the crash: %v", err)
	}
	if _, err := g.Lock("/LOCK"); err != nil {
		t.Errorf("the lock survived the crash: %v", err)
	}
	if got := content(t, g, "/a"); got != "" {
		t.Errorf("a dead handle wrote %q", got)
	}
}

func TestCrashAtTheNthStep(t *testing.T) {
	run := func(f *crashfs.FS) error {
		h, err := f.Create("/a")
		if err != nil {
			return err
		}
		if _, err := h.WriteAt([]byte("one"), 0); err != nil {
			return err
		}
		if err := h.Sync(); err != nil {
			return err
		}
		return f.SyncDir("/")
	}
	f := crashfs.New(crashfs.Options{})
	if err := run(f); err != nil || f.Steps() != 4 {
		t.Fatalf("steps %d, %v", f.Steps(), err)
	}
	want := []string{"", "a=", "a=one", "a=one"}
	for n := 1; n <= 4; n++ {
		f := crashfs.New(crashfs.Options{})
		f.CrashAt(n)
		if err := run(f); !errors.Is(err, crashfs.ErrCrashed) {
			t.Fatalf("crash at step %d: %v", n, err)
		}
		if got := tree(t, f.Crash(crashfs.KeepAll)); got != want[n-1] {
			t.Errorf("crash at step %d, all kept: %q, want %q", n, got, want[n-1])
		}
	}
}

func TestKillLosesNothingButTheCrashAfterItMay(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.write("/a", "durable", 0)
	s = s.durable()
	s.write("/a", "DURABLE", 0)
	h := s.open("/a")
	g := s.fs.Kill()
	if _, err := h.WriteAt([]byte("x"), 0); !errors.Is(err, crashfs.ErrKilled) {
		t.Errorf("write by a killed process: %v", err)
	}
	if got := content(t, g, "/a"); got != "DURABLE" {
		t.Errorf("after a kill: %q", got)
	}
	if got := outcomes(t, g); !slices.Equal(got, []string{"a=DURABLE", "a=durable"}) {
		t.Errorf("after a kill and a power cut: %q", got)
	}
}

func TestALongFileOfZerosCostsNothing(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.with("/a", func(f vfs.File) error { return f.ZeroFill(0, 64<<20) })
	s.with("/a", func(f vfs.File) error { return f.ZeroFill(4096, 4096) })
	if n := len(s.fs.Point().Pending()); n != 2 {
		t.Errorf("%d effects of a new file of zeros, want its name and its size", n)
	}
	if a := testing.AllocsPerRun(10, func() { s.fs.Crash(crashfs.KeepAll) }); a > 50 {
		t.Errorf("an image of 64 MiB of zeros takes %v allocations", a)
	}
}

func TestErrorsAreThoseOfTheInterface(t *testing.T) {
	s := script{t, crashfs.New(crashfs.Options{})}
	s.mkdir("/d")
	s.write("/d/f", "x", 0)
	if _, err := s.fs.Create("/d/f"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a file: %v", err)
	}
	if _, err := s.fs.Open("/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open nothing: %v", err)
	}
	if err := s.fs.Remove("/d"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("remove a directory with a file in it: %v", err)
	}
	if err := s.fs.Rename("/d", "/d/e"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("rename a directory below itself: %v", err)
	}
}
