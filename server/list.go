package server

import (
	"bytes"
	"math"
	"slices"
)

// listCommands are those of lists, the blocking ones aside.
func listCommands() []*Command {
	g := func(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupList,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	const push = Write | DenyOOM | Fast
	const each = "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments."
	mpop := g("lmpop", -4, Write|MovableKeys, 0, "7.0.0", "O(N+M) where N is the number of provided keys and M is the number of elements returned.", "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.", runLMPop)
	mpop.First, mpop.Step, mpop.Keys = 0, 0, keysBehindNumber(1)
	return []*Command{
		g("lpush", -3, push, 1, "1.0.0", each, "Prepends one or more elements to a list. Creates the key if it doesn't exist.", runPush),
		g("rpush", -3, push, 1, "1.0.0", each, "Appends one or more elements to a list. Creates the key if it doesn't exist.", runPush),
		g("lpushx", -3, push, 1, "2.2.0", each, "Prepends one or more elements to a list only when the list exists.", runPush),
		g("rpushx", -3, push, 1, "2.2.0", each, "Appends an element to a list only when the list exists.", runPush),
		g("lpop", -2, Write|Fast, 1, "1.0.0", "O(N) where N is the number of elements returned", "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.", runPop),
		g("rpop", -2, Write|Fast, 1, "1.0.0", "O(N) where N is the number of elements returned", "Returns and removes the last elements of a list. Deletes the list if the last element was popped.", runPop),
		g("llen", 2, ReadOnly|Fast, 1, "1.0.0", "O(1)", "Returns the length of a list.", func(c *Call) { c.runLen(KindList) }),
		g("lrange", 4, ReadOnly, 1, "1.0.0", "O(N) where N is the number of elements in the specified range.", "Returns a range of elements from a list.", runLRange),
		g("lindex", 3, ReadOnly, 1, "1.0.0", "O(1)", "Returns an element from a list by its index.", runLIndex),
		g("lset", 4, Write|DenyOOM, 1, "1.0.0", "O(1)", "Sets the value of an element in a list by its index.", runLSet),
		g("linsert", 5, Write|DenyOOM, 1, "2.2.0", "O(N) where N is the number of elements to traverse before seeing the value pivot, plus those between the new element and the nearer end.", "Inserts an element before or after another element in a list.", runLInsert),
		g("lrem", 4, Write, 1, "1.0.0", "O(N) where N is the length of the list.", "Removes elements from a list. Deletes the list if the last element was removed.", runLRem),
		g("ltrim", 4, Write, 1, "1.0.0", "O(N) where N is the number of elements to be removed by the operation.", "Removes elements from both ends a list. Deletes the list if all elements were trimmed.", runLTrim),
		g("lpos", -3, ReadOnly, 1, "6.0.6", "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.", "Returns the index of matching elements in a list.", runLPos),
		g("lmove", 5, Write|DenyOOM, 2, "6.2.0", "O(1)", "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.", runLMove),
		g("rpoplpush", 3, Write|DenyOOM, 2, "1.2.0", "O(1)", "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.", runLMove),
		mpop,
	}
}

func runPush(c *Call) {
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	name := c.Cmd.Name
	if len(name) == len("lpushx") {
		if !o.Exists() {
			c.Int(0)
			return
		}
		name = name[:len(name)-1]
	}
	for _, v := range c.Args[2:] {
		o.Push(v, name == "lpush")
	}
	c.closeWith(o, name)
	c.Int(int64(o.Len()))
}

// popEvent and pushEvent name what is done at an end.
func popEvent(left bool) string {
	if left {
		return "lpop"
	}
	return "rpop"
}

func pushEvent(left bool) string {
	if left {
		return "lpush"
	}
	return "rpush"
}

func runPop(c *Call) {
	left := c.Cmd.Name == "lpop"
	if len(c.Args) > 3 {
		c.Error(wrongArity(c.Cmd))
		return
	}
	if len(c.Args) == 2 {
		o, ok := c.open(KindList)
		if !ok {
			return
		}
		v, ok := o.Pop(left)
		if ok {
			c.closeWith(o, popEvent(left))
		}
		c.bulkOrNull(v, ok)
		return
	}
	count, err := c.parseNatural(2)
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindList)
	switch {
	case !ok:
	case !o.Exists():
		c.NullArray()
	case count == 0:
		c.Array(0)
	default:
		c.popMany(o, left, count)
	}
}

// popMany answers the first or last elements and removes them; with more than one
// that is a single range in the log.
func (c *Call) popMany(o *Collection, left bool, count int64) {
	n := o.Len()
	k := int(min(count, int64(n)))
	from, to := 0, k
	if !left {
		from, to = n-k, n
	}
	c.Array(k)
	for _, v := range o.Values(from, to, !left) {
		c.Bulk(v)
	}
	switch {
	case k == 1:
		o.Pop(left)
	case left:
		o.Trim(k, n)
	default:
		o.Trim(0, n-k)
	}
	c.closeWith(o, popEvent(left))
}

// parseRangeArgs reads two places, of which negative ones count from the end.
func (c *Call) parseRangeArgs(i int) (from, to int64, err error) {
	if from, err = c.parseInt(i); err != nil {
		return 0, 0, err
	}
	to, err = c.parseInt(i + 1)
	return from, to, err
}

// span translates places, both included, into a half-open range of n elements,
// which is empty when from is not below to.
func span(from, to int64, n int) (int, int) {
	length := int64(n)
	if from < 0 {
		from = max(from+length, 0)
	}
	if to < 0 {
		to += length
	}
	to = min(to, length-1)
	if from > to {
		return 0, 0
	}
	return int(from), int(to) + 1
}

func runLRange(c *Call) {
	a, b, err := c.parseRangeArgs(2)
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	from, to := span(a, b, o.Len())
	begin, n := c.Len(), 0
	c.Array(to - from)
	for _, v := range o.Values(from, to, false) {
		c.Bulk(v)
		n++
	}
	if n != to-from {
		c.checkCount(o, begin, n)
	}
}

func runLTrim(c *Call) {
	a, b, err := c.parseRangeArgs(2)
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	if o.Exists() {
		from, to := span(a, b, o.Len())
		o.Trim(from, to)
		c.closeWith(o, "ltrim")
		o.s.t.touch(o.s.db, o.key) // who watches it hears of it, as in Redis, though nothing may have gone
	}
	c.OK()
}

// placeOf is the place that an index names, counted from the end when negative.
func (c *Call) placeOf(o *Collection, i int) (place int, err error) {
	n, err := c.parseInt(i)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		n += int64(o.Len())
	}
	if n < 0 || n >= int64(o.Len()) {
		return -1, nil
	}
	return int(n), nil
}

func runLIndex(c *Call) {
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	if !o.Exists() {
		c.Null()
		return
	}
	place, err := c.placeOf(o, 2)
	if err != nil {
		c.Fail(err)
		return
	}
	c.bulkOrNull(o.At(place))
}

func runLSet(c *Call) {
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	if !o.Exists() {
		c.Fail(ErrNoSuchKey)
		return
	}
	place, err := c.placeOf(o, 2)
	if err == nil && place < 0 {
		err = ErrOutOfRange
	}
	if err != nil {
		c.Fail(err)
		return
	}
	o.SetAt(place, c.Args[3])
	c.closeWith(o, "lset")
	c.OK()
}

func runLInsert(c *Call) {
	after := c.Is(2, "after")
	if !after && !c.Is(2, "before") {
		c.Fail(ErrSyntax)
		return
	}
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	if !o.Exists() {
		c.Int(0)
		return
	}
	for i, v := range o.Values(0, o.Len(), false) {
		if !bytes.Equal(v, c.Args[3]) {
			continue
		}
		if after {
			i++
		}
		o.Insert(i, c.Args[4])
		c.closeWith(o, "linsert")
		c.Int(int64(o.Len()))
		return
	}
	c.Int(-1)
}

func runLRem(c *Call) {
	count, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	reverse := count < 0
	if reverse {
		count = -count
	}
	var places []int
	for i, v := range o.Values(0, o.Len(), reverse) {
		if bytes.Equal(v, c.Args[3]) {
			places = append(places, i)
			if int64(len(places)) == count {
				break
			}
		}
	}
	if reverse {
		slices.Reverse(places)
	}
	if len(places) > 0 {
		o.RemoveAll(places)
		c.closeWith(o, "lrem")
	}
	c.Int(int64(len(places)))
}

func runLPos(c *Call) {
	rank, count, maxLen := int64(1), int64(-1), int64(0)
	for i := 3; i < len(c.Args); i += 2 {
		var err error
		switch {
		case i+1 == len(c.Args):
			err = ErrSyntax
		case c.Is(i, "rank"):
			if rank, err = c.parseInt(i + 1); err == nil && rank == 0 {
				err = Reply("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
			}
		case c.Is(i, "count"):
			count, err = c.parseRange(i+1, 0, math.MaxInt64, "COUNT can't be negative")
		case c.Is(i, "maxlen"):
			maxLen, err = c.parseRange(i+1, 0, math.MaxInt64, "MAXLEN can't be negative")
		default:
			err = ErrSyntax
		}
		if err != nil {
			c.Fail(err)
			return
		}
	}
	o, ok := c.open(KindList)
	if !ok {
		return
	}
	reverse := rank < 0
	if reverse {
		rank = -rank
	}
	from, to := 0, o.Len()
	if maxLen > 0 && maxLen < int64(to) {
		if reverse {
			from = to - int(maxLen)
		} else {
			to = int(maxLen)
		}
	}
	wanted := count
	if count < 0 {
		wanted = 1
	}
	var found []int
	matches := int64(0)
	for i, v := range o.Values(from, to, reverse) {
		if !bytes.Equal(v, c.Args[2]) {
			continue
		}
		if matches++; matches < rank {
			continue
		}
		if found = append(found, i); int64(len(found)) == wanted {
			break
		}
	}
	switch {
	case count >= 0:
		c.Array(len(found))
		for _, i := range found {
			c.Int(int64(i))
		}
	case len(found) > 0:
		c.Int(int64(found[0]))
	default:
		c.Null()
	}
}
