package kernel

import (
	"fmt"
	"path/filepath"
	"strings"
)

// order watches the system calls of a child and says where they are not in the
// order that durability rests on. It knows files by their paths and nothing of
// the engine's code: what it holds against the calls is the format's promise.
//
//   - When an acknowledgement is written, no byte of the log is unsynced.
//   - A file gets its real name only with all its bytes synced.
//   - The first frame of a new segment is written only when the segment's name
//     and a MANIFEST that knows it are durable: renamed, directory synced.
//   - A MANIFEST gets its name only when no other name is unsynced.
//   - A segment or snapshot is unlinked only when no name is unsynced, that of
//     MANIFEST included.
type order struct {
	dir       string           // the store
	faulty    bool             // calls were made to fail
	dirty     map[string]*call // file -> a write that no later sync covers
	names     map[string]*call // directory -> a change of names that no later sync covers
	manifests int              // renames onto MANIFEST so far
	segments  map[string]int   // segment without a frame -> manifests when it got its name
	wrong     []string
	counts    map[string]int // what was seen
}

// checkOrder returns the violations of one child's trace, and what it checked.
// After a fault the names of what was given up may stay unsynced: a snapshot that
// no MANIFEST lists is nobody's. There only the log and the contents are held
// to the rules.
func checkOrder(dir string, calls []*call, faulty bool) (wrong []string, counts map[string]int) {
	o := &order{
		dir: mountless(dir), faulty: faulty, dirty: map[string]*call{}, names: map[string]*call{},
		segments: map[string]int{}, counts: map[string]int{},
	}
	// A call takes effect at its entry where it makes something dirty or claims
	// something, at its exit where it makes something durable.
	type moment struct {
		c     *call
		entry bool
	}
	last := 0
	for _, c := range calls {
		last = max(last, c.Entry, c.Exit)
	}
	at := make([]moment, last+1)
	over := make([]moment, last+1)
	for _, c := range calls {
		at[c.Entry] = moment{c, true}
		if c.Done {
			over[c.Exit] = moment{c, false}
		}
	}
	for n := range at {
		if c := at[n].c; c != nil {
			o.enter(c)
		}
		if c := over[n].c; c != nil {
			o.exit(c)
		}
	}
	return o.wrong, o.counts
}

func (o *order) bad(c *call, format string, args ...any) {
	o.wrong = append(o.wrong, fmt.Sprintf("%v\n\t%s", c, fmt.Sprintf(format, args...)))
}

// inside says whether a path is the store's.
func (o *order) inside(path string) bool { return strings.HasPrefix(path, o.dir+"/") || path == o.dir }

func (o *order) log(path string) bool {
	return o.inside(path) && filepath.Ext(path) == ".wal"
}

func (o *order) enter(c *call) {
	switch c.Name {
	case "write":
		if c.file() != "" && strings.HasPrefix(c.Args, "1<") {
			o.said(c)
			return
		}
		o.changed(c)
	case "pwrite64", "pwritev", "fallocate":
		// Not ftruncate: a sealed segment is rid of its zeros after its sync, and
		// whether they go is all the same.
		o.changed(c)
	case "rename", "renameat", "renameat2":
		o.renaming(c)
	case "unlink", "unlinkat":
		o.unlinking(c)
	case "open", "openat":
		if strings.Contains(c.Args, "O_CREAT") {
			o.named(c, c.paths()...)
		}
	case "mkdir", "mkdirat":
		o.named(c, c.paths()...)
	}
}

// exit makes durable what a successful sync covers: what had been written when
// the sync began.
func (o *order) exit(c *call) {
	if c.Injected && !c.ok() {
		o.undo(c)
		return
	}
	if c.Name != "fsync" && c.Name != "fdatasync" || !c.ok() {
		return
	}
	path := c.file()
	if w := o.dirty[path]; w != nil && w.Exit != 0 && w.Exit < c.Entry {
		delete(o.dirty, path)
	}
	if w := o.names[path]; w != nil && w.Exit != 0 && w.Exit < c.Entry {
		delete(o.names, path)
	}
	if o.inside(path) {
		o.counts["syncs"]++
	}
}

// undo forgets a call that strace failed in the place of the kernel: it changed
// nothing. (Of a write something may have been written before.)
func (o *order) undo(c *call) {
	for dir, w := range o.names {
		if w == c {
			delete(o.names, dir)
		}
	}
	if paths := c.paths(); strings.HasPrefix(c.Name, "rename") && len(paths) == 2 {
		delete(o.segments, paths[1])
		if filepath.Base(paths[1]) == "MANIFEST" {
			o.manifests--
		}
	}
}

func (o *order) changed(c *call) {
	path := c.file()
	if !o.inside(path) {
		return
	}
	o.dirty[path] = c
	if made, ok := o.segments[path]; ok {
		delete(o.segments, path)
		o.counts["segments"]++
		if o.manifests == made {
			o.bad(c, "the first frame of a segment that no MANIFEST knows")
		}
		o.clean(c, "the first frame of a new segment")
	}
}

// clean holds that no name is unsynced.
func (o *order) clean(c *call, what string) {
	if o.faulty {
		return
	}
	for dir, w := range o.names {
		o.bad(c, "%s, while the names in %s are not synced since\n\t%v", what, dir, w)
	}
}

func (o *order) named(c *call, paths ...string) {
	for _, p := range paths {
		// Names with a dot are temporary: nobody misses them. Neither does
		// anybody miss the lock file.
		base := filepath.Base(p)
		if o.inside(p) && !strings.HasPrefix(base, ".") && base != "LOCK" {
			o.names[filepath.Dir(p)] = c
		}
	}
}

func (o *order) said(c *call) {
	if l, err := parseLine(strings.TrimSuffix(c.text(), "\n")); err != nil || l.what != "sync" {
		return
	}
	o.counts["acknowledgements"]++
	for path, w := range o.dirty {
		if o.log(path) {
			o.bad(c, "acknowledged, while %s is not synced since\n\t%v", path, w)
		}
	}
	for dir, w := range o.names {
		if filepath.Base(dir) == "wal" {
			o.bad(c, "acknowledged, while the names in %s are not synced since\n\t%v", dir, w)
		}
	}
}

func (o *order) renaming(c *call) {
	paths := c.paths()
	if len(paths) != 2 || !o.inside(paths[1]) {
		return
	}
	from, to := paths[0], paths[1]
	o.counts["renames"]++
	if w := o.dirty[from]; w != nil {
		o.bad(c, "renamed to %s, while its bytes are not synced since\n\t%v", to, w)
	}
	switch {
	case filepath.Base(to) == "MANIFEST":
		o.manifests++
		o.counts["manifests"]++
		o.clean(c, "a MANIFEST")
	case o.log(to):
		o.segments[to] = o.manifests
	case filepath.Ext(to) == ".snap":
		o.counts["snapshots"]++
	}
	o.named(c, from, to)
}

// unlinking is of names that nobody needs any more: whether they go, and when,
// is all the same, so nothing waits for a sync of them.
func (o *order) unlinking(c *call) {
	for _, p := range c.paths() {
		ext := filepath.Ext(p)
		if !o.inside(p) || strings.HasPrefix(filepath.Base(p), ".") || ext != ".wal" && ext != ".snap" {
			continue
		}
		o.counts["unlinks"]++
		o.clean(c, "unlinked")
	}
}
