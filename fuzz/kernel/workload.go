package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/redis-lite/redis-lite/engine"
)

// metaBucket holds one key, the number of the newest transaction and the round
// that made it: every transaction increments it, so the commit order is the
// order of the numbers, however many clients there are.
const (
	metaBucket = "meta"
	metaKey    = "n"
)

// position says which transaction a state is the result of.
type position struct {
	N     uint64 // the transaction's number, from 1; 0 is the empty store
	Round uint64 // the round that it was made in
}

func (p position) String() string { return fmt.Sprintf("transaction %d of round %d", p.N, p.Round) }

// opKind is what an operation does.
type opKind uint8

const (
	opSet opKind = iota
	opDelete
	opDeleteRange
)

// operation is one step of a transaction. Ranges are of whole key numbers.
type operation struct {
	kind     opKind
	bucket   string
	key, end int
	value    []byte
}

func keyName(i int) []byte { return fmt.Appendf(nil, "key%05d", i) }

// buckets are where the data is; the default bucket is one of them.
var buckets = [...]string{"", "a", "b"}

// transaction is what transaction p does: a pure function of the workload's
// seed and the position, so that whoever knows the position knows the state.
// The round takes part, so that a transaction that a crash took away and its
// successor of the same number write different bytes: a lost suffix that comes
// back is seen.
func (c *Config) transaction(p position) []operation {
	r := rand.New(rand.NewPCG(c.Seed^p.Round<<48, p.N))
	ops := make([]operation, 1+r.IntN(4))
	for i := range ops {
		op := operation{bucket: buckets[r.IntN(len(buckets))], key: r.IntN(c.Keys)}
		switch roll := r.IntN(100); {
		case roll < 80:
			op.kind = opSet
			op.value = value(r, c.valueSize(r))
		case roll < 97:
			op.kind = opDelete
		default:
			op.kind = opDeleteRange
			op.end = op.key + 1 + r.IntN(c.Keys/4+1)
		}
		ops[i] = op
	}
	return ops
}

// valueSize is mostly small; one in thirty goes up to the limit, which is above
// the size from which a frame is appended instead of written into zeros.
func (c *Config) valueSize(r *rand.Rand) int {
	if r.IntN(30) == 0 {
		return r.IntN(c.MaxValue + 1)
	}
	return r.IntN(min(300, c.MaxValue) + 1)
}

func value(r *rand.Rand, n int) []byte {
	b := make([]byte, (n+7)/8*8)
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b[:n]
}

// errAborted ends a transaction that must leave nothing behind.
var errAborted = errors.New("kernel: aborted on purpose")

// run makes the next transaction inside tx. begun is told its position before
// the transaction can reach the disk.
func (c *Config) run(ctx context.Context, tx *engine.Tx, abort bool, begun func(position)) (position, error) {
	last, err := readPosition(tx)
	if err != nil {
		return position{}, err
	}
	p := position{N: last.N + 1, Round: c.Round}
	if abort {
		p.Round = ^uint64(0) // bytes that no committed transaction has
	} else {
		begun(p)
	}
	for _, op := range c.transaction(p) {
		b := tx.Bucket(op.bucket)
		switch op.kind {
		case opSet:
			err = b.Set(ctx, keyName(op.key), op.value)
		case opDelete:
			err = b.Delete(ctx, keyName(op.key))
		case opDeleteRange:
			err = b.DeleteRange(ctx, keyName(op.key), keyName(op.end))
		}
		if err != nil {
			return p, err
		}
	}
	if abort {
		return p, errAborted
	}
	return p, tx.Bucket(metaBucket).Set(ctx, []byte(metaKey), fmt.Appendf(nil, "%d %d", p.N, p.Round))
}

func readPosition(tx *engine.Tx) (position, error) {
	var p position
	b, err := tx.Bucket(metaBucket).Get([]byte(metaKey))
	if errors.Is(err, engine.ErrNotFound) {
		return p, nil
	}
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d %d", &p.N, &p.Round)
	}
	return p, err
}
