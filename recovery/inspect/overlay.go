package inspect

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/btree"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// # A state in bounded memory
//
// The state at an LSN is a snapshot, which is sorted on the disk, overlaid with
// what the log behind it changed. The changes may be more than memory holds. So a
// pass over the log keeps those of the smallest keys only, as many as there is
// room for; these are merged with the snapshot and handed out, and the next pass
// begins behind them. A log that fits takes one pass. Backwards it is the largest
// keys that are kept.

// point is a place in the order of a snapshot.
type point struct {
	bucket string
	key    []byte
}

func (p point) compare(q point) int {
	if c := strings.Compare(p.bucket, q.bucket); c != 0 {
		return c
	}
	return bytes.Compare(p.key, q.key)
}

// change is the last that the log says of a key.
type change struct {
	at    point
	entry record.Entry
	dead  bool
}

// perChange is about what a change costs beside its bytes.
const perChange = 200

func (c *change) size() int { return perChange + len(c.at.key) + len(c.entry.Value) }

// overlay is what one pass keeps.
type overlay struct {
	from  point  // keys before it are not wanted, or for the next pass backwards
	limit *point // keys from here on are not wanted, or for the next pass
	back  bool
	tree  *btree.BTreeG[*change]
	bytes int
	room  int

	wiped map[string]*spans // ranges that were deleted, by bucket
}

func newOverlay(from point, limit *point, back bool, room int) *overlay {
	return &overlay{from: from, limit: limit, back: back, room: room, wiped: map[string]*spans{},
		tree: btree.NewBTreeGOptions(func(a, b *change) bool { return a.at.compare(b.at) < 0 }, btree.Options{NoLocks: true})}
}

func (o *overlay) wants(p point) bool {
	return p.compare(o.from) >= 0 && (o.limit == nil || p.compare(*o.limit) < 0)
}

func (o *overlay) apply(lsn uint64, m *record.Mutation) error {
	if m.Op == record.OpDeleteRange {
		o.wipe(m)
		return nil
	}
	if p := (point{m.Bucket, m.Key}); o.wants(p) {
		p.key = bytes.Clone(m.Key)
		c := &change{at: p, dead: m.Op != record.OpSet}
		if !c.dead {
			c.entry = record.Entry{Bucket: m.Bucket, Key: p.key, Value: bytes.Clone(m.Value), LSN: lsn, Deadline: m.Deadline}
		}
		o.put(c)
	}
	return nil
}

func (o *overlay) put(c *change) {
	if old, ok := o.tree.Set(c); ok {
		o.bytes -= old.size()
	}
	o.bytes += c.size()
	if o.bytes <= o.room || o.tree.Len() < 2 {
		return
	}
	// A quarter goes at once, so that not every key costs an eviction.
	for o.bytes > o.room/4*3 && o.tree.Len() > 1 {
		if o.back {
			first, _ := o.tree.PopMin()
			o.bytes -= first.size()
			o.from = first.at.next()
			continue
		}
		last, _ := o.tree.PopMax()
		o.bytes -= last.size()
		at := last.at
		o.limit = &at
	}
}

// next is the first point behind p.
func (p point) next() point {
	return point{p.bucket, append(bytes.Clone(p.key), 0)}
}

// wipe applies a delete-range: to what is held, and to what the snapshot has.
func (o *overlay) wipe(m *record.Mutation) {
	var gone []*change
	o.tree.Ascend(&change{at: point{m.Bucket, m.Key}}, func(c *change) bool {
		if c.at.bucket != m.Bucket || m.To != nil && bytes.Compare(c.at.key, m.To) >= 0 {
			return false
		}
		gone = append(gone, c)
		return true
	})
	for _, c := range gone {
		o.tree.Delete(c)
		o.bytes -= c.size()
	}
	w := o.wiped[m.Bucket]
	if w == nil {
		w = &spans{}
		o.wiped[m.Bucket] = w
	}
	w.add(bytes.Clone(m.Key), bytes.Clone(m.To))
}

// covered reports whether an entry of the snapshot was wiped.
func (o *overlay) covered(e *record.Entry) bool {
	w := o.wiped[e.Bucket]
	return w != nil && w.covers(e.Key)
}

// passes hands out the entries of a range.
func (st *State) passes(ctx context.Context, r Range, yield func(*record.Entry) bool) error {
	from, limit := point{}, (*point)(nil)
	if r.Bucket != nil {
		from = point{*r.Bucket, r.From}
		switch {
		case r.To != nil:
			limit = &point{*r.Bucket, r.To}
		default:
			limit = &point{*r.Bucket + "\x00", nil} // the next name there can be
		}
	}
	for {
		o := newOverlay(from, limit, r.Reverse, max(st.Memory, 1))
		when, err := st.replay(ctx, o.apply)
		if err != nil {
			return err
		}
		if err := st.merge(ctx, o, when, yield); err != nil {
			return err
		}
		switch {
		case o.back && o.from.compare(from) != 0:
			end := o.from
			limit = &end
		case !o.back && o.limit != limit:
			from = *o.limit
		default:
			return nil
		}
	}
}

// merge hands out the snapshot under an overlay, within the overlay's bounds.
func (st *State) merge(ctx context.Context, o *overlay, when int64, yield func(*record.Entry) bool) error {
	next, stop := iter.Pull(o.changes())
	defer stop()
	c, more := next()
	ahead := func(a, b point) bool { return a.compare(b) < 0 != o.back && a.compare(b) != 0 }
	flush := func(before *point) bool {
		for more && (before == nil || ahead(c.at, *before)) {
			if !c.dead && !expired(&c.entry, when) && !yield(&c.entry) {
				return false
			}
			c, more = next()
		}
		return true
	}
	if st.base > 0 {
		r, err := st.s.OpenSnapshot(st.base)
		if err != nil {
			return err
		}
		defer r.Close()
		for e, err := range o.entries(r) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			at := point{e.Bucket, e.Key}
			if !flush(&at) {
				return errStop
			}
			if more && c.at.compare(at) == 0 || o.covered(&e) || expired(&e, when) {
				continue // the overlay has the last word, in its turn
			}
			if !yield(&e) {
				return errStop
			}
		}
	}
	if !flush(nil) {
		return errStop
	}
	return nil
}

// changes are what the overlay holds, in the order of the walk.
func (o *overlay) changes() iter.Seq[*change] {
	return func(yield func(*change) bool) {
		if o.back {
			o.tree.Reverse(yield)
		} else {
			o.tree.Scan(yield)
		}
	}
}

// entries are those of a snapshot within the overlay's bounds, in the order of the
// walk: a block in memory at a time.
func (o *overlay) entries(r *snapshot.Reader) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		if !o.back {
			for e, err := range r.Ascend(o.from.bucket, o.from.key) {
				if err == nil && o.limit != nil && (point{e.Bucket, e.Key}).compare(*o.limit) >= 0 || !yield(e, err) {
					return
				}
			}
			return
		}
		for i := r.Blocks() - 1; i >= 0; i-- {
			b := r.Block(i)
			if o.limit != nil && (point{b.Bucket, b.Key}).compare(*o.limit) >= 0 {
				continue
			}
			entries, err := blockEntries(r, &b)
			if err != nil {
				yield(record.Entry{}, err)
				return
			}
			for _, e := range slices.Backward(entries) {
				at := point{e.Bucket, e.Key}
				if o.limit != nil && at.compare(*o.limit) >= 0 {
					continue
				}
				if at.compare(o.from) < 0 || !yield(e, nil) {
					return
				}
			}
		}
	}
}
