package record_test

import (
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

// One set of 16 B / 128 B in a commit: the record that replay is measured by.
func benchCommit() record.Commit {
	return record.Commit{Mutations: []record.Mutation{
		{Op: record.OpSet, Key: make([]byte, 16), Value: make([]byte, 128)},
	}}
}

// libraryCommit is how the library would be used at its best: no reflection on
// field names, a buffer that is kept.
type libraryCommit struct {
	_         struct{} `cbor:",toarray"`
	Kind      uint64
	Mutations []libraryMutation
}

type libraryMutation struct {
	_      struct{} `cbor:",toarray"`
	Op     uint64
	Bucket string
	Key    []byte
	Value  []byte
}

func libraryBench() libraryCommit {
	return libraryCommit{Kind: 1, Mutations: []libraryMutation{{Op: 1, Key: make([]byte, 16), Value: make([]byte, 128)}}}
}

func BenchmarkEncodeCommit(b *testing.B) {
	c := benchCommit()
	b.Run("hand", func(b *testing.B) {
		buf := make([]byte, 0, 1024)
		for b.Loop() {
			buf = record.AppendCommit(buf[:0], &c)
		}
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
	})
	b.Run("library", func(b *testing.B) {
		mode, v, n := encMode(b), libraryBench(), 0
		for b.Loop() {
			out, err := mode.Marshal(v)
			if err != nil {
				b.Fatal(err)
			}
			n = len(out)
		}
		b.SetBytes(int64(n))
		b.ReportAllocs()
	})
}

func BenchmarkDecodeCommit(b *testing.B) {
	c := benchCommit()
	in := record.AppendCommit(nil, &c)
	b.Run("hand", func(b *testing.B) {
		var c record.Commit
		for b.Loop() {
			if _, err := record.DecodeInto(&c, in); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
	})
	b.Run("library", func(b *testing.B) {
		mode := decMode(b)
		for b.Loop() {
			var c libraryCommit
			if err := mode.Unmarshal(in, &c); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
	})
}

func BenchmarkEntry(b *testing.B) {
	e := record.Entry{Bucket: "users", Key: make([]byte, 16), Value: make([]byte, 32), LSN: 1 << 20}
	in := record.AppendEntry(nil, &e)
	b.Run("encode", func(b *testing.B) {
		buf := make([]byte, 0, 1024)
		for b.Loop() {
			buf = record.AppendEntry(buf[:0], &e)
		}
	})
	b.Run("decode", func(b *testing.B) {
		var e record.Entry
		for b.Loop() {
			if _, err := record.DecodeEntry(&e, in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
