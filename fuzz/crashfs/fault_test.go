package crashfs_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// onDurable is a script on a file system where /f holds "old" durably.
func onDurable(t *testing.T, mode crashfs.Mode) script {
	t.Helper()
	s := script{t, crashfs.New(crashfs.Options{Mode: mode})}
	s.write("/f", "old", 0)
	return s.durable()
}

func TestAFailedSyncIsReportedOnceAndTheDataMayBeGone(t *testing.T) {
	for _, mode := range crashfs.Modes() {
		if mode == crashfs.Hostile {
			continue // garbage besides
		}
		s := onDurable(t, mode)
		s.write("/f", "new!", 0)
		s.fs.Inject(crashfs.Fault{On: crashfs.OpSyncs})
		h := s.open("/f")
		if err := h.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("%v: first sync: %v", mode, err)
		}
		if err := h.Sync(); err != nil {
			t.Fatalf("%v: second sync: %v", mode, err)
		}
		if got := content(t, s.fs, "/f"); got != "new!" {
			t.Errorf("%v: reads after the failed sync show %q", mode, got)
		}
		// The length was metadata and went with the second sync.
		if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=new!", "f=old0"}) {
			t.Errorf("%v: after the crash %q", mode, got)
		}
		if !h.DropCache() {
			t.Errorf("%v: the cache cannot be dropped", mode)
		}
		if got := content(t, s.fs, "/f"); got != "old\x00" {
			t.Errorf("%v: reads past the cache show %q", mode, got)
		}
	}
}

func TestWritingAgainAfterAFailedSyncRepairs(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.write("/f", "new", 0)
	s.fs.Inject(crashfs.Fault{On: crashfs.OpSyncs})
	h := s.open("/f")
	if h.Sync() == nil {
		t.Fatal("the sync did not fail")
	}
	s = script{t, s.fs.Kill()} // another process, the same cache
	s.write("/f", "new", 0)    // the same bytes that a reader sees already
	s.sync("/f")
	if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=new"}) {
		t.Errorf("rewritten and synced, and yet %q", got)
	}
}

func TestAFailedSyncThatDropsThePages(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.write("/f", "new", 0)
	s.fs.Inject(crashfs.Fault{On: crashfs.OpSyncs, Do: crashfs.SyncReverted})
	h := s.open("/f")
	if h.Sync() == nil {
		t.Fatal("the sync did not fail")
	}
	if got := content(t, s.fs, "/f"); got != "old" {
		t.Errorf("reads show %q", got)
	}
	if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=old"}) {
		t.Errorf("after the crash %q", got)
	}
}

func TestALyingSyncMakesNothingDurable(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	in := s.fs.Inject(crashfs.Fault{On: crashfs.OpSyncs, Do: crashfs.SyncLies, Times: crashfs.Forever})
	s.write("/f", "new", 0)
	s.sync("/f")
	s.sync("/f")
	if in.Fired() != 2 {
		t.Errorf("the fault fired %d times", in.Fired())
	}
	if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=new", "f=old"}) {
		t.Errorf("after the crash %q", got)
	}
	in.Remove()
	s.sync("/f")
	if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=new"}) {
		t.Errorf("an honest sync later, %q", got)
	}
}

func TestNoSpaceWritesShortAndASmallerWriteMayFit(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.fs.Inject(crashfs.NoSpace(1, 2))
	h := s.open("/f")
	n, err := h.WriteAt([]byte("abcdef"), 3)
	if n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write on a full disk: %d, %v", n, err)
	}
	if _, err := h.WriteAt([]byte("z"), 9); err != nil {
		t.Errorf("smaller write: %v", err)
	}
	if got := content(t, s.fs, "/f"); got != "oldab\x00\x00\x00\x00z" {
		t.Errorf("the file is %q", got)
	}
}

func TestTheDiskFillsAndEmpties(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.fs.SetFree(10)
	h := s.open("/g")
	if n, err := h.WriteAt([]byte(strings.Repeat("g", 12)), 0); n != 10 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("12 bytes into 10: %d, %v", n, err)
	}
	if err := h.ZeroFill(10, 1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("zero fill on a full disk: %v", err)
	}
	if _, err := h.WriteAt([]byte("over"), 0); err != nil {
		t.Errorf("overwrite on a full disk: %v", err)
	}
	s.remove("/g")
	s.write("/h", "fits again", 0)
}

func TestReadErrors(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.fs.Inject(crashfs.Fault{On: crashfs.OpRead, Name: "f", Nth: 2})
	h := s.open("/f")
	for i, want := range []error{nil, syscall.EIO, nil} {
		if _, err := h.ReadAt(make([]byte, 3), 0); !errors.Is(err, want) {
			t.Errorf("read %d: %v, want %v", i+1, err, want)
		}
	}
}

func TestLostAndMisdirectedWrites(t *testing.T) {
	for _, c := range []struct {
		fault crashfs.Fault
		want  string
	}{
		{crashfs.Fault{On: crashfs.OpWrite, Do: crashfs.LostWrite}, "a*512,b*512"},
		{crashfs.Fault{On: crashfs.OpWrite, Do: crashfs.MisdirectedWrite, Shift: 512}, "a*512,N*512"},
	} {
		s := script{t, crashfs.New(crashfs.Options{})}
		s.write("/f", strings.Repeat("a", 512)+strings.Repeat("b", 512), 0)
		s = s.durable()
		s.fs.Inject(c.fault)
		s.write("/f", strings.Repeat("N", 512), 0)
		if got := runs(content(t, s.fs, "/f")); got != "N*512,b*512" {
			t.Errorf("%v: readers see %s", c.fault.Do, got)
		}
		s.sync("/f")
		if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=" + c.want}) {
			t.Errorf("%v: after the crash %s, want %s", c.fault.Do, got, c.want)
		}
	}
}

func TestRotIsSeenAtOnceAndInNoOtherImage(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	p := s.fs.Point()
	g := p.Crash(crashfs.KeepAll)
	if err := g.Rot("/f", 1, 0x20); err != nil {
		t.Fatal(err)
	}
	if got := content(t, g, "/f"); got != "oLd" {
		t.Errorf("rotten: %q", got)
	}
	if got := content(t, g.Crash(crashfs.LoseAll), "/f"); got != "oLd" {
		t.Errorf("rotten, after a crash: %q", got)
	}
	if got := content(t, p.Crash(crashfs.KeepAll), "/f"); got != "old" {
		t.Errorf("another image of the same point: %q", got)
	}
	if err := g.Overwrite("/f", 2, []byte("xy")); err == nil {
		t.Error("damage behind the end of the file")
	}
}

func TestFaultsThatComeAfterTheWork(t *testing.T) {
	s := onDurable(t, crashfs.Worst)
	s.fs.Inject(crashfs.Fault{On: crashfs.OpRename, Do: crashfs.FailAfter})
	if err := s.fs.Rename("/f", "/g"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("rename: %v", err)
	}
	if got := tree(t, s.fs); got != "g=old" {
		t.Errorf("the rename was to be done: %s", got)
	}
	s.fs.Inject(crashfs.Fault{On: crashfs.OpSyncDir})
	if err := s.fs.SyncDir("/"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("syncdir: %v", err)
	}
	if got := outcomes(t, s.fs); !slices.Equal(got, []string{"f=old", "g=old"}) {
		t.Errorf("after a failed sync of the directory: %q", got)
	}
}

func TestHooksMayCrashTheirOwnCall(t *testing.T) {
	var f *crashfs.FS
	f = crashfs.New(crashfs.Options{Hook: func(c *crashfs.Call) {
		if c.Op == crashfs.OpSync {
			f.Stop()
		}
	}})
	h, err := f.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Sync(); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("sync: %v", err)
	}
	var _ vfs.File = h
}
