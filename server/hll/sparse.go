package hll

import "slices"

// Bounds of the sparse encoding.
const (
	maxValue     = 32   // of a register
	maxValueRun  = 4    // registers of one run of a value
	maxShortZero = 64   // of a run of zeros in one byte
	isLongZero   = 0x40 // the first byte of a run of zeros in two
	isValue      = 0x80 // a run of a value
	longZeroMask = 0xc0 // of both bits
	mergeWindow  = 5    // runs that are looked at for neighbours that can be one
)

// piece is one run of the sparse encoding.
type piece struct {
	value byte // 0 for zeros
	n     int  // registers
	size  int  // bytes
}

// pieceAt reads the run at the start of b; ok is false when it is cut off.
func pieceAt(b []byte) (p piece, ok bool) {
	switch c := b[0]; {
	case c&isValue != 0:
		return piece{c>>2&31 + 1, int(c&3) + 1, 1}, true
	case c&longZeroMask == isLongZero:
		if len(b) < 2 {
			return p, false
		}
		return piece{0, int(c&63)<<8 | int(b[1]) + 1, 2}, true
	default:
		return piece{0, int(c) + 1, 1}, true
	}
}

func appendZeros(b []byte, n int) []byte {
	switch {
	case n == 0:
		return b
	case n > maxShortZero:
		return append(b, isLongZero|byte((n-1)>>8), byte(n-1))
	}
	return append(b, byte(n-1))
}

func appendValue(b []byte, value byte, n int) []byte {
	if n == 0 {
		return b
	}
	return append(b, isValue|(value-1)<<2|byte(n-1))
}

// raiseSparse changes the one run that holds the register: into up to three. Then
// neighbours of one value become one where Redis makes them one, which is not
// everywhere: the bytes are to be the same.
func (s *Sketch) raiseSparse(index int, run byte) (bool, error) {
	if run > maxValue {
		return s.promote(index, run)
	}
	var (
		p      piece
		ok     bool
		at     = header
		before = header // the run in front of at
		first  int      // register of the run at at
		old    = *s
	)
	for {
		if at >= len(old) {
			return false, ErrCorrupt
		}
		if p, ok = pieceAt(old[at:]); !ok {
			return false, ErrCorrupt
		}
		if index < first+p.n {
			break
		}
		before = at
		at += p.size
		first += p.n
	}
	if p.value >= run {
		return false, nil
	}
	var tmp [5]byte
	seq := tmp[:0]
	left, right := index-first, first+p.n-1-index
	if p.value == 0 {
		seq = appendZeros(appendValue(appendZeros(seq, left), run, 1), right)
	} else {
		seq = appendValue(appendValue(appendValue(seq, p.value, left), run, 1), p.value, right)
	}
	if more := len(seq) - p.size; more > 0 && len(old)+more > maxSparse {
		return s.promote(index, run)
	}
	*s = slices.Replace(old, at, at+p.size, seq...)
	s.mergeRuns(before)
	return true, nil
}

// mergeRuns makes runs of one value one, from the given place on.
func (s *Sketch) mergeRuns(at int) {
	b := *s
	for i := 0; i < mergeWindow && at < len(b); i++ {
		p, ok := pieceAt(b[at:])
		if !ok {
			break
		}
		if p.value > 0 && at+1 < len(b) {
			next, ok := pieceAt(b[at+1:])
			if ok && next.value == p.value && p.n+next.n <= maxValueRun {
				b[at+1] = isValue | (p.value-1)<<2 | byte(p.n+next.n-1)
				b = slices.Delete(b, at, at+1)
				continue // perhaps with the next one too
			}
		}
		at += p.size
	}
	*s = b
}

// promote makes the sketch dense to set a register that the sparse encoding has no
// room for.
func (s *Sketch) promote(index int, run byte) (bool, error) {
	if err := s.MakeDense(); err != nil {
		return false, err
	}
	return s.raiseDense(index, run), nil
}
