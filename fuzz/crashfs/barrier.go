package crashfs

import "slices"

// barrier makes durable what the mode says that this call makes durable.
func (f *FS) barrier(c *Call, ino int) error {
	c.ino, c.upTo = ino, f.inodes[ino].changed
	if c.fault != nil {
		switch c.fault.Do {
		case SyncLies:
			c.lied = true
			return nil
		case SyncLost, SyncReverted:
			if !f.inodes[ino].dir {
				f.loseWriteback(ino, c.fault.Do == SyncReverted)
			}
			return pathError(c.Op, c.Name, c.fault.err())
		}
	}
	in := f.rules.covers(c, f.pending, f.parentOf)
	if !f.noTrace {
		for i, e := range f.pending {
			if in != nil && in[i] && e.Kind != Data {
				c.made = append(c.made, e)
			}
		}
	}
	f.fold(in)
	return c.after()
}

// covers is the set of pending effects, as flags, that a barrier makes durable,
// closed under the mode's ordering: nothing becomes durable before what it needs.
func (r *rules) covers(c *Call, pending []*Effect, parent func(int) int) []bool {
	in := make([]bool, len(pending))
	some := false
	mark := func(i int) { in[i], some = true, true }
	if c.Op == OpSyncDir {
		r.coverNames(c, pending, parent, mark)
	} else {
		r.coverFile(c, pending, parent, mark)
	}
	if !some {
		return nil
	}
	if r.ordered() {
		needs := r.order(pending, false)
		for i := len(pending) - 1; i >= 0; i-- { // needs point backwards
			if in[i] {
				for _, j := range needs[i] {
					in[j] = true
				}
			}
		}
	}
	return in
}

// coverFile is the row of fsync and fdatasync.
func (r *rules) coverFile(c *Call, pending []*Effect, parent func(int) int, mark func(int)) {
	data := c.Op == OpDataSync
	lastGrowth := lastGrowth(pending, c.ino)
	var named *Effect
	for i, e := range pending {
		switch {
		case e.Clean:
		case e.ino == c.ino && e.Kind == Data && !(e.tail && data && i > lastGrowth):
			mark(i)
		case e.ino == c.ino && e.Kind == Size:
			// fdatasync writes the length that reading the data needs: all up
			// to the last growth, but no truncation behind it.
			if !data || i <= lastGrowth {
				mark(i)
			}
		case r.syncCommits && !data && e.journal && e.Seq <= c.upTo:
			mark(i)
		case r.ownName && !data && e.names(c.ino):
			mark(i)
			named = e
		}
	}
	if named != nil { // the last name counts: nobody needs the directory it came from
		r.coverAncestors(named, pending, parent, mark)
	}
}

// lastGrowth is the index of the growth up to which fdatasync needs a file's
// length; -1 when the length is no longer than it was. A growth that a truncation
// has taken back is not needed.
func lastGrowth(pending []*Effect, ino int) int {
	last, size := -1, int64(-1)
	for i := len(pending) - 1; i >= 0; i-- {
		e := pending[i]
		if e.ino != ino || e.Kind != Size {
			continue
		}
		if size < 0 {
			size = e.Size
		}
		if !e.shrinks() && e.Was < size {
			last = i
			break
		}
	}
	return last
}

// coverNames is the row of fsync of a directory.
func (r *rules) coverNames(c *Call, pending []*Effect, parent func(int) int, mark func(int)) {
	for i, e := range pending {
		switch {
		case e.touches(c.ino):
			mark(i)
			if r.ownName {
				r.coverAncestors(e, pending, parent, mark)
			}
		case r.syncCommits && e.journal && e.Seq <= c.upTo:
			mark(i)
		case r.ownName && e.names(c.ino):
			mark(i)
			r.coverAncestors(e, pending, parent, mark)
		}
	}
}

// coverAncestors marks the names of the directories above the name that an
// effect gives.
func (r *rules) coverAncestors(e *Effect, pending []*Effect, parent func(int) int, mark func(int)) {
	for _, s := range e.slots {
		if s.ino == none {
			continue
		}
		for d := s.dir; d != root; d = parent(d) {
			for i, p := range pending {
				if p.names(d) {
					mark(i)
				}
			}
		}
	}
}

// names says that the effect gives the inode a name.
func (e *Effect) names(ino int) bool {
	return e.ino == ino && (e.Kind == Link || e.Kind == Rename || e.Kind == Mkdir)
}

func (f *FS) parentOf(ino int) int { return f.inodes[ino].parent }

// fold moves the flagged effects into the durable image, in order. What they
// supersede is gone: of the versions of an atom, a length or a name, a crash
// shows the last durable one or a later one, never an older one.
func (f *FS) fold(in []bool) {
	if in == nil {
		return
	}
	f.folds++
	var folded, rest []*Effect
	for i, e := range f.pending {
		if in[i] {
			folded = append(folded, e)
		} else {
			rest = append(rest, e)
		}
	}
	var few []*Effect // what can supersede data that no sync takes
	for _, e := range folded {
		if e.Kind != Data {
			few = append(few, e)
		}
	}
	for i, e := range rest {
		if e.Clean { // a sync takes all other data of a file
			rest[i] = supersede(e, folded, f.page)
		} else {
			rest[i] = supersede(e, few, f.page)
		}
	}
	f.pending = slices.DeleteFunc(rest, func(e *Effect) bool { return e == nil })

	left := make(map[int]bool) // files and directories that something is still pending for
	for _, e := range f.pending {
		if e.content() {
			left[e.ino] = true
		}
		for _, s := range e.slots {
			left[s.dir] = true
		}
	}
	unnamed := false
	for _, e := range folded {
		if e.content() {
			n := f.node(e.ino)
			switch {
			case left[e.ino] || n.stray:
				e.apply(&n.dur, f.own, f.page)
			case n.dirty:
				// Nothing else is pending: the disk is what readers see.
				n.dur, n.dirty = n.vol, false
				f.own = new(token)
				n.own = f.own
			}
			continue
		}
		for _, s := range e.slots {
			d := f.node(s.dir)
			d.durEnts = d.durEnts.with(s.name, s.ino)
			if !left[s.dir] {
				d.durEnts, d.dirty = d.volEnts, false
			}
		}
		unnamed = unnamed || e.Kind == Unlink || e.replaces
	}
	if unnamed {
		f.bury()
	}
}

// supersede is what is left of a pending effect once later ones are durable:
// nil for nothing, for a rename possibly one of its two names, and for data what
// a truncation left of it.
func supersede(e *Effect, folded []*Effect, pageSize int64) *Effect {
	for _, d := range folded {
		if d.Seq < e.Seq {
			continue
		}
		if e.Kind == Data && d.Kind == Data && e.ino == d.ino && e.Off >= d.Off && e.Off+e.Len <= d.Off+d.Len {
			return nil
		}
		if d.Kind == Size && e.content() && e.ino == d.ino {
			if e.Kind == Size || d.shrinks() && d.Size <= e.Off {
				return nil
			}
			if d.shrinks() && d.Size < e.Off+e.Len && e.page != nil && !e.partial {
				short := *e
				b := make([]byte, pageSize)
				copy(b, e.page.b[:d.Size-e.Off])
				short.page = newPage(b)
				e = &short
			}
		}
		for _, s := range d.slots {
			for i, t := range e.slots {
				if s.dir == t.dir && s.name == t.name {
					if len(e.slots) == 1 {
						return nil
					}
					part := *e
					part.slots = slices.Delete(slices.Clone(e.slots), i, i+1)
					e = &part
					break
				}
			}
		}
	}
	return e
}

// bury drops the pending content of files that no name leads to any more.
func (f *FS) bury() {
	seen := make([]bool, len(f.inodes))
	seen[root] = true
	note := func(es entries) {
		for _, e := range es {
			seen[e.ino] = true
		}
	}
	for _, n := range f.inodes {
		if n.dir {
			note(n.volEnts)
			note(n.durEnts)
		}
	}
	for _, e := range f.pending {
		for _, s := range e.slots {
			if s.ino != none {
				seen[s.ino] = true
			}
		}
	}
	for ino := range f.inodes {
		if n := f.inodes[ino]; !seen[ino] && !n.dead {
			n = f.node(ino)
			n.dead, n.dirty, n.dur = true, false, image{}
		}
	}
	f.pending = slices.DeleteFunc(slices.Clone(f.pending), func(e *Effect) bool {
		return e.content() && f.inodes[e.ino].dead
	})
}

// loseWriteback is a failed fsync: what was pending is marked clean, or, when
// readers are to see the disk again, dropped.
func (f *FS) loseWriteback(ino int, revert bool) {
	f.folds++
	n := f.node(ino)
	n.stray, n.dirty = true, true
	pending := slices.Clone(f.pending)
	for i, e := range pending {
		if e.ino == ino && e.Kind == Data && !e.Clean {
			dup := *e
			dup.Clean = true
			pending[i] = &dup
		}
	}
	f.pending = pending
	if revert {
		n.vol = f.onDisk(ino, func(e *Effect) bool { return !e.Clean })
		f.pending = slices.DeleteFunc(slices.Clone(pending), func(e *Effect) bool {
			return e.ino == ino && e.Clean
		})
	}
}
