package inspect_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

func at(tb testing.TB, s *inspect.Store, lsn uint64) map[string]string {
	tb.Helper()
	st, err := s.State(context.Background(), lsn)
	if err != nil {
		tb.Fatal(err)
	}
	got := map[string]string{}
	for e, err := range st.All(context.Background()) {
		if err != nil {
			tb.Fatal(err)
		}
		got[string(e.Key)] = string(e.Value)
	}
	return got
}

func TestThePastIsWhatItWas(t *testing.T) {
	b := small(t)
	b.Write()
	s := open(t, b)
	for lsn, want := range map[uint64]map[string]string{
		1:              {"a": "1"},
		3:              {"a": "1", "b": "2", "c": "3"},
		5:              {"a": "4", "c": "3"},
		7:              {"a": "4", "c": "3", "d": "6", "e": "7"},
		inspect.Newest: {"a": "4", "c": "3", "d": "6", "e": "7"},
	} {
		if got := at(t, s, lsn); !maps.Equal(got, want) {
			t.Errorf("at %d: %v", lsn, got)
		}
	}
}

func TestWhatIsNotRetainedSaysWhatIs(t *testing.T) {
	b := small(t)
	b.Snapshot(3, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2), recoverytest.Entry("c", "3", 3))
	b.Manifest.First = 2
	b.Segments[1].Flip(4216 + 45) // LSN 7
	s9 := b.Segment()
	s9.Frame(wal.FlagSynced, recoverytest.Set("f", "8"))
	b.Write()
	s := open(t, b)
	if got := at(t, s, 3); !maps.Equal(got, map[string]string{"a": "1", "b": "2", "c": "3"}) {
		t.Error(got)
	}
	if got := at(t, s, 6); len(got) != 3 || got["a"] != "4" {
		t.Error(got)
	}
	for _, lsn := range []uint64{2, 7, 8, 99, inspect.Newest} {
		st, err := s.State(context.Background(), lsn)
		if err == nil {
			_, _, err = st.Get(context.Background(), "", []byte("a"))
		}
		var un *inspect.UnreachableError
		if !errors.As(err, &un) || !slices.Equal(un.Reachable, []inspect.LSNs{{From: 3, To: 6}}) {
			t.Errorf("LSN %d: %v", lsn, err)
		}
	}
}

// The state at any LSN is what applying all commits up to there gives, however
// little memory there is.
func TestAStateIsTheReplayInAnyMemory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := recoverytest.New(t, memfs.New(), dir)
		key := rapid.StringMatching(`[a-h]{1,2}`)
		var states []map[string]string
		now := map[string]string{}
		states = append(states, maps.Clone(now))
		for range rapid.IntRange(1, 2).Draw(rt, "segments") {
			s := b.Segment()
			for range rapid.IntRange(0, 12).Draw(rt, "frames") {
				var c record.Commit
				for range rapid.IntRange(1, 3).Draw(rt, "ops") {
					m := record.Mutation{Op: record.Op(rapid.IntRange(1, 3).Draw(rt, "op")), Key: []byte(key.Draw(rt, "key"))}
					switch m.Op {
					case record.OpSet:
						m.Value = []byte(rapid.StringN(0, 20, 40).Draw(rt, "value"))
					case record.OpDeleteRange:
						if rapid.Bool().Draw(rt, "bounded") {
							m.To = []byte(key.Draw(rt, "to"))
						}
					}
					c.Mutations = append(c.Mutations, m)
				}
				s.Frame(wal.FlagSynced, c)
				recoverytest.Do(now, &c)
				states = append(states, maps.Clone(now))
			}
			s.Seal()
		}
		if n := rapid.IntRange(0, len(states)-1).Draw(rt, "snapshot"); n > 0 {
			var entries []record.Entry
			for _, k := range slices.Sorted(maps.Keys(states[n])) {
				entries = append(entries, recoverytest.Entry(k, states[n][k], 1))
			}
			b.Snapshot(uint64(n), entries...)
		}
		b.Write()
		s := open(t, b)
		lsn := rapid.IntRange(1, max(len(states)-1, 1)).Draw(rt, "lsn")
		if len(states) == 1 {
			return
		}
		st, err := s.State(context.Background(), uint64(lsn))
		if err != nil {
			rt.Fatal(err)
		}
		st.Memory = rapid.SampledFrom([]int{1, 700, 1 << 20}).Draw(rt, "memory")
		var keys []string
		got := map[string]string{}
		reverse := rapid.Bool().Draw(rt, "reverse")
		for e, err := range st.Range(context.Background(), inspect.Range{Reverse: reverse}) {
			if err != nil {
				rt.Fatal(err)
			}
			keys = append(keys, string(e.Key))
			got[string(e.Key)] = string(e.Value)
		}
		if reverse {
			slices.Reverse(keys)
		}
		if !slices.IsSorted(keys) || len(keys) != len(got) {
			rt.Fatalf("%q", keys)
		}
		if !maps.Equal(got, states[lsn]) {
			rt.Fatalf("at %d: %q, want %q", lsn, got, states[lsn])
		}
		one := key.Draw(rt, "one")
		e, ok, err := st.Get(context.Background(), "", []byte(one))
		if want, has := states[lsn][one]; err != nil || ok != has || string(e.Value) != want {
			rt.Fatalf("%q: %q %v %v, want %q", one, e.Value, ok, err, want)
		}
	})
}

func TestHistoryTellsAllThatHappenedToAKey(t *testing.T) {
	b := small(t)
	b.Segments[1].Frame(wal.FlagSynced, record.Commit{Time: 5000, Mutations: []record.Mutation{{Op: record.OpDeleteRange, Key: []byte("a"), To: []byte("b")}}})
	b.Segments[1].Flip(4160 + 45) // LSN 6
	b.Write()
	var got []string
	for c, err := range open(t, b).History(context.Background(), "", []byte("a")) {
		switch {
		case err != nil:
			t.Fatal(err)
		case c.Gap != nil:
			got = append(got, c.Gap.Verdict.Lost.String())
		default:
			got = append(got, c.Op.String()+" "+string(c.Value))
		}
	}
	if want := []string{"set 1", "set 4", "LSN 6", "delete-range "}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestHistoryBeginsWithTheSnapshotWhereTheLogDoesNotReachBack(t *testing.T) {
	for first, want := range map[uint64][]string{1: {"1 set", "4 set"}, 2: {"1 set from 3", "4 set"}} {
		b := small(t)
		b.Snapshot(3, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2), recoverytest.Entry("c", "3", 3))
		b.Manifest.First = first
		b.Write()
		var got []string
		for c, err := range open(t, b).History(context.Background(), "", []byte("a")) {
			if err != nil {
				t.Fatal(err)
			}
			line := string('0'+byte(c.LSN)) + " " + c.Op.String()
			if c.Snapshot > 0 {
				line += " from 3"
			}
			got = append(got, line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("first segment %d: %q", first, got)
		}
	}
}
