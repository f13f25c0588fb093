package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// FuzzReader reads foreign bytes in every way. Checksums would stop nearly all
// mutations at the door, so the fuzzer's input is sealed first: every checksum
// that has a place is made right, outermost last, and what is tested is what
// lies behind them.
func FuzzReader(f *testing.F) {
	for _, o := range []snapshot.WriterOptions{{BlockSize: 40}, {BlockSize: 100, Codec: flateCodec{}}, {}} {
		b, _ := write(f, goldenEntries(), o)
		f.Add(b, true)
		f.Add(b, false)
	}
	empty, _ := write(f, nil, snapshot.WriterOptions{})
	f.Add(empty, true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if seal {
			b = snapshot.Reseal(bytes.Clone(b))
		}
		r, err := openBytes(b)
		if err != nil {
			requireTyped(t, err)
			return
		}
		var all []record.Entry
		var failed error
		for e, err := range r.All() {
			if err != nil {
				requireTyped(t, err)
				failed = err
				break
			}
			all = append(all, e)
		}
		for _, e := range all[:min(len(all), 10)] {
			if got, found, err := r.Get(e.Bucket, e.Key); err != nil || !found || !sameEntry(got, e) {
				t.Fatalf("All shows %q %q, Get says %v %v", e.Bucket, e.Key, found, err)
			}
		}
		n := 0
		err = r.Load(context.Background(), 2, func(_ int, es []record.Entry) error { n += len(es); return nil })
		if (err == nil) != (failed == nil) || (err == nil && (n != len(all) || uint64(n) != r.Entries())) {
			t.Fatalf("All: %d entries, %v; Load: %d, %v", len(all), failed, n, err)
		}
		if err := r.Verify(context.Background()); err != nil {
			requireTyped(t, err)
			return
		}
		// What verifies is a snapshot in every respect: writing its contents
		// again gives its digest.
		w, err := snapshot.NewWriter(discard{}, r.Meta(), snapshot.WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := addAll(w, all); err != nil {
			t.Fatal(err)
		}
		if s, err := w.Finish(); err != nil || s.Digest != r.Digest() {
			t.Fatalf("digest %x became %x, %v", r.Digest(), s.Digest, err)
		}
		if _, _, err := snapshot.Receive(context.Background(), memfs.New(), "/", bytes.NewReader(b), readerOptions); err != nil {
			t.Fatalf("verified, but not received: %v", err)
		}
	})
}

func requireTyped(t *testing.T, err error) {
	t.Helper()
	var c *snapshot.CorruptError
	var v *snapshot.VersionError
	var u *snapshot.UnknownCodecError
	if !errors.As(err, &c) && !errors.As(err, &v) && !errors.As(err, &u) {
		t.Fatalf("untyped error %v", err)
	}
}
