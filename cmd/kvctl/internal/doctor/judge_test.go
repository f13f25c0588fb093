package doctor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/doctor"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// healthy is a store on a good disk.
func healthy() *doctor.Facts {
	f := &doctor.Facts{
		Type: "ext4", Mount: "/data", Source: "/dev/sda1", Options: []string{"rw", "barrier"},
		Free: 100 << 30, Total: 200 << 30, FreeFiles: 1 << 20, TotalFiles: 1 << 21, Writable: true,
		LockKnown: true, Now: noon, LastCommit: noon.Add(-time.Hour), Needed: 1 << 30,
	}
	for range 9 {
		f.Syncs = append(f.Syncs, 800*time.Microsecond)
	}
	return f
}

func TestJudge(t *testing.T) {
	sync := func(d time.Duration) func(*doctor.Facts) {
		return func(f *doctor.Facts) { f.Syncs = []time.Duration{d, d, time.Second} }
	}
	for _, c := range []struct {
		name   string
		change func(f *doctor.Facts)
		check  string
		level  doctor.Level
		says   string
	}{
		{"tmpfs", func(f *doctor.Facts) { f.Type = "tmpfs" }, "file-system", doctor.Bad, "a restart of the machine"},
		{"NFS", func(f *doctor.Facts) { f.Type = "nfs4" }, "file-system", doctor.Bad, "of another machine"},
		{"a container's layer", func(f *doctor.Facts) { f.Type = "overlay" }, "file-system", doctor.Warn, "goes with the container"},
		{"FUSE", func(f *doctor.Facts) { f.Type = "fuse.s3fs" }, "file-system", doctor.Warn, "user space"},
		{"FAT", func(f *doctor.Facts) { f.Type = "vfat" }, "file-system", doctor.Warn, "no journal"},
		{"unheard of", func(f *doctor.Facts) { f.Type = "newfs" }, "file-system", doctor.Note, "not one that"},
		{"nothing known", func(f *doctor.Facts) { f.Type = "" }, "file-system", doctor.Note, "does not tell"},
		{"no barriers", func(f *doctor.Facts) { f.Options = append(f.Options, "nobarrier") }, "mount", doctor.Bad, "acknowledged commits"},
		{"fast_commit", func(f *doctor.Facts) { f.FastCommit = true }, "mount", doctor.Warn, "fast_commit"},
		{"read-only", func(f *doctor.Facts) { f.Options = []string{"ro"} }, "mount", doctor.Warn, "read-only"},
		{"a sync that is none", sync(900 * time.Nanosecond), "sync", doctor.Bad, "no disk is that fast"},
		{"a sync that may be one", sync(9 * time.Microsecond), "sync", doctor.Warn, "battery"},
		{"a slow disk", sync(300 * time.Millisecond), "sync", doctor.Note, "waits that long"},
		{"not timed", func(f *doctor.Facts) { f.Syncs, f.SyncError = nil, "why" }, "sync", doctor.Note, "not timed: why"},
		{"no room", func(f *doctor.Facts) { f.Free = 1 << 20 }, "space", doctor.Warn, "needs about"},
		{"little room", func(f *doctor.Facts) { f.Free = 2 << 30 }, "space", doctor.Note, "needs about"},
		{"no inodes", func(f *doctor.Facts) { f.FreeFiles = 3 }, "space", doctor.Warn, "3 inodes"},
		{"open to all", func(f *doctor.Facts) { f.WorldWritable = true }, "permission", doctor.Warn, "everybody"},
		{"not ours", func(f *doctor.Facts) { f.PermissionError = "permission denied" }, "permission", doctor.Note, "may not write"},
		{"held", func(f *doctor.Facts) { f.LockPID, f.LockName, f.TextPID = 7, "server", 7 }, "lock", doctor.OK, "open in process 7 (server)"},
		{"held elsewhere", func(f *doctor.Facts) { f.LockPID, f.TextPID = 7, 9 }, "lock", doctor.Note, "namespace"},
		{"held by nobody one can see", func(f *doctor.Facts) { f.LockPID = -1 }, "lock", doctor.OK, "cannot see"},
		{"left open", func(f *doctor.Facts) { f.TextPID, f.TextAlive = 7, false }, "lock", doctor.Note, "process 7 ended without closing"},
		{"its PID given to another", func(f *doctor.Facts) { f.TextPID, f.TextAlive = 7, true }, "lock", doctor.Note, "process 7 ended without closing"},
		{"the kernel does not tell", func(f *doctor.Facts) { f.LockKnown, f.TextPID, f.TextAlive = false, 7, true }, "lock", doctor.OK, "as LOCK says"},
		{"a clock of 1970", func(f *doctor.Facts) { f.Now = time.Unix(0, 0) }, "clock", doctor.Warn, "1970"},
		{"a commit to come", func(f *doctor.Facts) { f.LastCommit = noon.Add(time.Hour) }, "clock", doctor.Warn, "1h0m0s in the future"},
		{"no NTP", func(f *doctor.Facts) { f.ClockUnsynchronized = true }, "clock", doctor.Note, "NTP"},
		{"a long log", func(f *doctor.Facts) { f.Replay = 3 << 30 }, "log", doctor.Note, "an open reads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := healthy()
			c.change(f)
			list := doctor.Judge(f, func(n int64) string { return fmt.Sprint(n) })
			hits := 0
			for _, x := range list {
				if x.Check == c.check && x.Level == c.level && strings.Contains(x.What, c.says) {
					hits++
					if x.Level >= doctor.Warn && x.Next == "" && c.name != "read-only" {
						t.Error("nobody says what to do")
					}
				}
			}
			if hits != 1 {
				t.Errorf("want %s %v %q in %+v", c.check, c.level, c.says, list)
			}
		})
	}
	for _, x := range doctor.Judge(healthy(), func(n int64) string { return fmt.Sprint(n) }) {
		if x.Level != doctor.OK {
			t.Errorf("a healthy store: %+v", x)
		}
	}
}
