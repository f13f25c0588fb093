package crashfs

// issue numbers an effect, applies it to what callers see and puts it among
// the pending ones. What happens to an inode that no name leads to is applied
// and forgotten.
func (f *FS) issue(c *Call, e *Effect) {
	f.seq++
	e.Seq, e.Call = f.seq, c.N
	n := f.node(e.ino)
	n.changed = e.Seq
	for _, s := range e.slots {
		d := f.node(s.dir)
		d.volEnts = d.volEnts.with(s.name, s.ino)
		d.changed, d.dirty = e.Seq, true
	}
	if e.content() {
		if n.dead {
			return
		}
		n.dirty = true
	}
	f.pending = append(f.pending, e)
}

// writeAt writes into what callers see and issues one Data effect for every
// atom that changed, each block's followed by the length that it leads to: a
// long append becomes visible block by block. A hole that it leaves is no data,
// and its blocks are lengths that can be seen too: a later write into the hole
// may be on the disk first.
func (f *FS) writeAt(c *Call, ino int, p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	end := off + int64(len(p))
	f.growHole(c, ino, off)
	wrote := false
	for len(p) > 0 {
		n := min(int64(len(p)), blockSize-off%blockSize)
		if f.writeBlock(c, ino, p[:n], off) {
			wrote = true
		}
		p, off = p[n:], off+n
		if wrote {
			f.grow(c, ino, off)
		}
	}
	f.grow(c, ino, end)
}

// growHole makes the file longer, a block at a time, up to the block that a
// write at off begins in. Of a long hole only the first and the last block count:
// they are what there is of data at its edges.
func (f *FS) growHole(c *Call, ino int, off int64) {
	const most = 8
	size := f.inodes[ino].vol.size
	first, last := size/blockSize+1, off/blockSize
	for b := first; b <= last; b++ {
		if last-first >= most && b == first+1 {
			b = last
		}
		f.grow(c, ino, b*blockSize)
	}
}

// writeBlock writes p, which lies in one block, and reports whether an effect
// came of it.
func (f *FS) writeBlock(c *Call, ino int, p []byte, off int64) bool {
	wrote := false
	for len(p) > 0 {
		i, in := off/f.page, off%f.page
		n := min(int64(len(p)), f.page-in)
		if f.writePage(c, ino, i, int(in), p[:n]) {
			wrote = true
		}
		p, off = p[n:], off+n
	}
	return wrote
}

func (f *FS) writePage(c *Call, ino int, i int64, in int, p []byte) bool {
	n := f.node(ino)
	old := n.vol.page(i)
	b := make([]byte, f.page)
	if old != nil {
		copy(b, old.b)
	}
	changed := n.stray
	if !changed {
		changed = string(b[in:in+len(p)]) != string(p)
	}
	if !changed {
		return false
	}
	lost, moved := c.has(LostWrite), c.has(MisdirectedWrite)
	before := old
	copy(b[in:], p)
	pg := newPage(b)
	n.vol.set(f.own, i, pg)
	if lost || moved {
		n.stray, n.dirty = true, true
	}
	switch {
	case lost:
		return true
	case moved:
		f.misdirect(c, ino, i*f.page+int64(in)+c.fault.Shift, p)
		return true
	}
	for a := int64(in) / f.atom * f.atom; a < int64(in+len(p)); a += f.atom {
		if f.atom < f.page && !n.stray && sameAtom(before, pg, int(a), int(f.atom)) {
			continue
		}
		f.issue(c, &Effect{
			Kind: Data, Name: c.Name, ino: ino, page: pg, partial: f.atom < f.page,
			Off: i*f.page + a, Len: f.atom,
		})
	}
	return true
}

// sameAtom says that two versions of a page agree in one atom.
func sameAtom(a, b *page, off, n int) bool {
	for i := off; i < off+n; i++ {
		var x, y byte
		if a != nil {
			x = a.b[i]
		}
		if b != nil {
			y = b.b[i]
		}
		if x != y {
			return false
		}
	}
	return true
}

// misdirect lets the disk, but no reader, have the bytes at another place.
func (f *FS) misdirect(c *Call, ino int, off int64, p []byte) {
	for len(p) > 0 && off >= 0 {
		i, in := off/f.page, off%f.page
		n := min(int64(len(p)), f.page-in)
		b := make([]byte, f.page)
		if old := f.inodes[ino].vol.page(i); old != nil {
			copy(b, old.b)
		}
		copy(b[in:], p[:n])
		f.issue(c, &Effect{Kind: Data, Name: c.Name, ino: ino, page: newPage(b), Off: i * f.page, Len: f.page})
		p, off = p[n:], off+n
	}
}

// grow makes the file at least size long.
func (f *FS) grow(c *Call, ino int, size int64) {
	if size > f.inodes[ino].vol.size {
		f.resize(c, ino, size, false)
	}
}

// resize sets the length. A truncation is metadata and goes through a journal;
// the growth that comes with a write follows the rules for data.
func (f *FS) resize(c *Call, ino int, size int64, truncate bool) {
	n := f.node(ino)
	was := n.vol.size
	if was == size {
		return
	}
	if truncate && size < was {
		f.zeroTail(c, ino, size, was)
	}
	n.vol.resize(f.own, size, f.page)
	if f.limited {
		f.free = max(f.free+was-size, 0)
	}
	f.issue(c, &Effect{Kind: Size, Name: c.Name, ino: ino, Was: was, Size: size, journal: truncate})
}

// zeroTail writes zeros behind a new, shorter length, up to the end of its block:
// systems do that in the page cache, so that a later growth shows zeros, and the
// page may reach the disk though the length never does.
func (f *FS) zeroTail(c *Call, ino int, size, was int64) {
	end := min(was, (size+blockSize-1)/blockSize*blockSize)
	first := len(f.pending)
	for i := size / f.page; i*f.page < end; i++ {
		lo, hi := max(size, i*f.page), min(end, (i+1)*f.page)
		f.writePage(c, ino, i, int(lo-i*f.page), make([]byte, hi-lo))
	}
	for _, e := range f.pending[first:] {
		e.tail = true
	}
}

// zeroFill writes zeros: over nothing they are a length and no data.
func (f *FS) zeroFill(c *Call, ino int, off, n int64) {
	if n == 0 {
		return
	}
	end := off + n
	for i := off / f.page; i*f.page < end; i++ {
		if i/chunkPages >= int64(len(f.inodes[ino].vol.table)) {
			break // nothing was ever written from here on
		}
		if f.inodes[ino].vol.page(i) == nil && !f.inodes[ino].stray {
			continue
		}
		lo, hi := max(off, i*f.page), min(end, (i+1)*f.page)
		f.writePage(c, ino, i, int(lo-i*f.page), make([]byte, hi-lo))
	}
	f.grow(c, ino, end)
}

// dropCache throws away what only readers can see of a stray file.
func (f *FS) dropCache(ino int) {
	n := f.node(ino)
	if !n.stray {
		return
	}
	n.vol = f.onDisk(ino, func(e *Effect) bool { return !e.Clean })
}

// onDisk is the file's durable content with those pending effects that want
// says.
func (f *FS) onDisk(ino int, want func(*Effect) bool) image {
	n := f.inodes[ino]
	im := n.dur
	size := n.vol.size
	own := new(token)
	for _, e := range f.pending {
		if e.ino == ino && e.content() && want(e) {
			e.apply(&im, own, f.page)
		}
	}
	im.resize(own, size, f.page)
	im.cut(own, size, f.page)
	return im
}

// apply makes a content effect true of an image.
func (e *Effect) apply(im *image, own *token, pageSize int64) {
	if e.Kind == Size {
		if e.shrinks() { // even where the longer length was lost, its data may be there
			im.cut(own, e.Size, pageSize)
		}
		im.resize(own, e.Size, pageSize)
		return
	}
	i := e.Off / pageSize
	if !e.partial {
		im.set(own, i, e.page)
		return
	}
	b := make([]byte, pageSize)
	if old := im.page(i); old != nil {
		copy(b, old.b)
	}
	e.copyTo(b, pageSize)
	im.set(own, i, newPage(b))
}

// copyTo writes the bytes of a partial effect into its page.
func (e *Effect) copyTo(b []byte, pageSize int64) {
	in := e.Off % pageSize
	if e.page != nil {
		copy(b[in:in+e.Len], e.page.b[in:])
	} else {
		clear(b[in : in+e.Len])
	}
}
