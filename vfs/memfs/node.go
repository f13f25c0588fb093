package memfs

import (
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// pageSize is the unit in which contents are held.
const pageSize = 16 << 10

// node is a file or a directory: what POSIX calls an inode. Handles point to
// the node, so it outlives its name.
type node struct {
	children map[string]*node // nil for a file; guarded by FS.mu

	// mu guards the contents. It is never held across anything but copying.
	mu    sync.RWMutex
	size  int64
	pages map[int64]*[pageSize]byte // a page that is absent reads as zeros
}

func newDir() *node { return &node{children: make(map[string]*node)} }

func (n *node) isDir() bool { return n.children != nil }

// holds reports whether n is other or lies above it; the caller holds FS.mu.
func (n *node) holds(other *node) bool {
	if n == other {
		return true
	}
	for _, child := range n.children {
		if child.holds(other) {
			return true
		}
	}
	return false
}

func (n *node) info(name string) vfs.Info {
	return vfs.Info{Name: name, Size: n.length(), IsDir: n.isDir()}
}

func (n *node) length() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.size
}

// readAt copies what lies at off and returns how much there was.
func (n *node) readAt(p []byte, off int64) int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if off >= n.size {
		return 0
	}
	if left := n.size - off; int64(len(p)) > left {
		p = p[:left]
	}
	total := len(p)
	for len(p) > 0 {
		page, at := off/pageSize, int(off%pageSize)
		part := p[:min(len(p), pageSize-at)]
		if data := n.pages[page]; data != nil {
			copy(part, data[at:])
		} else {
			clear(part)
		}
		p, off = p[len(part):], off+int64(len(part))
	}
	return total
}

// writeAt stores p at off, extending the file as needed.
func (n *node) writeAt(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.size = max(n.size, off+int64(len(p)))
	if n.pages == nil {
		n.pages = make(map[int64]*[pageSize]byte)
	}
	for len(p) > 0 {
		page, at := off/pageSize, int(off%pageSize)
		data := n.pages[page]
		if data == nil {
			data = new([pageSize]byte)
			n.pages[page] = data
		}
		copied := copy(data[at:], p)
		p, off = p[copied:], off+int64(copied)
	}
}

// zeroFill makes [off, off+count) zeros, extending the file as needed. Absent
// pages are zeros already.
func (n *node) zeroFill(off, count int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if count > 0 {
		n.size = max(n.size, off+count)
		n.zero(off, off+count)
	}
}

// truncate sets the length. What is cut must read as zeros should the file grow
// again.
func (n *node) truncate(size int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if size < n.size {
		n.zero(size, n.size)
	}
	n.size = size
}

// zero clears [from, to) and drops the pages that lie in it whole; the caller
// holds n.mu. It goes by whichever is fewer: the pages of the range, or those
// that exist (a sparse file may be cut from any size).
func (n *node) zero(from, to int64) {
	first, last := from/pageSize, (to-1)/pageSize
	if last-first < int64(len(n.pages)) {
		for page := first; page <= last; page++ {
			n.zeroPage(page, from, to)
		}
		return
	}
	for page := range n.pages {
		n.zeroPage(page, from, to)
	}
}

func (n *node) zeroPage(page, from, to int64) {
	data := n.pages[page]
	start := page * pageSize
	lo, hi := max(from, start), min(to, start+pageSize)
	switch {
	case data == nil || lo >= hi:
	case hi-lo == pageSize:
		delete(n.pages, page)
	default:
		clear(data[lo-start : hi-start])
	}
}
