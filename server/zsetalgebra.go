package server

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/server/resp"
)

// zsetAlgebraCommands are those on several sorted sets. Sets are taken for sorted
// sets whose scores are all 1.
func zsetAlgebraCommands() []*Command {
	const inter = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set."
	const union = "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set."
	const diff = "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set."
	several := func(name string, arity int, complexity, since, summary string, of func(*zalgebra) []Scored) *Command {
		x := zsetCommand(name, arity, ReadOnly|MovableKeys, 0, since, complexity, summary, func(c *Call) { c.runZAlgebra(1, of) })
		x.First, x.Step, x.Keys = 0, 0, keysBehindNumber(1)
		return x
	}
	storing := func(name string, since, complexity, summary string, of func(*zalgebra) []Scored) *Command {
		x := zsetCommand(name, -4, Write|DenyOOM|MovableKeys, 1, since, complexity, summary, func(c *Call) { c.runZAlgebra(2, of) })
		behind := keysBehindNumber(2)
		x.Keys = func(args [][]byte) ([]int, bool) {
			places, ok := behind(args)
			return append([]int{1}, places...), ok
		}
		return x
	}
	return []*Command{
		several("zunion", -3, union, "6.2.0", "Returns the union of multiple sorted sets.", uniteScored),
		several("zinter", -3, inter, "6.2.0", "Returns the intersect of multiple sorted sets.", interScored),
		several("zdiff", -3, diff, "6.2.0", "Returns the difference between multiple sorted sets.", subtractScored),
		several("zintercard", -3, "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.", "7.0.0", "Returns the number of members of the intersect of multiple sorted sets.", interScored),
		storing("zunionstore", "2.0.0", union, "Stores the union of multiple sorted sets in a key.", uniteScored),
		storing("zinterstore", "2.0.0", inter, "Stores the intersect of multiple sorted sets in a key.", interScored),
		storing("zdiffstore", "6.2.0", diff, "Stores the difference of multiple sorted sets in a key.", subtractScored),
	}
}

// source is an operand: a sorted set or a set, with its weight.
type source struct {
	*Collection
	weight float64
}

func (s source) score(member []byte) (float64, bool) {
	if s.Kind() == KindZset {
		return s.Score(member)
	}
	return 1, s.Has(member)
}

// each visits the members, a sorted set's by score, with their weighted scores.
func (s source) each(fn func(member []byte, score float64) bool) {
	if s.Kind() == KindZset {
		for e := range s.ScoreRange(math.Inf(-1), math.Inf(1), false) {
			if !fn(e.Member, s.weigh(e.Score)) {
				return
			}
		}
		return
	}
	for m := range s.All() {
		if !fn(m, s.weigh(1)) {
			return
		}
	}
}

func (s source) weigh(score float64) float64 {
	if score *= s.weight; math.IsNaN(score) { // no times infinity
		return 0
	}
	return score
}

// zalgebra is what an operation is done to, and how.
type zalgebra struct {
	sources   []source
	aggregate func(a, b float64) float64
	limit     int64 // of ZINTERCARD; 0 for none
}

// sum adds scores; infinities that cancel each other out make 0.
func sum(a, b float64) float64 {
	if a += b; math.IsNaN(a) {
		return 0
	}
	return a
}

// runZAlgebra answers ZUNION and its relatives; the number of keys is argument i.
// The result is complete before anything is written: the destination may be one of
// the sources.
func (c *Call) runZAlgebra(i int, of func(*zalgebra) []Scored) {
	a, scores, err := c.parseZAlgebra(i)
	if err != nil {
		c.Fail(err)
		return
	}
	list := of(a)
	slices.SortFunc(list, func(x, y Scored) int {
		return cmp.Or(cmp.Compare(x.Score, y.Score), slices.Compare(x.Member, y.Member))
	})
	switch {
	case c.Cmd.is(Write):
		c.storeScored(c.Args[1], list, c.Cmd.Name)
	case c.Cmd.Name == "zintercard":
		c.Int(int64(len(list)))
	default:
		c.scoredAll(list, scores)
	}
}

func (c *Call) parseZAlgebra(i int) (a *zalgebra, scores bool, err error) {
	n, ok := resp.ParseInt(c.Args[i])
	switch {
	case !ok:
		return nil, false, ErrNotInteger
	case n < 1:
		return nil, false, Reply("ERR at least 1 input key is needed for '" + c.Cmd.Name + "' command")
	case n > int64(len(c.Args)-i-1):
		return nil, false, ErrSyntax
	}
	a = &zalgebra{aggregate: sum}
	keys := c.Args[i+1 : i+1+int(n)]
	for _, k := range keys {
		o, err := c.openSource(k)
		if err != nil {
			return nil, false, err
		}
		a.sources = append(a.sources, source{o, 1})
	}
	card := c.Cmd.Name == "zintercard"
	weighted := !card && c.Cmd.Name != "zdiff" && c.Cmd.Name != "zdiffstore"
	for j := i + 1 + len(keys); j < len(c.Args); j++ {
		left := len(c.Args) - j - 1
		switch {
		case weighted && left >= len(keys) && c.Is(j, "weights"):
			for k := range a.sources {
				j++
				if a.sources[k].weight, ok = parseDouble(c.Args[j]); !ok {
					return nil, false, Reply("ERR weight value is not a float")
				}
			}
		case weighted && left >= 1 && c.Is(j, "aggregate"):
			j++
			if a.aggregate, ok = map[string]func(a, b float64) float64{
				"sum": sum,
				"min": func(a, b float64) float64 { return min(a, b) },
				"max": func(a, b float64) float64 { return max(a, b) },
			}[strings.ToLower(c.Arg(j))]; !ok {
				return nil, false, ErrSyntax
			}
		case !card && !c.Cmd.is(Write) && c.Is(j, "withscores"):
			scores = true
		case card && left >= 1 && c.Is(j, "limit"):
			j++
			if a.limit, err = c.parseRange(j, 0, math.MaxInt64, "LIMIT can't be negative"); err != nil {
				return nil, false, err
			}
		default:
			return nil, false, ErrSyntax
		}
	}
	return a, scores, nil
}

// openSource opens a sorted set or a set; what is not there is an empty sorted set.
func (c *Call) openSource(key []byte) (*Collection, error) {
	if o, ok := c.Space().OpenAny(key); ok && o.Kind() == KindSet {
		return o, nil
	}
	return c.Space().Open(key, KindZset)
}

// bySize puts the smallest source first.
func (a *zalgebra) bySize() {
	slices.SortStableFunc(a.sources, func(x, y source) int { return cmp.Compare(x.Len(), y.Len()) })
}

func uniteScored(a *zalgebra) (list []Scored) {
	a.bySize()
	places := make(map[string]int)
	for _, s := range a.sources {
		s.each(func(m []byte, score float64) bool {
			if i, was := places[string(m)]; was {
				list[i].Score = a.aggregate(list[i].Score, score)
			} else {
				places[string(m)] = len(list)
				list = append(list, Scored{m, score})
			}
			return true
		})
	}
	return list
}

// interScored looks every member of the smallest source up in all others.
func interScored(a *zalgebra) (list []Scored) {
	a.bySize()
	a.sources[0].each(func(m []byte, score float64) bool {
		for _, s := range a.sources[1:] {
			other, ok := s.score(m)
			if !ok {
				return true
			}
			score = a.aggregate(score, s.weigh(other))
		}
		list = append(list, Scored{m, score})
		return a.limit == 0 || int64(len(list)) < a.limit
	})
	return list
}

func subtractScored(a *zalgebra) (list []Scored) {
	a.sources[0].each(func(m []byte, score float64) bool {
		if !slices.ContainsFunc(a.sources[1:], func(s source) bool { _, in := s.score(m); return in }) {
			list = append(list, Scored{m, score})
		}
		return true
	})
	return list
}
