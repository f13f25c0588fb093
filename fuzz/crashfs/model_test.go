package crashfs_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// refModel is the mode table once more, written as plainly as can be: it never
// folds anything into a durable image, keeps every effect there ever was, and
// finds the legal images by trying every subset of those that no barrier made
// durable. Files hold atoms of 512 bytes, each full of one letter.
type refModel struct {
	mode    crashfs.Mode
	effects []refEffect
	dirs    map[int]map[string]int // what readers see: directory -> name -> inode
	files   map[int]*refFile
	isDir   map[int]bool
	parent  map[int]int
	next    int
	call    int
	changed map[int]int // inode -> last effect
}

type refFile struct {
	size  int
	atoms map[int]byte
}

type refEffect struct {
	kind     crashfs.Kind
	ino      int
	atom     int
	letter   byte
	size     int
	was      int
	slots    []refSlot
	call     int
	journal  bool
	replaces bool
	must     bool
	tail     bool // zeros behind a truncation
}

type refSlot struct {
	dir  int
	name string
	ino  int // -1: removed
}

func newRefModel(mode crashfs.Mode) *refModel {
	return &refModel{
		mode: mode, dirs: map[int]map[string]int{0: {}}, files: map[int]*refFile{},
		isDir: map[int]bool{0: true}, parent: map[int]int{}, next: 1, changed: map[int]int{},
	}
}

func (m *refModel) journaled() bool {
	return m.mode == crashfs.Ext4 || m.mode == crashfs.Ext4NoAutoDA || m.mode == crashfs.XFS
}

func (m *refModel) unit() int { // atoms that are never torn apart
	if m.mode == crashfs.Btrfs {
		return 8
	}
	return 1
}

func (m *refModel) add(e refEffect) {
	e.call = m.call
	m.effects = append(m.effects, e)
	m.changed[e.ino] = len(m.effects) - 1
	for _, s := range e.slots {
		m.changed[s.dir] = len(m.effects) - 1
	}
}

func (m *refModel) name(kind crashfs.Kind, ino int, replaces bool, slots ...refSlot) {
	for _, s := range slots {
		if s.ino < 0 {
			delete(m.dirs[s.dir], s.name)
		} else {
			m.dirs[s.dir][s.name] = s.ino
		}
	}
	m.add(refEffect{kind: kind, ino: ino, slots: slots, journal: true, replaces: replaces})
}

func (m *refModel) create(dir int, name string) int {
	ino := m.next
	m.next++
	m.files[ino] = &refFile{atoms: map[int]byte{}}
	m.name(crashfs.Link, ino, false, refSlot{dir, name, ino})
	return ino
}

func (m *refModel) write(ino, off, n int, letter byte) {
	f := m.files[ino]
	for b := f.size/8 + 1; b <= off/8; b++ { // a hole
		if b*8 > f.size {
			m.add(refEffect{kind: crashfs.Size, ino: ino, size: b * 8, was: f.size})
			f.size = b * 8
		}
	}
	for at := off; at < off+n; {
		end := min(off+n, (at/8+1)*8)
		for a := at; a < end; a++ {
			f.atoms[a] = letter
		}
		// One effect for each unit of tearing: its whole new content.
		for u := at / m.unit(); u <= (end-1)/m.unit(); u++ {
			if m.unit() == 1 {
				m.add(refEffect{kind: crashfs.Data, ino: ino, atom: u, letter: letter})
				continue
			}
			for a := u * 8; a < u*8+8; a++ { // tied together by call and unit, see legal
				m.add(refEffect{kind: crashfs.Data, ino: ino, atom: a, letter: f.atoms[a]})
			}
		}
		if end > f.size {
			m.add(refEffect{kind: crashfs.Size, ino: ino, size: end, was: f.size})
			f.size = end
		}
		at = end
	}
}

func (m *refModel) truncate(ino, size int) {
	f := m.files[ino]
	if size == f.size {
		return
	}
	m.zeroTail(ino, size)
	m.add(refEffect{kind: crashfs.Size, ino: ino, size: size, was: f.size, journal: true})
	cutAtoms(f.atoms, size)
	f.size = size
}

// zeroTail writes zeros from a shorter length to the end of its block, where
// there is anything else.
func (m *refModel) zeroTail(ino, size int) {
	f := m.files[ino]
	block := size / 8 * 8
	dirty := false
	if size == block {
		return // whole blocks go
	}
	for a := size; a < block+8; a++ {
		dirty = dirty || f.atoms[a] != 0
	}
	if !dirty {
		return
	}
	for a := block; a < block+8; a++ {
		switch {
		case a >= size && f.atoms[a] != 0:
			m.add(refEffect{kind: crashfs.Data, ino: ino, atom: a, tail: true})
		case m.unit() == 8: // the whole block is written anew
			letter := f.atoms[a]
			if a >= size {
				letter = 0
			}
			m.add(refEffect{kind: crashfs.Data, ino: ino, atom: a, letter: letter, tail: true})
		}
	}
}

func cutAtoms(atoms map[int]byte, size int) {
	maps.DeleteFunc(atoms, func(a int, _ byte) bool { return a >= size })
}

// needs says that effect i may only be on the disk when j is.
func (m *refModel) needs(i, j int) bool {
	a, b := m.effects[i], m.effects[j]
	if j >= i {
		return false
	}
	growth := a.kind == crashfs.Size && !a.journal && a.size > a.was
	if m.journaled() && b.journal && (a.journal || growth) {
		return true
	}
	if m.mode == crashfs.Ext4 && a.replaces && a.ino == b.ino && b.kind == crashfs.Size {
		return true
	}
	if m.mode == crashfs.Worst || a.kind != crashfs.Size || a.size < a.was || a.ino != b.ino {
		return false
	}
	ext4 := m.mode == crashfs.Ext4 || m.mode == crashfs.Ext4NoAutoDA
	if b.kind == crashfs.Size { // on ext4 the length before this one, else the last truncation
		if !ext4 && (a.journal || !b.journal) {
			return false
		}
		for _, e := range m.effects[j+1 : i] {
			if e.kind == crashfs.Size && e.ino == a.ino && (ext4 || e.journal) {
				return false
			}
		}
		return true
	}
	if ext4 {
		return false // the length may come before the data: zeros
	}
	from := a.was
	if m.unit() == 8 {
		from = from / 8 * 8
	}
	return growth && b.kind == crashfs.Data && b.call == a.call && b.atom >= from && b.atom < (a.size+7)/8*8
}

func (m *refModel) commit(i int) {
	if m.effects[i].must {
		return
	}
	m.effects[i].must = true
	for j := range i {
		if m.needs(i, j) {
			m.commit(j)
		}
	}
}

func (m *refModel) sync(ino int, data bool) {
	growth := -1
	for i, e := range m.effects {
		if e.kind == crashfs.Size && e.ino == ino && e.size > e.was && e.was < m.files[ino].size {
			growth = i
		}
	}
	for i, e := range m.effects {
		switch {
		case e.kind == crashfs.Data && e.ino == ino && !(e.tail && data && i > growth),
			e.kind == crashfs.Size && e.ino == ino && (!data || i <= growth):
			m.commit(i)
		case data:
		case m.journaled() && e.journal && i <= m.changed[ino]:
			m.commit(i)
		case m.mode == crashfs.Btrfs:
			m.ownName(i, ino)
		}
	}
}

// ownName commits effect i when it names ino, and the names above it.
func (m *refModel) ownName(i, ino int) {
	e := m.effects[i]
	if e.ino != ino || e.kind != crashfs.Link && e.kind != crashfs.Rename && e.kind != crashfs.Mkdir {
		return
	}
	m.commit(i)
	for _, later := range m.effects[i+1:] {
		if later.ino == ino && later.kind == crashfs.Rename {
			return // it is elsewhere now
		}
	}
	for _, s := range e.slots {
		if s.ino >= 0 {
			m.above(s.dir)
		}
	}
}

func (m *refModel) above(dir int) {
	for i, e := range m.effects {
		if dir != 0 && e.ino == dir {
			m.ownName(i, dir)
		}
	}
}

func (m *refModel) syncDir(dir int) {
	for i, e := range m.effects {
		switch {
		case slices.ContainsFunc(e.slots, func(s refSlot) bool { return s.dir == dir }):
			m.commit(i)
			if m.mode == crashfs.Btrfs {
				for _, s := range e.slots {
					if s.ino >= 0 {
						m.above(s.dir)
					}
				}
			}
		case m.journaled() && e.journal && i <= m.changed[dir]:
			m.commit(i)
		case m.mode == crashfs.Btrfs:
			m.ownName(i, dir)
		}
	}
}

// legal is every image that a crash may leave; nil when there are too many.
func (m *refModel) legal() []string {
	var free []int
	for i, e := range m.effects {
		if !e.must {
			free = append(free, i)
		}
	}
	if len(free) > 13 && m.unit() == 1 || len(free) > 40 {
		return nil
	}
	// Effects of one call on one block of a mode that does not tear are one.
	var groups [][]int
	for _, i := range free {
		e := m.effects[i]
		if n := len(groups); n > 0 && m.unit() == 8 && e.kind == crashfs.Data {
			if p := m.effects[groups[n-1][0]]; p.kind == crashfs.Data && p.call == e.call && p.ino == e.ino && p.atom/8 == e.atom/8 {
				groups[n-1] = append(groups[n-1], i)
				continue
			}
		}
		groups = append(groups, []int{i})
	}
	if len(groups) > 13 {
		return nil
	}
	images := map[string]bool{}
	for set := 0; set < 1<<len(groups); set++ {
		kept := make([]bool, len(m.effects))
		for i, e := range m.effects {
			kept[i] = e.must
		}
		for g, list := range groups {
			for _, i := range list {
				kept[i] = set>>g&1 == 1
			}
		}
		if m.closed(kept) {
			images[m.image(kept)] = true
		}
	}
	return slices.Sorted(maps.Keys(images))
}

func (m *refModel) closed(kept []bool) bool {
	for i := range kept {
		for j := range i {
			if kept[i] && !kept[j] && m.needs(i, j) {
				return false
			}
		}
	}
	return true
}

func (m *refModel) image(kept []bool) string {
	dirs := map[int]map[string]int{0: {}}
	files := map[int]*refFile{}
	for ino := range m.isDir {
		dirs[ino] = map[string]int{}
	}
	for ino := range m.files {
		files[ino] = &refFile{atoms: map[int]byte{}}
	}
	for i, e := range m.effects {
		if !kept[i] {
			continue
		}
		switch e.kind {
		case crashfs.Data:
			files[e.ino].atoms[e.atom] = e.letter
		case crashfs.Size:
			if e.size < max(e.was, files[e.ino].size) {
				cutAtoms(files[e.ino].atoms, e.size)
			}
			files[e.ino].size = e.size
		default:
			for _, s := range e.slots {
				if s.ino < 0 {
					delete(dirs[s.dir], s.name)
				} else {
					dirs[s.dir][s.name] = s.ino
				}
			}
		}
	}
	var out []string
	var walk func(dir int, at string)
	walk = func(dir int, at string) {
		for _, name := range slices.Sorted(maps.Keys(dirs[dir])) {
			ino := dirs[dir][name]
			if m.isDir[ino] {
				out = append(out, at+name+"/")
				walk(ino, at+name+"/")
				continue
			}
			b := make([]byte, files[ino].size)
			for i := range b {
				b[i] = '0'
				if c := files[ino].atoms[i]; c != 0 {
					b[i] = c
				}
			}
			out = append(out, at+name+"="+string(b))
		}
	}
	walk(0, "")
	return strings.Join(out, " ")
}
