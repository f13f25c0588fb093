package crashfs

import "io/fs"

// Rot flips bits of one durable byte: those that are set in xor. Readers see it
// at once. It is for a file system at rest, such as an image.
func (f *FS) Rot(name string, off int64, xor byte) error {
	return f.damage(name, off, 1, func(b []byte) { b[0] ^= xor })
}

// Overwrite puts bytes onto the disk behind everybody's back, within the
// file's length: what a misdirected write of somebody else leaves.
func (f *FS) Overwrite(name string, off int64, p []byte) error {
	return f.damage(name, off, int64(len(p)), func(b []byte) { copy(b, p) })
}

// damage changes n bytes of the durable image of a file, and of what readers
// see there.
func (f *FS) damage(name string, off, n int64, change func([]byte)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	ino, err := f.walk(split(name))
	if err == nil && (f.inodes[ino].dir || off < 0 || off+n > f.inodes[ino].dur.size) {
		err = fs.ErrInvalid
	}
	if err != nil {
		return pathError(OpWrite, name, err)
	}
	nd := f.node(ino)
	for _, im := range []*image{&nd.dur, &nd.vol} {
		b := make([]byte, n)
		im.read(b, off, f.page)
		change(b)
		f.poke(im, b, off)
		f.own = new(token) // the two images may share chunks
		nd.own = f.own
	}
	return nil
}

// poke writes into an image without an effect.
func (f *FS) poke(im *image, p []byte, off int64) {
	for len(p) > 0 {
		i, in := off/f.page, off%f.page
		n := min(int64(len(p)), f.page-in)
		b := make([]byte, f.page)
		im.read(b, i*f.page, f.page)
		copy(b[in:], p[:n])
		im.set(f.own, i, newPage(b))
		p, off = p[n:], off+n
	}
}
