package page

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/url"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

// history answers with what happened to a key: the last commits that touched it.
func (s *Server) history(ctx context.Context, q url.Values) (any, error) {
	key := []byte(q.Get("key"))
	if q.Has("hex") {
		var err error
		if key, err = hex.DecodeString(q.Get("hex")); err != nil {
			return nil, &badRequest{"hex: not hexadecimal"}
		}
	}
	if len(key) == 0 {
		return nil, &badRequest{"a key has at least one byte"}
	}
	answer := struct {
		Rows  []Row  `json:"rows"`
		Total int64  `json:"total"`
		Note  string `json:"note"`
	}{Rows: []Row{}}
	lost := 0
	for c, err := range s.store().History(ctx, q.Get("bucket"), key) {
		if err != nil {
			return nil, err
		}
		if c.Gap != nil {
			lost++
			continue
		}
		if c.Snapshot > 0 {
			answer.Note = fmt.Sprintf("The snapshot at LSN %d knows what LSN %d set; what was before is gone.", c.Snapshot, c.LSN)
		}
		row := Row{Kind: "record", LSN: c.LSN, Time: c.Time, Segment: c.Segment, Frame: c.Offset, At: c.Offset,
			Type: c.Op.String(), Ops: []Op{changeOp(q.Get("bucket"), key, c)}, OpCount: 1}
		answer.Total++
		if answer.Rows = append(answer.Rows, row); len(answer.Rows) > 2*historyFound {
			answer.Rows = append(answer.Rows[:0], answer.Rows[historyFound:]...)
		}
	}
	if n := len(answer.Rows); n > historyFound {
		answer.Rows = answer.Rows[n-historyFound:]
	}
	if lost > 0 {
		answer.Note += fmt.Sprintf(" %s of the log cannot be read: what happened to the key there is not known.", plural(int64(lost), "place"))
	}
	return answer, nil
}

// changeOp is a change as an operation, with bytes of its own.
func changeOp(bucket string, key []byte, c *inspect.Change) Op {
	op := Op{Op: c.Op.String(), Bucket: bucket, Key: keyBytes(key), Expires: c.Deadline}
	switch c.Op {
	case record.OpSet:
		op.Value = valueBytes(c.Value)
		op.Value.keep()
	case record.OpDeleteRange:
		op.Key = nil
		if len(c.From) > 0 {
			op.Key = keyBytes(c.From)
			op.Key.keep()
		}
		if c.To != nil {
			op.To = keyBytes(c.To)
			op.To.keep()
		}
	}
	return op
}

func (s *Server) store() *inspect.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.store
}

// change is one key that differs between two points.
type change struct {
	Bucket string `json:"bucket,omitempty"`
	Key    *Bytes `json:"key"`
	Was    *Bytes `json:"was,omitempty"`
	Now    *Bytes `json:"now,omitempty"`
}

// differences is how many a page shows.
const differences = 500

// diff answers with the keys whose values differ between two LSNs: two states of
// the store, walked side by side in the order of their keys.
func (s *Server) diff(ctx context.Context, q url.Values) (any, error) {
	if _, err := s.current(q); err != nil {
		return nil, err
	}
	a, err := number[uint64](q, "a")
	if err != nil {
		return nil, err
	}
	b, err := number[uint64](q, "b")
	if err != nil {
		return nil, err
	}
	answer := struct {
		Total   int64    `json:"total"`
		Changes []change `json:"changes"`
		Note    string   `json:"note"`

		// Unreachable says why nobody can tell; the rest is empty then.
		Unreachable string `json:"unreachable,omitempty"`
	}{Changes: []change{}}
	if a == b {
		return answer, nil
	}
	store := s.store()
	was, errA := store.State(ctx, a)
	now, errB := store.State(ctx, b)
	if err = cmp.Or(errA, errB); err == nil {
		err = side(was.All(ctx), now.All(ctx), func(x, y *record.Entry) {
			if x != nil && y != nil && bytes.Equal(x.Value, y.Value) && x.Deadline == y.Deadline {
				return
			}
			if answer.Total++; answer.Total > differences {
				return
			}
			e := cmp.Or(x, y)
			c := change{Bucket: e.Bucket, Key: keyBytes(e.Key)}
			if x != nil {
				c.Was = valueBytes(x.Value)
			}
			if y != nil {
				c.Now = valueBytes(y.Value)
			}
			for _, v := range []*Bytes{c.Key, c.Was, c.Now} {
				v.keep()
			}
			answer.Changes = append(answer.Changes, c)
		})
	}
	var unreachable *inspect.UnreachableError
	if errors.As(err, &unreachable) {
		answer.Unreachable, answer.Total, answer.Changes, err = sentence(unreachable.Error()), 0, answer.Changes[:0], nil
	}
	return answer, err
}

// side walks two ordered sequences of entries together; nil stands for a key that
// one of them does not have.
func side(a, b iter.Seq2[record.Entry, error], take func(x, y *record.Entry)) error {
	nextA, stopA := iter.Pull2(a)
	defer stopA()
	nextB, stopB := iter.Pull2(b)
	defer stopB()
	x, errA, okA := nextA()
	y, errB, okB := nextB()
	for okA || okB {
		if errA != nil {
			return errA
		}
		if errB != nil {
			return errB
		}
		order := 0
		switch {
		case !okB:
			order = -1
		case !okA:
			order = 1
		default:
			order = cmp.Or(cmp.Compare(x.Bucket, y.Bucket), bytes.Compare(x.Key, y.Key))
		}
		switch {
		case order < 0:
			take(&x, nil)
		case order > 0:
			take(nil, &y)
		default:
			take(&x, &y)
		}
		if order <= 0 {
			x, errA, okA = nextA()
		}
		if order >= 0 {
			y, errB, okB = nextB()
		}
	}
	return nil
}
