package page

import (
	"bytes"
	"context"

	"github.com/redis-lite/redis-lite/wal/record"
)

// maxBase is how many keys of the state before the log a report holds.
const maxBase = 10_000

// base is the state before the log's first record, of the keys that the log
// touches, when it can be had and is not large: without it nobody can tell what the
// first records changed.
func (l *Log) base(ctx context.Context) *Base {
	touched, err := l.touched(ctx)
	if err != nil {
		return nil
	}
	state, err := l.store.State(ctx, l.Over.FirstLSN-1)
	if err != nil {
		return nil
	}
	b := &Base{LSN: l.Over.FirstLSN - 1, Keys: []BaseKey{}}
	for e, err := range state.All(ctx) {
		if err != nil {
			return nil
		}
		if !touched.has(&e) {
			continue
		}
		if len(b.Keys) == maxBase {
			return nil
		}
		k := BaseKey{Bucket: e.Bucket, Key: keyBytes(e.Key), Value: valueBytes(e.Value), LSN: e.LSN, Expires: e.Deadline}
		k.Key.keep()
		k.Value.keep()
		b.Keys = append(b.Keys, k)
	}
	return b
}

// touched are the keys and ranges that a log's operations name.
type touched struct {
	keys   map[string]bool // bucket, a zero byte, key
	ranges []record.Mutation
}

func (l *Log) touched(ctx context.Context) (*touched, error) {
	t := &touched{keys: map[string]bool{}}
	if len(l.starts) == 0 {
		return t, nil
	}
	err := l.walk(ctx, l.starts[0], func(p *part, _ int64) bool {
		if p.frame == nil {
			return true
		}
		for r := range p.frame.Records() {
			for _, m := range r.Commit.Mutations {
				if m.Op == record.OpDeleteRange {
					m.Key, m.To = bytes.Clone(m.Key), bytes.Clone(m.To)
					t.ranges = append(t.ranges, m)
					continue
				}
				t.keys[m.Bucket+"\x00"+string(m.Key)] = true
			}
		}
		return true
	})
	return t, err
}

func (t *touched) has(e *record.Entry) bool {
	if t.keys[e.Bucket+"\x00"+string(e.Key)] {
		return true
	}
	for i := range t.ranges {
		m := &t.ranges[i]
		if m.Bucket == e.Bucket && bytes.Compare(m.Key, e.Key) <= 0 && (m.To == nil || bytes.Compare(e.Key, m.To) < 0) {
			return true
		}
	}
	return false
}
