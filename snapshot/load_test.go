package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// countingReader counts the bytes that were read.
type countingReader struct {
	r io.ReaderAt
	n atomic.Int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// A consumer that stops at its first block lets the pipeline run until it
// stands: what was read by then is what a load can hold.
func TestLoadReadsAheadWithinBounds(t *testing.T) {
	small, _ := write(t, sequence(20_000, 1000), snapshot.WriterOptions{})
	large := sequence(4, 12<<20)
	big, _ := write(t, large, snapshot.WriterOptions{})
	for name, c := range map[string]struct {
		file  []byte
		bound int64
	}{
		"small blocks": {small, 3 << 20},
		// Two of them would be over the bound on what is in flight.
		"large blocks": {big, 13 << 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			src := &countingReader{r: bytes.NewReader(c.file)}
			r, err := snapshot.OpenReaderAt(src, int64(len(c.file)), readerOptions)
			if err != nil {
				t.Fatal(err)
			}
			src.n.Store(0)
			first := true
			if err := r.Load(t.Context(), 2, func(int, []record.Entry) error {
				if first {
					synctest.Wait()
					if n := src.n.Load(); n > c.bound || n == 0 {
						t.Errorf("%s: %d bytes read ahead", name, n)
					}
				}
				first = false
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if n := src.n.Load(); n < r.Block(r.Blocks()-1).Offset {
				t.Errorf("%s: only %d bytes read", name, n)
			}
		})
	}
}

func TestLoadEndsWithTheConsumersError(t *testing.T) {
	b, _ := write(t, sequence(2000, 1000), snapshot.WriterOptions{BlockSize: 1000})
	stop := errors.New("enough")
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
		calls := 0
		err := mustOpen(t, b).Load(t.Context(), 3, func(block int, _ []record.Entry) error {
			if calls++; block == 700 {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || calls != 701 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

func TestLoadEndsWithItsContext(t *testing.T) {
	b, _ := write(t, sequence(2000, 1000), snapshot.WriterOptions{BlockSize: 1000})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		blocks := 0
		err := mustOpen(t, b).Load(ctx, 3, func(int, []record.Entry) error {
			blocks++
			cancel()
			return nil
		})
		// The piece at hand may be finished.
		if !errors.Is(err, context.Canceled) || blocks == 2000 {
			t.Errorf("%v after %d blocks", err, blocks)
		}
		if err := mustOpen(t, b).Verify(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestLoadReportsTheFirstDamageInFileOrder(t *testing.T) {
	b, _ := write(t, sequence(2000, 1000), snapshot.WriterOptions{BlockSize: 1000})
	r := mustOpen(t, b)
	for _, i := range []int{900, 901, 1500} {
		b[r.Block(i).Offset+17] ^= 1
	}
	next := 0
	err := r.Load(context.Background(), 2, func(block int, _ []record.Entry) error {
		if block != next {
			t.Errorf("block %d after %d", block, next-1)
		}
		next++
		return nil
	})
	var c *snapshot.CorruptError
	if !errors.As(err, &c) || c.Offset != r.Block(900).Offset || next > 900 {
		t.Errorf("%v after %d blocks", err, next)
	}
}

// A look-up reads one block, whatever the size of the file.
func TestGetReadsOneBlock(t *testing.T) {
	b, _ := write(t, sequence(20_000, 100), snapshot.WriterOptions{})
	src := &countingReader{r: bytes.NewReader(b)}
	r, err := snapshot.OpenReaderAt(src, int64(len(b)), readerOptions)
	if err != nil {
		t.Fatal(err)
	}
	if n := src.n.Load(); n > int64(100*r.Blocks()+4096) {
		t.Errorf("opening read %d bytes for %d blocks", n, r.Blocks())
	}
	src.n.Store(0)
	if _, found, err := r.Get("", []byte("k012345")); !found || err != nil {
		t.Fatal(found, err)
	}
	if n := src.n.Load(); n > 65<<10 {
		t.Errorf("a look-up read %d bytes", n)
	}
	src.n.Store(0)
	if _, found, err := r.Get("", []byte("a")); found || err != nil || src.n.Load() != 0 {
		t.Error("a key before all others needs no block:", found, err, src.n.Load())
	}
}

func TestGetIsSafeForManyGoroutines(t *testing.T) {
	entries := sequence(2000, 100)
	b, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 1000, Codec: flateCodec{}})
	r := mustOpen(t, b)
	done := make(chan error, 4)
	for g := range cap(done) {
		go func() {
			for i := g; i < len(entries); i += 7 {
				got, found, err := r.Get("", entries[i].Key)
				if err != nil || !found || !sameEntry(got, entries[i]) {
					done <- errors.New("wrong entry")
					return
				}
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
