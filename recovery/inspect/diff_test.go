package inspect_test

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/wal/record"
)

// entriesOf is a state in order; a key is "bucket/key".
func entriesOf(m map[string]string) iter.Seq2[record.Entry, error] {
	return func(yield func(record.Entry, error) bool) {
		keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
			ab, ak, _ := strings.Cut(a, "/")
			bb, bk, _ := strings.Cut(b, "/")
			if c := strings.Compare(ab, bb); c != 0 {
				return c
			}
			return strings.Compare(ak, bk)
		})
		for i, name := range keys {
			bucket, key, _ := strings.Cut(name, "/")
			if !yield(record.Entry{Bucket: bucket, Key: []byte(key), Value: []byte(m[name]), LSN: uint64(i + 1)}, nil) {
				return
			}
		}
	}
}

// What Diff yields turns the one state into the other, and is no more than that.
func TestDiffTurnsOneStateIntoTheOther(t *testing.T) {
	states := rapid.MapOf(
		rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "bucket") + "/" + rapid.StringMatching(`[a-d]{1,2}`).Draw(t, "key")
		}), rapid.SampledFrom([]string{"", "x", "y"}))
	rapid.Check(t, func(t *rapid.T) {
		from, to := states.Draw(t, "from"), states.Draw(t, "to")
		got, same, count := maps.Clone(from), int64(0), 0
		for d, err := range inspect.Diff(entriesOf(from), entriesOf(to), &same) {
			if err != nil {
				t.Fatal(err)
			}
			count++
			e := d.Entry()
			name := e.Bucket + "/" + string(e.Key)
			if old, ok := from[name]; ok != (d.Before != nil) || ok && old != string(d.Before.Value) {
				t.Fatalf("%s was %q: %+v", name, old, d)
			}
			if d.After == nil {
				delete(got, name)
			} else {
				got[name] = string(d.After.Value)
			}
		}
		if !maps.Equal(got, to) {
			t.Fatalf("%v, want %v", got, to)
		}
		want := 0
		for k, v := range to {
			if w, ok := from[k]; ok && v == w {
				want++
			}
		}
		if int(same) != want || count != len(from)+len(to)-2*want-changed(from, to) {
			t.Fatalf("%d the same, want %d; %d differences", same, want, count)
		}
	})
}

func changed(a, b map[string]string) (n int) {
	for k, v := range a {
		if w, ok := b[k]; ok && v != w {
			n++
		}
	}
	return n
}

func TestDiffEndsWithAnError(t *testing.T) {
	sick := errors.New("sick")
	bad := func(yield func(record.Entry, error) bool) {
		if yield(record.Entry{Key: []byte("a")}, nil) {
			yield(record.Entry{}, sick)
		}
	}
	for _, seqs := range [][2]iter.Seq2[record.Entry, error]{{bad, entriesOf(nil)}, {entriesOf(map[string]string{"/b": ""}), bad}} {
		var last error
		n := 0
		for _, err := range inspect.Diff(seqs[0], seqs[1], nil) {
			n, last = n+1, err
		}
		if last != sick || n != 2 {
			t.Errorf("%d steps, the last: %v", n, last)
		}
	}
	for d := range inspect.Diff(entriesOf(map[string]string{"/0": "", "/b": ""}), bad, nil) {
		if d.Entry() == nil {
			t.Error("no entry")
		}
		break // and nothing is left running
	}
}
