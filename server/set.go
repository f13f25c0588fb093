package server

// setCommands are those of sets, the algebra of several aside.
func setCommands() []*Command {
	g := func(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupSet,
			Since: since, Complexity: complexity, Summary: summary, Run: run}
	}
	const inter = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets."
	const union = "O(N) where N is the total number of elements in all given sets."
	card := g("sintercard", -3, ReadOnly|MovableKeys, 0, "7.0.0", inter, "Returns the number of members of the intersect of multiple sets.", runSInterCard)
	card.First, card.Step, card.Keys = 0, 0, keysBehindNumber(1)
	return []*Command{
		g("sadd", -3, Write|DenyOOM|Fast, 1, "1.0.0", "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.", "Adds one or more members to a set. Creates the key if it doesn't exist.", runSAdd),
		g("srem", -3, Write|Fast, 1, "1.0.0", "O(N) where N is the number of members to be removed.", "Removes one or more members from a set. Deletes the set if the last member was removed.", func(c *Call) { c.runRemove(KindSet, "srem") }),
		g("scard", 2, ReadOnly|Fast, 1, "1.0.0", "O(1)", "Returns the number of members in a set.", func(c *Call) { c.runLen(KindSet) }),
		g("sismember", 3, ReadOnly|Fast, 1, "1.0.0", "O(1)", "Determines whether a member belongs to a set.", func(c *Call) { c.runHas(KindSet) }),
		g("smismember", -3, ReadOnly|Fast, 1, "6.2.0", "O(N) where N is the number of elements being checked for membership", "Determines whether multiple members belong to a set.", runSMIsMember),
		g("smembers", 2, ReadOnly, 1, "1.0.0", "O(N) where N is the set cardinality.", "Returns all members of a set.", runSMembers),
		g("spop", -2, Write|Fast, 1, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.", "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.", runSPop),
		g("srandmember", -2, ReadOnly, 1, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.", "Get one or multiple random members from a set", runSRandMember),
		g("smove", 4, Write|Fast, 2, "1.0.0", "O(1)", "Moves a member from one set to another.", runSMove),
		g("sscan", -3, ReadOnly, 1, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.", "Iterates over members of a set.", func(c *Call) { c.runScanIn(KindSet) }),
		g("sinter", -2, ReadOnly, -1, "1.0.0", inter, "Returns the intersect of multiple sets.", func(c *Call) { c.runAlgebra(interSets) }),
		card,
		g("sinterstore", -3, Write|DenyOOM, -1, "1.0.0", inter, "Stores the intersect of multiple sets in a key.", func(c *Call) { c.runAlgebra(interSets) }),
		g("sunion", -2, ReadOnly, -1, "1.0.0", union, "Returns the union of multiple sets.", func(c *Call) { c.runAlgebra(uniteSets) }),
		g("sunionstore", -3, Write|DenyOOM, -1, "1.0.0", union, "Stores the union of multiple sets in a key.", func(c *Call) { c.runAlgebra(uniteSets) }),
		g("sdiff", -2, ReadOnly, -1, "1.0.0", union, "Returns the difference of multiple sets.", func(c *Call) { c.runAlgebra(subtractSets) }),
		g("sdiffstore", -3, Write|DenyOOM, -1, "1.0.0", union, "Stores the difference of multiple sets in a key.", func(c *Call) { c.runAlgebra(subtractSets) }),
	}
}

func runSAdd(c *Call) {
	o, ok := c.open(KindSet)
	if !ok {
		return
	}
	n := int64(0)
	for _, m := range c.Args[2:] {
		if o.Put(m, nil) {
			n++
		}
	}
	if n > 0 {
		c.closeWith(o, "sadd")
	}
	c.Int(n)
}

func runSMIsMember(c *Call) {
	c.runEach(KindSet, func(o *Collection, m []byte) { c.Flag(o.Has(m)) })
}

func runSMembers(c *Call) {
	o, ok := c.open(KindSet)
	if !ok {
		return
	}
	from, n := c.Len(), 0
	c.Set(o.Len())
	for m := range o.All() {
		c.Bulk(m)
		n++
	}
	c.checkCount(o, from, n)
}

func runSPop(c *Call) {
	if len(c.Args) > 3 {
		c.Fail(ErrSyntax)
		return
	}
	if len(c.Args) == 2 {
		o, ok := c.open(KindSet)
		if !ok {
			return
		}
		e, ok := o.draw()
		if ok {
			o.Remove(e.k)
			c.closeWith(o, "spop")
		}
		c.bulkOrNull(e.k, ok)
		return
	}
	count, err := c.parseNatural(2)
	if err != nil {
		c.Fail(err)
		return
	}
	o, ok := c.open(KindSet)
	if !ok {
		return
	}
	members := o.sample(int(min(count, int64(o.Len()))))
	c.Set(len(members))
	for _, e := range members {
		c.Bulk(e.k)
	}
	switch {
	case len(members) == 0:
	case len(members) == o.Len():
		s := o.s
		s.Delete(o.key) // one range, however many
		s.Notify('s', "spop", o.key)
		s.Notify('g', "del", o.key)
	default:
		for _, e := range members {
			o.Remove(e.k)
		}
		c.closeWith(o, "spop")
	}
}

func runSRandMember(c *Call) {
	if len(c.Args) > 3 {
		c.Fail(ErrSyntax)
		return
	}
	if len(c.Args) == 2 {
		if o, ok := c.open(KindSet); ok {
			e, ok := o.draw()
			c.bulkOrNull(e.k, ok)
		}
		return
	}
	count, err := c.parseCount(2)
	if err != nil {
		c.Fail(err)
		return
	}
	if o, ok := c.open(KindSet); ok {
		c.drawn(o, count, 1, func(e entry) { c.Bulk(e.k) })
	}
}

func runSMove(c *Call) {
	from, err := c.Space().Open(c.Args[1], KindSet)
	if err == nil && !from.Exists() {
		c.Int(0)
		return
	}
	to, err2 := c.Space().Open(c.Args[2], KindSet)
	m := c.Args[3]
	switch {
	case err != nil || err2 != nil:
		c.Fail(ErrWrongType)
		return
	case string(c.Args[1]) == string(c.Args[2]):
		c.Flag(from.Has(m))
		return
	case !from.Remove(m):
		c.Int(0)
		return
	}
	c.closeWith(from, "srem")
	if to.Put(m, nil) {
		c.closeWith(to, "sadd")
	}
	c.Int(1)
}
