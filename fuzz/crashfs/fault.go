package crashfs

import (
	"path"
	"path/filepath"
	"syscall"
)

// Action is what a fault does to a call.
type Action uint8

const (
	// Default is SyncLost for a sync of a file and Fail for everything else.
	Default Action = iota
	// Fail returns the error and does nothing else, but for a write, of which
	// Fault.Short bytes are written first.
	Fail
	// FailAfter does the whole work and returns the error nevertheless.
	FailAfter
	// SyncLost is a failed fsync on Linux: reported once, the pages marked
	// clean, reads still showing the new bytes, the next sync saying ok, and a
	// crash showing what was on the disk before (or not: nothing is known).
	SyncLost
	// SyncReverted is a failed fsync after which the pages are dropped: reads
	// show what is on the disk.
	SyncReverted
	// SyncLies returns nil and makes nothing durable.
	SyncLies
	// LostWrite returns success; readers see the bytes as long as they are in
	// the cache, but the disk never does, whatever is synced.
	LostWrite
	// MisdirectedWrite returns success; the disk gets the bytes Fault.Shift
	// bytes further on, and what was meant to be overwritten stays.
	MisdirectedWrite
)

var actionNames = [...]string{"default", "fail", "fail after", "sync lost", "sync reverted",
	"sync lies", "lost write", "misdirected write"}

func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "action"
}

// Forever as Fault.Times makes a fault never end.
const Forever = -1

// A Fault makes calls go wrong.
type Fault struct {
	// On is the calls that count, as bits: OpSync | OpDataSync.
	On Op
	// Name limits the fault to some files: a full path, a base name, or a
	// pattern (path.Match) for the base name. Empty means any.
	Name string
	// Nth is the matching call from now that is the first to fail: 1, or 0, is
	// the next one.
	Nth int
	// Times is how many matching calls fail from there on; 0 means one.
	Times int
	// Do is what happens.
	Do Action
	// Err is the error, EIO when nil.
	Err error
	// Short is the bytes that a failing write writes all the same.
	Short int64
	// Shift is where a misdirected write goes, in bytes from its place.
	Shift int64
}

// An Injection is a fault in place.
type Injection struct {
	Fault
	fs    *FS
	seen  int
	fired int
}

// Inject puts a fault in place; it ends with the file system, a crash or Remove.
func (f *FS) Inject(fault Fault) *Injection {
	if fault.Nth < 1 {
		fault.Nth = 1
	}
	if fault.Times == 0 {
		fault.Times = 1
	}
	in := &Injection{Fault: fault, fs: f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, in)
	return in
}

// NoSpace is the fault of a full disk: the n-th write or growth from now writes
// short bytes and fails with ENOSPC. Smaller ones after it may succeed.
func NoSpace(n int, short int64) Fault {
	return Fault{On: OpWrites, Nth: n, Do: Fail, Err: syscall.ENOSPC, Short: short}
}

// Fired is how many calls the fault has hit.
func (in *Injection) Fired() int {
	in.fs.mu.Lock()
	defer in.fs.mu.Unlock()
	return in.fired
}

// Remove takes the fault away.
func (in *Injection) Remove() {
	in.fs.mu.Lock()
	defer in.fs.mu.Unlock()
	for i, x := range in.fs.faults {
		if x == in {
			in.fs.faults = append(in.fs.faults[:i:i], in.fs.faults[i+1:]...)
			return
		}
	}
}

func (in *Injection) err() error {
	if in.Err != nil {
		return in.Err
	}
	return syscall.EIO
}

// match finds the fault that hits the call, if one does. Every fault counts
// every call that it matches, hit by another or not. The copy it returns has
// Default resolved.
func (f *FS) match(c *Call) *Injection {
	var hit *Injection
	for _, in := range f.faults {
		if in.On&c.Op == 0 || !matchName(in.Name, c.Name) {
			continue
		}
		in.seen++
		if in.seen < in.Nth || (in.Times != Forever && in.seen >= in.Nth+in.Times) {
			continue
		}
		in.fired++
		if hit == nil {
			hit = in
		}
	}
	if hit == nil {
		return nil
	}
	resolved := *hit
	if resolved.Do == Default {
		resolved.Do = Fail
		if c.Op&OpSyncs != 0 {
			resolved.Do = SyncLost
		}
	}
	return &resolved
}

func matchName(pattern, name string) bool {
	if pattern == "" || pattern == name {
		return true
	}
	ok, err := path.Match(pattern, filepath.Base(name))
	return ok && err == nil
}

// after is the error of a fault that lets the work be done first.
func (c *Call) after() error {
	if c.fault != nil && c.fault.Do == FailAfter {
		return pathError(c.Op, c.Name, c.fault.err())
	}
	return nil
}

func (c *Call) has(a Action) bool { return c.fault != nil && c.fault.Do == a }

// Rest is what is left of the fault for a file system that takes over, after
// Kill or a crash: the n-th call counts on. It is false when nothing is left.
func (in *Injection) Rest() (Fault, bool) {
	in.fs.mu.Lock()
	defer in.fs.mu.Unlock()
	f := in.Fault
	switch {
	case f.Nth > in.seen:
		f.Nth -= in.seen
	case f.Times != Forever && in.seen >= f.Nth+f.Times-1:
		return f, false
	default:
		if f.Times != Forever {
			f.Times -= in.seen - f.Nth + 1
		}
		f.Nth = 1
	}
	return f, true
}
