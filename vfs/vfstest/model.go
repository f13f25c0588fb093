package vfstest

import (
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/vfs"
)

// testModel runs random histories on the file system and on a model of it: a
// map from paths to nodes, and handles that point to nodes. Every call must
// succeed or fail as the model says, and every read must agree.
func testModel(t *testing.T, fsys vfs.FS, dir string) {
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &model{fsys: fsys, root: vfs.Join(dir, fmt.Sprint("run", runs)), nodes: map[string]*mnode{}}
		if err := fsys.Mkdir(m.root); err != nil {
			t.Fatal(err)
		}
		defer m.close()
		t.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"create":   m.create,
			"open":     m.open,
			"temp":     m.temp,
			"publish":  m.publish,
			"abort":    m.abort,
			"close":    m.closeOne,
			"write":    m.write,
			"zerofill": m.zeroFill,
			"truncate": m.truncate,
			"sync":     m.sync,
			"rename":   m.rename,
			"remove":   m.remove,
			"mkdir":    m.mkdir,
		})
	})
}

// mnode is a file or a directory of the model.
type mnode struct {
	dir  bool
	data []byte
}

// mhandle is a handle and what it must show.
type mhandle struct {
	node   *mnode
	file   vfs.File
	write  bool
	temp   vfs.TempFile // nil unless it waits for its name
	target string
}

type model struct {
	fsys    vfs.FS
	root    string
	nodes   map[string]*mnode // by path below root; root itself is not in it
	handles []*mhandle
}

// paths is small so that names collide: each may be a file or a directory at
// one time or another, and some lie below others.
var paths = rapid.SampledFrom([]string{"a", "b", "c", "a/x", "a/y", "b/x", "a/x/p"})

func (m *model) full(path string) string {
	return vfs.Join(append([]string{m.root}, strings.Split(path, "/")...)...)
}

// parent is the error with which the path's parents refuse it: nil when they
// are directories, fs.ErrNotExist when one is missing, errOther when one is a
// file.
func (m *model) parent(path string) error {
	for i := range path {
		if path[i] != '/' {
			continue
		}
		n := m.nodes[path[:i]]
		if n == nil {
			return fs.ErrNotExist
		}
		if !n.dir {
			return errOther
		}
	}
	return nil
}

// lookup is like parent, and asks for the path itself too.
func (m *model) lookup(path string) (*mnode, error) {
	if err := m.parent(path); err != nil {
		return nil, err
	}
	if n := m.nodes[path]; n != nil {
		return n, nil
	}
	return nil, fs.ErrNotExist
}

// errOther is an error of which the contract does not say which it is.
var errOther = fmt.Errorf("some error")

// agree asserts that a call ended as the model says, and reports whether it
// succeeded.
func (m *model) agree(t *rapid.T, err, want error) bool {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Fatal(err)
		}
		return true
	}
	if want == errOther {
		want = nil
	}
	if problem := badError(err, want); problem != "" {
		t.Fatal(problem)
	}
	return false
}

func (m *model) create(t *rapid.T) {
	path := paths.Draw(t, "path")
	want := m.parent(path)
	if want == nil && m.nodes[path] != nil {
		want = fs.ErrExist
	}
	f, err := m.fsys.Create(m.full(path))
	if m.agree(t, err, want) {
		m.nodes[path] = &mnode{}
		m.handles = append(m.handles, &mhandle{node: m.nodes[path], file: f, write: true})
	}
}

func (m *model) open(t *rapid.T) {
	path, write := paths.Draw(t, "path"), rapid.Bool().Draw(t, "write")
	node, want := m.lookup(path)
	if want == nil && node.dir {
		want = errOther
	}
	open := m.fsys.Open
	if write {
		open = m.fsys.OpenWrite
	}
	f, err := open(m.full(path))
	if m.agree(t, err, want) {
		m.handles = append(m.handles, &mhandle{node: node, file: f, write: write})
	}
}

func (m *model) temp(t *rapid.T) {
	path := paths.Draw(t, "path")
	want := m.parent(path)
	f, err := m.fsys.CreateTemp(m.full(path))
	if m.agree(t, err, want) {
		node := &mnode{}
		name := f.Name()[len(m.root)+1:]
		m.nodes[strings.ReplaceAll(name, "\\", "/")] = node
		m.handles = append(m.handles, &mhandle{node: node, file: f, write: true, temp: f, target: path})
	}
}

// nameOf finds the one path of a node, "" when it has none.
func (m *model) nameOf(node *mnode) string {
	for path, n := range m.nodes {
		if n == node {
			return path
		}
	}
	return ""
}

func (m *model) publish(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.temp != nil })
	path, want := m.nameOf(h.node), m.parent(h.target)
	if there := m.nodes[h.target]; want == nil && there != nil && there.dir {
		want = errOther
	}
	if m.agree(t, h.temp.Publish(), want) {
		delete(m.nodes, path)
		m.nodes[h.target] = h.node
	} else {
		if err := h.temp.Abort(); err != nil {
			t.Fatal(err)
		}
		delete(m.nodes, path)
	}
	m.drop(h)
}

func (m *model) abort(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.temp != nil })
	if err := h.temp.Abort(); err != nil {
		t.Fatal(err)
	}
	delete(m.nodes, m.nameOf(h.node))
	m.drop(h)
}

func (m *model) closeOne(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.temp == nil })
	if err := h.file.Close(); err != nil {
		t.Fatal(err)
	}
	m.drop(h)
}

func (m *model) write(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.write })
	p := drawBytes(t)
	off := rapid.IntRange(0, len(h.node.data)+20_000).Draw(t, "off")
	if n, err := h.file.WriteAt(p, int64(off)); err != nil || n != len(p) {
		t.Fatalf("WriteAt = %d, %v", n, err)
	}
	if len(p) > 0 {
		h.node.grow(off + len(p))
		copy(h.node.data[off:], p)
	}
}

func (m *model) zeroFill(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.write })
	off := len(h.node.data) + rapid.IntRange(0, 10_000).Draw(t, "off")
	n := rapid.IntRange(0, 100_000).Draw(t, "n")
	if err := h.file.ZeroFill(int64(off), int64(n)); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		h.node.grow(off + n)
	}
}

func (m *model) truncate(t *rapid.T) {
	h := m.draw(t, func(h *mhandle) bool { return h.write })
	size := rapid.IntRange(0, len(h.node.data)+20_000).Draw(t, "size")
	if err := h.file.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	h.node.data = h.node.data[:min(size, len(h.node.data))]
	h.node.grow(size)
}

func (m *model) sync(t *rapid.T) {
	switch rapid.SampledFrom([]string{"file", "data", "dir"}).Draw(t, "what") {
	case "file":
		m.agree(t, m.draw(t, func(h *mhandle) bool { return h.write }).file.Sync(), nil)
	case "data":
		m.agree(t, m.draw(t, func(h *mhandle) bool { return h.write }).file.DataSync(), nil)
	case "dir":
		path := paths.Draw(t, "path")
		node, want := m.lookup(path)
		if want == nil && !node.dir {
			want = errOther
		}
		m.agree(t, m.fsys.SyncDir(m.full(path)), want)
	}
}

func (m *model) rename(t *rapid.T) {
	from, to := paths.Draw(t, "from"), paths.Draw(t, "to")
	node, want := m.lookup(from)
	if node != nil && node.dir {
		t.Skip("renaming directories is nobody's promise")
	}
	if want == nil {
		want = m.parent(to)
	} else if m.parent(to) != nil || m.nodes[to] != nil {
		want = errOther // two things are wrong, and either may be told
	}
	if there := m.nodes[to]; want == nil && there != nil && there.dir {
		want = errOther
	}
	if m.agree(t, m.fsys.Rename(m.full(from), m.full(to)), want) && from != to {
		delete(m.nodes, from)
		m.nodes[to] = node
	}
}

func (m *model) remove(t *rapid.T) {
	path := paths.Draw(t, "path")
	_, want := m.lookup(path)
	if want == nil && len(m.below(path)) > 0 {
		want = errOther
	}
	if m.agree(t, m.fsys.Remove(m.full(path)), want) {
		delete(m.nodes, path)
	}
}

func (m *model) mkdir(t *rapid.T) {
	path := paths.Draw(t, "path")
	want := m.parent(path)
	if want == nil && m.nodes[path] != nil {
		want = fs.ErrExist
	}
	if m.agree(t, m.fsys.Mkdir(m.full(path)), want) {
		m.nodes[path] = &mnode{dir: true}
	}
}

// check compares every directory's listing and one handle's contents, and one
// file's through a fresh handle.
func (m *model) check(t *rapid.T) {
	m.checkList(t, "")
	for path, n := range m.nodes {
		if n.dir {
			m.checkList(t, path)
		}
	}
	for _, h := range m.handles {
		if problem := badContents(h.file, h.node.data); problem != "" {
			t.Fatalf("%s: %s", h.file.Name(), problem)
		}
	}
}

func (m *model) checkList(t *rapid.T, dir string) {
	name, want := m.root, m.below(dir)
	if dir != "" {
		name = m.full(dir)
	}
	got, err := m.fsys.List(name)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("List(%q) = %v, want %v", dir, got, want)
	}
}

// below lists the entries of a directory of the model.
func (m *model) below(dir string) []vfs.Info {
	infos := []vfs.Info{}
	for path, n := range m.nodes {
		parent, base := "", path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			parent, base = path[:i], path[i+1:]
		}
		if parent == dir {
			infos = append(infos, vfs.Info{Name: base, Size: int64(len(n.data)), IsDir: n.dir})
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name < infos[j].Name })
	return infos
}

// grow extends with zeros to at least size bytes.
func (n *mnode) grow(size int) {
	if more := size - len(n.data); more > 0 {
		n.data = append(n.data, make([]byte, more)...)
	}
}

// draw picks a handle, and another action when there is none that fits.
func (m *model) draw(t *rapid.T, fits func(*mhandle) bool) *mhandle {
	var candidates []*mhandle
	for _, h := range m.handles {
		if fits(h) {
			candidates = append(candidates, h)
		}
	}
	if len(candidates) == 0 {
		t.Skip("no such handle")
	}
	return candidates[rapid.IntRange(0, len(candidates)-1).Draw(t, "handle")]
}

func (m *model) drop(h *mhandle) {
	for i := range m.handles {
		if m.handles[i] == h {
			m.handles = append(m.handles[:i], m.handles[i+1:]...)
			return
		}
	}
}

func (m *model) close() {
	for _, h := range m.handles {
		h.file.Close()
	}
}

// drawBytes yields up to 40,000 bytes, none of them zero, from three draws.
func drawBytes(t *rapid.T) []byte {
	size := rapid.IntRange(0, 300).Draw(t, "size")
	if rapid.Bool().Draw(t, "large") {
		size *= 133
	}
	seed := rapid.IntRange(0, 254).Draw(t, "seed")
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(1 + (seed+i*7)%255)
	}
	return p
}
