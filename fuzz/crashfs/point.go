package crashfs

import "sync"

// A Point is the state of the disk at one instant: the durable image and what
// was pending. It never changes, and any number of crashes can be tried on it,
// also at the same time. Taking one costs a copy of the table of files, and of
// nothing in them.
type Point struct {
	fs      *FS // settings; its state is the successor's
	inodes  []*inode
	pending []*Effect
	trace   []Call
	dropped int
	calls   int
	step    int
	seq     int
	folds   int
	origin  *Origin

	once  sync.Once
	needs [][]int32
}

// Point is the state of the disk now. It may be taken in a hook, and from a
// file system that has crashed: then it is the state at the crash.
func (f *FS) Point() *Point {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = new(token) // from now on everything is shared
	return &Point{
		fs: f.successor(), inodes: append([]*inode(nil), f.inodes...),
		pending: f.pending[:len(f.pending):len(f.pending)],
		trace:   f.trace[:len(f.trace):len(f.trace)], dropped: f.dropped, calls: f.calls, step: f.steps, seq: f.seq, folds: f.folds, origin: f.origin,
	}
}

// Same says that q is the same state of the same disk: nothing was written or
// made durable in between.
func (p *Point) Same(q *Point) bool {
	return p.seq == q.seq && p.origin == q.origin && len(p.pending) == len(q.pending) &&
		(len(p.pending) == 0 || p.pending[0] == q.pending[0]) && p.folds == q.folds
}

// Step is the number of steps that the file system had made.
func (p *Point) Step() int { return p.step }

// Mode is the mode of the file system.
func (p *Point) Mode() Mode { return p.fs.mode }

// Pending is what a crash here may keep or lose, in the order of issue. The
// slice must not be changed.
func (p *Point) Pending() []*Effect { return p.pending }

// Trace is the calls up to here that could change the disk.
func (p *Point) Trace() []Call { return p.trace }

// Kill is the file system that the death of the process here leaves: the
// machine runs on, readers see every byte that was written, and what was
// pending still is. See FS.Kill.
func (p *Point) Kill() *FS {
	g := p.fs.successor()
	g.inodes = append([]*inode(nil), p.inodes...)
	g.pending, g.seq, g.trace, g.dropped = p.pending, p.seq, p.trace, p.dropped
	g.reborn = true
	g.calls, g.steps, g.folds, g.origin = p.calls, p.step, p.folds, p.origin
	return g
}

// order is the ordering edges, computed once.
func (p *Point) order() [][]int32 {
	p.once.Do(func() { p.needs = p.fs.rules.order(p.pending, false) })
	return p.needs
}

// Origin says where a file system came from: the crash, and what it chose.
type Origin struct {
	Point  *Point
	Choice Choice
}

// Origin is the crash that f came from; nil when f was made by New.
func (f *FS) Origin() *Origin { return f.origin }

// Crash is the file system that a crash here leaves when c chooses.
func (p *Point) Crash(c Chooser) *FS {
	needs := p.order()
	choice := make(Choice, len(p.pending))
	for i, e := range p.pending {
		if lostNeed(choice, needs[i]) {
			choice[i] = Lose
			continue
		}
		fate := c(i, e)
		if fate == Garble && (e.Kind != Data || !p.fs.rules.garble) || fate > Garble {
			fate = Lose
		}
		choice[i] = fate
	}
	return p.image(choice)
}

func lostNeed(choice Choice, needs []int32) bool {
	for _, j := range needs {
		if choice[j] == Lose {
			return true
		}
	}
	return false
}

// image builds the file system of one legal choice.
func (p *Point) image(choice Choice) *FS {
	f := p.fs
	g := &FS{
		mode: f.mode, rules: f.rules, atom: f.atom, page: f.page, noTrace: f.noTrace,
		own: new(token), temps: f.temps, limited: f.limited, free: f.free, seq: p.seq,
		origin: &Origin{Point: p, Choice: choice},
	}
	g.inodes = append(make([]*inode, 0, len(p.inodes)+8), p.inodes...)
	for ino, n := range g.inodes {
		switch {
		case !n.dirty:
		case n.dir:
			g.inodes[ino] = &inode{own: g.own, dir: true, parent: n.parent, volEnts: n.durEnts, durEnts: n.durEnts}
		default:
			g.inodes[ino] = &inode{own: g.own, parent: n.parent, dur: n.dur, dead: n.dead}
		}
	}
	var open patch
	for i, e := range p.pending {
		if choice[i] == Keep && e.partial {
			open.add(g, e)
			continue
		}
		switch choice[i] {
		case Keep:
			open.flush(g)
			g.keep(e)
		case Garble:
			open.flush(g)
			n := g.inodes[e.ino]
			n.dur.set(g.own, e.Off/g.page, garbage(e, g.page))
		}
	}
	open.flush(g)
	for ino, n := range g.inodes {
		if n.own == g.own && !n.dir {
			n.dur.cut(g.own, n.dur.size, g.page) // bytes behind a length that was lost
			n.vol = n.dur
		} else if n.own == g.own {
			n.volEnts = n.durEnts
			for _, e := range n.durEnts {
				if c := g.inodes[e.ino]; c.dir && c.parent != ino {
					g.node(e.ino).parent = ino
				}
			}
		}
	}
	g.own = new(token) // dur and vol share their chunks
	return g
}

// patch gathers kept atoms of one page, so that a page of 512 atoms of a byte is
// made once and not 512 times.
type patch struct {
	ino int
	i   int64
	b   []byte // nil when nothing is gathered
}

func (t *patch) add(f *FS, e *Effect) {
	i := e.Off / f.page
	if t.b == nil || t.ino != e.ino || t.i != i {
		t.flush(f)
		t.ino, t.i, t.b = e.ino, i, make([]byte, f.page)
		f.node(e.ino).dur.read(t.b, i*f.page, f.page)
	}
	e.copyTo(t.b, f.page)
}

func (t *patch) flush(f *FS) {
	if t.b != nil {
		f.node(t.ino).dur.set(f.own, t.i, newPage(t.b))
		t.b = nil
	}
}

// keep makes an effect durable in an image that is being built.
func (f *FS) keep(e *Effect) {
	if e.content() {
		e.apply(&f.node(e.ino).dur, f.own, f.page)
		return
	}
	for _, s := range e.slots {
		d := f.node(s.dir)
		d.durEnts = d.durEnts.with(s.name, s.ino)
	}
}

// garbage is what a torn sector holds: a pattern that depends on the place and
// on what was being written, and is neither old nor new.
func garbage(e *Effect, size int64) *page {
	b := make([]byte, size)
	h := mix(uint64(e.Off)+1) ^ uint64(e.Seq)<<32
	if e.page != nil {
		h ^= e.page.hash
	}
	for i := range b {
		if i%8 == 0 {
			h = mix(h + 0x9e3779b97f4a7c15)
		}
		b[i] = byte(h >> (8 * (i % 8)))
	}
	return newPage(b)
}

// Hash identifies the durable image: names, lengths and bytes. Equal images
// have equal hashes, in every run of the same version of this package.
func (f *FS) Hash() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return treeHash(f.inodes, root, 1, 0)
}

// Hash identifies the state of the disk: the durable image, what is pending,
// and what readers see. Histories that come to the same place by the same
// calls have the same; nothing new can be found there.
func (p *Point) Hash() uint64 {
	h := treeHash(p.inodes, root, 1, 0)
	for _, e := range p.pending {
		k := mix(uint64(e.Kind)<<56 ^ uint64(e.ino)<<40 ^ uint64(e.Off) ^ uint64(e.Size)<<20)
		if e.Clean {
			k++
		}
		if e.page != nil {
			k ^= e.page.hash
		}
		for _, s := range e.slots {
			k = hashString(k+uint64(s.dir)<<32+uint64(s.ino), s.name)
		}
		h = mix(h*0x9e3779b97f4a7c15 + k)
	}
	for ino, n := range p.inodes {
		if n.stray {
			h ^= mix(n.vol.hash + uint64(ino) + uint64(n.vol.size)<<32)
		}
	}
	return h
}

func treeHash(inodes []*inode, dir int, h uint64, depth int) uint64 {
	var sum uint64
	for _, e := range inodes[dir].durEnts {
		k := hashString(h, e.name)
		n := inodes[e.ino]
		switch {
		case !n.dir:
			sum += mix(k ^ mix(n.dur.hash+uint64(n.dur.size)*0x9e3779b97f4a7c15))
		case depth < 64: // partial renames could make a circle
			sum += mix(k) + treeHash(inodes, e.ino, k, depth+1)
		}
	}
	return sum
}
