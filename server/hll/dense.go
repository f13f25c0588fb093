package hll

// denseGet reads the 6 bits of a register. Registers begin at the low bits of the
// first byte.
func denseGet(b []byte, i int) byte {
	at, shift := i*6/8, i*6%8
	v := uint16(b[at])
	if shift > 2 {
		v |= uint16(b[at+1]) << 8
	}
	return byte(v>>shift) & 63
}

func denseSet(b []byte, i int, run byte) {
	at, shift := i*6/8, i*6%8
	b[at] = b[at]&^byte(63<<shift) | run<<shift
	if shift > 2 {
		b[at+1] = b[at+1]&^byte(63>>(8-shift)) | run>>(8-shift)
	}
}

func (s Sketch) raiseDense(index int, run byte) bool {
	b := s[header:]
	if denseGet(b, index) >= run {
		return false
	}
	denseSet(b, index, run)
	return true
}

// MakeDense gives the sketch the dense encoding. The cached count stays. The error
// is ErrCorrupt.
func (s *Sketch) MakeDense() error {
	if s.Dense() {
		return nil
	}
	var r Registers
	if err := r.Merge(*s); err != nil {
		return err
	}
	d := make(Sketch, denseSize)
	copy(d, (*s)[:header])
	d[encodingAt] = dense
	for i, run := range r {
		if run > 0 {
			denseSet(d[header:], i, run)
		}
	}
	*s = d
	return nil
}
