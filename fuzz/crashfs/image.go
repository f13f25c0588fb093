package crashfs

import (
	"encoding/binary"
	"math/bits"
)

// A token says who may change a chunk in place. The live file system holds one
// and gives it up for a fresh one whenever something else comes to share its
// chunks (a Point, a durable image), so that nothing shared is ever written.
type token struct{ _ byte }

// A page is an immutable run of bytes. A nil *page is a page of zeros: a file
// of 64 MiB of zeros costs its size field and nothing else.
type page struct {
	hash uint64
	b    []byte
}

// chunkPages is the fan-out of an image's table: copying one chunk on write
// costs about as much as copying one page.
const chunkPages = 64

type chunk struct {
	own   *token
	pages [chunkPages]*page
}

// An image is the content of one file: a sparse table of pages that shares
// chunks with its copies. Copying the struct copies the file.
//
// The hash is a sum over the pages, so that replacing a page changes it by two
// additions: the hash of a crash image costs nothing that the image did not.
type image struct {
	size  int64
	hash  uint64
	own   *token // who may write to table in place
	table []*chunk
}

func (im *image) page(i int64) *page {
	c := i / chunkPages
	if c >= int64(len(im.table)) || im.table[c] == nil {
		return nil
	}
	return im.table[c].pages[i%chunkPages]
}

// set replaces page i.
func (im *image) set(own *token, i int64, p *page) {
	old := im.page(i)
	if old == p {
		return
	}
	im.hash += pageHash(i, p) - pageHash(i, old)
	c := i / chunkPages
	if im.own != own || c >= int64(len(im.table)) {
		n := max(int64(len(im.table)), c+1)
		table := make([]*chunk, n)
		copy(table, im.table)
		im.table, im.own = table, own
	}
	ch := im.table[c]
	switch {
	case ch == nil:
		ch = &chunk{own: own}
		im.table[c] = ch
	case ch.own != own:
		dup := *ch
		dup.own = own
		ch = &dup
		im.table[c] = ch
	}
	ch.pages[i%chunkPages] = p
}

// cut forgets every byte at and behind size, leaving im.size alone.
func (im *image) cut(own *token, size, pageSize int64) {
	first := size / pageSize
	if rest := size % pageSize; rest != 0 {
		if p := im.page(first); p != nil {
			b := make([]byte, pageSize)
			copy(b, p.b[:rest])
			im.set(own, first, newPage(b))
		}
		first++
	}
	for c := first / chunkPages; c < int64(len(im.table)); c++ {
		ch := im.table[c]
		if ch == nil {
			continue
		}
		for i := int64(0); i < chunkPages; i++ {
			if n := c*chunkPages + i; n >= first && ch.pages[i] != nil {
				im.set(own, n, nil)
				ch = im.table[c] // set may have copied the chunk
			}
		}
	}
}

// resize sets the length; bytes that a later growth uncovers are zeros.
func (im *image) resize(own *token, size, pageSize int64) {
	if size < im.size {
		im.cut(own, size, pageSize)
	}
	im.size = size
}

// read fills p from off on, without regard to the size.
func (im *image) read(p []byte, off, pageSize int64) {
	for len(p) > 0 {
		i, in := off/pageSize, off%pageSize
		n := min(int64(len(p)), pageSize-in)
		if pg := im.page(i); pg != nil {
			copy(p[:n], pg.b[in:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+n
	}
}

// newPage takes ownership of b. Zeros are no page at all.
func newPage(b []byte) *page {
	if isZero(b) {
		return nil
	}
	return &page{hash: hashBytes(b), b: b}
}

func isZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// hashBytes folds 16 bytes at a time by a 128-bit product (the step of wyhash).
// It need not resist an adversary: a collision hides one crash image.
func hashBytes(b []byte) uint64 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	h := uint64(len(b)) ^ k0
	for len(b) >= 16 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b)^h, binary.LittleEndian.Uint64(b[8:])^k1)
		h = hi ^ lo ^ k0
		b = b[16:]
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * k1
		h ^= h >> 29
	}
	return mix(h)
}

func hashString(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// mix is the finisher of splitmix64.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func pageHash(i int64, p *page) uint64 {
	if p == nil {
		return 0
	}
	return mix(p.hash + uint64(i)*0x9e3779b97f4a7c15)
}
