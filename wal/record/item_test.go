package record_test

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal/record"
)

func TestNextCutsWhereTheLibraryDoes(t *testing.T) {
	dec, err := cbor.DecOptions{IndefLength: cbor.IndefLengthForbidden}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	shape := func(t *rapid.T) any { return genShape(4).Draw(t, "value") }
	near := genNear(func(t *rapid.T) []byte {
		c := genCommit().Draw(t, "commit")
		return record.AppendCommit(nil, &c)
	}, shape)
	rapid.Check(t, func(t *rapid.T) {
		b := near.Draw(t, "bytes")
		item, rest, err := record.Next(b)
		if err != nil {
			return
		}
		if err := dec.Wellformed(item); err != nil {
			t.Fatalf("%x: accepted, the library says %v", item, err)
		}
		if !bytes.Equal(append(item, rest...), b) {
			t.Fatal("item and rest are not the input")
		}
	})
	// The other way round for what the library writes.
	enc := encMode(t)
	rapid.Check(t, func(t *rapid.T) {
		b, err := enc.Marshal(shape(t))
		if err != nil {
			t.Fatal(err)
		}
		if item, rest, err := record.Next(append(b, 0xff)); err != nil || !bytes.Equal(item, b) || len(rest) != 1 {
			t.Fatalf("%x: %v", b, err)
		}
	})
}

func TestNestingIsBounded(t *testing.T) {
	deep := bytes.Repeat([]byte{0x81}, 1<<20)
	if _, _, err := record.Next(append(deep, 0)); err == nil {
		t.Error("a million nested arrays were accepted")
	}
}
