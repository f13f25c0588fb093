package engine

import (
	"bytes"
	"context"
)

// Bucket is a named key space of a database. It is a handle: cheap, safe for
// concurrent use, valid as long as the database. A bucket needs no creation; it
// exists while it holds a key.
type Bucket struct {
	db   *DB
	name string
}

// Bucket returns the bucket of that name; "" is the default bucket, the one
// that DB's own methods use. See the table of names in this package's
// documentation for those that have an owner.
func (db *DB) Bucket(name string) *Bucket { return &Bucket{db: db, name: name} }

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Get returns a copy of the value of key, or ErrNotFound.
func (b *Bucket) Get(key []byte) ([]byte, error) {
	return b.db.getCopy(b.db.m.Lookup(b.name), key)
}

// GetNoCopy is Get without the copy: the bytes are the database's own,
// immutable for ever, and must not be written to.
func (b *Bucket) GetNoCopy(key []byte) ([]byte, error) {
	return b.db.value(b.db.m.Lookup(b.name), key)
}

// GetItem returns the key with its value, deadline and the LSN of its last
// write, uncopied.
func (b *Bucket) GetItem(key []byte) (Item, error) {
	it, err := b.db.get(b.db.m.Lookup(b.name), key)
	if err != nil {
		return Item{}, err
	}
	return it.item(), nil
}

// Set gives key a value, durably.
func (b *Bucket) Set(ctx context.Context, key, value []byte, opts ...SetOption) error {
	return b.db.set(ctx, b.name, key, value, opts)
}

// Delete removes key, durably. Removing a key that is not there is no error,
// and writes nothing.
func (b *Bucket) Delete(ctx context.Context, key []byte) error {
	return b.db.deleteKey(ctx, b.name, key)
}

// Clear removes every key of the bucket, as one record of the log.
func (b *Bucket) Clear(ctx context.Context) error {
	return b.db.Update(ctx, func(tx *Tx) error { return tx.Bucket(b.name).DeleteRange(ctx, nil, nil) })
}

// CompareAndSwap sets key to new if its value is old, and reports whether it
// was. A nil old means that the key must not be there; a nil new deletes it.
// The key's deadline, if any, stays when the value is replaced.
func (b *Bucket) CompareAndSwap(ctx context.Context, key, old, new []byte) (swapped bool, err error) {
	err = b.db.Update(ctx, func(tx *Tx) error {
		swapped = false
		tb := tx.Bucket(b.name)
		if err := b.db.checkKey(b.name, key); err != nil {
			return err
		}
		cur, err := tb.get(key)
		switch {
		case err == ErrNotFound:
			if old != nil {
				return nil
			}
		case err != nil:
			return err
		case old == nil || !bytes.Equal(cur.value, old):
			return nil
		}
		swapped = true
		if new == nil {
			return tb.Delete(ctx, key)
		}
		return tb.Set(ctx, key, new, KeepDeadline())
	})
	return swapped && err == nil, err
}
