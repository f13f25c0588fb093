package crashfs

// ordered says that the mode lets some effects reach the disk only after others.
func (r *rules) ordered() bool {
	return r.journal || r.renameFlushes || r.grow != growAny
}

// order is, for every pending effect, the indices of the earlier ones that must
// be kept when it is kept: the mode's ordering edges.
//
// With canon, edges are added that take no image away and only leave out
// choices that give the same image: when a later effect overwrites everything
// that an earlier one set, the fate of the earlier one cannot be seen, and it is
// counted as kept. Without them, ten unsynced writes to one sector would be
// 1024 choices for 11 images.
func (r *rules) order(pending []*Effect, canon bool) [][]int32 {
	o := orderer{
		rules: r, pending: pending, needs: make([][]int32, len(pending)),
		lastName: -1, size: make(map[int]int32), cut: make(map[int]int32), data: make(map[atomKey]int32),
	}
	for i, e := range pending {
		if e.Clean {
			// The system thinks that this is on the disk: nothing waits for it.
			if canon && e.Kind == Data {
				o.version(int32(i), e)
			}
			continue
		}
		switch e.Kind {
		case Data:
			if canon {
				o.version(int32(i), e)
			}
		case Size:
			o.length(int32(i), e, canon)
		default:
			o.name(int32(i), e, canon)
		}
		if r.journal && e.journal {
			o.lastName = int32(i)
		}
	}
	return o.needs
}

type atomKey struct {
	ino int
	off int64
}

type orderer struct {
	*rules
	pending  []*Effect
	needs    [][]int32
	lastName int32             // the journal's last entry
	size     map[int]int32     // the last Size of a file
	cut      map[int]int32     // its last truncation
	data     map[atomKey]int32 // the last version of an atom
	names    []int32           // all effects on names
}

func (o *orderer) need(i, j int32) { o.needs[i] = append(o.needs[i], j) }

// version orders the versions of one atom.
func (o *orderer) version(i int32, e *Effect) {
	k := atomKey{e.ino, e.Off}
	if j, ok := o.data[k]; ok {
		o.need(i, j)
	}
	o.data[k] = i
}

// length orders a file's length behind its data and the journal.
func (o *orderer) length(i int32, e *Effect, canon bool) {
	prev, ok := o.size[e.ino]
	o.size[e.ino] = i
	if e.journal {
		o.cut[e.ino] = i
	}
	if o.journal && o.lastName >= 0 {
		// A truncation is an entry of the journal. A growth gets there when its
		// blocks are allocated, which is when they are written back, so after
		// everything that is there already.
		o.need(i, o.lastName)
	}
	if e.shrinks() {
		return
	}
	switch cut, truncated := o.cut[e.ino]; {
	case o.grow == growZeros, o.grow == growAny && canon:
		if ok && (o.grow == growZeros || !o.pending[prev].shrinks()) {
			o.need(i, prev)
		}
	case o.grow == growData && truncated && cut != i:
		o.need(i, cut)
	}
	if e.journal || o.grow != growData {
		return
	}
	for j := i - 1; j >= 0; j-- {
		d := o.pending[j]
		if d.Call != e.Call || d.Kind == Size {
			break // blocks are written in any order, and each brings its length
		}
		if d.Kind == Data && !d.Clean && d.Off+d.Len > e.Was && d.Off < e.Size {
			o.need(i, j)
		}
	}
}

// name orders the effects on names.
func (o *orderer) name(i int32, e *Effect, canon bool) {
	if o.journal && o.lastName >= 0 {
		o.need(i, o.lastName)
	}
	if o.renameFlushes && e.replaces {
		for j := i - 1; j >= 0; j-- {
			if d := o.pending[j]; d.ino == e.ino && d.Kind == Size && !d.Clean {
				o.need(i, j)
			}
		}
	}
	if canon {
		for _, j := range o.names {
			if covered(o.pending[j].slots, e.slots) {
				o.need(i, j)
			}
		}
		o.names = append(o.names, i)
	}
}

// covered says that every name in a is set by b too.
func covered(a, b []slot) bool {
	for _, s := range a {
		found := false
		for _, t := range b {
			if s.dir == t.dir && s.name == t.name {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
