package doctor_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/doctor"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// The facts of a directory agree with what the system says by another way, and
// gathering them leaves nothing behind.
func TestGather(t *testing.T) {
	dir := t.TempDir()
	lock, err := osfs.New().Lock(filepath.Join(dir, "LOCK"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := doctor.Gather(dir, "LOCK")
	after, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("%v is in the directory, changed at %v and %v", entries, before.ModTime(), after.ModTime())
	}
	if f.Type == "" || f.Mount == "" || f.Total < f.Free || f.Free <= 0 {
		t.Errorf("%+v", f)
	}
	if !f.Writable || len(f.Syncs) == 0 && f.SyncError == "" {
		t.Errorf("writable: %v, syncs %v %q", f.Writable, f.Syncs, f.SyncError)
	}
	if f.LockKnown && f.LockPID != os.Getpid() && f.LockPID != -1 {
		t.Errorf("the lock is held by %d, which is %d", f.LockPID, os.Getpid())
	}
}

func TestGatherKnowsMemory(t *testing.T) {
	var st unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &st); err != nil || st.Type != unix.TMPFS_MAGIC {
		t.Skip("/dev/shm is no tmpfs here")
	}
	dir, err := os.MkdirTemp("/dev/shm", "doctor")
	if err != nil {
		t.Skip(err)
	}
	defer os.Remove(dir)
	f := doctor.Gather(dir, "LOCK")
	if f.Type != "tmpfs" || f.LockPID != 0 {
		t.Errorf("%+v", f)
	}
	if !slices.Contains(f.Options, "rw") {
		t.Errorf("options %q", f.Options)
	}
}

func TestGatherOfNothing(t *testing.T) {
	if f := doctor.Gather(filepath.Join(t.TempDir(), "nowhere"), "LOCK"); f.Type != "" || len(f.Syncs) > 0 {
		t.Errorf("%+v", f)
	}
}
