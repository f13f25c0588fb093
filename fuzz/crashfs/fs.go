package crashfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// ErrCrashed is what every call gets after the crash, from a file system or a
// file of before it.
var ErrCrashed = errors.New("crashfs: the machine has crashed")

// ErrKilled is what every call gets after Kill.
var ErrKilled = errors.New("crashfs: the process was killed")

// Options configure a simulated file system. The zero value is mode Worst with
// 512-byte atoms.
type Options struct {
	// Mode says which file system is simulated.
	Mode Mode
	// Atom is the unit of tearing, in bytes: a power of two up to 4096; 0 means
	// 512. With 1 every byte survives or is lost on its own.
	Atom int
	// Space is the room on the disk in bytes; 0 means without end. See SetFree.
	Space int64
	// Hook, when not nil, is called at the start of every call, with no lock
	// held: it may park the caller, take a Point, or Stop the file system.
	Hook func(*Call)
	// NoTrace leaves out the record of calls: faster and smaller, and Explain
	// knows no lines.
	NoTrace bool
}

// FS is a simulated file system that knows what a crash may take away. It
// implements vfs.FS and is safe for concurrent use. The directories "/" and
// "." are both its root, which exists and is durable.
type FS struct {
	mode  Mode
	rules rules
	atom  int64
	page  int64

	hook    func(*Call)
	noTrace bool

	mu      sync.Mutex // held for short work in memory only, never while a hook runs
	own     *token
	inodes  []*inode
	pending []*Effect // in order of issue; the slice is only appended to or replaced
	seq     int       // the last effect's number
	temps   int       // numbers temporary names
	locks   map[string]*lock
	dead    error // ErrCrashed or ErrKilled
	limited bool
	free    int64

	calls   int // calls so far
	folds   int // times that something became durable, or was given up
	steps   int // calls so far that could change the disk
	stopAt  int // crash before this step; 0 = never
	faults  []*Injection
	trace   []Call
	dropped int  // calls that the trace no longer holds
	reborn  bool // made by Kill, and nothing traced since

	origin *Origin
}

var _ vfs.FS = (*FS)(nil)

// root is the inode number of the root directory.
const root = 0

// New returns an empty file system. It panics when the atom is no power of two
// up to 4096, because that is a mistake in the test.
func New(o Options) *FS {
	if o.Atom == 0 {
		o.Atom = 512
	}
	if o.Atom < 1 || o.Atom > blockSize || o.Atom&(o.Atom-1) != 0 {
		panic(fmt.Sprintf("crashfs: atom of %d bytes", o.Atom))
	}
	if o.Mode >= modes {
		panic(fmt.Sprintf("crashfs: %v", o.Mode))
	}
	r := table[o.Mode]
	atom := int64(max(o.Atom, r.minAtom))
	f := &FS{
		mode: o.Mode, rules: r, atom: atom, page: max(atom, 512),
		hook: o.Hook, noTrace: o.NoTrace, own: new(token),
		limited: o.Space > 0, free: o.Space,
	}
	f.inodes = []*inode{{own: f.own, dir: true, parent: root}}
	return f
}

// Mode is the mode that the file system was made with.
func (f *FS) Mode() Mode { return f.mode }

// Atom is the unit of tearing in bytes.
func (f *FS) Atom() int { return int(f.atom) }

// SetHook replaces Options.Hook. Call it while nobody else uses f.
func (f *FS) SetHook(hook func(*Call)) { f.hook = hook }

// SetTrace says whether calls are recorded, as Options.NoTrace does. Call it
// while nobody else uses f.
func (f *FS) SetTrace(on bool) { f.noTrace = !on }

// SetFree limits the room that is left to n bytes of file length. A write that
// does not fit is cut short and fails with ENOSPC; removing a file gives its
// length back. A negative n takes the limit away.
func (f *FS) SetFree(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limited, f.free = n >= 0, max(n, 0)
}

// Steps is the number of calls so far that could change the disk: the places
// where a crash makes a difference.
func (f *FS) Steps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.steps
}

// CrashAt makes the power go before the n-th step from now (1 is the next): it
// and every later call get ErrCrashed. Crash then makes the successor.
func (f *FS) CrashAt(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopAt = f.steps + n
}

// Stop makes the power go now: every later call gets ErrCrashed.
func (f *FS) Stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop(ErrCrashed)
}

func (f *FS) stop(why error) {
	if f.dead == nil {
		f.dead = why
	}
}

// Crashed reports whether the file system is dead.
func (f *FS) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead != nil
}

// Crash takes the power away and returns what a machine would find that is
// switched on again: the durable image and those pending effects that c keeps.
// Handles and locks of f are dead. Crash may be called again, with another
// chooser, for another outcome of the same crash.
func (f *FS) Crash(c Chooser) *FS {
	f.mu.Lock()
	f.stop(ErrCrashed)
	f.mu.Unlock()
	return f.Point().Crash(c)
}

// Kill ends the process, not the machine: the successor sees every byte that
// was written, synced or not, and what was pending still is. Handles and locks
// of f are dead. Faults and hooks do not carry over.
func (f *FS) Kill() *FS {
	f.mu.Lock()
	f.stop(ErrKilled)
	f.mu.Unlock()
	return f.Point().Kill()
}

// successor is a file system with f's settings and nothing in it.
func (f *FS) successor() *FS {
	return &FS{
		mode: f.mode, rules: f.rules, atom: f.atom, page: f.page, noTrace: f.noTrace,
		own: new(token), temps: f.temps, limited: f.limited, free: f.free,
	}
}

// node is the inode, made f's own so that it may be changed.
func (f *FS) node(ino int) *inode {
	n := f.inodes[ino]
	if n.own != f.own {
		dup := *n
		dup.own = f.own
		n = &dup
		f.inodes[ino] = n
	}
	return n
}

// split turns a path into the names on the way from the root.
func split(name string) []string {
	name = filepath.ToSlash(filepath.Clean(name[len(filepath.VolumeName(name)):]))
	name = strings.Trim(name, "/")
	if name == "." || name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// walk finds the inode that a path leads to.
func (f *FS) walk(elems []string) (int, error) {
	ino := root
	for _, e := range elems {
		n := f.inodes[ino]
		if !n.dir {
			return none, syscall.ENOTDIR
		}
		if ino = n.volEnts.find(e); ino == none {
			return none, fs.ErrNotExist
		}
	}
	return ino, nil
}

// locate finds the directory that holds a name, and the name's inode or none.
func (f *FS) locate(name string) (dir int, base string, ino int, err error) {
	elems := split(name)
	if len(elems) == 0 {
		return none, "", root, fs.ErrInvalid
	}
	dir, err = f.walk(elems[:len(elems)-1])
	if err != nil {
		return none, "", none, err
	}
	if !f.inodes[dir].dir {
		return none, "", none, syscall.ENOTDIR
	}
	base = elems[len(elems)-1]
	return dir, base, f.inodes[dir].volEnts.find(base), nil
}

func pathError(op Op, name string, err error) error {
	return &fs.PathError{Op: op.String(), Path: name, Err: err}
}
