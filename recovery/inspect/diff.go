package inspect

import (
	"bytes"
	"iter"
	"strings"

	"github.com/redis-lite/redis-lite/wal/record"
)

// Difference is one key that two states do not hold alike. The LSN of the last
// write is no part of what is compared.
type Difference struct {
	Before, After *record.Entry // nil where the key is not there; the consumer's
}

// Entry is the side that has the key, After rather than Before.
func (d *Difference) Entry() *record.Entry {
	if d.After != nil {
		return d.After
	}
	return d.Before
}

// Diff merges two sorted sequences of entries, as State.All and snapshot.Reader
// yield them, and yields what differs, in order. same, when not nil, counts the
// keys that do not. It holds one entry of each in memory. An error of either is
// the last thing it yields.
func Diff(before, after iter.Seq2[record.Entry, error], same *int64) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		a, stopA := pull(before)
		defer stopA()
		b, stopB := pull(after)
		defer stopB()
		x, errX := a()
		y, errY := b()
		for {
			if errX != nil || errY != nil {
				if errX == nil {
					errX = errY
				}
				yield(Difference{}, errX)
				return
			}
			order := 0
			switch {
			case x == nil && y == nil:
				return
			case x == nil:
				order = 1
			case y == nil:
				order = -1
			default:
				order = strings.Compare(x.Bucket, y.Bucket)
				if order == 0 {
					order = bytes.Compare(x.Key, y.Key)
				}
			}
			d := Difference{Before: x, After: y}
			switch {
			case order < 0:
				d.After = nil
			case order > 0:
				d.Before = nil
			}
			if order == 0 && x.Deadline == y.Deadline && bytes.Equal(x.Value, y.Value) {
				if same != nil {
					*same++
				}
			} else if !yield(d, nil) {
				return
			}
			if order <= 0 {
				x, errX = a()
			}
			if order >= 0 {
				y, errY = b()
			}
		}
	}
}

// pull steps through entries; nil is the end.
func pull(seq iter.Seq2[record.Entry, error]) (next func() (*record.Entry, error), stop func()) {
	step, stop := iter.Pull2(seq)
	return func() (*record.Entry, error) {
		e, err, ok := step()
		if !ok || err != nil {
			return nil, err
		}
		return &e, nil
	}, stop
}
