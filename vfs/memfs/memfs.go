package memfs

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/redis-lite/redis-lite/vfs"
)

// FS is a file system in memory. The zero value is not ready; use New.
type FS struct {
	// mu guards the tree (every node's children) and everything below. It is
	// held for lookups and pointer swaps only; contents have locks of their own.
	mu     sync.Mutex
	root   *node
	locked map[*node]bool // directories that hold a locked file
	temps  uint64         // the last temporary name given out
}

var _ vfs.FS = (*FS)(nil)

// New returns an empty file system, which holds its root and nothing else.
func New() *FS {
	return &FS{root: newDir(), locked: make(map[*node]bool)}
}

// Open opens an existing file for reading.
func (m *FS) Open(name string) (vfs.File, error) {
	return m.open("open", name, false)
}

// OpenWrite opens an existing file for reading and writing.
func (m *FS) OpenWrite(name string) (vfs.File, error) {
	return m.open("open", name, true)
}

func (m *FS) open(op, name string, write bool) (*file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err == nil && n.isDir() {
		err = syscall.EISDIR
	}
	if err != nil {
		return nil, wrap(op, name, err)
	}
	return &file{node: n, name: name, write: write}, nil
}

// Create makes a new, empty file.
func (m *FS) Create(name string) (vfs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.create("open", name)
}

// create makes a file; the caller holds m.mu.
func (m *FS) create(op, name string) (*file, error) {
	parent, base, err := m.parent(name)
	if err == nil && parent.children[base] != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return nil, wrap(op, name, err)
	}
	n := new(node)
	parent.children[base] = n
	return &file{node: n, name: name, write: true}, nil
}

// CreateTemp makes a file under a temporary name beside target.
func (m *FS) CreateTemp(target string) (vfs.TempFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		m.temps++
		name := vfs.Join(vfs.Dir(target), "."+vfs.Base(target)+strconv.FormatUint(m.temps, 10))
		f, err := m.create("createtemp", name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &tempFile{file: f, fsys: m, target: target}, nil
	}
}

// Rename gives a file or a directory another name, replacing a file (or an
// empty directory by a directory) that has that name.
func (m *FS) Rename(oldname, newname string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rename("rename", oldname, newname)
}

// rename moves a name; the caller holds m.mu.
func (m *FS) rename(op, oldname, newname string) error {
	fail := func(err error) error { return wrap(op, oldname, &renameError{newname, err}) }
	from, oldbase, err := m.parent(oldname)
	if err != nil {
		return fail(err)
	}
	n := from.children[oldbase]
	if n == nil {
		return fail(fs.ErrNotExist)
	}
	to, newbase, err := m.parent(newname)
	if err != nil {
		return fail(err)
	}
	switch there := to.children[newbase]; {
	case there == n:
		return nil
	case n.holds(to):
		return fail(syscall.EINVAL)
	case there == nil:
	case there.isDir() && !n.isDir():
		return fail(syscall.EISDIR)
	case n.isDir() && !there.isDir():
		return fail(syscall.ENOTDIR)
	case there.isDir() && len(there.children) > 0:
		return fail(syscall.ENOTEMPTY)
	}
	delete(from.children, oldbase)
	to.children[newbase] = n
	return nil
}

// Remove removes a file or an empty directory.
func (m *FS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parent, base, err := m.parent(name)
	if err != nil {
		return wrap("remove", name, err)
	}
	switch n := parent.children[base]; {
	case n == nil:
		return wrap("remove", name, fs.ErrNotExist)
	case len(n.children) > 0:
		return wrap("remove", name, syscall.ENOTEMPTY)
	}
	delete(parent.children, base)
	return nil
}

// Mkdir makes one directory.
func (m *FS) Mkdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parent, base, err := m.parent(name)
	if errors.Is(err, errRoot) || err == nil && parent.children[base] != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return wrap("mkdir", name, err)
	}
	parent.children[base] = newDir()
	return nil
}

// List returns the entries of a directory, sorted by name.
func (m *FS) List(dir string) ([]vfs.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.findDir(dir)
	if err != nil {
		return nil, wrap("list", dir, err)
	}
	infos := make([]vfs.Info, 0, len(n.children))
	for name, child := range n.children {
		infos = append(infos, child.info(name))
	}
	slices.SortFunc(infos, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

// Stat describes a file or a directory.
func (m *FS) Stat(name string) (vfs.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err != nil {
		return vfs.Info{}, wrap("stat", name, err)
	}
	return n.info(vfs.Base(name)), nil
}

// SyncDir checks that dir is a directory: there is no disk to sync it to.
func (m *FS) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.findDir(dir); err != nil {
		return wrap("syncdir", dir, err)
	}
	return nil
}

// Lock locks the named file and its directory against another Lock. The file is
// made when it is missing and stays empty: the holder is always this process.
func (m *FS) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parent, base, err := m.parent(name)
	if err != nil {
		return nil, wrap("lock", name, err)
	}
	n := parent.children[base]
	switch {
	case n != nil && n.isDir():
		return nil, wrap("lock", name, syscall.EISDIR)
	case m.locked[parent]:
		return nil, &vfs.LockedError{Name: name}
	case n == nil:
		parent.children[base] = new(node)
	}
	m.locked[parent] = true
	return &lock{fsys: m, dir: parent}, nil
}

// lock is a held lock. It names the directory's node, so that renaming or
// removing the file while the lock is held lets nobody else in.
type lock struct {
	fsys *FS
	dir  *node // nil once closed; guarded by fsys.mu
}

func (l *lock) Close() error {
	l.fsys.mu.Lock()
	defer l.fsys.mu.Unlock()
	if l.dir != nil {
		delete(l.fsys.locked, l.dir)
		l.dir = nil
	}
	return nil
}

// errRoot is where a name was needed and the path is the root, which has none.
var errRoot = errors.New("is the root directory")

// find walks to a file or a directory; the caller holds m.mu.
func (m *FS) find(name string) (*node, error) {
	n := m.root
	for _, elem := range split(name) {
		if !n.isDir() {
			return nil, vfs.ErrNotDir
		}
		if n = n.children[elem]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

func (m *FS) findDir(name string) (*node, error) {
	n, err := m.find(name)
	if err == nil && !n.isDir() {
		err = vfs.ErrNotDir
	}
	return n, err
}

// parent walks to the directory that holds name, which need not exist itself.
func (m *FS) parent(name string) (dir *node, base string, err error) {
	elems := split(name)
	if len(elems) == 0 {
		return nil, "", errRoot
	}
	base = elems[len(elems)-1]
	dir, err = m.findDir(strings.Join(elems[:len(elems)-1], "/"))
	return dir, base, err
}

// split cuts a path into its elements from the root on.
func split(name string) []string {
	name = filepath.Clean(name)
	name = filepath.ToSlash(name[len(filepath.VolumeName(name)):])
	return slices.DeleteFunc(strings.Split(name, "/"), func(elem string) bool {
		return elem == "" || elem == "." || elem == ".."
	})
}

// wrap names the operation and the file, as every error of a vfs.FS does.
func wrap(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// renameError adds the second name, for which fs.PathError has no room.
type renameError struct {
	newname string
	err     error
}

func (e *renameError) Error() string { return "to " + e.newname + ": " + e.err.Error() }
func (e *renameError) Unwrap() error { return e.err }
