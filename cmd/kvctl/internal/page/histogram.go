package page

// wide is how many buckets a histogram has at most.
const wide = 720

// ladder is a histogram of which nobody knows beforehand how far it reaches: when
// it has too many buckets, neighbours are joined and the step doubles.
type ladder struct{ Histogram }

func newLadder(from, step int64) ladder {
	return ladder{Histogram{From: from, Step: step, Buckets: [][4]int64{}}}
}

// add counts bytes of a kind (0 set, 1 delete, 2 delete-range) at x; begin is what
// its bucket begins with when x is the first in it.
func (l *ladder) add(x, begin int64, kind int, bytes int64) {
	i := max(0, x-l.From) / l.Step
	for i >= wide {
		l.join()
		i = max(0, x-l.From) / l.Step
	}
	for int64(len(l.Buckets)) <= i {
		l.Buckets = append(l.Buckets, [4]int64{begin})
	}
	l.Buckets[i][1+kind] += bytes
}

func (l *ladder) join() {
	half := l.Buckets[:0]
	for i := 0; i < len(l.Buckets); i += 2 {
		b := l.Buckets[i]
		if i+1 < len(l.Buckets) {
			for k := 1; k < len(b); k++ {
				b[k] += l.Buckets[i+1][k]
			}
		}
		half = append(half, b)
	}
	l.Buckets, l.Step = half, 2*l.Step
}
