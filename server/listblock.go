package server

import (
	"math"
	"math/big"
	"time"
)

// blockingListCommands are BLPOP and its relatives.
//
// An element goes to the client that has waited longest for its key, in the very
// transaction that pushed it: a crash keeps both or neither, and no third client
// ever sees the element. The client gets its reply when that is on the disk.
//
// A client that is known to have gone gets nothing; the element is the next one's,
// or stays. One that goes between the pop and its reply has had the element, as
// with Redis: who cannot afford that uses BLMOVE.
func blockingListCommands() []*Command {
	g := func(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags | Blocking, First: 1, Last: last, Step: 1, Group: GroupList,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	mpop := g("blmpop", -5, Write|MovableKeys, 0, "7.0.0", "O(N+M) where N is the number of provided keys and M is the number of elements returned.", "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the list if the last element was popped.", runBLMPop)
	mpop.First, mpop.Step, mpop.Keys = 0, 0, keysBehindNumber(2)
	return []*Command{
		g("blpop", -3, Write|NoScript, -2, "2.0.0", "O(N) where N is the number of provided keys.", "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.", runBPop),
		g("brpop", -3, Write|NoScript, -2, "2.0.0", "O(N) where N is the number of provided keys.", "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.", runBPop),
		g("blmove", 6, Write|DenyOOM|NoScript, 2, "6.2.0", "O(1)", "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.", runBLMove),
		g("brpoplpush", 4, Write|DenyOOM|NoScript, 2, "2.2.0", "O(1)", "Pops an element from a list, pushes it to another list and returns it. Block until an element is available otherwise. Deletes the list if the last element was popped.", runBLMove),
		mpop,
	}
}

// parseTimeout reads seconds, 0 for ever. Redis rounds up to milliseconds, in
// which anything too large becomes negative.
func (c *Call) parseTimeout(i int) (time.Duration, error) {
	f, ok := parseLongDouble(c.Args[i])
	if !ok {
		return 0, Reply("ERR timeout is not a float or out of range")
	}
	negative := Reply("ERR timeout is negative")
	if f.IsInf() {
		return 0, negative
	}
	f.Mul(f, big.NewFloat(1000))
	if f.Cmp(big.NewFloat(math.MaxInt64)) >= 0 { // MaxInt64 becomes 2^63 here
		return 0, negative
	}
	ms, rest := f.Int64()
	if rest == big.Below {
		ms++
	}
	if ms < 0 {
		return 0, negative
	}
	return time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, nil
}

// popOrBlock pops from the first of some lists that is there, or waits for one.
// Once it has waited, only the key that woke it counts: that is the one that was
// pushed to first.
func (c *Call) popOrBlock(keys [][]byte, left bool, count int64, timeout time.Duration) {
	ready := keys
	if c.woken != nil {
		ready = [][]byte{c.woken}
	}
	if c.popFirst(ready, left, count) || c.Block(keys, timeout, answerNullArray) {
		return
	}
	c.NullArray()
}

func answerNullArray(c *Call) { c.NullArray() }

func runBPop(c *Call) {
	last := len(c.Args) - 1
	timeout, err := c.parseTimeout(last)
	if err != nil {
		c.Fail(err)
		return
	}
	c.popOrBlock(c.Args[1:last], c.Cmd.Name == "blpop", -1, timeout)
}

func runBLMPop(c *Call) {
	p, err := c.parseMultiPop(2)
	var timeout time.Duration
	if err == nil {
		timeout, err = c.parseTimeout(1)
	}
	if err != nil {
		c.Fail(err)
		return
	}
	c.popOrBlock(p.keys, p.left, p.count, timeout)
}

func runBLMove(c *Call) {
	from, to, err := false, true, error(nil) // BRPOPLPUSH
	if c.Cmd.Name == "blmove" {
		from, to, err = c.parseEnds()
	}
	var timeout time.Duration
	if err == nil {
		timeout, err = c.parseTimeout(len(c.Args) - 1)
	}
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindList)
	switch {
	case !ok:
	case o.Exists():
		c.move(o, from, to)
	case !c.Block(c.Args[1:2], timeout, answerNullArray):
		c.Null()
	}
}
