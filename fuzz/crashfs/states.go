package crashfs

import (
	"iter"
	"math/rand/v2"
	"slices"
)

// A Bound says how far States goes.
type Bound struct {
	// Exhaustive is the number of pending effects up to which every legal
	// subset is made; 0 means 12.
	Exhaustive int
	// Pairs is the number up to which every pair of losses is tried where not
	// every subset is; 0 means 40.
	Pairs int
	// Random is how many random subsets are tried beyond that; 0 means 64, a
	// negative number none.
	Random int
	// Seed is for the random ones.
	Seed uint64
	// Salt stands for what a check depends on besides the image, such as what
	// had been acknowledged: equal images with different salts are both made.
	Salt uint64
	// Census, when not nil, counts, and leaves out images that it has seen,
	// from whatever Point. Without one only this call's duplicates are left out.
	Census *Census
}

func (b Bound) withDefaults() Bound {
	if b.Exhaustive == 0 {
		b.Exhaustive = 12
	}
	if b.Pairs == 0 {
		b.Pairs = 40
	}
	if b.Random == 0 {
		b.Random = 64
	}
	if b.Census == nil {
		b.Census = new(Census)
	}
	return b
}

// States yields the distinct images that a crash here can leave, within the
// bound. Each is a file system of its own; Origin says what was chosen.
func (p *Point) States(b Bound) iter.Seq[*FS] {
	b = b.withDefaults()
	return func(yield func(*FS) bool) {
		b.Census.point()
		for c := range p.Choices(b) {
			f := p.image(c)
			if b.Census.add(p, c, f.Hash(), b.Salt) && !yield(f) {
				return
			}
		}
	}
}

// Choices yields legal choices, within the bound. Choices that are known to
// give the same image as another are left out.
func (p *Point) Choices(b Bound) iter.Seq[Choice] {
	b = b.withDefaults()
	return func(yield func(Choice) bool) {
		needs := p.fs.rules.order(p.pending, true)
		ch := &choices{p: p, needs: needs, yield: yield, now: make(Choice, len(p.pending))}
		data := 0
		for _, e := range p.pending {
			if e.Kind == Data {
				data++
			}
		}
		n := len(p.pending)
		switch {
		case n > b.Exhaustive:
			ch.sample(b)
		case p.fs.rules.garble && 2*n+data <= 2*b.Exhaustive: // 3^data ~ 2^(1.5 data)
			ch.all(0, true)
		default:
			_ = ch.all(0, false) && ch.garbles()
		}
	}
}

type choices struct {
	p     *Point
	needs [][]int32
	yield func(Choice) bool
	now   Choice
}

// emit hands out a copy: the choice is kept with the image.
func (ch *choices) emit() bool { return ch.yield(append(Choice(nil), ch.now...)) }

// all makes every legal choice for the effects from i on. It says whether to go on.
func (ch *choices) all(i int, garble bool) bool {
	if i == len(ch.now) {
		return ch.emit()
	}
	if lostNeed(ch.now, ch.needs[i]) {
		ch.now[i] = Lose
		return ch.all(i+1, garble)
	}
	for _, fate := range []Fate{Keep, Lose, Garble} {
		if fate == Garble && !(garble && ch.p.pending[i].Kind == Data) {
			continue
		}
		ch.now[i] = fate
		if !ch.all(i+1, garble) {
			return false
		}
	}
	return true
}

// lose emits the choice that loses these and what needs them.
func (ch *choices) lose(indices ...int) bool {
	clear(ch.now)
	for _, i := range indices {
		ch.now[i] = Lose
	}
	for i := range ch.now {
		if lostNeed(ch.now, ch.needs[i]) {
			ch.now[i] = Lose
		}
	}
	return ch.emit()
}

// keep emits the choice that keeps these and what they need.
func (ch *choices) keep(indices ...int) bool {
	for i := range ch.now {
		ch.now[i] = Lose
	}
	for _, i := range indices {
		ch.now[i] = Keep
	}
	for i := len(ch.now) - 1; i >= 0; i-- {
		if ch.now[i] == Keep {
			for _, j := range ch.needs[i] {
				ch.now[j] = Keep
			}
		}
	}
	return ch.emit()
}

// garbles leaves garbage in one sector at a time, with everything else kept,
// then lost.
func (ch *choices) garbles() bool {
	if !ch.p.fs.rules.garble {
		return true
	}
	for i, e := range ch.p.pending {
		if e.Kind != Data {
			continue
		}
		for _, rest := range []Fate{Keep, Lose} {
			for j := range ch.now {
				ch.now[j] = rest
			}
			ch.now[i] = Garble
			if !ch.emit() {
				return false
			}
		}
	}
	return true
}

// sample makes the choices that find most mistakes, then random ones.
func (ch *choices) sample(b Bound) bool {
	n := len(ch.now)
	if !ch.lose() || !ch.keep() {
		return false
	}
	for i := range n {
		if !ch.lose(i) || !ch.keep(i) {
			return false
		}
	}
	if !ch.kinds() {
		return false
	}
	for i := 1; i < n; i++ { // what was issued up to here, and nothing later
		if !ch.lose(span(i, n)...) {
			return false
		}
	}
	if n <= b.Pairs {
		for i := range n {
			for j := range i {
				if !ch.lose(j, i) {
					return false
				}
			}
		}
	}
	return ch.torn() && ch.garbles() && ch.random(b)
}

// kinds loses everything of one kind, and keeps every name with a single other
// effect or kind: an effect that survives without its name cannot be seen.
func (ch *choices) kinds() bool {
	var names []int
	of := make(map[Kind][]int)
	for i, e := range ch.p.pending {
		of[e.Kind] = append(of[e.Kind], i)
		if !e.content() {
			names = append(names, i)
		}
	}
	names = slices.Clip(names)
	for _, k := range Kinds() {
		if len(of[k]) > 0 && (!ch.lose(of[k]...) || !ch.keep(append(names, of[k]...)...)) {
			return false
		}
	}
	if len(names) == 0 {
		return true
	}
	for i, e := range ch.p.pending {
		if e.content() && !ch.keep(append(names, i)...) {
			return false
		}
	}
	return true
}

// torn tears every call with several effects: its first or its last one is all
// that survives of it.
func (ch *choices) torn() bool {
	for i := 0; i < len(ch.now); {
		j := i + 1
		for j < len(ch.now) && ch.p.pending[j].Call == ch.p.pending[i].Call {
			j++
		}
		if j-i > 2 && (!ch.lose(span(i+1, j)...) || !ch.lose(span(i, j-1)...)) {
			return false
		}
		i = j
	}
	return true
}

func (ch *choices) random(b Bound) bool {
	r := rand.New(rand.NewPCG(b.Seed, uint64(len(ch.now))))
	for range b.Random {
		odds := []float64{0.5, 0.1, 0.9, 0.02}[r.IntN(4)]
		for i := range ch.now {
			ch.now[i] = Keep
			switch {
			case lostNeed(ch.now, ch.needs[i]):
				ch.now[i] = Lose
			case r.Float64() < odds:
				ch.now[i] = Lose
				if ch.p.fs.rules.garble && ch.p.pending[i].Kind == Data && r.IntN(4) == 0 {
					ch.now[i] = Garble
				}
			}
		}
		if !ch.emit() {
			return false
		}
	}
	return true
}

// span is the integers from i up to j.
func span(i, j int) []int {
	s := make([]int, 0, j-i)
	for ; i < j; i++ {
		s = append(s, i)
	}
	return s
}
