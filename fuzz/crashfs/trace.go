package crashfs

import (
	"fmt"
	"runtime"
	"strings"
)

// Op names a call; ops are bits, so that a Fault can name several.
type Op uint32

// The calls of vfs.FS, vfs.File and vfs.TempFile.
const (
	OpCreate Op = 1 << iota
	OpCreateTemp
	OpRename
	OpRemove
	OpMkdir
	OpLock
	OpWrite
	OpTruncate
	OpZeroFill
	OpPublish
	OpAbort
	OpSync
	OpDataSync
	OpSyncDir
	OpOpen
	OpOpenWrite
	OpRead
	OpSize
	OpList
	OpStat
	OpDropCache
	OpClose
	OpKill // no call: where the process died, in a trace that goes on after Kill

	// OpSyncs are the barriers on files.
	OpSyncs = OpSync | OpDataSync
	// OpWrites are the calls that need room on the disk.
	OpWrites = OpWrite | OpZeroFill | OpTruncate
	// OpChanges are the calls that can change the disk: the steps. A crash
	// between two of them is a crash before the second.
	OpChanges = OpCreate | OpCreateTemp | OpRename | OpRemove | OpMkdir | OpLock | OpWrite |
		OpTruncate | OpZeroFill | OpPublish | OpAbort | OpSync | OpDataSync | OpSyncDir
)

var opNames = []string{
	"create", "createtemp", "rename", "remove", "mkdir", "lock", "write", "truncate", "zerofill",
	"publish", "abort", "sync", "datasync", "syncdir", "open", "openwrite", "read", "size", "list",
	"stat", "dropcache", "close", "kill",
}

func (o Op) String() string {
	var names []string
	for i, name := range opNames {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// A Call is one call on the file system: an entry of the trace, and what a
// hook is shown.
type Call struct {
	N    int    // its number, from 1, among all calls
	Step int    // its number, from 1, among those that can change the disk; 0 for others
	Op   Op     //
	Name string // the file or directory
	To   string // Rename and Publish: the new name
	Off  int64  // of reads, writes and fills; the new length of Truncate
	Len  int64  // of reads, writes and fills
	Err  error  // what it returned; nil in a hook
	// First and Last are the sequence numbers of the effects it issued; First
	// is greater than Last when it issued none.
	First, Last int

	ino   int       // barriers: what was synced
	upTo  int       // barriers: that inode's last change
	made  []*Effect // barriers: the names and lengths that became durable
	lied  bool      // a barrier that made nothing durable and did not say so
	fault *Injection
	pcs   [8]uintptr
}

// String describes the call in a few words.
func (c *Call) String() string {
	if c.Op == OpKill {
		return "(the process died, the machine did not)"
	}
	s := c.Op.String() + " " + c.Name
	switch c.Op {
	case OpRename, OpPublish:
		s += " -> " + c.To
	case OpWrite, OpRead, OpZeroFill:
		s += fmt.Sprintf(" [%d,%d)", c.Off, c.Off+c.Len)
	case OpTruncate:
		s += fmt.Sprintf(" to %d", c.Off)
	}
	if c.Err != nil {
		s += ": " + c.Err.Error()
	}
	return s
}

// Line is where the call came from: the nearest place outside this package, as
// "file.go:12", with the last two elements of the path. It is empty without a trace.
func (c *Call) Line() string {
	if lines := c.Stack(); len(lines) > 0 {
		return lines[0]
	}
	return ""
}

// Stack is the way to the call, nearest place first, as far as it was kept.
func (c *Call) Stack() []string {
	n := 0
	for n < len(c.pcs) && c.pcs[n] != 0 {
		n++
	}
	if n == 0 {
		return nil
	}
	var lines []string
	frames := runtime.CallersFrames(c.pcs[:n])
	for {
		fr, more := frames.Next()
		inner := strings.Contains(fr.Function, "fuzz/crashfs.(") && !strings.HasSuffix(fr.File, "_test.go")
		if fr.File != "" && !inner && !strings.HasPrefix(fr.Function, "runtime.") {
			lines = append(lines, fmt.Sprintf("%s:%d", lastTwo(fr.File), fr.Line))
		}
		if !more {
			return lines
		}
	}
}

func lastTwo(file string) string {
	i := strings.LastIndexByte(file, '/')
	if i > 0 {
		i = strings.LastIndexByte(file[:i], '/')
	}
	return file[i+1:]
}

// maxTrace bounds the trace of a long run; the older half goes when it is full.
const maxTrace = 1 << 16

// enter begins a call: the hook runs, then the call is counted, matched with
// the injected faults, and f.mu is held unless an error is returned.
func (f *FS) enter(c *Call) error {
	if f.hook != nil {
		f.mu.Lock()
		c.N = f.calls + 1
		f.mu.Unlock()
		f.hook(c)
	}
	f.mu.Lock()
	change := c.Op&OpChanges != 0
	if change && f.dead == nil && f.stopAt > 0 && f.steps+1 >= f.stopAt {
		f.stop(ErrCrashed)
	}
	if f.dead != nil {
		err := f.dead
		f.mu.Unlock()
		return pathError(c.Op, c.Name, err)
	}
	f.calls++
	c.N = f.calls
	if change {
		f.steps++
		c.Step = f.steps
	}
	c.First = f.seq + 1
	if len(f.faults) > 0 {
		c.fault = f.match(c)
	}
	if c.fault != nil && c.fault.Do == Fail {
		err := pathError(c.Op, c.Name, c.fault.err())
		if c.Op != OpWrite { // a write may still be short
			f.leave(c, err)
			return err
		}
	}
	return nil
}

// leave ends a call: it is written into the trace, and f.mu is free.
func (f *FS) leave(c *Call, err error) {
	if c.Op&OpChanges != 0 && !f.noTrace {
		if f.reborn {
			f.reborn = false
			f.trace = append(f.trace, Call{N: c.N, Op: OpKill, First: c.First, Last: c.First - 1})
		}
		c.Last, c.Err = f.seq, err
		runtime.Callers(3, c.pcs[:])
		if len(f.trace) >= maxTrace {
			f.trace = append([]Call(nil), f.trace[maxTrace/2:]...)
			f.dropped += maxTrace / 2
		}
		f.trace = append(f.trace, *c)
	}
	f.mu.Unlock()
}

// Trace is the calls so far that could change the disk, oldest first. Of a very
// long run only the newer part is kept.
func (f *FS) Trace() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trace[:len(f.trace):len(f.trace)]
}
