package inspect_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// FuzzFiles puts foreign bytes in the place of one of a store's files: everything
// that looks at it comes to an end without a panic, and names every byte once.
func FuzzFiles(f *testing.F) {
	names := []string{"MANIFEST", "wal/" + wal.SegmentName(1), "wal/" + wal.SegmentName(2), "snap/" + snapshot.Name(3)}
	seed := small(f)
	seed.Snapshot(3, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2), recoverytest.Entry("c", "3", 3))
	seed.Write()
	for i, name := range names {
		content := recoverytest.ReadFile(f, seed.FS, dir+"/"+name)
		f.Add(uint8(i), content)
		f.Add(uint8(i), content[:len(content)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		b := small(t)
		b.FS = memfs.New()
		b.Snapshot(3, recoverytest.Entry("a", "1", 1), recoverytest.Entry("b", "2", 2), recoverytest.Entry("c", "3", 3))
		b.Write()
		name := names[int(which)%len(names)]
		b.WriteFile(name, content)
		s, err := inspect.Open(b.FS, b.Dir, inspect.Options{})
		if err != nil {
			t.Skip(err)
		}
		ctx := context.Background()
		at := int64(0)
		for u, err := range s.Units(ctx, name, 0) {
			if err != nil {
				t.Fatal(err)
			}
			in := u.Offset
			for field := range u.Fields() {
				if field.Offset != in {
					t.Fatalf("%s: field %q at %d, expected %d", u.What, field.Name, field.Offset, in)
				}
				in += field.Size
			}
			if u.Offset != at || in != u.Offset+int64(len(u.Bytes)) {
				t.Fatalf("%s at %d, expected %d; fields end at %d", u.What, u.Offset, at, in)
			}
			at = u.Offset + u.Size
		}
		if at != int64(len(content)) {
			t.Fatalf("units end at %d of %d", at, len(content))
		}
		for _, reverse := range []bool{false, true} {
			for r, err := range s.Records(ctx, inspect.From{}, reverse) {
				if err != nil {
					t.Fatal(err)
				}
				_ = r.Verdict()
			}
		}
		for _, err := range s.Segments(ctx) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Snapshots(); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.History(ctx, "", []byte("a")) {
			if err != nil {
				t.Fatal(err)
			}
		}
		st, err := s.State(ctx, inspect.Newest)
		if err == nil {
			for _, err = range st.All(ctx) {
				if err != nil {
					break
				}
			}
		}
		var far *inspect.UnreachableError
		var rotten *snapshot.CorruptError
		if err != nil && !errors.As(err, &far) && !errors.As(err, &rotten) {
			t.Fatal(err)
		}
	})
}
