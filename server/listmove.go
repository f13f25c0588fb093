package server

import "math"

// LMOVE and LMPOP, and what their blocking forms share with them.

// parseEnd reads LEFT or RIGHT.
func (c *Call) parseEnd(i int) (left bool, err error) {
	switch {
	case c.Is(i, "left"):
		return true, nil
	case c.Is(i, "right"):
		return false, nil
	}
	return false, ErrSyntax
}

// parseEnds reads from where LMOVE and BLMOVE take, and whereto.
func (c *Call) parseEnds() (from, to bool, err error) {
	if from, err = c.parseEnd(3); err == nil {
		to, err = c.parseEnd(4)
	}
	return from, to, err
}

func runLMove(c *Call) {
	from, to := false, true // RPOPLPUSH
	if c.Cmd.Name == "lmove" {
		var err error
		if from, to, err = c.parseEnds(); err != nil {
			c.Fail(err)
			return
		}
	}
	if o, ok := c.open(KindList); ok {
		if o.Exists() {
			c.move(o, from, to)
		} else {
			c.Null()
		}
	}
}

// move takes an element from one end of a list and puts it to an end of the one
// under the second argument, which may be the same.
func (c *Call) move(src *Collection, fromLeft, toLeft bool) {
	dst := src
	if string(c.Args[1]) != string(c.Args[2]) {
		var ok bool
		if dst, ok = c.openKey(c.Args[2], KindList); !ok {
			return
		}
	}
	v, _ := src.Pop(fromLeft)
	dst.Push(v, toLeft)
	c.closeWith(dst, pushEvent(toLeft))
	if src == dst {
		src.s.Notify('l', popEvent(fromLeft), src.key)
	} else {
		c.closeWith(src, popEvent(fromLeft))
	}
	c.Bulk(v)
}

// multiPop is what LMPOP and BLMPOP ask for.
type multiPop struct {
	keys  [][]byte
	left  bool
	count int64
}

// parseMultiPop reads from the number of keys on, which is at place i.
func (c *Call) parseMultiPop(i int) (p multiPop, err error) {
	n, err := c.parseRange(i, 1, math.MaxInt64, "numkeys should be greater than 0")
	if err != nil {
		return p, err
	}
	if n >= int64(len(c.Args)-i-1) {
		return p, ErrSyntax
	}
	end := i + 1 + int(n)
	p.keys = c.Args[i+1 : end]
	if p.left, err = c.parseEnd(end); err != nil {
		return p, err
	}
	p.count, err = c.parsePopCount(end + 1)
	return p, err
}

// parsePopCount reads the COUNT of LMPOP and ZMPOP, which may be there from place i
// on, once.
func (c *Call) parsePopCount(i int) (count int64, err error) {
	for ; i < len(c.Args); i += 2 {
		if count > 0 || !c.Is(i, "count") || i+1 == len(c.Args) {
			return 0, ErrSyntax
		}
		if count, err = c.parseRange(i+1, 1, math.MaxInt64, "count should be greater than 0"); err != nil {
			return 0, err
		}
	}
	return max(count, 1), nil
}

func runLMPop(c *Call) {
	p, err := c.parseMultiPop(1)
	if err != nil {
		c.Fail(err)
		return
	}
	if !c.popFirst(p.keys, p.left, p.count) {
		c.NullArray()
	}
}

// popFirst pops from the first of some lists that is there, and answers; with a
// count below 0 a single element as BLPOP has it. It returns false, without a
// reply, when there is none.
func (c *Call) popFirst(keys [][]byte, left bool, count int64) bool {
	for _, k := range keys {
		o, ok := c.openKey(k, KindList)
		if !ok {
			return true
		}
		if !o.Exists() {
			continue
		}
		c.Array(2)
		c.Bulk(k)
		if count >= 0 {
			c.popMany(o, left, count)
			return true
		}
		v, _ := o.Pop(left)
		c.closeWith(o, popEvent(left))
		c.Bulk(v)
		return true
	}
	return false
}
