package inspect

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal/record"
)

// UnreachableError says that the past at an LSN cannot be had, and what can.
type UnreachableError struct {
	LSN       uint64
	Reachable []LSNs // ascending; none when nothing is known to be
	Reason    string // "" when it just lies outside of them

	// Err is the damage that is to blame: a *recovery.CorruptionError, or a
	// *recovery.VersionError; nil when none is.
	Err error
}

// Unwrap returns the damage.
func (e *UnreachableError) Unwrap() error { return e.Err }

func (e *UnreachableError) Error() string {
	s := fmt.Sprintf("LSN %d cannot be reached", e.LSN)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	for i, r := range e.Reachable {
		if i == 0 {
			s += "; what is retained reaches "
		} else {
			s += ", and "
		}
		if r.From == r.To {
			s += fmt.Sprintf("LSN %d", r.From)
		} else {
			s += fmt.Sprintf("from LSN %d to %d", r.From, r.To)
		}
	}
	return s
}

// Newest stands for the last LSN that there is.
const Newest = math.MaxUint64

// State is what a store held at an LSN: a snapshot and the log behind it, up to
// there. It holds nothing in memory; its methods read, and take a pass over that
// part of the log each. It may be used by several goroutines.
//
// A key whose deadline had passed when the commit at the LSN was made is not
// there, as it was for everybody then.
type State struct {
	s    *Store
	lsn  uint64
	base uint64 // of the snapshot; 0 = none, the log is had from its beginning

	// Memory bounds what All and Range hold of the log, in bytes; where that is
	// not enough they take further passes. State sets 32 MiB.
	Memory int
}

// State finds what the state at an LSN can be had from. Newest is the last one
// there is. An *UnreachableError says that it cannot; reading the State may say so
// too, when the log turns out to be damaged before the LSN.
func (s *Store) State(ctx context.Context, lsn uint64) (*State, error) {
	st := &State{s: s, lsn: lsn, Memory: 32 << 20}
	all, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Backward(all) {
		if f.Err == nil && f.LSN <= lsn {
			st.base = f.LSN
			return st, nil
		}
	}
	whole, err := s.whole()
	if err != nil {
		return nil, err
	}
	if !whole {
		return nil, s.unreachable(ctx, lsn, "")
	}
	return st, nil
}

// LSN is the one that the state was asked for.
func (st *State) LSN() uint64 { return st.lsn }

// Base is the LSN of the snapshot that the state is built on; 0 = none.
func (st *State) Base() uint64 { return st.base }

// whole reports whether the log is there from its beginning.
func (s *Store) whole() (bool, error) {
	v, err := s.look()
	if err != nil {
		return false, err
	}
	list := v.log()
	if len(list) == 0 {
		return true, nil // an empty store
	}
	seg, wrong, err := s.openSegment(v, list[0])
	if err != nil {
		if readError(err) {
			return false, err
		}
		return false, nil
	}
	first := wrong == "" && seg.Header.Prev.LastLSN == 0
	return first, seg.Close()
}

// unreachable makes the error, with what can be reached.
func (s *Store) unreachable(ctx context.Context, lsn uint64, reason string) error {
	ranges, err := s.Reachable(ctx)
	if err != nil {
		return err
	}
	return &UnreachableError{LSN: lsn, Reachable: ranges, Reason: reason}
}

// Reachable are the LSNs whose state can be had, ascending: from each sound
// snapshot, and from the log's beginning, as far as the log goes on whole. LSNs
// that were never given, as after a torn tail, are in them. It reads the log.
func (s *Store) Reachable(ctx context.Context) ([]LSNs, error) {
	all, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	whole, err := s.whole()
	if err != nil {
		return nil, err
	}
	runs, err := s.runs(ctx)
	if err != nil {
		return nil, err
	}
	var bases []uint64
	if whole {
		bases = append(bases, 0)
	}
	for i := range all {
		if all[i].Err == nil {
			bases = append(bases, all[i].LSN)
		}
	}
	var ranges []LSNs
	for _, base := range bases {
		r := LSNs{From: max(base, 1), To: base}
		for _, run := range runs {
			if run.From <= base+1 && run.To > base {
				r.To = run.To
			}
		}
		switch n := len(ranges); {
		case r.To < r.From:
		case n > 0 && r.From <= ranges[n-1].To+1:
			ranges[n-1].To = max(ranges[n-1].To, r.To)
		default:
			ranges = append(ranges, r)
		}
	}
	return ranges, nil
}

// runs are the LSNs of the log from gap to gap.
func (s *Store) runs(ctx context.Context) (runs []LSNs, err error) {
	open := false
	for f, err := range s.Frames(ctx, From{}, false) {
		if err != nil {
			return nil, err
		}
		switch {
		case f.Count() > 0 && open:
			runs[len(runs)-1].To = f.Header.LastLSN()
		case f.Count() > 0:
			runs = append(runs, LSNs{From: f.LSN, To: f.Header.LastLSN()})
			open = true
		case f.Verdict.Kind > Ignored && !f.Verdict.Lost.Empty():
			open = false
		}
	}
	return runs, nil
}

// replay hands the operations behind the snapshot, up to the LSN, to apply, and
// returns when the last commit was made; 0 = not recorded.
func (st *State) replay(ctx context.Context, apply func(lsn uint64, m *record.Mutation) error) (when int64, err error) {
	if st.lsn != Newest && st.base == st.lsn {
		return st.time(ctx)
	}
	last := st.base
	for r, err := range st.s.Records(ctx, From{LSN: st.base + 1}, false) {
		switch {
		case err != nil:
			return 0, err
		case r.Raw != nil && r.LSN > st.lsn:
			return when, nil
		case r.Raw == nil && r.Frame.LSN > st.lsn:
			return when, nil
		}
		if v := r.Verdict(); v.Kind > Ignored {
			if v.Kind == Torn && st.lsn == Newest {
				break // it never was
			}
			if lost := v.Lost; !lost.Empty() && lost.From <= st.lsn && (lost.Open || lost.To > st.base) {
				if v.Kind == Torn {
					break
				}
				return 0, st.damaged(ctx, &r, &v)
			}
			continue
		}
		if r.Raw == nil {
			continue
		}
		last = r.LSN
		if r.Commit.Time != 0 {
			when = r.Commit.Time
		}
		for i := range r.Commit.Mutations {
			if err := apply(r.LSN, &r.Commit.Mutations[i]); err != nil {
				return 0, err
			}
		}
	}
	if st.lsn != Newest && last < st.lsn {
		return 0, st.s.unreachable(ctx, st.lsn, fmt.Sprintf("the log ends with LSN %d", last))
	}
	return when, nil
}

// damaged is the error for a log that cannot be read on the way to the LSN.
func (st *State) damaged(ctx context.Context, r *Record, v *Verdict) error {
	f := r.Frame
	err := st.s.unreachable(ctx, st.shown(v.Lost), fmt.Sprintf("on the way to it the log is %v: %s at offset %d: %s", v.Kind, f.File, f.Offset, v.Reason))
	var past *UnreachableError
	if errors.As(err, &past) && v.Kind.Bad() {
		past.Err = &recovery.CorruptionError{File: f.File, Offset: f.Offset, LSN: v.Lost.From, Reason: v.Reason}
		if v.Kind == Unsupported {
			past.Err = &recovery.VersionError{File: f.File, What: v.Check + " " + v.Found}
		}
	}
	return err
}

// shown is the LSN to name in an error.
func (st *State) shown(lost LSNs) uint64 {
	if st.lsn == Newest {
		return lost.From
	}
	return st.lsn
}

// time is when the commit at the LSN was made, if the log still has it.
func (st *State) time(ctx context.Context) (int64, error) {
	for r, err := range st.s.Records(ctx, From{LSN: st.lsn}, false) {
		if err != nil {
			return 0, err
		}
		if r.Raw != nil && r.LSN == st.lsn && r.Err == nil {
			return r.Commit.Time, nil
		}
		if r.LSN >= st.lsn {
			break
		}
	}
	return 0, nil
}

// Get looks one key up, in a pass over the log behind the snapshot. The entry is
// the caller's.
func (st *State) Get(ctx context.Context, bucket string, key []byte) (e record.Entry, found bool, err error) {
	if st.base > 0 {
		r, err := st.s.OpenSnapshot(st.base)
		if err != nil {
			return e, false, err
		}
		e, found, err = r.Get(bucket, key)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return e, false, err
		}
	}
	when, err := st.replay(ctx, func(lsn uint64, m *record.Mutation) error {
		if !touches(m, bucket, key) {
			return nil
		}
		found = m.Op == record.OpSet
		e = record.Entry{Bucket: bucket, Key: slices.Clone(m.Key), Value: slices.Clone(m.Value), LSN: lsn, Deadline: m.Deadline}
		return nil
	})
	if err != nil || !found || expired(&e, when) {
		return record.Entry{}, false, err
	}
	return e, true, nil
}

func expired(e *record.Entry, when int64) bool {
	return e.Deadline != 0 && when != 0 && e.Deadline <= when
}

// All iterates over every entry, by bucket and key. The entries are the
// consumer's. An error is the last thing it yields.
func (st *State) All(ctx context.Context) iter.Seq2[record.Entry, error] {
	return st.Range(ctx, Range{})
}

// Range chooses entries: of one bucket, with keys from From on (nil: the first)
// and before To (nil: to the last). Without a Bucket it is all of them.
type Range struct {
	Bucket   *string
	From, To []byte
	Reverse  bool // from the last to the first
}

// Range iterates over entries in order.
func (st *State) Range(ctx context.Context, r Range) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		err := st.passes(ctx, r, func(e *record.Entry) bool { return yield(*e, nil) })
		if err != nil && !errors.Is(err, errStop) {
			yield(record.Entry{}, err)
		}
	}
}
