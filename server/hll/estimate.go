package hll

import "math"

// Registers are those of one sketch, or the greatest of several: a union.
type Registers [registers]byte

// Merge raises the registers to those of a sketch. The error is ErrCorrupt; some
// may be raised already.
func (r *Registers) Merge(s Sketch) error {
	b := s[header:]
	if s.Dense() {
		for i := range r {
			r[i] = max(r[i], denseGet(b, i))
		}
		return nil
	}
	i := 0
	for len(b) > 0 {
		p, ok := pieceAt(b)
		if !ok || i+p.n > registers {
			return ErrCorrupt
		}
		if p.value > 0 {
			for k := i; k < i+p.n; k++ {
				r[k] = max(r[k], p.value)
			}
		}
		i += p.n
		b = b[p.size:]
	}
	if i != registers {
		return ErrCorrupt
	}
	return nil
}

// MergeInto raises the registers of a sketch to r, one after the other, and
// invalidates the cached count. The error is ErrCorrupt.
func (r *Registers) MergeInto(s *Sketch) error {
	for i, run := range r {
		if run > 0 {
			if _, err := s.raise(i, run); err != nil {
				return err
			}
		}
	}
	s.Invalidate()
	return nil
}

// Count estimates how many elements were added. The products are rounded before
// they are added to: every machine is to come to the same number.
func (r *Registers) Count() uint64 {
	var histogram [64]int
	for _, run := range r {
		histogram[run]++
	}
	const m = float64(registers)
	z := m * tau((m-float64(histogram[maxRun]))/m)
	for run := maxRun - 1; run >= 1; run-- {
		z = (z + float64(histogram[run])) * 0.5
	}
	z += float64(m * sigma(float64(histogram[0])/m))
	n := math.Round(0.721347520444481703680 * m * m / z) // 1/(2 ln 2)
	if n >= 1<<63 {
		return 1 << 63 // all registers full, which no elements will do
	}
	return uint64(n)
}

// sigma is the part of registers that are 0.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		was := z
		z += float64(x * y)
		y += y
		if was == z {
			return z
		}
	}
}

// tau is the part of registers that are full.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		was := z
		y *= 0.5
		d := float64((1 - x) * (1 - x))
		z -= float64(d * y)
		if was == z {
			return z / 3
		}
	}
}
