package engine

import (
	"context"
	"time"
)

// KV is the key-value API that a database, a bucket and a transaction share, so
// that a function can be written once and used inside and outside of a
// transaction, on disk and in memory.
//
// Set and Delete copy what they are given; Get hands out bytes that the caller
// owns. Outside of a transaction a nil error from Set or Delete means durable
// (in the database's durability mode); inside one it means staged.
type KV interface {
	// Get returns the value of key, or ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Set gives key a value, and a deadline when an option says so: without
	// one, an older deadline is gone.
	Set(ctx context.Context, key, value []byte, opts ...SetOption) error
	// Delete removes key. Removing a key that is not there is no error.
	Delete(ctx context.Context, key []byte) error
}

var (
	_ KV = (*DB)(nil)
	_ KV = (*Bucket)(nil)
	_ KV = (*Tx)(nil)
	_ KV = (*TxBucket)(nil)
)

// Item is a key with all that is known of it. The slices are the database's
// own memory, immutable for ever: keep them as long as you like, never write to
// them.
type Item struct {
	Key, Value []byte
	LSN        uint64    // of the commit that wrote it
	Deadline   time.Time // when it expires; zero for never
}

// SetOption changes what Set does.
type SetOption func(*setOptions)

type setOptions struct {
	ttl      time.Duration
	deadline time.Time
	keep     bool
	hasTTL   bool
	hasDead  bool
}

// TTL makes the key expire d after the transaction's time. The deadline that is
// logged is absolute.
func TTL(d time.Duration) SetOption {
	return func(o *setOptions) { o.ttl, o.hasTTL = d, true }
}

// Deadline makes the key expire at t (with a resolution of a millisecond).
func Deadline(t time.Time) SetOption {
	return func(o *setOptions) { o.deadline, o.hasDead = t, true }
}

// KeepDeadline leaves the deadline that the key has, if any.
func KeepDeadline() SetOption {
	return func(o *setOptions) { o.keep = true }
}

// deadlineOf turns options into Unix milliseconds, 0 for none. keep asks the
// caller to look the old deadline up.
func deadlineOf(opts []SetOption, now int64) (ms int64, keep bool, err error) {
	if len(opts) == 0 {
		return 0, false, nil
	}
	var o setOptions
	for _, f := range opts {
		f(&o)
	}
	switch {
	case o.keep:
		return 0, true, nil
	case o.hasDead:
		ms = o.deadline.UnixMilli()
	case o.hasTTL:
		ms = now + o.ttl.Milliseconds()
		if o.ttl > 0 && ms < now {
			return 0, false, ErrDeadline
		}
	default:
		return 0, false, nil
	}
	if ms <= 0 {
		return 0, false, ErrDeadline
	}
	return ms, false, nil
}

// CommitOption changes how one transaction commits.
type CommitOption func(*commitOptions)

// WillWait tells UpdateAsync that its caller is going to Wait at once, or as soon as
// it has done the little that it can do meanwhile. Then the caller's Wait writes to
// the disk itself, and no goroutine is started for it. A caller who does not keep
// the promise leaves the commit lying until somebody else commits.
func WillWait() CommitOption {
	return func(o *commitOptions) { o.waits = true }
}

type commitOptions struct {
	sync  bool
	waits bool
}

// Durably makes this one commit durable before it is acknowledged, whatever the
// database's mode is.
func Durably() CommitOption {
	return func(o *commitOptions) { o.sync = true }
}

func commitOptionsOf(opts []CommitOption) (o commitOptions) {
	for _, f := range opts {
		f(&o)
	}
	return o
}
