package engine

import (
	"bytes"
	"context"
	"sort"
	"time"
	"unicode/utf8"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Tx is a transaction. In View it reads a consistent snapshot; in Update it
// reads the newest sequenced state with its own writes on top, and its writes
// become one record of the log: all of them or none.
//
// A Tx is not safe for concurrent use, and ends when its function returns:
// afterwards its methods return ErrTxDone. Its own methods work on the default
// bucket; Bucket gives the others.
type Tx struct {
	TxBucket // the default bucket

	db     *DB
	now    int64          // Unix ms, read once
	snap   *mvcc.Snapshot // in View
	write  bool
	done   bool
	others map[string]*TxBucket

	muts    []record.Mutation // in the order of issue; bytes are our own
	made    []mvcc.Version    // of each, what it puts into the map; only a Set has one
	size    int64             // estimate of the encoded record
	indexed int               // how many of muts are in writes
	writes  overlay

	// dirty is the newest staged commit whose effect this transaction has
	// read. Whatever way the transaction ends, its caller may not learn of it
	// before that commit is durable: else it would have seen what a crash can
	// undo.
	dirty wal.Pending
}

// TxBucket is one bucket inside a transaction.
type TxBucket struct {
	tx   *Tx
	name string
	mb   *mvcc.Bucket // nil while the map has no such bucket
}

func newTx(db *DB, write bool) *Tx {
	tx := &Tx{db: db, write: write, now: db.opts.Clock().UnixMilli()}
	tx.TxBucket = TxBucket{tx: tx, mb: db.root}
	return tx
}

// Time is the transaction's time: the clock is read once, when it begins.
func (tx *Tx) Time() time.Time { return time.UnixMilli(tx.now) }

// Bucket returns the bucket of that name; "" is the default bucket. Buckets
// need no creation: one exists while it holds a key. A name that is not valid
// UTF-8 or longer than 255 bytes fails on the first write.
func (tx *Tx) Bucket(name string) *TxBucket {
	if name == "" {
		return &tx.TxBucket
	}
	b := tx.others[name]
	if b == nil {
		if tx.others == nil {
			tx.others = make(map[string]*TxBucket)
		}
		b = &TxBucket{tx: tx, name: name, mb: tx.db.m.Lookup(name)}
		tx.others[name] = b
	}
	return b
}

// Buckets returns the names of the buckets that hold at least one visible key,
// sorted; the default bucket is "".
func (tx *Tx) Buckets() []string {
	names := make(map[string]bool)
	for _, b := range tx.db.m.Buckets() {
		names[b.Name()] = true
	}
	if tx.write {
		tx.db.staged.buckets(func(name string) { names[name] = true })
		tx.index()
		for name := range tx.writes.buckets {
			names[name] = true
		}
	}
	out := make([]string, 0, len(names))
	for name := range names {
		if !isEmpty(tx.Bucket(name).scan(Scan{})) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// Name is the bucket's name.
func (b *TxBucket) Name() string { return b.name }

// Get returns a copy of the value of key, or ErrNotFound.
func (b *TxBucket) Get(key []byte) ([]byte, error) {
	it, err := b.get(key)
	if err != nil {
		return nil, err
	}
	return own(it.value), nil
}

// GetNoCopy is Get without the copy: the bytes are the database's own,
// immutable for ever, and must not be written to.
func (b *TxBucket) GetNoCopy(key []byte) ([]byte, error) {
	it, err := b.get(key)
	return it.value, err
}

// GetItem returns the key with its value, deadline and the LSN of its last
// write (0 for a write of this transaction), uncopied.
func (b *TxBucket) GetItem(key []byte) (Item, error) {
	it, err := b.get(key)
	if err != nil {
		return Item{}, err
	}
	return it.item(), nil
}

// Has reports whether key is there.
func (b *TxBucket) Has(key []byte) (bool, error) {
	switch _, err := b.get(key); err {
	case nil:
		return true, nil
	case ErrNotFound:
		return false, nil
	default:
		return false, err
	}
}

func (b *TxBucket) get(key []byte) (rawItem, error) {
	if b.tx.done {
		return rawItem{}, ErrTxDone
	}
	it, ok := b.lookup(key)
	if !ok || it.expired(b.tx.now) {
		return rawItem{}, ErrNotFound
	}
	return it, nil
}

// lookup finds the newest version of a key that this transaction may see,
// expired or not.
func (b *TxBucket) lookup(key []byte) (rawItem, bool) {
	tx := b.tx
	if !tx.write {
		return fromMap(b.mb, key, tx.snap.LSN())
	}
	if len(tx.muts) > 0 {
		tx.index()
		if p, hit := tx.writes.get(b.name, key); hit {
			return rawItem{key, p.value, p.lsn, p.dead}, !p.deleted
		}
	}
	// Staged before map: a commit leaves the one only after it is in the other.
	if p, by, hit := tx.db.staged.get(b.name, key); hit {
		tx.sawStaged(by)
		return rawItem{key, p.value, p.lsn, p.dead}, !p.deleted
	}
	if b.mb == nil {
		b.mb = tx.db.m.Lookup(b.name)
	}
	return latest(b.mb, key)
}

// sawStaged notes that the transaction depends on a commit that a crash could
// still undo.
func (tx *Tx) sawStaged(by wal.Pending) {
	if by.LSN() > tx.dirty.LSN() {
		tx.dirty = by
	}
}

// index brings the overlay of the transaction's own writes up to date.
func (tx *Tx) index() {
	for ; tx.indexed < len(tx.muts); tx.indexed++ {
		tx.writes.add(0, &tx.muts[tx.indexed])
	}
}

func fromMap(mb *mvcc.Bucket, key []byte, at uint64) (rawItem, bool) {
	if mb == nil {
		return rawItem{}, false
	}
	it, ok := mb.Get(key, at)
	return rawItem{it.Key, it.Value, it.LSN, it.Deadline}, ok
}

func latest(mb *mvcc.Bucket, key []byte) (rawItem, bool) {
	if mb == nil {
		return rawItem{}, false
	}
	it, ok := mb.GetLatest(key)
	return rawItem{it.Key, it.Value, it.LSN, it.Deadline}, ok
}

func (r rawItem) item() Item {
	it := Item{Key: r.key, Value: r.value, LSN: r.lsn}
	if r.dead != 0 {
		it.Deadline = time.UnixMilli(r.dead)
	}
	return it
}

// Set gives key a value. Both are copied.
func (b *TxBucket) Set(ctx context.Context, key, value []byte, opts ...SetOption) error {
	if err := b.writable(ctx); err != nil {
		return err
	}
	if err := b.tx.db.checkSet(b.name, key, value); err != nil {
		return err
	}
	dead, keep, err := deadlineOf(opts, b.tx.now)
	if err != nil {
		return err
	}
	if keep {
		if it, ok := b.lookup(key); ok && !it.expired(b.tx.now) {
			dead = it.dead
		}
	}
	if b.buriesExpired(key) {
		if err := b.tx.add(record.Mutation{Op: record.OpDelete, Bucket: b.name, Key: bytes.Clone(key)}); err != nil {
			return err
		}
	}
	v := mvcc.NewVersion(key, value, dead)
	return b.tx.addMade(setOf(b.name, v, dead), v)
}

// buriesExpired reports whether a write to key replaces a value whose deadline
// has passed. Such a write logs the deletion as well, so that the log tells of
// the end of every key that expired.
func (b *TxBucket) buriesExpired(key []byte) bool {
	if !b.tx.db.mayHoldExpired(b.tx.now) {
		return false
	}
	it, ok := b.lookup(key)
	return ok && it.expired(b.tx.now)
}

// Delete removes key. Removing a key that is not there writes nothing.
func (b *TxBucket) Delete(ctx context.Context, key []byte) error {
	if err := b.writable(ctx); err != nil {
		return err
	}
	if err := b.tx.db.checkKey(b.name, key); err != nil {
		return err
	}
	if _, ok := b.lookup(key); !ok {
		return nil
	}
	return b.tx.add(record.Mutation{Op: record.OpDelete, Bucket: b.name, Key: bytes.Clone(key)})
}

// DeleteRange removes every key from from (inclusive, nil for the first) to to
// (exclusive, nil for the last) with one logged mutation. A range that holds
// nothing writes nothing.
func (b *TxBucket) DeleteRange(ctx context.Context, from, to []byte) error {
	if err := b.writable(ctx); err != nil {
		return err
	}
	if !validBucket(b.name) {
		return ErrBucketName
	}
	if isEmpty(b.raw(Scan{From: from, To: to})) {
		return nil
	}
	return b.tx.add(record.Mutation{
		Op: record.OpDeleteRange, Bucket: b.name, Key: bytes.Clone(from), To: bytes.Clone(to),
	})
}

func (b *TxBucket) writable(ctx context.Context) error {
	switch {
	case b.tx.done:
		return ErrTxDone
	case !b.tx.write:
		return ErrTxReadOnly
	}
	return ctx.Err()
}

// add appends a mutation whose bytes are the transaction's own.
func (tx *Tx) add(m record.Mutation) error { return tx.addMade(m, mvcc.Version{}) }

// setOf is the mutation that logs a version.
func setOf(bucket string, v mvcc.Version, dead int64) record.Mutation {
	return record.Mutation{Op: record.OpSet, Bucket: bucket, Key: v.Key(), Value: v.Value(), Deadline: dead}
}

// addMade is add of a mutation whose bytes are those of a version.
func (tx *Tx) addMade(m record.Mutation, v mvcc.Version) error {
	size := tx.size + mutationSize(&m)
	if limit := int64(tx.db.opts.MaxTxSize); size > limit {
		return &SizeError{Err: ErrTxTooLarge, Size: size, Limit: limit}
	}
	if tx.muts == nil {
		r := tx.db.staged.takeRoom()
		tx.muts, tx.made = r.muts, r.made
	}
	tx.muts = append(tx.muts, m)
	tx.made = append(tx.made, v)
	tx.size = size
	return nil
}

// mutationSize bounds the encoded size of a mutation from above: five bytes of
// head for each string, nine for a deadline, and the array and op around them.
func mutationSize(m *record.Mutation) int64 {
	return int64(len(m.Bucket)+len(m.Key)+len(m.Value)+len(m.To)) + 4*5 + 9 + 2
}

// checkKey refuses what can never be a key.
func (db *DB) checkKey(bucket string, key []byte) error {
	switch {
	case !validBucket(bucket):
		return ErrBucketName
	case len(key) == 0:
		return ErrKeyEmpty
	case len(key) > db.opts.MaxKeySize:
		return &SizeError{Err: ErrKeyTooLarge, Size: int64(len(key)), Limit: int64(db.opts.MaxKeySize)}
	}
	return nil
}

func (db *DB) checkSet(bucket string, key, value []byte) error {
	if err := db.checkKey(bucket, key); err != nil {
		return err
	}
	if len(value) > db.opts.MaxValueSize {
		return &SizeError{Err: ErrValueTooLarge, Size: int64(len(value)), Limit: int64(db.opts.MaxValueSize)}
	}
	return nil
}

func validBucket(name string) bool { return len(name) <= 255 && utf8.ValidString(name) }

// own copies a value for the caller. A key that is there has a value that is not
// nil, however short.
func own(v []byte) []byte { return append(make([]byte, 0, len(v)), v...) }

// cloneTwo copies two slices with one allocation.
func cloneTwo(a, b []byte) ([]byte, []byte) {
	buf := make([]byte, len(a)+len(b))
	copy(buf, a)
	copy(buf[len(a):], b)
	return buf[:len(a):len(a)], buf[len(a):]
}
