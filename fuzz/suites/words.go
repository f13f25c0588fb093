package suites

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

// Histories over the Alphabet are named by the indices of their steps: "3,0,10".

// short is every history of up to three steps.
func short() Suite {
	return Suite{
		Name: "short", About: "every history of up to three operations, crashed before every call",
		begin: func(c config) source {
			length := 3
			if c.short {
				length = 2
			}
			return overWords(System{}, words(len(Alphabet()), 1, length), crashtest.Options{
				Images: c.images, Bound: crashfs.Bound{Exhaustive: 10, Pairs: 16, Random: 16},
			})
		},
	}
}

// bytewise is for disks that promise nothing about sectors. Rotate is left out:
// its thousands of bytes would say the same a thousand times.
func bytewise() Suite {
	return Suite{
		Name: "bytes", About: "short histories whose bytes survive or are lost one by one",
		begin: func(c config) source {
			cases := words(9, 1, 1)
			if c.short { // the value of a thousand bytes takes nine tenths of the time
				cases = slices.Values([]string{"0", "2", "3", "5", "8"})
			}
			return overWords(System{}, cases, crashtest.Options{
				Images: c.images, Atom: 1, Bound: crashfs.Bound{Exhaustive: 8, Pairs: 1, Random: 40}, Deep: 50,
			})
		},
	}
}

// never and interval are the modes that acknowledge before the sync: they may
// lose the end, never the middle, and never show damage.
func never() Suite    { return lazy("never", engine.Never) }
func interval() Suite { return lazy("interval", engine.Interval(1<<40)) }

func lazy(name string, d engine.Durability) Suite {
	return Suite{
		Name: name, About: "every history of up to two operations with durability " + name,
		begin: func(c config) source {
			return overWords(System{Durability: d}, words(len(Alphabet()), 1, 2), crashtest.Options{
				Images: c.images, Bound: crashfs.Bound{Exhaustive: 8, Pairs: 12, Random: 12},
			})
		},
	}
}

// hostile is for disks without powersafe overwrite: the sector under write may
// come back as garbage, with the durable frames that share it: those may go. What
// is left is a prefix nevertheless, and opens.
func hostile() Suite {
	return Suite{
		Name: "hostile", About: "every history of up to two operations on a disk that garbles the sector under write",
		begin: func(c config) source {
			return overWords(System{}, words(len(Alphabet()), 1, 2), crashtest.Options{
				Images: c.images, Modes: []crashfs.Mode{crashfs.Hostile}, MayLose: 2, Bound: crashfs.Bound{Exhaustive: 8, Pairs: 12, Random: 12},
			})
		},
	}
}

// sampled is what short would be with four to six steps, were there time for all
// of the two million.
func sampled() Suite {
	return Suite{
		Name: "sampled", About: "histories of four to six operations, drawn from all of them", Endless: true,
		begin: func(c config) source {
			draw := func(yield func(string) bool) {
				r := rand.New(rand.NewPCG(c.seed, 0x73616d706c65))
				letters := len(Alphabet())
				for {
					w := make([]int, 4+r.IntN(3))
					for i := range w {
						w[i] = r.IntN(letters)
					}
					if !yield(wordName(w)) {
						return
					}
				}
			}
			return overWords(System{}, draw, crashtest.Options{
				Images: c.images, Bound: crashfs.Bound{Exhaustive: 9, Pairs: 24, Random: 48},
			})
		},
	}
}

// overWords tries histories over the alphabet.
func overWords(sys System, cases iter.Seq[string], o crashtest.Options) source {
	s, alphabet := crashtest.NewSession(sys, o), Alphabet()
	return source{
		cases: cases, result: s.Result,
		try: func(ctx context.Context, name string) (*crashtest.Failure, error) {
			w, err := parseWord(name, len(alphabet))
			if err != nil {
				return nil, err
			}
			var h []crashtest.Step[Op]
			for _, l := range w {
				h = append(h, alphabet[l])
			}
			return s.History(ctx, h), nil
		},
	}
}

// words are the names of all words of so many letters and of at least and at
// most some length, shorter ones first.
func words(letters, least, most int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := least; n <= most; n++ {
			w := make([]int, n)
			for {
				if !yield(wordName(w)) {
					return
				}
				i := n - 1
				for i >= 0 && w[i] == letters-1 {
					w[i] = 0
					i--
				}
				if i < 0 {
					break
				}
				w[i]++
			}
		}
	}
}

func wordName(w []int) string {
	var parts []string
	for _, l := range w {
		parts = append(parts, strconv.Itoa(l))
	}
	return strings.Join(parts, ",")
}

// maxWord bounds what somebody may type.
const maxWord = 100

func parseWord(name string, letters int) ([]int, error) {
	var w []int
	for _, f := range strings.Split(name, ",") {
		l, err := strconv.Atoi(f)
		if err != nil || l < 0 || l >= letters || len(w) == maxWord {
			return nil, fmt.Errorf("%q is no history: it is made of numbers from 0 to %d, with commas between them", name, letters-1)
		}
		w = append(w, l)
	}
	return w, nil
}
