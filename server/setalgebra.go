package server

import (
	"cmp"
	"math"
	"slices"

	"github.com/redis-lite/redis-lite/server/resp"
)

// keysBehindNumber finds the keys of commands that say how many there are, in the
// argument at place i.
func keysBehindNumber(i int) func(args [][]byte) ([]int, bool) {
	return func(args [][]byte) (places []int, ok bool) {
		if i >= len(args) {
			return nil, false
		}
		n, ok := resp.ParseInt(args[i])
		if !ok || n < 1 || n > int64(len(args)-i-1) {
			return nil, false
		}
		for k := range int(n) {
			places = append(places, i+1+k)
		}
		return places, true
	}
}

// runAlgebra answers SINTER, SUNION, SDIFF and their STORE forms, whose first key
// is where the result goes. The result is complete before anything is written: the
// destination may be one of the sources.
func (c *Call) runAlgebra(of func(sets []*Collection, each func(m []byte) bool)) {
	store := c.Cmd.is(Write)
	keys := c.Args[1:]
	if store {
		keys = keys[1:]
	}
	sets, err := c.openSets(keys)
	if err != nil {
		c.Fail(err)
		return
	}
	var members [][]byte
	of(sets, func(m []byte) bool { members = append(members, m); return true })
	if !store {
		c.Set(len(members))
		for _, m := range members {
			c.Bulk(m)
		}
		return
	}
	s, key := c.Space(), c.Args[1]
	c.Int(int64(len(members)))
	if len(members) == 0 {
		if s.Delete(key) {
			s.Notify('g', "del", key)
		}
		return
	}
	o := s.Create(key, KindSet)
	for _, m := range members {
		o.Put(m, nil)
	}
	c.closeWith(o, c.Cmd.Name)
}

func (c *Call) openSets(keys [][]byte) (sets []*Collection, err error) {
	for _, k := range keys {
		o, err := c.Space().Open(k, KindSet)
		if err != nil {
			return nil, err
		}
		sets = append(sets, o)
	}
	return sets, nil
}

// interSets looks every member of the smallest set up in all others.
func interSets(sets []*Collection, each func(m []byte) bool) {
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, func(a, b *Collection) int { return cmp.Compare(a.Len(), b.Len()) })
	for m := range sets[0].All() {
		if !slices.ContainsFunc(sets[1:], func(o *Collection) bool { return !o.Has(m) }) && !each(m) {
			return
		}
	}
}

func uniteSets(sets []*Collection, each func(m []byte) bool) {
	seen := make(map[string]struct{})
	for i, o := range sets {
		for m := range o.All() {
			if len(sets) > 1 {
				if _, was := seen[string(m)]; was {
					continue
				}
				if i < len(sets)-1 {
					seen[string(m)] = struct{}{}
				}
			}
			if !each(m) {
				return
			}
		}
	}
}

// subtractSets looks every member of the first set up in the others, unless going
// through the others is less work.
func subtractSets(sets []*Collection, each func(m []byte) bool) {
	first, others := sets[0], slices.Clone(sets[1:])
	total := 0
	for _, o := range others {
		if string(o.key) == string(first.key) {
			return
		}
		total += o.Len()
	}
	if first.Len()*len(others) > 2*(first.Len()+total) {
		left := make(map[string]struct{}, first.Len())
		for m := range first.All() {
			left[string(m)] = struct{}{}
		}
		for _, o := range others {
			for m := range o.All() {
				delete(left, string(m))
			}
		}
		for m := range left {
			if !each([]byte(m)) {
				return
			}
		}
		return
	}
	slices.SortStableFunc(others, func(a, b *Collection) int { return cmp.Compare(b.Len(), a.Len()) })
	for m := range first.All() {
		if !slices.ContainsFunc(others, func(o *Collection) bool { return o.Has(m) }) && !each(m) {
			return
		}
	}
}

func runSInterCard(c *Call) {
	n, err := c.parseRange(1, 1, math.MaxInt64, "numkeys should be greater than 0")
	if err != nil {
		c.Fail(err)
		return
	}
	if n > int64(len(c.Args)-2) {
		c.Failf("Number of keys can't be greater than number of args")
		return
	}
	limit := int64(0)
	for i := 2 + int(n); i < len(c.Args); i += 2 {
		if !c.Is(i, "limit") || i+1 == len(c.Args) {
			c.Fail(ErrSyntax)
			return
		}
		if limit, err = c.parseRange(i+1, 0, math.MaxInt64, "LIMIT can't be negative"); err != nil {
			c.Fail(err)
			return
		}
	}
	sets, err := c.openSets(c.Args[2 : 2+n])
	if err != nil {
		c.Fail(err)
		return
	}
	found := int64(0)
	interSets(sets, func([]byte) bool {
		found++
		return limit == 0 || found < limit
	})
	c.Int(found)
}
