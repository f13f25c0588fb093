package server

import (
	"fmt"
	"math"
	"strconv"

	"github.com/redis-lite/redis-lite/server/resp"
)

// What the handlers of the collections share.

// open opens the collection under the first argument; ok is false when that is of
// another type, which it has then answered.
func (c *Call) open(kind Kind) (o *Collection, ok bool) { return c.openKey(c.Args[1], kind) }

func (c *Call) openKey(key []byte, kind Kind) (o *Collection, ok bool) {
	o, err := c.Space().Open(key, kind)
	if err != nil {
		c.Fail(err)
		return nil, false
	}
	c.lookedUp(o.Exists())
	return o, true
}

// eventClass is the class of events of a type.
func (k Kind) eventClass() byte { return [...]byte{'g', '$', 'l', 's', 'z', 'h'}[k] }

// closeWith closes a changed collection and announces what was done to it, and
// that it is gone when nothing is left in it.
func (c *Call) closeWith(o *Collection, event string) {
	o.Close()
	o.s.Notify(o.m.kind.eventClass(), event, o.key)
	if o.Empty() {
		o.s.Notify('g', "del", o.key)
	}
}

// checkCount is called with a reply that names its number of elements first. A
// record that disagrees with the elements would put the client out of step for
// ever: better an error.
func (c *Call) checkCount(o *Collection, from, n int) {
	if n != o.Len() {
		c.Truncate(from)
		c.Error(fmt.Sprintf("ERR internal error: the record of this %s counts %d elements, and there are %d", o.m.kind, o.Len(), n))
	}
}

// runLen answers HLEN and its like.
func (c *Call) runLen(kind Kind) {
	if o, ok := c.open(kind); ok {
		c.Int(int64(o.Len()))
	}
}

// runHas answers HEXISTS and SISMEMBER.
func (c *Call) runHas(kind Kind) {
	if o, ok := c.open(kind); ok {
		c.Flag(o.Has(c.Args[2]))
	}
}

// runRemove answers HDEL and SREM.
func (c *Call) runRemove(kind Kind, event string) {
	o, ok := c.open(kind)
	if !ok {
		return
	}
	n := int64(0)
	for _, elem := range c.Args[2:] {
		if o.Remove(elem) {
			n++
		}
	}
	if n > 0 {
		c.closeWith(o, event)
	}
	c.Int(n)
}

// runEach answers HMGET and its like: an array with a reply for each argument behind
// the key.
func (c *Call) runEach(kind Kind, answer func(o *Collection, elem []byte)) {
	o, ok := c.open(kind)
	if !ok {
		return
	}
	c.Array(len(c.Args) - 2)
	for _, elem := range c.Args[2:] {
		answer(o, elem)
	}
}

// runRandom answers HRANDFIELD and ZRANDMEMBER. word asks for what belongs to an
// element, too: emit answers one, with it or without, in RESP3 as a pair.
func (c *Call) runRandom(kind Kind, word string, emit func(e entry, with bool)) {
	if len(c.Args) == 2 {
		if o, ok := c.open(kind); ok {
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
	with := len(c.Args) == 4
	switch {
	case len(c.Args) > 4 || with && !c.Is(3, word):
		c.Fail(ErrSyntax)
		return
	case with && (count < -math.MaxInt64/2 || count > math.MaxInt64/2):
		c.Failf("value is out of range")
		return
	}
	o, ok := c.open(kind)
	if !ok {
		return
	}
	width := 1
	if with && c.Proto() != 3 {
		width = 2
	}
	c.drawn(o, count, width, func(e entry) { emit(e, with) })
}

// parseCount reads how many random elements are wanted.
func (c *Call) parseCount(i int) (n int64, err error) {
	return c.parseRange(i, -math.MaxInt64, math.MaxInt64, "")
}

// parseRange reads an integer between two; text is what is said of any other
// argument, "" for what Redis says by default.
func (c *Call) parseRange(i int, lo, hi int64, text string) (n int64, err error) {
	n, ok := resp.ParseInt(c.Args[i])
	switch {
	case ok && n >= lo && n <= hi:
		return n, nil
	case text != "":
		return 0, Reply("ERR " + text)
	case !ok:
		return 0, ErrNotInteger
	}
	return 0, Reply(fmt.Sprintf("ERR value is out of range, value must between %d and %d", lo, hi))
}

// parseNatural reads an integer that may not be negative.
func (c *Call) parseNatural(i int) (n int64, err error) {
	if n, ok := resp.ParseInt(c.Args[i]); ok && n >= 0 {
		return n, nil
	}
	return 0, Reply("ERR value is out of range, must be positive")
}

// drawn answers random elements: count different ones, or for a negative count as
// many that may be the same. width is how many replies each makes.
func (c *Call) drawn(o *Collection, count int64, width int, emit func(entry)) {
	switch {
	case count == 0 || o.Len() == 0:
		c.Array(0)
	case count > 0:
		elems := o.sample(int(min(count, int64(o.Len()))))
		c.Array(len(elems) * width)
		for _, e := range elems {
			emit(e)
		}
	default:
		from := c.Len()
		c.head(-count, int64(width))
		for e := range o.draws(-count) {
			emit(e)
			// Nobody needs a gigabyte of repetitions, but anybody can ask for it.
			if c.Len()-from > c.Server.opts.MaxOutput {
				c.Truncate(from)
				c.Fail(ErrTooLarge)
				return
			}
		}
	}
}

// head begins an array of as many replies as the two numbers say together.
func (c *Call) head(n, width int64) {
	if n > math.MaxInt32 {
		n = math.MaxInt32 // will not be sent: the limit of drawn comes first
	}
	c.Array(int(n * width))
}

// runScanIn answers HSCAN and its like. A packed collection is returned whole.
func (c *Call) runScanIn(kind Kind) {
	a, err := c.parseScan(2, false)
	if err == errCursor {
		c.Fail(err)
		return
	}
	o, ok := c.open(kind)
	if !ok {
		return
	}
	if o.Empty() {
		c.scanReply(nil)
		c.Array(0)
		return
	}
	if err != nil {
		c.Fail(err)
		return
	}
	owner := kind.String() + strconv.Itoa(c.Conn.db) + ":" + c.Arg(1)
	at := place{owner: owner}
	if a.cursor != 0 {
		if p, ok := c.Server.cursors.find(a.cursor, owner); ok {
			at = p
		}
	}
	var (
		found []entry
		next  *place
		n     int
	)
	for begins, piece := range o.steps(at.from) {
		if n >= a.count {
			next = &place{owner: owner, from: begins}
			break
		}
		n += len(piece)
		for _, e := range piece {
			if a.pattern == nil || globMatch(a.pattern, e.k) {
				found = append(found, e)
			}
		}
	}
	c.scanReply(next)
	if kind == KindSet {
		c.Array(len(found))
	} else {
		c.Array(2 * len(found))
	}
	for _, e := range found {
		c.Bulk(e.k)
		switch kind {
		case KindSet:
		case KindZset:
			c.Bulk(resp.AppendDouble(nil, decodeScore(e.v)))
		default:
			c.Bulk(e.v)
		}
	}
}
