package crashfs

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Fate is what a crash does to one pending effect.
type Fate uint8

// The fates. Keep is the zero value, so that a shrunk choice loses as little as
// possible.
const (
	Keep   Fate = iota // the effect reached the disk
	Lose               // it did not
	Garble             // mode Hostile, Data only: the sector holds neither old nor new bytes
)

// String is the letter that stands for the fate in a choice: k, l or g.
func (f Fate) String() string {
	switch f {
	case Keep:
		return "k"
	case Lose:
		return "l"
	}
	return "g"
}

// A Chooser decides the fate of pending effects. It is asked in the order of
// issue, with the index of the effect among Pending, and only where the mode
// leaves a choice: an effect that needs a lost one is lost without asking.
// Garble counts as Lose where the mode does not garble.
type Chooser func(i int, e *Effect) Fate

// KeepAll is the kindest crash: everything reached the disk.
func KeepAll(int, *Effect) Fate { return Keep }

// LoseAll is the plainest crash: only what was made durable is there.
func LoseAll(int, *Effect) Fate { return Lose }

// Random keeps and loses by the seed; the same seed on the same history gives
// the same image. How much is lost varies with the seed, because fair coins
// alone never show a crash that lost one effect out of many.
func Random(seed uint64) Chooser {
	r := rand.New(rand.NewPCG(seed, 0x63726173686673))
	odds := []float64{0.5, 0.1, 0.9, 0.5}[r.IntN(4)]
	return func(int, *Effect) Fate {
		if r.Float64() >= odds {
			return Keep
		}
		if r.IntN(4) == 0 {
			return Garble
		}
		return Lose
	}
}

// LoseOnly loses the effects with these indices (and what needs them).
func LoseOnly(indices ...int) Chooser {
	return func(i int, _ *Effect) Fate {
		for _, x := range indices {
			if x == i {
				return Lose
			}
		}
		return Keep
	}
}

// KeepOnly keeps the effects with these indices, as far as the mode lets them
// stand alone.
func KeepOnly(indices ...int) Chooser {
	return func(i int, _ *Effect) Fate {
		for _, x := range indices {
			if x == i {
				return Keep
			}
		}
		return Lose
	}
}

// Choice is what one crash did: the fate of every effect that was pending.
type Choice []Fate

// String writes a choice as runs, such as "k12 l k3": twelve kept, one lost,
// three kept. The empty choice is "-".
func (c Choice) String() string {
	if len(c) == 0 {
		return "-"
	}
	var b strings.Builder
	for i := 0; i < len(c); {
		j := i
		for j < len(c) && c[j] == c[i] {
			j++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c[i].String())
		if j-i > 1 {
			b.WriteString(strconv.Itoa(j - i))
		}
		i = j
	}
	return b.String()
}

// Chooser replays the choice. Effects beyond its end are kept.
func (c Choice) Chooser() Chooser {
	return func(i int, _ *Effect) Fate {
		if i < len(c) {
			return c[i]
		}
		return Keep
	}
}

// maxChoice bounds what a few bytes of text can make ParseChoice allocate.
const maxChoice = 1 << 22

// ParseChoice reads what Choice.String wrote.
func ParseChoice(s string) (Choice, error) {
	if s == "-" {
		return nil, nil
	}
	var c Choice
	for _, run := range strings.Fields(s) {
		var f Fate
		switch run[0] {
		case 'k':
			f = Keep
		case 'l':
			f = Lose
		case 'g':
			f = Garble
		default:
			return nil, fmt.Errorf("crashfs: choice %q: no fate is called %q", s, run[0])
		}
		n := 1
		if len(run) > 1 {
			var err error
			if n, err = strconv.Atoi(run[1:]); err != nil || n < 1 || len(c)+n > maxChoice {
				return nil, fmt.Errorf("crashfs: choice %q: bad run %q", s, run)
			}
		}
		for range n {
			c = append(c, f)
		}
	}
	return c, nil
}
