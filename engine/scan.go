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

// Count returns the number of keys that s describes, by visiting them.
func (b *TxBucket) Count(s Scan) (n int) {
	for range b.scan(s) {
		n++
	}
	return n
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

// scan is raw without the expired.
func (b *TxBucket) scan(s Scan) iter.Seq[rawItem] {
	return func(yield func(rawItem) bool) {
		for it := range b.raw(s) {
			if !it.expired(b.tx.now) && !yield(it) {
				return
			}
		}
	}
}

// raw visits a range of the state that the transaction sees, expired keys
// included.
func (b *TxBucket) raw(s Scan) iter.Seq[rawItem] {
	from, to := s.bounds()
	return func(yield func(rawItem) bool) {
		tx := b.tx
		if tx.done {
			panic(ErrTxDone)
		}
		guarded := func(it rawItem) bool {
			if tx.done {
				panic(ErrTxDone)
			}
			return yield(it)
		}
		if !tx.write {
			b.mapRange(from, to, s.Reverse, tx.snap.LSN())(guarded)
			return
		}
		tx.index()
		own := tx.writes.slice(b.name, from, to, s.Reverse)
		// Staged is copied before the map's snapshot is taken: what leaves it
		// in between is in the snapshot.
		pending, by := tx.db.staged.slice(b.name, from, to, s.Reverse)
		tx.sawStaged(by)
		snap := tx.db.m.Snapshot(tx.now)
		defer snap.Close()
		if b.mb == nil {
			b.mb = tx.db.m.Lookup(b.name)
		}
		below := b.mapRange(from, to, s.Reverse, snap.LSN())
		own.over(pending.over(below, s.Reverse), s.Reverse)(guarded)
	}
}

func (b *TxBucket) mapRange(from, to []byte, reverse bool, at uint64) iter.Seq[rawItem] {
	return func(yield func(rawItem) bool) {
		if b.mb == nil {
			return
		}
		walk := (*mvcc.Bucket).Ascend
		if reverse {
			walk = (*mvcc.Bucket).Descend
		}
		for it := range walk(b.mb, from, to, at) {
			if !yield(rawItem{it.Key, it.Value, it.LSN, it.Deadline}) {
				return
			}
		}
	}
}

func isEmpty(items iter.Seq[rawItem]) bool {
	for range items {
		return false
	}
	return true
}
