package crashfs

import "sync"

// An ImageSet remembers images by their Hash, so that several runs together can
// say how many different ones they tried. It is safe for concurrent use; the
// zero value is ready. It takes about 16 bytes for each image.
type ImageSet struct {
	mu  sync.Mutex
	set hashSet
}

// Add reports whether the image is new.
func (s *ImageSet) Add(hash uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.add(hash)
}

// Has reports whether the image was added before.
func (s *ImageSet) Has(hash uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.has(hash)
}

// Len is the number of different images.
func (s *ImageSet) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.n
}

// hashSet is a set of hashes: a table that is never more than three quarters
// full, searched from the place that the hash itself names. Millions of images
// are too many for a map, which takes four times the room.
type hashSet struct {
	table []uint64 // a power of two; 0 is a free place
	n     int
}

// place is where h is, or where it would go.
func (s *hashSet) place(h uint64) int {
	mask := uint64(len(s.table) - 1)
	i := h & mask
	for s.table[i] != 0 && s.table[i] != h {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *hashSet) has(h uint64) bool {
	return s.n > 0 && s.table[s.place(max(h, 1))] != 0
}

// add reports whether h is new.
func (s *hashSet) add(h uint64) bool {
	h = max(h, 1)
	if 4*(s.n+1) > 3*len(s.table) {
		old := s.table
		s.table = make([]uint64, max(64, 2*len(old)))
		for _, o := range old {
			if o != 0 {
				s.table[s.place(o)] = o
			}
		}
	}
	i := s.place(h)
	if s.table[i] != 0 {
		return false
	}
	s.table[i] = h
	s.n++
	return true
}
