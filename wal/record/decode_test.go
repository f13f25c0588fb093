package record_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal/record"
)

// asCommit is the schema written once more, over the library's generic values.
func asCommit(v any) (c record.Commit, ok bool) {
	a, ok := v.([]any)
	if !ok || len(a) < 2 || len(a) > 3 || a[0] != uint64(1) {
		return c, false
	}
	if len(a) == 3 {
		meta, ok := a[2].(map[any]any)
		if !ok || len(meta) != 1 {
			return c, false
		}
		if c.Time, ok = asDeadline(meta[uint64(1)]); !ok {
			return c, false
		}
	}
	ms, ok := a[1].([]any)
	if !ok {
		return c, false
	}
	for _, m := range ms {
		m, ok := asMutation(m)
		if !ok {
			return c, false
		}
		c.Mutations = append(c.Mutations, m)
	}
	return c, true
}

func asMutation(v any) (m record.Mutation, ok bool) {
	a, ok := v.([]any)
	if !ok || len(a) < 3 {
		return m, false
	}
	op, ok := a[0].(uint64)
	if !ok || op < 1 || op > 3 {
		return m, false
	}
	m.Op = record.Op(op)
	if m.Bucket, ok = a[1].(string); !ok || len(m.Bucket) > 255 {
		return m, false
	}
	if m.Key, ok = a[2].([]byte); !ok {
		return m, false
	}
	switch {
	case m.Op == record.OpDelete:
		return m, len(a) == 3
	case m.Op == record.OpSet && (len(a) == 4 || len(a) == 5):
		if m.Value, ok = a[3].([]byte); ok && len(a) == 5 {
			m.Deadline, ok = asDeadline(a[4])
		}
		return m, ok
	case m.Op == record.OpDeleteRange && len(a) == 4:
		if a[3] == nil {
			return m, true
		}
		m.To, ok = a[3].([]byte)
		return m, ok
	}
	return m, false
}

func asDeadline(v any) (int64, bool) {
	switch v := v.(type) {
	case uint64:
		return int64(v), v != 0 && v <= math.MaxInt64
	case int64:
		return v, v != 0
	}
	return 0, false
}

func asEntry(v any) (e record.Entry, ok bool) {
	a, ok := v.([]any)
	if !ok || len(a) < 4 || len(a) > 5 {
		return e, false
	}
	if e.Bucket, ok = a[0].(string); !ok || len(e.Bucket) > 255 {
		return e, false
	}
	if e.Key, ok = a[1].([]byte); !ok {
		return e, false
	}
	if e.Value, ok = a[2].([]byte); !ok {
		return e, false
	}
	if e.LSN, ok = a[3].(uint64); ok && len(a) == 5 {
		e.Deadline, ok = asDeadline(a[4])
	}
	return e, ok
}

// sameContent compares byte strings as a whole (cmp would look at each byte);
// nil and empty differ in one place only, the end of a range.
func sameContent() []cmp.Option {
	return []cmp.Option{
		cmp.Comparer(bytes.Equal),
		cmp.Comparer(func(a, b []record.Mutation) bool { return slices.EqualFunc(a, b, sameMutation) }),
	}
}

func sameMutation(a, b record.Mutation) bool {
	return a.Op == b.Op && a.Bucket == b.Bucket && a.Deadline == b.Deadline &&
		bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) &&
		bytes.Equal(a.To, b.To) && (a.To == nil) == (b.To == nil)
}

// reference decodes by the library alone: its strict decoder, the schema, and
// the demand that encoding again gives the same bytes.
func reference[T any](dec cbor.DecMode, enc cbor.EncMode, b []byte, as func(any) (T, bool), back func(*T) any) (v T, rest []byte, ok bool) {
	var generic any
	rest, err := dec.UnmarshalFirst(b, &generic)
	if err != nil {
		return v, nil, false
	}
	if v, ok = as(generic); !ok {
		return v, nil, false
	}
	again, err := enc.Marshal(back(&v))
	if err != nil || !bytes.Equal(again, b[:len(b)-len(rest)]) {
		return v, nil, false
	}
	return v, rest, true
}

func TestDecodeAcceptsWhatTheStrictLibraryAccepts(t *testing.T) {
	dec, enc := decMode(t), encMode(t)
	near := genNear(
		func(t *rapid.T) []byte { c := genCommit().Draw(t, "commit"); return record.AppendCommit(nil, &c) },
		func(t *rapid.T) any {
			// Mostly right at the top, so that the depths are reached.
			ms := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any {
				return append([]any{rapid.IntRange(0, 5).Draw(t, "op")}, rapid.SliceOfN(genLeaf(), 0, 4).Draw(t, "fields")...)
			}), 0, 4).Draw(t, "mutations")
			v := []any{rapid.SampledFrom([]any{1, 1, 1, 1, 0, 2, "1"}).Draw(t, "kind"), ms}
			return append(v, rapid.SliceOfN(genShape(2), 0, 2).Draw(t, "more")...)
		})
	var seen, accepted, unknown int
	rapid.Check(t, func(t *rapid.T) {
		b := near.Draw(t, "bytes")
		want, wantRest, ok := reference(dec, enc, b, asCommit, commitValue)
		got, rest, err := record.Decode(b)
		seen++
		if (err == nil) != ok {
			t.Fatalf("%x: we say %v, the library accepts: %v", b, err, ok)
		}
		if err != nil {
			checkRefusal(t, dec, b, rest, err, &unknown)
			return
		}
		accepted++
		if diff := cmp.Diff(want, got, sameContent()...); diff != "" || !bytes.Equal(rest, wantRest) {
			t.Fatalf("%x: %s", b, diff)
		}
	})
	t.Logf("%d inputs, %d accepted, %d unknown", seen, accepted, unknown)
}

// checkRefusal: every refusal is one of two typed errors, and "unknown" is said
// of well-formed items only.
func checkRefusal(t *rapid.T, dec cbor.DecMode, b, rest []byte, err error, unknown *int) {
	var u *record.UnknownError
	var m *record.MalformedError
	switch {
	case errors.As(err, &u):
		*unknown++
		item := b[:len(b)-len(rest)]
		if cbor.Wellformed(item) != nil {
			t.Fatalf("%x: unknown, but not well-formed", item)
		}
		if u.Offset >= len(item) {
			t.Fatalf("%x: offset %d outside of the item", item, u.Offset)
		}
	case errors.As(err, &m):
		if rest != nil || m.Offset < 0 || m.Offset > len(b) {
			t.Fatalf("%x: rest %x, offset %d", b, rest, m.Offset)
		}
	default:
		t.Fatalf("untyped error %v", err)
	}
}

func TestDecodeEntryAcceptsWhatTheStrictLibraryAccepts(t *testing.T) {
	dec, enc := decMode(t), encMode(t)
	near := genNear(
		func(t *rapid.T) []byte { e := genEntry().Draw(t, "entry"); return record.AppendEntry(nil, &e) },
		func(t *rapid.T) any { return rapid.SliceOfN(genLeaf(), 3, 6).Draw(t, "fields") })
	back := func(e *record.Entry) any { return entryValue(e, true) }
	rapid.Check(t, func(t *rapid.T) {
		b := near.Draw(t, "bytes")
		want, wantRest, ok := reference(dec, enc, b, asEntry, back)
		var got record.Entry
		rest, err := record.DecodeEntry(&got, b)
		if (err == nil) != ok {
			t.Fatalf("%x: we say %v, the library accepts: %v", b, err, ok)
		}
		if err != nil {
			checkRefusal(t, dec, b, rest, err, new(int))
			return
		}
		if diff := cmp.Diff(want, got, sameContent()...); diff != "" || !bytes.Equal(rest, wantRest) {
			t.Fatalf("%x: %s", b, diff)
		}
	})
}

func TestReusedTargetHoldsNothingOfTheLastRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var reused record.Commit
		for _, c := range rapid.SliceOfN(genCommit(), 1, 4).Draw(t, "commits") {
			b := record.AppendCommit(nil, &c)
			fresh, _, err := record.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := record.DecodeInto(&reused, b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fresh, reused, sameContent()...); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestUnknownContentIsToldFromMalformed(t *testing.T) {
	mutation := []any{1, "", []byte("k"), []byte("v")}
	for name, c := range map[string]struct {
		value any
		is    error
		n     uint64
	}{
		"kind":            {[]any{2, []any{}}, record.ErrUnknownKind, 2},
		"kind 0":          {[]any{0}, record.ErrUnknownKind, 0},
		"huge kind":       {[]any{uint64(math.MaxUint64)}, record.ErrUnknownKind, math.MaxUint64},
		"op":              {[]any{1, []any{mutation, []any{9, "anything"}}}, record.ErrUnknownOp, 9},
		"meta":            {[]any{1, []any{mutation}, map[uint64]any{7: "x", 8: 1}}, record.ErrUnknownMeta, 7},
		"meta after time": {[]any{1, []any{mutation}, map[uint64]any{1: 5, 2: "x"}}, record.ErrUnknownMeta, 2},
		"op before meta":  {[]any{1, []any{[]any{256}}, map[uint64]any{7: "x"}}, record.ErrUnknownOp, 256},
	} {
		b := append(marshal(t, c.value), "rest"...)
		got, rest, err := record.Decode(b)
		var u *record.UnknownError
		if !errors.Is(err, c.is) || !errors.Is(err, record.ErrUnknown) || !errors.As(err, &u) || u.Value != c.n {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(rest) != "rest" || len(got.Mutations) != 0 {
			t.Errorf("%s: rest %q, %d mutations", name, rest, len(got.Mutations))
		}
		// Cut anywhere, it is no longer a newer program's record but damage.
		for i := range len(b) - len("rest") {
			var m *record.MalformedError
			if _, _, err := record.Decode(b[:i]); !errors.As(err, &m) {
				t.Errorf("%s cut to %d bytes: %v", name, i, err)
			}
		}
	}
}

func TestKindOfLooksAtTheKindOnly(t *testing.T) {
	c := record.Commit{Mutations: []record.Mutation{{Op: record.OpDelete, Key: []byte("k")}}}
	b := record.AppendCommit(nil, &c)
	if k, err := record.KindOf(b[:2]); err != nil || k != record.KindCommit {
		t.Error(k, err)
	}
	if _, err := record.KindOf([]byte{0x81, 0x02}); !errors.Is(err, record.ErrUnknownKind) {
		t.Error(err)
	}
	for _, bad := range [][]byte{nil, {0x80}, {0x80, 0x01}, {0x81}, {0x81, 0x40}, {0x01}} {
		var m *record.MalformedError
		if _, err := record.KindOf(bad); !errors.As(err, &m) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}
