package engine

import (
	"bytes"
	"iter"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
)

// Scan says which keys an iteration visits, and in which order.
type Scan struct {
	// From is the first key, inclusive; nil for the first of the bucket.
	From []byte
	// To ends the range, exclusive; nil for the last of the bucket.
	To []byte
	// Prefix, when set, narrows the range to the keys that begin with it.
	Prefix []byte
	// Reverse visits from the last key to the first.
	Reverse bool
	// Skip passes over so many keys first, without visiting them where it can be
	// helped: see TxBucket.Count.
	Skip int
}

// bounds folds the prefix into the range.
func (s Scan) bounds() (from, to []byte) {
	from, to = s.From, s.To
	if len(s.Prefix) > 0 {
		if bytes.Compare(s.Prefix, from) > 0 {
			from = s.Prefix
		}
		if end := prefixEnd(s.Prefix); end != nil && (to == nil || bytes.Compare(end, to) < 0) {
			to = end
		}
	}
	return from, to
}

// prefixEnd is the first key behind all that begin with p; nil when there is
// none (p is all 0xff).
func prefixEnd(p []byte) []byte {
	end := bytes.Clone(p)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// Range visits the keys from from (inclusive) to to (exclusive) in ascending
// order; nil stands for the first and the last key. The slices are copies that
// the caller owns.
//
// An iteration sees the state at its start: writes of the same transaction
// inside the loop are not visited. It panics when used after its transaction
// ended.
func (b *TxBucket) Range(from, to []byte) iter.Seq2[[]byte, []byte] {
	return b.pairs(Scan{From: from, To: to})
}

// Reverse is Range in descending order.
func (b *TxBucket) Reverse(from, to []byte) iter.Seq2[[]byte, []byte] {
	return b.pairs(Scan{From: from, To: to, Reverse: true})
}

// Prefix visits the keys that begin with p in ascending order.
func (b *TxBucket) Prefix(p []byte) iter.Seq2[[]byte, []byte] {
	return b.pairs(Scan{Prefix: p})
}

// Items visits what s describes with all that is known of each key, uncopied.
func (b *TxBucket) Items(s Scan) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for it := range b.scan(s) {
			if !yield(it.item()) {
				return
			}
		}
	}
}

func (b *TxBucket) pairs(s Scan) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for it := range b.scan(s) {
			k, v := cloneTwo(it.key, it.value)
			if !yield(k, v) {
				return
			}
		}
	}
}

// scan visits what s describes, without the expired.
func (b *TxBucket) scan(s Scan) iter.Seq[rawItem] {
	return func(yield func(rawItem) bool) {
		v := b.view(s)
		defer v.close()
		left := v.skip(s.Skip)
		for it := range v.items {
			if it.expired(b.tx.now) {
				continue
			}
			if left > 0 {
				left--
			} else if !yield(it) {
				return
			}
		}
	}
}

// raw visits a range of the state that the transaction sees, expired keys
// included.
func (b *TxBucket) raw(s Scan) iter.Seq[rawItem] {
	return func(yield func(rawItem) bool) {
		v := b.view(s)
		defer v.close()
		v.items(yield)
	}
}

// rangeView is a range of the state that a transaction sees, as it is when the view
// is made: the map at one LSN, and what lies over it.
type rangeView struct {
	b            *TxBucket
	from, to     []byte
	reverse      bool
	at           uint64
	own, pending layer          // of a writing transaction
	snap         *mvcc.Snapshot // its own
}

// view makes the view that s asks for, which has to be closed.
func (b *TxBucket) view(s Scan) *rangeView {
	tx := b.tx
	if tx.done {
		panic(ErrTxDone)
	}
	v := &rangeView{b: b, reverse: s.Reverse}
	v.from, v.to = s.bounds()
	if !tx.write {
		v.at = tx.snap.LSN()
		return v
	}
	tx.index()
	v.own = tx.writes.slice(b.name, v.from, v.to, s.Reverse)
	// Staged is copied before the map's snapshot is taken: what leaves it in between
	// is in the snapshot.
	pending, by := tx.db.staged.slice(b.name, v.from, v.to, s.Reverse)
	tx.sawStaged(by)
	v.pending = pending
	v.snap = tx.db.m.Snapshot(tx.now)
	v.at = v.snap.LSN()
	if b.mb == nil {
		b.mb = tx.db.m.Lookup(b.name)
	}
	return v
}

func (v *rangeView) close() {
	if v.snap != nil {
		v.snap.Close()
	}
}

// items visits the range, expired keys included.
func (v *rangeView) items(yield func(rawItem) bool) {
	if v.own.empty() && v.pending.empty() {
		v.below(yield)
		return
	}
	v.own.over(v.pending.over(v.below, v.reverse), v.reverse)(func(it rawItem) bool {
		v.check()
		return yield(it)
	})
}

// check panics when the transaction has ended.
func (v *rangeView) check() {
	if v.b.tx.done {
		panic(ErrTxDone)
	}
}

// below visits what the map has.
func (v *rangeView) below(yield func(rawItem) bool) {
	if v.b.mb == nil {
		return
	}
	walk := (*mvcc.Bucket).Ascend
	if v.reverse {
		walk = (*mvcc.Bucket).Descend
	}
	for it := range walk(v.b.mb, v.from, v.to, v.at) {
		v.check()
		if !yield(rawItem{it.Key, it.Value, it.LSN, it.Deadline}) {
			return
		}
	}
}

func isEmpty(items iter.Seq[rawItem]) bool {
	for range items {
		return false
	}
	return true
}
