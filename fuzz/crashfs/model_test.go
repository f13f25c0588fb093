package crashfs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

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
	if b.kind == crashfs.Size { // the length before this one
		for _, e := range m.effects[j+1 : i] {
			if e.kind == crashfs.Size && e.ino == a.ino {
				return false
			}
		}
		return true
	}
	if m.mode == crashfs.Ext4 || m.mode == crashfs.Ext4NoAutoDA {
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
		if e.kind == crashfs.Size && e.ino == ino && e.size > e.was {
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
	for _, s := range e.slots {
		m.above(s.dir)
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
					m.above(s.dir)
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

// letters shortens a tree of 512-byte atoms to the model's form.
func letters(t testing.TB, f *crashfs.FS) string {
	var out []string
	var walk func(dir string)
	walk = func(dir string) {
		infos, err := f.List("/" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range infos {
			if in.IsDir {
				out = append(out, dir+in.Name+"/")
				walk(dir + in.Name + "/")
				continue
			}
			data := content(t, f, "/"+dir+in.Name)
			b := make([]byte, 0, 16)
			for i := 0; i < len(data); i += 512 {
				c := data[i]
				if data[i:i+512] != strings.Repeat(string(c), 512) {
					c = '?'
				} else if c == 0 {
					c = '0'
				}
				b = append(b, c)
			}
			out = append(out, dir+in.Name+"="+string(b))
		}
	}
	walk("")
	return strings.Join(out, " ")
}

// step is one operation that the model and any number of simulated file
// systems make alike.
type step struct {
	op       string
	name, to string
	off, n   int
	letter   byte
}

func (s step) String() string {
	return fmt.Sprintf("%s %s %s %d+%d %c", s.op, s.name, s.to, s.off, s.n, s.letter)
}

var stepNames = []string{"a", "b", "d/a", "d/b"}

func drawSteps(t *rapid.T, most int) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		s := step{
			op: rapid.SampledFrom([]string{
				"write", "write", "append", "truncate", "rename", "remove", "sync", "datasync", "syncdir", "mkdir",
			}).Draw(t, "op"),
			name: rapid.SampledFrom(stepNames).Draw(t, "name"),
		}
		switch s.op {
		case "write":
			s.off, s.n = rapid.IntRange(0, 9).Draw(t, "off"), rapid.IntRange(1, 2).Draw(t, "n")
		case "append":
			s.n = rapid.IntRange(1, 2).Draw(t, "n")
		case "truncate":
			s.n = rapid.IntRange(0, 9).Draw(t, "n")
		case "rename":
			s.to = rapid.SampledFrom(stepNames).Draw(t, "to")
		case "syncdir":
			s.name = rapid.SampledFrom([]string{"", "d"}).Draw(t, "dir")
		case "mkdir":
			s.name = "d"
		}
		return s
	}), 1, most).Draw(t, "steps")
}

// perform makes a step on a simulated file system; what cannot be done is passed over.
func perform(t testing.TB, f *crashfs.FS, s step) {
	name := "/" + s.name
	switch s.op {
	case "mkdir":
		_ = f.Mkdir(name)
		return
	case "syncdir":
		_ = f.SyncDir(name)
		return
	case "rename":
		_ = f.Rename(name, "/"+s.to)
		return
	case "remove":
		_ = f.Remove(name)
		return
	}
	h, err := f.OpenWrite(name)
	if err != nil && (s.op == "write" || s.op == "append") {
		h, err = f.Create(name)
	}
	if err != nil {
		return
	}
	size, _ := h.Size()
	switch s.op {
	case "append":
		s.off = int(size) / 512
		fallthrough
	case "write":
		_, err = h.WriteAt([]byte(strings.Repeat(string(s.letter), s.n*512)), int64(s.off)*512)
	case "truncate":
		err = h.Truncate(int64(s.n) * 512)
	case "sync":
		err = h.Sync()
	case "datasync":
		err = h.DataSync()
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Close()
}

// perform makes the step on the model.
func (m *refModel) perform(s step) {
	m.call++
	find := func(name string) (dir int, base string, ino int, ok bool) {
		base = name
		if rest, in := strings.CutPrefix(name, "d/"); in {
			base = rest
			if dir, ok = m.dirs[0]["d"]; !ok {
				return 0, "", -1, false
			}
		}
		ino, ok = m.dirs[dir][base]
		if !ok {
			ino = -1
		}
		return dir, base, ino, true
	}
	dir, base, ino, ok := find(s.name)
	switch s.op {
	case "mkdir":
		if ino < 0 {
			ino = m.next
			m.next++
			m.isDir[ino], m.dirs[ino] = true, map[string]int{}
			m.name(crashfs.Mkdir, ino, false, refSlot{dir, base, ino})
		}
		return
	case "syncdir":
		if s.name == "" {
			m.syncDir(0)
		} else if ino >= 0 {
			m.syncDir(ino)
		}
		return
	}
	if !ok {
		return
	}
	switch s.op {
	case "rename":
		tdir, tbase, tino, tok := find(s.to)
		if ino >= 0 && tok && ino != tino {
			m.name(crashfs.Rename, ino, tino >= 0, refSlot{dir, base, -1}, refSlot{tdir, tbase, ino})
		}
		return
	case "remove":
		if ino >= 0 {
			m.name(crashfs.Unlink, ino, false, refSlot{dir, base, -1})
		}
		return
	}
	if ino < 0 && (s.op == "write" || s.op == "append") {
		ino = m.create(dir, base)
	}
	if ino < 0 {
		return
	}
	switch s.op {
	case "append":
		m.write(ino, m.files[ino].size, s.n, s.letter)
	case "write":
		m.write(ino, s.off, s.n, s.letter)
	case "truncate":
		m.truncate(ino, s.n)
	case "sync", "datasync":
		m.sync(ino, s.op == "datasync")
	}
}

func TestLegalStatesAreThoseOfTheTable(t *testing.T) {
	for _, mode := range []crashfs.Mode{
		crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs,
	} {
		t.Run(mode.String(), rapid.MakeCheck(func(rt *rapid.T) {
			m, f := newRefModel(mode), crashfs.New(crashfs.Options{Mode: mode})
			for i, s := range drawSteps(rt, 10) {
				s.letter = byte('A' + i)
				m.perform(s)
				perform(t, f, s)
			}
			want := m.legal()
			if want == nil {
				rt.Skip("too many")
			}
			var got []string
			for img := range f.Point().States(crashfs.Bound{Exhaustive: 1000}) {
				got = append(got, letters(t, img))
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				rt.Fatalf("%v:\n got %q\nwant %q", mode, got, want)
			}
		}))
	}
}
