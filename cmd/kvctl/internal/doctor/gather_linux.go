package doctor

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Gather asks the system about the directory. What it cannot learn it leaves out.
func Gather(dir string, lockName string) *Facts {
	f := &Facts{}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil {
		return f
	}
	f.mount(dir, st.Dev)
	f.room(dir)
	f.WorldWritable = st.Mode&unix.S_IWOTH != 0 && st.Mode&unix.S_ISVTX == 0
	if err := unix.Access(dir, unix.W_OK); err != nil {
		f.PermissionError = err.Error()
		f.SyncError = "this user may not write in the directory"
	} else {
		f.Writable = true
		f.timeSyncs(dir)
	}
	f.locks(filepath.Join(dir, lockName))
	var tx unix.Timex
	if state, err := unix.Adjtimex(&tx); err == nil {
		f.ClockUnsynchronized = state == unix.TIME_ERROR || tx.Status&unix.STA_UNSYNC != 0
	}
	return f
}

// mount finds the file system in mountinfo: by device, or where that is a
// subvolume's own, by the longest path.
func (f *Facts) mount(dir string, dev uint64) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return
	}
	device := fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev))
	best := -1
	for line := range strings.Lines(string(b)) {
		left, right, ok := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 6 || len(r) < 3 {
			continue
		}
		at := unescape(l[4])
		if at != "/" && dir != at && !strings.HasPrefix(dir, at+"/") {
			continue
		}
		weight := len(at)
		if l[2] == device {
			weight += 1 << 20
		}
		if weight >= best { // of equals the later one lies on top
			best = weight
			f.Mount, f.Type, f.Source = at, r[0], unescape(r[1])
			f.Options = append(strings.Split(l[5], ","), strings.Split(r[2], ",")...)
			device := l[2]
			f.WriteCache = firstLine("/sys/dev/block/"+device+"/queue/write_cache", "/sys/dev/block/"+device+"/../queue/write_cache")
		}
	}
	if f.Type == "ext4" {
		f.ext4(filepath.Base(f.Source))
	}
}

// ext4 reads what is in effect; fast_commit shows as the option of its debugging
// twin, and in its counter.
func (f *Facts) ext4(device string) {
	if b, err := os.ReadFile("/proc/fs/ext4/" + device + "/options"); err == nil {
		f.Options = append(f.Options, strings.Fields(string(b))...)
		f.FastCommit = bytes.Contains(b, []byte("fast_commit")) || bytes.Contains(b, []byte("fc_debug_force"))
	}
	b, err := os.ReadFile("/proc/fs/ext4/" + device + "/fc_info")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutSuffix(strings.TrimSpace(line), " commits"); ok && n != "0" {
			f.FastCommit = true
		}
	}
}

func firstLine(names ...string) string {
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil {
			line, _, _ := strings.Cut(string(b), "\n")
			return line
		}
	}
	return ""
}

// unescape undoes mountinfo's octal escapes.
func unescape(s string) string {
	for _, c := range []string{" ", "\t", "\n", "\\"} {
		s = strings.ReplaceAll(s, fmt.Sprintf("\\%03o", c[0]), c)
	}
	return s
}

func (f *Facts) room(dir string) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return
	}
	f.Free, f.Total = int64(s.Bavail)*int64(s.Bsize), int64(s.Blocks)*int64(s.Bsize)
	f.FreeFiles, f.TotalFiles = int64(s.Ffree), int64(s.Files)
}

// timeSyncs times syncs of a file without a name, for a second at most.
func (f *Facts) timeSyncs(dir string) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		f.SyncError = "the file system has no files without a name: " + err.Error()
		return
	}
	defer unix.Close(fd)
	block := make([]byte, 4096)
	began := time.Now()
	for n := 0; n < 33 && time.Since(began) < time.Second; n++ {
		block[0] = byte(n)
		if _, err := unix.Pwrite(fd, block, 0); err != nil {
			f.SyncError = err.Error()
			return
		}
		start := time.Now()
		err := unix.Fdatasync(fd)
		for errors.Is(err, unix.EINTR) {
			err = unix.Fdatasync(fd)
		}
		if err != nil {
			f.SyncError = err.Error()
			return
		}
		if n > 0 { // the first one makes the file long
			f.Syncs = append(f.Syncs, time.Since(start))
		}
	}
}

// locks asks the kernel who holds LOCK, without taking it.
func (f *Facts) locks(name string) {
	table, err := os.Open("/proc/locks")
	if err != nil {
		return
	}
	defer table.Close()
	f.LockKnown = true
	var st unix.Stat_t
	if unix.Stat(name, &st) != nil {
		return
	}
	want := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		// 1: FLOCK  ADVISORY  WRITE 11667 fe:00:9986862 0 EOF
		w := strings.Fields(lines.Text())
		if len(w) < 6 || w[1] == "->" || w[5] != want {
			continue
		}
		pid, err := strconv.Atoi(w[4])
		if err != nil || pid <= 0 {
			f.LockPID = -1
			return
		}
		f.LockPID, f.LockName = pid, firstLine(fmt.Sprintf("/proc/%d/comm", pid))
		return
	}
}
