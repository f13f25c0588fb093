package server

import (
	"math"
	"time"
)

// zsetPopCommands are those that take members from an end of a sorted set, the
// blocking ones among them: see listblock.go for who gets what.
func zsetPopCommands() []*Command {
	const pop = "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped."
	const mpop = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped."
	zmpop := zsetCommand("zmpop", -4, Write|MovableKeys, 0, "7.0.0", mpop, "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the sorted set if the last member was popped.", runZMPop)
	zmpop.First, zmpop.Step, zmpop.Keys = 0, 0, keysBehindNumber(1)
	bzmpop := zsetCommand("bzmpop", -5, Write|MovableKeys|Blocking, 0, "7.0.0", mpop, "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.", runZMPop)
	bzmpop.First, bzmpop.Step, bzmpop.Keys = 0, 0, keysBehindNumber(2)
	const bpop = "O(log(N)) with N being the number of elements in the sorted set."
	return []*Command{
		zsetCommand("zpopmin", -2, Write|Fast, 1, "5.0.0", pop, "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.", runZPop),
		zsetCommand("zpopmax", -2, Write|Fast, 1, "5.0.0", pop, "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.", runZPop),
		zmpop,
		zsetCommand("bzpopmin", -3, Write|NoScript|Fast|Blocking, -2, "5.0.0", bpop, "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.", runBZPop),
		zsetCommand("bzpopmax", -3, Write|NoScript|Fast|Blocking, -2, "5.0.0", bpop, "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.", runBZPop),
		bzmpop,
	}
}

func zpopEvent(lowest bool) string {
	if lowest {
		return "zpopmin"
	}
	return "zpopmax"
}

// popScored takes up to n members from an end.
func (c *Call) popScored(z *Collection, lowest bool, n int64) (list []Scored) {
	for s := range z.ScoreRange(math.Inf(-1), math.Inf(1), !lowest) {
		if int64(len(list)) == n {
			break
		}
		list = append(list, s)
	}
	if len(list) == z.Len() {
		s := z.s
		s.Delete(z.key) // one range, however many
		s.Notify('z', zpopEvent(lowest), z.key)
		s.Notify('g', "del", z.key)
		return list
	}
	for _, s := range list {
		z.RemoveMember(s.Member)
	}
	c.closeWith(z, zpopEvent(lowest))
	return list
}

func runZPop(c *Call) {
	lowest := c.Cmd.Name == "zpopmin"
	count, counted := int64(1), len(c.Args) == 3
	if len(c.Args) > 3 {
		c.Fail(ErrSyntax)
		return
	}
	if counted {
		var err error
		if count, err = c.parseNatural(2); err != nil {
			c.Fail(err)
			return
		}
	}
	z, ok := c.open(KindZset)
	switch {
	case !ok:
	case !z.Exists() || count == 0:
		c.Array(0)
	case counted:
		c.scoredAll(c.popScored(z, lowest, count), true)
	default:
		s := c.popScored(z, lowest, 1)[0]
		c.Array(2)
		c.Bulk(s.Member)
		c.Double(s.Score)
	}
}

// parseZMPop reads ZMPOP's arguments from the number of keys on.
func (c *Call) parseZMPop(i int) (keys [][]byte, lowest bool, count int64, err error) {
	n, err := c.parseRange(i, 1, math.MaxInt64, "numkeys should be greater than 0")
	if err != nil {
		return nil, false, 0, err
	}
	if n >= int64(len(c.Args)-i-1) {
		return nil, false, 0, ErrSyntax
	}
	end := i + 1 + int(n)
	keys = c.Args[i+1 : end]
	lowest = c.Is(end, "min")
	if !lowest && !c.Is(end, "max") {
		return nil, false, 0, ErrSyntax
	}
	if count, err = c.parsePopCount(end + 1); err != nil {
		return nil, false, 0, err
	}
	return keys, lowest, count, nil
}

// popFirstScored pops from the first of some sorted sets that is there, and
// answers; with a count below 0 a single member as BZPOPMIN has it. It returns
// false, without a reply, when there is none.
func (c *Call) popFirstScored(keys [][]byte, lowest bool, count int64) bool {
	for _, k := range keys {
		z, ok := c.openKey(k, KindZset)
		if !ok {
			return true
		}
		if !z.Exists() {
			continue
		}
		if count < 0 {
			s := c.popScored(z, lowest, 1)[0]
			c.Array(3)
			c.Bulk(k)
			c.Bulk(s.Member)
			c.Double(s.Score)
			return true
		}
		list := c.popScored(z, lowest, count)
		c.Array(2)
		c.Bulk(k)
		c.Array(len(list))
		for _, s := range list {
			c.Array(2)
			c.Bulk(s.Member)
			c.Double(s.Score)
		}
		return true
	}
	return false
}

// runZMPop answers ZMPOP and BZMPOP.
func runZMPop(c *Call) {
	blocks := c.Cmd.is(Blocking)
	i := 1
	if blocks {
		i = 2
	}
	keys, lowest, count, err := c.parseZMPop(i)
	var timeout time.Duration
	if err == nil && blocks {
		timeout, err = c.parseTimeout(1)
	}
	switch {
	case err != nil:
		c.Fail(err)
	case blocks:
		c.popScoredOrBlock(keys, lowest, count, timeout)
	case !c.popFirstScored(keys, lowest, count):
		c.NullArray()
	}
}

func runBZPop(c *Call) {
	last := len(c.Args) - 1
	timeout, err := c.parseTimeout(last)
	if err != nil {
		c.Fail(err)
		return
	}
	c.popScoredOrBlock(c.Args[1:last], c.Cmd.Name == "bzpopmin", -1, timeout)
}

// popScoredOrBlock is popOrBlock for sorted sets.
func (c *Call) popScoredOrBlock(keys [][]byte, lowest bool, count int64, timeout time.Duration) {
	ready := keys
	if c.woken != nil {
		ready = [][]byte{c.woken}
	}
	if c.popFirstScored(ready, lowest, count) || c.Block(keys, timeout, answerNullArray) {
		return
	}
	c.NullArray()
}
