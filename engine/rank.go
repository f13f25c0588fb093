package engine

import (
	"bytes"
	"slices"
	"sort"
	"strings"
)

// Count returns the number of keys that s describes.
//
// It takes some microseconds for any number of keys, and about one more for each key
// of the range that this transaction, or one that is not durable yet, has written.
// It has to visit the keys where one of the bucket has, or had, a deadline; where
// such a transaction has deleted a part of the range with DeleteRange; and for a
// snapshot that is held while a sixteenth of the bucket's keys, and hundreds at
// least, come and go.
func (b *TxBucket) Count(s Scan) (n int) {
	v := b.view(s)
	defer v.close()
	if n, ok := v.count(); ok {
		return max(0, n-max(0, s.Skip))
	}
	left := max(0, s.Skip)
	for it := range v.items {
		if it.expired(b.tx.now) {
			continue
		}
		if left > 0 {
			left--
		} else {
			n++
		}
	}
	return n
}

// patch is a key of the range over the map: how many keys more there are because of
// it, and whether there is one.
type patch struct {
	key  string
	by   int
	here bool
}

// patches returns what lies over the map, in order; ok is false when that is more
// than single keys.
func (v *rangeView) patches() (list []patch, ok bool) {
	for _, l := range []*layer{&v.pending, &v.own} {
		for _, s := range l.ranges {
			if (v.to == nil || bytes.Compare(s.from, v.to) < 0) && (s.to == nil || bytes.Compare(v.from, s.to) < 0) {
				return nil, false
			}
		}
	}
	for i, k := range v.own.keys {
		list = append(list, patch{key: k, here: !v.own.points[i].deleted})
	}
	for i, k := range v.pending.keys {
		if _, hit := slices.BinarySearchFunc(v.own.keys, k, v.compare); !hit {
			list = append(list, patch{key: k, here: !v.pending.points[i].deleted})
		}
	}
	slices.SortFunc(list, func(a, b patch) int { return strings.Compare(a.key, b.key) })
	for i := range list {
		p := &list[i]
		_, was := fromMap(v.b.mb, []byte(p.key), v.at)
		switch {
		case p.here && !was:
			p.by = 1
		case was && !p.here:
			p.by = -1
		}
	}
	return list, true
}

// compare orders keys in the direction of the range.
func (v *rangeView) compare(a, b string) int {
	if v.reverse {
		a, b = b, a
	}
	return strings.Compare(a, b)
}

// count returns how many keys are in the range; ok is false when they have to be
// visited to know it.
func (v *rangeView) count() (n int, ok bool) {
	if v.dated() {
		return 0, false
	}
	list, ok := v.patches()
	if !ok {
		return 0, false
	}
	n, ok = v.countMap(v.to)
	for _, p := range list {
		n += p.by
	}
	return n, ok
}

// countMap counts what the map has up to, and not including, to.
func (v *rangeView) countMap(to []byte) (n int, ok bool) {
	if v.b.mb == nil {
		return 0, true
	}
	return v.b.mb.Count(v.from, to, v.at)
}

// dated reports whether keys in the range may be past their deadline: then the
// transaction does not see all that the map counts. It was known of each when it
// was written, and so before anybody could see it.
func (v *rangeView) dated() bool {
	if v.b.mb != nil && v.b.mb.Dated() {
		return true
	}
	for _, l := range []*layer{&v.pending, &v.own} {
		if slices.ContainsFunc(l.points, func(p point) bool { return p.dead != 0 }) {
			return true
		}
	}
	return false
}

// skip narrows the view by the first so many keys, and returns how many of them are
// left to be passed over.
func (v *rangeView) skip(n int) (left int) {
	if n <= 0 {
		return 0
	}
	if v.dated() {
		return n
	}
	list, ok := v.patches()
	if !ok {
		return n
	}
	before := n // the place: how many keys lie before it
	if v.reverse {
		before, ok = v.countMap(v.to)
		for _, p := range list {
			before += p.by
		}
		before -= n
	}
	var place []byte // nil: nothing is left
	if ok && before > 0 {
		place, ok = v.seek(list, before)
	}
	switch {
	case !ok:
		return n
	case place == nil:
		v.from, v.to = []byte{0}, []byte{0}
	case v.reverse:
		v.to = place
	default:
		v.from = place
	}
	v.own.cut(v.from, v.to)
	v.pending.cut(v.from, v.to)
	return 0
}

// seek returns a key before which there are n keys of the range, one at least, nil
// when it does not have more.
func (v *rangeView) seek(list []patch, n int) (place []byte, ok bool) {
	// Up to which patches there are no more than n keys before: the place is behind
	// the last of them, and only keys of the map lie between.
	sums := make([]int, len(list)+1)
	for i, p := range list {
		sums[i+1] = sums[i] + p.by
	}
	ok = true
	before := func(i int) int {
		c, known := v.countMap([]byte(list[i].key))
		ok = ok && known
		return c + sums[i]
	}
	i := sort.Search(len(list), func(i int) bool { return before(i) > n }) - 1
	from := v.from
	if i >= 0 {
		n -= before(i)
		from = []byte(list[i].key)
		if n > 0 {
			from = append(from, 0)
			if list[i].here {
				n--
			}
		}
	}
	switch {
	case !ok:
		return nil, false
	case n == 0:
		return from, true // not nil, for there is a patch
	case v.b.mb == nil:
		return nil, true
	}
	place, _, ok = v.b.mb.Seek(from, v.to, v.at, n)
	return place, ok
}

// cut leaves the points in a range.
func (l *layer) cut(from, to []byte) {
	n, s := 0, span{from: from, to: to}
	for i, k := range l.keys {
		if s.contains([]byte(k)) {
			l.keys[n], l.points[n] = k, l.points[i]
			n++
		}
	}
	l.keys, l.points = l.keys[:n], l.points[:n]
}
