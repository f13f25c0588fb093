package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Level says how much a finding matters.
type Level uint8

// The levels, from good to bad.
const (
	OK   Level = iota + 1
	Note       // worth knowing
	Warn       // may cost data, or will soon stop the store
	Bad        // breaks what the store promises
)

// String is the level's name, as JSON has it.
func (l Level) String() string { return [...]string{"", "ok", "note", "warn", "bad"}[l] }

// Finding is one thing that was looked at.
type Finding struct {
	Check string // "file-system", "sync", "space", ...
	Level Level
	What  string
	Next  string // what to do; "" = nothing
}

// Judge says what to think of the facts. size shows bytes to a person.
func Judge(f *Facts, size func(int64) string) (list []Finding) {
	add := func(check string, level Level, next, format string, args ...any) {
		list = append(list, Finding{check, level, fmt.Sprintf(format, args...), next})
	}
	fileSystem(f, add)
	mount(f, add)
	syncs(f, add)
	space(f, size, add)
	permission(f, add)
	lock(f, add)
	clock(f, add)
	if f.Replay > 1<<30 {
		add("log", Note, "kvctl compact DIR makes a snapshot, and opening quick",
			"an open reads %s of log", size(f.Replay))
	}
	return list
}

type adder func(check string, level Level, next, format string, args ...any)

// What is known of kinds of file systems.
var (
	memory  = []string{"tmpfs", "ramfs", "devtmpfs", "hugetlbfs"}
	network = []string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "lustre", "gfs2", "ocfs2", "beegfs", "9p", "virtiofs", "vboxsf", "prl_fs", "drvfs"}
	foreign = []string{"vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk", "hfs", "hfsplus", "ext2"}
	good    = []string{"ext4", "ext3", "xfs", "btrfs", "zfs", "f2fs", "apfs", "bcachefs"}
)

const elsewhere = "put the store on a local disk with ext4, XFS, btrfs or ZFS"

func fileSystem(f *Facts, add adder) {
	where := f.Type
	if f.Mount != "" {
		where += " at " + f.Mount
	}
	if f.Source != "" && f.Source != f.Type && f.Source != "none" {
		where += " (" + f.Source + ")"
	}
	switch {
	case f.Type == "":
		add("file-system", Note, "", "this system does not tell on which file system the store lies")
	case slices.Contains(memory, f.Type):
		add("file-system", Bad, elsewhere, "%s: memory; a restart of the machine takes the whole store", where)
	case slices.Contains(network, f.Type):
		add("file-system", Bad, elsewhere, "%s: a file system of another machine; it promises neither the lock that keeps a second writer out nor the sync that makes a commit durable", where)
	case f.Type == "overlay" || f.Type == "aufs":
		add("file-system", Warn, "mount a volume of the host where the store lies", "%s: the layer of a container, which goes with the container", where)
	case slices.Contains(foreign, f.Type):
		add("file-system", Warn, elsewhere, "%s: no journal, or none that this engine was tested on; a power cut may damage the file system itself", where)
	case strings.HasPrefix(f.Type, "fuse"):
		add("file-system", Warn, elsewhere, "%s: what a sync does there depends on a program in user space", where)
	case slices.Contains(good, f.Type):
		add("file-system", OK, "", "%s", where)
	default:
		add("file-system", Note, "", "%s: not one that this engine was tested on", where)
	}
}

func mount(f *Facts, add adder) {
	has := func(o string) bool { return slices.Contains(f.Options, o) }
	if has("nobarrier") || has("barrier=0") {
		add("mount", Bad, "mount it with barriers", "mounted with nobarrier: a sync does not empty the disk's cache, and a power cut takes acknowledged commits")
	}
	if has("data=writeback") {
		add("mount", Note, "", "mounted with data=writeback: after a power cut, unsynced ends of files may hold old bytes; the log tells them from its own")
	}
	if has("noauto_da_alloc") {
		add("mount", Note, "", "mounted with noauto_da_alloc: the engine syncs before it renames, and does not need it")
	}
	if f.FastCommit {
		add("mount", Warn, "tune2fs -O ^fast_commit "+f.Source+" while it is not mounted", "ext4 with fast_commit: its replay after a power cut is young code; an ordinary journal is the safer ground for a log")
	}
	if f.WriteCache == "write back" && (has("nobarrier") || has("barrier=0")) {
		add("mount", Bad, "", "the disk's cache is volatile (write back)")
	}
	if has("ro") {
		add("mount", Warn, "", "mounted read-only: the store can be read and not written")
	}
}

// Below these no disk is: a sync that takes less than a trip to any device has
// not made one.
const (
	impossible = 5 * time.Microsecond
	suspicious = 20 * time.Microsecond
	slow       = 100 * time.Millisecond
)

func syncs(f *Facts, add adder) {
	if len(f.Syncs) == 0 {
		if f.SyncError != "" {
			add("sync", Note, "", "not timed: %s", f.SyncError)
		}
		return
	}
	sorted := slices.Sorted(slices.Values(f.Syncs))
	median := sorted[len(sorted)/2]
	took := fmt.Sprintf("a sync of 4 KiB takes %v (the median of %d)", median.Round(time.Microsecond), len(sorted))
	const truth = "ask whoever runs the machine what its disks do with a flush; look for libeatmydata in LD_PRELOAD"
	switch {
	case slices.Contains(memory, f.Type):
		// Said already, and true of memory.
	case median < impossible:
		add("sync", Bad, truth, "%s: no disk is that fast; something answers without writing (libeatmydata, a virtual disk with cache=unsafe)", took)
	case median < suspicious:
		add("sync", Warn, truth, "%s: only a cache with a battery of its own is that fast; anything else has not written", took)
	case median > slow:
		add("sync", Note, "", "%s: each commit that waits alone waits that long", took)
	default:
		add("sync", OK, "", "%s", took)
	}
}

func space(f *Facts, size func(int64) string, add adder) {
	if f.Total == 0 {
		return
	}
	free := fmt.Sprintf("%s of %s free", size(f.Free), size(f.Total))
	switch need := f.Needed; {
	case f.Free < need:
		add("space", Warn, "free some room: a full disk ends writing", "%s; the next compaction needs about %s", free, size(need))
	case f.Free < 4*need:
		add("space", Note, "", "%s; a compaction needs about %s", free, size(need))
	default:
		add("space", OK, "", "%s", free)
	}
	if f.TotalFiles > 0 && f.FreeFiles < 1000 {
		add("space", Warn, "remove files: each new log file and snapshot needs an inode", "%d inodes free", f.FreeFiles)
	}
}

func permission(f *Facts, add adder) {
	switch {
	case f.PermissionError != "":
		add("permission", Note, "", "this user may not write in the directory: %s", f.PermissionError)
	case f.WorldWritable:
		add("permission", Warn, "chmod o-w DIR", "everybody may write in the directory, and so replace files of the store")
	}
}

func lock(f *Facts, add adder) {
	name := func(pid int) string {
		if f.LockName != "" {
			return fmt.Sprintf("process %d (%s)", pid, f.LockName)
		}
		return fmt.Sprintf("process %d", pid)
	}
	switch {
	case f.LockPID > 0:
		add("lock", OK, "", "open in %s", name(f.LockPID))
		if f.TextPID != 0 && f.TextPID != f.LockPID {
			add("lock", Note, "", "LOCK names process %d: its holder runs in another PID namespace, or LOCK was edited", f.TextPID)
		}
	case f.LockPID < 0:
		add("lock", OK, "", "open in a process that this one cannot see, a container's perhaps")
	case f.TextPID != 0 && f.TextAlive && !f.LockKnown:
		add("lock", OK, "", "open in process %d, as LOCK says", f.TextPID)
	case f.TextPID != 0:
		add("lock", Note, "the next open recovers", "not open; process %d ended without closing it", f.TextPID)
	default:
		add("lock", OK, "", "not open")
	}
}

func clock(f *Facts, add adder) {
	switch {
	case f.Now.Year() < 2026:
		add("clock", Warn, "set the clock", "the clock says %s: keys with a deadline live too long", f.Now.UTC().Format(time.RFC3339))
	case f.LastCommit.After(f.Now.Add(time.Minute)):
		add("clock", Warn, "set the clock", "the last commit is of %s, %v in the future: deadlines are judged by this clock (order is not)",
			f.LastCommit.UTC().Format(time.RFC3339), f.LastCommit.Sub(f.Now).Round(time.Second))
	case f.ClockUnsynchronized:
		add("clock", Note, "", "nobody keeps this machine's clock right (no NTP): deadlines are as good as it is")
	default:
		add("clock", OK, "", "%s", f.Now.UTC().Format(time.RFC3339))
	}
}
