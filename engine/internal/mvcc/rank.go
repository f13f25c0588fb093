package mvcc

import (
	"bytes"
	"math"
	"slices"
)

// Count returns how many keys from <= key < to a reader at LSN at sees; nil bounds
// are open. It visits the leaves at the ends of the range and adds up what lies
// between them: for a million keys that takes a few microseconds. ok is false when
// the order has forgotten too much for a reader of such an old LSN, which then has
// to visit the keys. The caller holds a Snapshot of that LSN, or asks for Newest,
// after the first Publish.
func (b *Bucket) Count(from, to []byte, at uint64) (n int, ok bool) {
	n, _, ok = b.current().order.walk(from, to, at, math.MaxInt)
	return n, ok
}

// Seek returns the key before which there are skip keys in from <= key < to that a
// reader at LSN at sees; it need not be one of them itself. It is nil when there are
// no more than skip; then passed says how many. ok is as for Count, and the cost too.
func (b *Bucket) Seek(from, to []byte, at uint64, skip int) (key []byte, passed int, ok bool) {
	passed, key, ok = b.current().order.walk(from, to, at, skip)
	return key, passed, ok
}

// walk passes over limit keys that are visible at LSN at, and returns how many there
// were and the key where it stopped, nil when it came to the end of the range.
func (o *order) walk(from, to []byte, at uint64, limit int) (n int, stop []byte, ok bool) {
	if to != nil && bytes.Compare(from, to) >= 0 {
		return 0, nil, true
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	if at < o.changes.lost {
		return 0, nil, false
	}
	since := o.since(from, to, at)
	l := o.locate(from)
	i, _ := l.search(from, o.table)
	for l != nil {
		if c := l.clump; i == 0 && c.first == l {
			end := c.end()
			if by, rest := since.before(end); end.within(to) && n+c.live-by < limit {
				n += c.live - by
				since = rest
				l = end
				continue
			}
		}
		whole := l.next.within(to)
		by, rest := since.before(l.next)
		if i == 0 && whole && n+l.live-by < limit {
			n += l.live - by
		} else {
			j := len(l.refs)
			if !whole {
				j, _ = l.search(to, o.table)
			}
			n, stop = o.pass(l.refs[i:j], at, n, limit, l.live == len(l.refs) && len(since) == len(rest))
			if stop != nil || !whole {
				return n, stop, true
			}
		}
		since = rest
		l, i = l.next, 0
	}
	return n, nil, true
}

// within reports whether all that comes before the leaf, which may be nil for the end
// of the order, comes before to.
func (l *leaf) within(to []byte) bool { return to == nil || l != nil && l.low <= string(to) }

// end is the leaf behind the clump.
func (c *clump) end() *leaf {
	if c.next == nil {
		return nil
	}
	return c.next.first
}

// pass goes over nodes one by one, or at once when all of them are visible.
func (o *order) pass(refs []ref, at uint64, n, limit int, all bool) (int, []byte) {
	if all {
		if n+len(refs) > limit {
			return limit, o.table.key(refs[limit-n])
		}
		return n + len(refs), nil
	}
	for _, ref := range refs {
		head := o.table.find(ref).head.Load()
		if n == limit {
			return n, head.newest().key()
		}
		if r := head.at(at); r != nil && !r.tombstone() {
			n++
		}
	}
	return n, nil
}

// A recent is a list of changes that a reader does not see, in the order of keys.
type recent []change

// since returns the changes to keys of a range that are newer than an LSN.
func (o *order) since(from, to []byte, at uint64) (s recent) {
	q := &o.changes
	for i := len(q.items) - 1; i >= q.head && q.items[i].rec.lsn > at; i-- {
		key := q.items[i].rec.key()
		if bytes.Compare(key, from) >= 0 && (to == nil || bytes.Compare(key, to) < 0) {
			s = append(s, q.items[i])
		}
	}
	slices.SortFunc(s, func(a, b change) int { return bytes.Compare(a.rec.key(), b.rec.key()) })
	return s
}

// before sums up the changes to keys that belong before a leaf, all of them when it
// is nil, and returns the others.
func (s recent) before(l *leaf) (by int, rest recent) {
	for len(s) > 0 && (l == nil || string(s[0].rec.key()) < l.low) {
		by += s[0].by
		s = s[1:]
	}
	return by, s
}
