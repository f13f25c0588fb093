package mvcc

import (
	"iter"
)

// Iterators copy out small runs of nodes under the order's read lock and let go of
// it before the consumer sees anything: a slow consumer keeps nobody waiting. Each
// run starts behind the last key of the one before, wherever that place is by then.

const (
	runMin = 16 // the first run: most ranges are short
	runMax = 256
)

// run is where an iteration stands.
type run struct {
	from, to []byte // what is left: from <= key < to
	after    bool   // from itself was seen already
	done     bool
}

// ascend fills refs from the front of the run's range.
func (o *order) ascend(r *run, refs []ref) []ref {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.forward(r, refs)
}

func (o *order) forward(r *run, refs []ref) []ref {
	l := o.locate(r.from)
	i, found := l.search(r.from, o.table)
	if found && r.after {
		i++
	}
	n := 0
	for n < len(refs) {
		end, last := len(l.refs), l.next == nil
		if r.to != nil && (last || string(r.to) < l.next.low) { // the range ends in this leaf
			last = true
			if end = 0; string(r.to) > l.low {
				end, _ = l.search(r.to, o.table)
			}
		}
		if i < end {
			k := copy(refs[n:], l.refs[i:end])
			n, i = n+k, i+k
		}
		switch {
		case i < end: // refs are full
		case last:
			r.done = true
			return refs[:n]
		default:
			l, i = l.next, 0
		}
	}
	r.from, r.after = o.table.key(refs[n-1]), true
	return refs[:n]
}

// backward fills refs from the back of the run's range.
func (o *order) backward(r *run, refs []ref) []ref {
	l, i := o.last, len(o.last.refs)
	if r.to != nil {
		l = o.locate(r.to)
		i, _ = l.search(r.to, o.table)
	}
	n := 0
	for n < len(refs) {
		start, last := 0, l.prev == nil
		if last || string(r.from) >= l.low { // the range ends in this leaf
			last = true
			switch {
			case l.next != nil && string(r.from) >= l.next.low: // behind the leaf: the range is empty
				start = len(l.refs)
			case string(r.from) > l.low:
				start, _ = l.search(r.from, o.table)
			}
		}
		for ; i > start && n < len(refs); n++ {
			i--
			refs[n] = l.refs[i]
		}
		switch {
		case i > start: // refs are full
		case last:
			r.done = true
			return refs[:n]
		default:
			l = l.prev
			i = len(l.refs)
		}
	}
	r.to = o.table.key(refs[n-1])
	return refs[:n]
}

// Ascend goes through the keys from <= key < to that a reader at LSN at sees, in
// order; nil bounds are open. No lock is held while the consumer runs. The caller
// holds a Snapshot of that LSN until it is done. There are no ranges before the
// first Publish: the order is not complete.
func (b *Bucket) Ascend(from, to []byte, at uint64) iter.Seq[Item] {
	return b.iterate(from, to, at, false)
}

// Descend is Ascend backwards, with the same bounds: from is the smallest key and
// included, to is excluded.
func (b *Bucket) Descend(from, to []byte, at uint64) iter.Seq[Item] {
	return b.iterate(from, to, at, true)
}

func (b *Bucket) iterate(from, to []byte, at uint64, back bool) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		var refs [runMax]ref
		var recs [runMax]*record
		o := &b.current().order
		r := run{from: from, to: to}
		for n := runMin; !r.done; n = min(2*n, runMax) {
			for _, rec := range o.copyOut(&r, refs[:n], recs[:0], at, back) {
				if !yield(rec.item()) {
					return
				}
			}
		}
	}
}

// copyOut takes the next run and finds the versions visible at LSN at, all while
// holding the read lock: a node that the order names is in the table too.
func (o *order) copyOut(r *run, refs []ref, recs []*record, at uint64, back bool) []*record {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if back {
		refs = o.backward(r, refs)
	} else {
		refs = o.forward(r, refs)
	}
	for _, ref := range refs {
		if rec := o.table.find(ref).head.Load().at(at); rec != nil && !rec.tombstone() {
			recs = append(recs, rec)
		}
	}
	return recs
}
