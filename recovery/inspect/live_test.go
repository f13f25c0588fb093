package inspect_test

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// Beside a writer that commits, rotates and compacts as fast as it can, whoever
// looks sees a sound log: what is half-written, rotated or removed just then is
// never called damage.
func TestBesideALiveWriterNothingIsDamage(t *testing.T) {
	fsys := memfs.New()
	db, err := engine.Open(dir, &engine.Options{FS: fsys, SegmentSize: 64 << 10, SweepEvery: -1, Compaction: engine.CompactionOptions{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := db.Set(ctx, []byte("k"), nil); err != nil {
		t.Fatal(err)
	}
	s, err := inspect.Open(fsys, dir, inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var over atomic.Bool
	done := make(chan error, 1)
	go func() {
		defer close(done)
		for i := 0; !over.Load(); i++ {
			if err := db.Set(ctx, fmt.Appendf(nil, "key%d", i%50), make([]byte, i%3000)); err != nil {
				done <- err
				return
			}
			if i%200 == 199 {
				if _, err := db.Compact(ctx); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	looks := 150
	if testing.Short() {
		looks = 30
	}
	removed := 0
	for i := range looks {
		next := uint64(0)
		reverse := i%2 == 1
		for f, err := range s.Frames(ctx, inspect.From{}, reverse) {
			if err != nil {
				t.Fatalf("look %d: %v", i, err)
			}
			if f.Verdict.Kind == inspect.Removed {
				removed++
			}
			if f.Verdict.Kind.Bad() {
				t.Fatalf("look %d, backwards %v: %+v", i, reverse, f)
			}
			if lost := f.Verdict.Lost; f.Verdict.Kind == inspect.Removed {
				next = lost.To + 1
			}
			if f.Count() == 0 || reverse {
				continue
			}
			if next != 0 && f.LSN != next {
				t.Fatalf("look %d: LSN %d behind %d", i, f.LSN, next-1)
			}
			next = f.Header.NextLSN()
		}
		for g, err := range s.Segments(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if g.Worst.Kind.Bad() {
				t.Fatalf("look %d: segment %d: %+v", i, g.Seq, g.Worst)
			}
		}
		st, err := s.State(ctx, inspect.Newest)
		if err == nil {
			_, _, err = st.Get(ctx, "", []byte("k"))
		}
		var far *inspect.UnreachableError
		if err != nil && !errors.As(err, &far) && !errors.Is(err, fs.ErrNotExist) || far != nil && far.Err != nil {
			t.Fatalf("look %d: %v", i, err)
		}
	}
	over.Store(true)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Log(removed, "segments went while they were being read")
}
