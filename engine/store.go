package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/fxamacker/cbor/v2"
)

// Codec turns values of a type into bytes and back. Decode must not keep data,
// and must not write to it.
type Codec[T any] interface {
	Encode(v T) ([]byte, error)
	Decode(data []byte) (T, error)
}

// CBOR is the default codec: core deterministic CBOR, so that equal values are
// equal bytes. Struct fields follow `cbor` and `json` tags.
func CBOR[T any]() Codec[T] {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	dec, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	if err != nil {
		panic(err)
	}
	return cborCodec[T]{enc, dec}
}

type cborCodec[T any] struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func (c cborCodec[T]) Encode(v T) ([]byte, error) { return c.enc.Marshal(v) }

func (c cborCodec[T]) Decode(data []byte) (v T, err error) {
	err = c.dec.Unmarshal(data, &v)
	return v, err
}

// StorePrefix begins the name of the bucket that a typed store owns: the store
// "users" lives in bucket "store/users".
const StorePrefix = "store/"

// Store is a typed key space: keys are strings, values of any type that its
// codec can serialize. It is a handle, safe for concurrent use.
type Store[T any] struct {
	b     *Bucket
	codec Codec[T]
}

// StoreOption configures NewStore.
type StoreOption[T any] func(*Store[T])

// WithCodec replaces CBOR. The codec of a store with data in it must stay able
// to read that data.
func WithCodec[T any](c Codec[T]) StoreOption[T] {
	return func(s *Store[T]) { s.codec = c }
}

// NewStore returns the typed store of that name. It needs no creation.
func NewStore[T any](db *DB, name string, opts ...StoreOption[T]) *Store[T] {
	s := &Store[T]{b: db.Bucket(StorePrefix + name), codec: CBOR[T]()}
	for _, o := range opts {
		o(s)
	}
	return s
}

// DecodeError reports a stored value that the codec could not read.
type DecodeError struct {
	Bucket, Key string
	Err         error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("engine: bucket %q, key %q: cannot decode the value: %v", e.Bucket, e.Key, e.Err)
}

// Unwrap returns the codec's error.
func (e *DecodeError) Unwrap() error { return e.Err }

// Get returns the value of key, or ErrNotFound.
func (s *Store[T]) Get(key string) (T, error) {
	data, err := s.b.GetNoCopy([]byte(key))
	return s.decode(key, data, err)
}

// Set gives key a value, durably.
func (s *Store[T]) Set(ctx context.Context, key string, v T, opts ...SetOption) error {
	data, err := s.encode(key, v)
	if err != nil {
		return err
	}
	return s.b.Set(ctx, []byte(key), data, opts...)
}

// Delete removes key, durably. Removing a key that is not there is no error.
func (s *Store[T]) Delete(ctx context.Context, key string) error {
	return s.b.Delete(ctx, []byte(key))
}

// Update changes one value in a transaction of its own: fn gets the current
// value (the zero value and found == false when there is none) and returns the
// new one. An error from fn leaves everything as it was. A deadline stays.
func (s *Store[T]) Update(ctx context.Context, key string, fn func(v T, found bool) (T, error)) error {
	return s.b.db.Update(ctx, func(tx *Tx) error { return s.In(tx).Update(ctx, key, fn) })
}

// All visits every key with its value in ascending order of keys, in one
// consistent snapshot. A value that cannot be decoded comes with its error, and
// the iteration may go on.
func (s *Store[T]) All() iter.Seq2[Entry[T], error] {
	return func(yield func(Entry[T], error) bool) {
		stopped := false
		err := s.b.db.View(func(tx *Tx) error {
			for e, err := range s.In(tx).All() {
				if !yield(e, err) {
					stopped = true
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Entry[T]{}, err)
		}
	}
}

// Entry is a key of a typed store with its value.
type Entry[T any] struct {
	Key   string
	Value T
}

// In returns the store inside a transaction, so that it can change together
// with others.
func (s *Store[T]) In(tx *Tx) *TxStore[T] { return &TxStore[T]{s: s, b: tx.Bucket(s.b.name)} }

// TxStore is a typed store inside a transaction; it ends with it.
type TxStore[T any] struct {
	s *Store[T]
	b *TxBucket
}

// Get returns the value of key, or ErrNotFound.
func (t *TxStore[T]) Get(key string) (T, error) {
	data, err := t.b.GetNoCopy([]byte(key))
	return t.s.decode(key, data, err)
}

// Set gives key a value.
func (t *TxStore[T]) Set(ctx context.Context, key string, v T, opts ...SetOption) error {
	data, err := t.s.encode(key, v)
	if err != nil {
		return err
	}
	return t.b.Set(ctx, []byte(key), data, opts...)
}

// Delete removes key.
func (t *TxStore[T]) Delete(ctx context.Context, key string) error {
	return t.b.Delete(ctx, []byte(key))
}

// Update is Store.Update inside the transaction.
func (t *TxStore[T]) Update(ctx context.Context, key string, fn func(v T, found bool) (T, error)) error {
	v, err := t.Get(key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if v, err = fn(v, err == nil); err != nil {
		return err
	}
	return t.Set(ctx, key, v, KeepDeadline())
}

// All visits every key with its value in ascending order of keys.
func (t *TxStore[T]) All() iter.Seq2[Entry[T], error] {
	return func(yield func(Entry[T], error) bool) {
		for it := range t.b.scan(Scan{}) {
			key := string(it.key)
			v, err := t.s.decode(key, it.value, nil)
			if !yield(Entry[T]{key, v}, err) {
				return
			}
		}
	}
}

func (s *Store[T]) encode(key string, v T) ([]byte, error) {
	data, err := s.codec.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("engine: bucket %q, key %q: cannot encode the value: %w", s.b.name, key, err)
	}
	return data, nil
}

func (s *Store[T]) decode(key string, data []byte, err error) (v T, _ error) {
	if err != nil {
		return v, err
	}
	if v, err = s.codec.Decode(data); err != nil {
		var zero T
		return zero, &DecodeError{Bucket: s.b.name, Key: key, Err: err}
	}
	return v, nil
}
