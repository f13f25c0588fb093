package record_test

import (
	"math"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal/record"
)

// The library is the reference: core deterministic out, everything strict in.

func encMode(t testing.TB) cbor.EncMode {
	t.Helper()
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	return mode
}

func decMode(t testing.TB) cbor.DecMode {
	t.Helper()
	mode, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
		MaxArrayElements: math.MaxInt32,
		MaxMapPairs:      math.MaxInt32,
	}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	return mode
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := encMode(t).Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same things as the library sees them.

func commitValue(c *record.Commit) any {
	ms := []any{}
	for i := range c.Mutations {
		ms = append(ms, mutationValue(&c.Mutations[i]))
	}
	if c.Time != 0 {
		return []any{1, ms, map[int]int64{1: c.Time}}
	}
	return []any{1, ms}
}

func mutationValue(m *record.Mutation) any {
	v := []any{uint64(m.Op), m.Bucket, m.Key}
	switch m.Op {
	case record.OpSet:
		v = append(v, m.Value)
		if m.Deadline != 0 {
			v = append(v, m.Deadline)
		}
	case record.OpDeleteRange:
		if m.To == nil {
			v = append(v, nil)
		} else {
			v = append(v, m.To)
		}
	}
	return v
}

func entryValue(e *record.Entry, lsn bool) any {
	v := []any{e.Bucket, e.Key, e.Value}
	if lsn {
		v = append(v, e.LSN)
	}
	if e.Deadline != 0 {
		v = append(v, e.Deadline)
	}
	return v
}

// Generators. Lengths lie around the places where a head grows.

func genBytes() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		n := rapid.OneOf(
			rapid.IntRange(0, 30),
			rapid.SampledFrom([]int{23, 24, 255, 256, 65535, 65536}),
		).Draw(t, "length")
		if n > 64 {
			b := make([]byte, n)
			b[0] = rapid.Byte().Draw(t, "first")
			return b
		}
		return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes")
	})
}

func genBucket() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "users", "Straße", string(make([]byte, record.MaxBucket))}),
		rapid.StringN(0, 20, record.MaxBucket),
	)
}

func genDeadline() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64(),
		rapid.SampledFrom([]int64{1, 23, 24, -24, -25, 1 << 32, math.MaxInt64, math.MinInt64}))
}

func genMutation() *rapid.Generator[record.Mutation] {
	return rapid.Custom(func(t *rapid.T) record.Mutation {
		m := record.Mutation{
			Op:     record.Op(rapid.IntRange(1, 3).Draw(t, "op")),
			Bucket: genBucket().Draw(t, "bucket"),
			Key:    genBytes().Draw(t, "key"),
		}
		switch m.Op {
		case record.OpSet:
			m.Value = genBytes().Draw(t, "value")
			m.Deadline = genDeadline().Draw(t, "deadline")
		case record.OpDeleteRange:
			if rapid.Bool().Draw(t, "bounded") {
				m.To = genBytes().Draw(t, "to")
			}
		}
		return m
	})
}

func genCommit() *rapid.Generator[record.Commit] {
	return rapid.Custom(func(t *rapid.T) record.Commit {
		c := record.Commit{Mutations: rapid.SliceOfN(genMutation(), 0, 30).Draw(t, "mutations")}
		if rapid.Bool().Draw(t, "timed") {
			c.Time = rapid.Int64().Draw(t, "time")
		}
		return c
	})
}

func genEntry() *rapid.Generator[record.Entry] {
	return rapid.Custom(func(t *rapid.T) record.Entry {
		return record.Entry{
			Bucket:   genBucket().Draw(t, "bucket"),
			Key:      genBytes().Draw(t, "key"),
			Value:    genBytes().Draw(t, "value"),
			LSN:      rapid.Uint64().Draw(t, "lsn"),
			Deadline: genDeadline().Draw(t, "deadline"),
		}
	})
}

// genNear draws bytes that are almost right: values of the schema's shape with
// something wrong in it, encodings with a byte changed, cut, doubled or put in,
// and heads in every form there is. Plain noise would fail at its first byte.
func genNear(valid func(t *rapid.T) []byte, shape func(t *rapid.T) any) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		var b []byte
		switch rapid.IntRange(0, 3).Draw(t, "source") {
		case 0:
			b = valid(t)
		case 1:
			mode, err := cbor.CoreDetEncOptions().EncMode()
			if err != nil {
				t.Fatal(err)
			}
			if b, err = mode.Marshal(shape(t)); err != nil {
				t.Fatal(err)
			}
		case 2:
			b = appendLoose(nil, t, shape(t))
		default:
			b = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "noise")
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			if len(b) == 0 {
				break
			}
			// Most of what can go wrong goes wrong in heads, which are few.
			i := rapid.IntRange(0, min(len(b)-1, 60)).Draw(t, "at")
			switch rapid.IntRange(0, 4).Draw(t, "change") {
			case 0:
				b[i] = rapid.Byte().Draw(t, "byte")
			case 1:
				b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 2:
				b = append(b[:i:i], b[i+1:]...)
			case 3:
				b = append(b[:i:i], append([]byte{rapid.Byte().Draw(t, "byte")}, b[i:]...)...)
			case 4:
				b = b[:i]
			}
		}
		return b
	})
}

// genLeaf draws what may stand in a field, and what may not.
func genLeaf() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.SampledFrom([]any{nil, true, 1.5, []any{}, map[uint64]any{}, map[uint64]any{1: 2}, "", "b", []byte{}, 0, 1, 2, 3, 4, 23, 24, 256, -1, int64(math.MinInt64), uint64(math.MaxInt64) + 1}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 3), func(b []byte) any { return b }),
		rapid.Map(rapid.StringN(0, 3, -1), func(s string) any { return s }),
		rapid.Map(rapid.Int64(), func(v int64) any { return v }),
	)
}

func genShape(depth int) *rapid.Generator[any] {
	if depth == 0 {
		return genLeaf()
	}
	return rapid.OneOf(genLeaf(), rapid.Map(rapid.SliceOfN(genShape(depth-1), 0, 6), func(v []any) any { return v }))
}

// appendLoose encodes with lengths in any form, the longer ones and the
// indefinite ones too.
func appendLoose(dst []byte, t *rapid.T, v any) []byte {
	head := func(major byte, n uint64) {
		width := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 4, 8}).Draw(t, "width")
		if width == 0 && n < 24 {
			dst = append(dst, major|byte(n))
			return
		}
		for width < 8 && (width == 0 || n>>(8*width) != 0) {
			width = max(1, 2*width)
		}
		code := map[int]byte{1: 24, 2: 25, 4: 26, 8: 27}[width]
		dst = append(dst, major|code)
		for i := width - 1; i >= 0; i-- {
			dst = append(dst, byte(n>>(8*i)))
		}
	}
	switch v := v.(type) {
	case []any:
		indefinite := rapid.IntRange(0, 9).Draw(t, "indefinite") == 0
		if indefinite {
			dst = append(dst, 0x9f)
		} else {
			head(0x80, uint64(len(v)))
		}
		for _, e := range v {
			dst = appendLoose(dst, t, e)
		}
		if indefinite {
			dst = append(dst, 0xff)
		}
	case []byte:
		head(0x40, uint64(len(v)))
		dst = append(dst, v...)
	case string:
		head(0x60, uint64(len(v)))
		dst = append(dst, v...)
	case int:
		return appendLoose(dst, t, int64(v))
	case int64:
		if v < 0 {
			head(0x20, uint64(^v))
		} else {
			head(0, uint64(v))
		}
	case uint64:
		head(0, v)
	case bool:
		dst = append(dst, 0xf5)
	default:
		dst = append(dst, 0xf6)
	}
	return dst
}
