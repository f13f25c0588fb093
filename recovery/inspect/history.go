package inspect

import (
	"bytes"
	"context"
	"iter"

	"github.com/redis-lite/redis-lite/wal/record"
)

// Change is one thing that happened to a key, or a gap in what is known of it.
type Change struct {
	LSN     uint64
	Time    int64 // Unix milliseconds by the writer's clock; 0 = not recorded
	Segment uint64
	Offset  int64 // of the frame
	Index   int   // of the operation in its commit
	Proven  bool

	// Op, Value and Deadline are the operation's; a delete-range that covers the key
	// has its bounds in From and To. They are valid until the next step.
	Op       record.Op
	Value    []byte
	Deadline int64
	From, To []byte

	// Snapshot is the LSN of the snapshot that knows of it, when the log does not
	// reach back to it: it says what the key was last set to, at LSN.
	Snapshot uint64

	// Gap is not nil where the log could not be read: whatever happened to the key
	// in Gap.Verdict.Lost is not known. Nothing else is set but LSN.
	Gap *Frame
}

// History tells what happened to a key, oldest first: from the oldest snapshot,
// where the log does not reach back to the beginning, and from the log.
func (s *Store) History(ctx context.Context, bucket string, key []byte) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		past, err := s.past(bucket, key)
		if err != nil {
			yield(nil, err)
			return
		}
		for r, err := range s.Records(ctx, From{}, false) {
			if err != nil {
				yield(nil, err)
				return
			}
			if past != nil && (r.LSN > past.LSN || r.LSN == past.LSN && r.Raw != nil) {
				// The log tells it itself, if it reaches back that far.
				if r.LSN > past.LSN && !yield(past, nil) {
					return
				}
				past = nil
			}
			if !r.history(bucket, key, yield) {
				return
			}
		}
		if past != nil {
			yield(past, nil)
		}
	}
}

// past is what the oldest snapshot that can be read says of a key; nil when it
// says nothing, or when the log begins at its beginning.
func (s *Store) past(bucket string, key []byte) (*Change, error) {
	all, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	for i := range all {
		f := &all[i]
		if f.Err != nil {
			continue
		}
		r, err := s.OpenSnapshot(f.LSN)
		if err != nil {
			return nil, err
		}
		e, ok, err := r.Get(bucket, key)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			continue // that block is rotten; another snapshot may know
		}
		if !ok {
			return nil, nil
		}
		return &Change{LSN: e.LSN, Op: record.OpSet, Value: e.Value, Deadline: e.Deadline, Snapshot: f.LSN, Proven: true}, nil
	}
	return nil, nil
}

// history yields what a record says of the key.
func (r *Record) history(bucket string, key []byte, yield func(*Change, error) bool) bool {
	switch {
	case r.Raw == nil && r.Frame.Verdict.Kind > Ignored && !r.Frame.Verdict.Lost.Empty():
		return yield(&Change{LSN: r.LSN, Gap: r.Frame}, nil)
	case r.Raw == nil:
		return true
	case r.Err != nil:
		gap := r.Frame.bare()
		gap.Verdict = r.Verdict()
		return yield(&Change{LSN: r.LSN, Gap: gap}, nil)
	}
	for i := range r.Commit.Mutations {
		m := &r.Commit.Mutations[i]
		if !touches(m, bucket, key) {
			continue
		}
		c := &Change{
			LSN: r.LSN, Time: r.Commit.Time, Segment: r.Frame.Segment, Offset: r.Frame.Offset, Index: i,
			Proven: r.Frame.Proven, Op: m.Op, Value: m.Value, Deadline: m.Deadline,
		}
		if m.Op == record.OpDeleteRange {
			c.From, c.To = m.Key, m.To
		}
		if !yield(c, nil) {
			return false
		}
	}
	return true
}

// touches reports whether a mutation concerns a key.
func touches(m *record.Mutation, bucket string, key []byte) bool {
	switch {
	case m.Bucket != bucket:
		return false
	case m.Op == record.OpDeleteRange:
		return bytes.Compare(m.Key, key) <= 0 && (m.To == nil || bytes.Compare(key, m.To) < 0)
	}
	return bytes.Equal(m.Key, key)
}
