package record_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/wal/record"
)

func TestCommitIsEncodedAsTheLibraryDoes(t *testing.T) {
	mode := encMode(t)
	rapid.Check(t, func(t *rapid.T) {
		c := genCommit().Draw(t, "commit")
		want, err := mode.Marshal(commitValue(&c))
		if err != nil {
			t.Fatal(err)
		}
		got := record.AppendCommit([]byte("before"), &c)
		if !bytes.Equal(got[6:], want) {
			t.Fatalf("got %x, the library says %x", got[6:], want)
		}
		if n := record.CommitSize(&c); n != len(want) {
			t.Fatalf("CommitSize says %d, it is %d", n, len(want))
		}
	})
}

func TestEntryIsEncodedAsTheLibraryDoes(t *testing.T) {
	mode := encMode(t)
	rapid.Check(t, func(t *rapid.T) {
		e := genEntry().Draw(t, "entry")
		want, err := mode.Marshal(entryValue(&e, true))
		if err != nil {
			t.Fatal(err)
		}
		if got := record.AppendEntry(nil, &e); !bytes.Equal(got, want) {
			t.Fatalf("got %x, the library says %x", got, want)
		}
		if n := record.EntrySize(&e); n != len(want) {
			t.Fatalf("EntrySize says %d, it is %d", n, len(want))
		}
		if want, err = mode.Marshal(entryValue(&e, false)); err != nil {
			t.Fatal(err)
		}
		if got := record.AppendDigestEntry(nil, &e); !bytes.Equal(got, want) {
			t.Fatalf("digest: got %x, the library says %x", got, want)
		}
	})
}

func TestLengthsAtTheEdgesOfHeads(t *testing.T) {
	for _, n := range []int{0, 23, 24, 255, 256, 65535, 65536} {
		c := record.Commit{Mutations: make([]record.Mutation, n)}
		for i := range c.Mutations {
			c.Mutations[i] = record.Mutation{Op: record.OpDelete, Key: []byte{1}}
		}
		b := record.AppendCommit(nil, &c)
		if want := marshal(t, commitValue(&c)); !bytes.Equal(b, want) {
			t.Errorf("%d mutations: differs from the library", n)
		}
		got, rest, err := record.Decode(b)
		if err != nil || len(rest) != 0 || len(got.Mutations) != n {
			t.Errorf("%d mutations: decoded %d, %d bytes left, %v", n, len(got.Mutations), len(rest), err)
		}
	}
}

func TestNilAndEmptyEndOfARangeStayApart(t *testing.T) {
	in := record.Commit{Mutations: []record.Mutation{
		{Op: record.OpDeleteRange, Key: []byte("a")},
		{Op: record.OpDeleteRange, Key: []byte("a"), To: []byte{}},
	}}
	out, _, err := record.Decode(record.AppendCommit(nil, &in))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}
