package record_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

// seedCommits are encodings of everything that there is, and of what there is not.
func seedCommits() [][]byte {
	var seeds [][]byte
	for _, g := range golden() {
		seeds = append(seeds, g.encoded)
	}
	return append(seeds, []byte("\x81\x02"), []byte("\x82\x01\x81\x81\x09"), []byte("\x83\x01\x80\xa1\x07\x00"))
}

func FuzzDecode(f *testing.F) {
	for _, b := range seedCommits() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, rest, err := record.Decode(b)
		if err != nil {
			requireTyped(t, err)
			return
		}
		// One content, one encoding: what is accepted must come out again.
		if got := record.AppendCommit(nil, &c); !bytes.Equal(got, b[:len(b)-len(rest)]) {
			t.Fatalf("%x was accepted, and encodes to %x", b, got)
		}
		if item, _, err := record.Next(b); err != nil || len(item) != len(b)-len(rest) {
			t.Fatalf("Next and Decode disagree: %v", err)
		}
		_ = record.Diagnose(b)
	})
}

func FuzzDecodeEntry(f *testing.F) {
	for _, b := range seedCommits() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e record.Entry
		rest, err := record.DecodeEntry(&e, b)
		if err != nil {
			requireTyped(t, err)
			return
		}
		if got := record.AppendEntry(nil, &e); !bytes.Equal(got, b[:len(b)-len(rest)]) {
			t.Fatalf("%x was accepted, and encodes to %x", b, got)
		}
	})
}

func requireTyped(t *testing.T, err error) {
	t.Helper()
	var m *record.MalformedError
	var u *record.UnknownError
	if !errors.As(err, &m) && !errors.As(err, &u) {
		t.Fatalf("untyped error %v", err)
	}
}
