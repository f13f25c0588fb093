package page

// maxBins is into how many pieces a segment's file is cut at most; of a log of many
// segments, whose strips are thin, fewer.
const maxBins = 1024

// binned prepares a segment of a size for counting.
func binned(s *Segment, segments int) {
	n := int64(maxBins)
	for segments > 32 && n > 64 {
		n, segments = n/2, segments/2
	}
	s.Step = 8
	for s.Step*n < s.Size {
		s.Step *= 2
	}
	s.Bins = make([][]int64, 0, s.Size/s.Step+1)
	s.grow(s.Size)
}

// grow makes room for a file that is being written.
func (s *Segment) grow(size int64) {
	for int64(len(s.Bins))*s.Step < size {
		s.Bins = append(s.Bins, make([]int64, kindsOfBytes))
	}
}

// count says that n bytes at off are of a kind.
func (s *Segment) count(kind int, off, n int64) {
	s.grow(off + n)
	for n > 0 {
		i := off / s.Step
		part := min(n, (i+1)*s.Step-off)
		s.Bins[i][kind] += part
		off, n = off+part, n-part
	}
}

// trim leaves out the zeros behind each bin's last number.
func (s *Segment) trim() {
	for i, b := range s.Bins {
		n := len(b)
		for n > 0 && b[n-1] == 0 {
			n--
		}
		s.Bins[i] = b[:n]
	}
}
