package zstd_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"

	ref "github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/snapshot/zstd"
	"github.com/redis-lite/redis-lite/wal/record"
)

// A compressed golden file is held to its contents only: another release of the
// compressor may find other bytes for them.
var writeGolden = flag.Bool("golden", false, "write testdata/v1-zstd.snap")

const goldenFile = "testdata/v1-zstd.snap"

func newCodec(t testing.TB) *zstd.Codec {
	t.Helper()
	c, err := zstd.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t testing.TB, c *zstd.Codec, n int) ([]byte, snapshot.Summary) {
	t.Helper()
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, snapshot.Meta{LSN: 9}, snapshot.WriterOptions{Codec: c, BlockSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := record.Entry{Key: fmt.Appendf(nil, "key %06d", i), Value: fmt.Appendf(nil, "the value of %d", i), LSN: 9}
		if err := w.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	s, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), s
}

func open(t testing.TB, c *zstd.Codec, b []byte) *snapshot.Reader {
	t.Helper()
	r, err := snapshot.OpenReaderAt(bytes.NewReader(b), int64(len(b)), snapshot.ReaderOptions{Codecs: []snapshot.Codec{c}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSnapshotsShrinkAndComeBack(t *testing.T) {
	c := newCodec(t)
	b, s := write(t, c, 5000)
	if s.Size > 5000*20 {
		t.Errorf("%d bytes for 5000 entries of some 35", s.Size)
	}
	r := open(t, c, b)
	if err := r.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 17, 4999} {
		e, found, err := r.Get("", fmt.Appendf(nil, "key %06d", i))
		if err != nil || !found || string(e.Value) != fmt.Sprintf("the value of %d", i) {
			t.Errorf("%d: %q %v %v", i, e.Value, found, err)
		}
	}
	i := 0
	for e, err := range r.All() {
		if want := fmt.Sprintf("key %06d", i); err != nil || string(e.Key) != want {
			t.Fatalf("%q, %v; want %q", e.Key, err, want)
		}
		i++
	}
	if i != 5000 {
		t.Errorf("%d entries", i)
	}
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	c := newCodec(t)
	b, _ := write(t, c, 60)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		r, err := snapshot.OpenReaderAt(bytes.NewReader(bad), int64(len(bad)), snapshot.ReaderOptions{Codecs: []snapshot.Codec{c}})
		if err == nil {
			err = r.Verify(t.Context())
		}
		var ce *snapshot.CorruptError
		if !errors.As(err, &ce) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
}

func TestGoldenFile(t *testing.T) {
	c := newCodec(t)
	b, s := write(t, c, 100)
	if *writeGolden {
		if err := os.WriteFile(goldenFile, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, c, golden)
	if err := r.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r.Digest() != s.Digest || r.Entries() != 100 || r.Meta().Codec != snapshot.CodecZstd {
		t.Errorf("%v, %d entries, digest %x", r.Meta(), r.Entries(), r.Digest())
	}
}

func TestCompressAppendsAndDecompressAppends(t *testing.T) {
	c := newCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SliceOf(rapid.Byte()).Draw(t, "src")
		packed := c.Compress([]byte("before"), src)
		if string(packed[:6]) != "before" {
			t.Fatal("Compress overwrote")
		}
		out, err := c.Decompress([]byte("front"), packed[6:], len(src))
		if err != nil || string(out) != "front"+string(src) {
			t.Fatalf("%q, %v", out, err)
		}
	})
}

// A few bytes that inflate to a gigabyte, behind a small declared length.
func TestBombsAreDefused(t *testing.T) {
	enc, err := ref.NewWriter(nil, ref.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 64<<20)
	oneShot := enc.EncodeAll(zeros, nil) // declares its size
	var stream bytes.Buffer              // declares none
	sw, err := ref.NewWriter(&stream)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := sw.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := sw.Close(); err != nil {
		t.Fatal(err)
	}
	clear(zeros)
	c := newCodec(t)
	many := bytes.Repeat(oneShot, 100) // frames one after another
	for name, bomb := range map[string][]byte{"one frame": oneShot, "no size": stream.Bytes(), "many frames": many} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := c.Decompress(nil, bomb, 1000)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: %d bytes inflated to %d", name, len(bomb), len(out))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
			t.Errorf("%s: %d bytes allocated to find out", name, n)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	c := newCodec(f)
	f.Add(c.Compress(nil, []byte("hello hello hello hello")), uint16(23))
	f.Add([]byte("\x28\xb5\x2f\xfd"), uint16(100))
	f.Fuzz(func(t *testing.T, src []byte, rawLen uint16) {
		if out, err := c.Decompress(nil, src, int(rawLen)); err == nil && len(out) > int(rawLen) {
			t.Fatalf("%d bytes, %d were declared", len(out), rawLen)
		}
	})
}

func BenchmarkZstd(b *testing.B) {
	c := newCodec(b)
	var raw []byte
	for i := range 1000 {
		raw = record.AppendEntry(raw, &record.Entry{Key: fmt.Appendf(nil, "user:%08d", i), Value: fmt.Appendf(nil, `{"name":"user %d","age":%d}`, i, i%90), LSN: uint64(i)})
	}
	packed := c.Compress(nil, raw)
	b.Run("compress", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		var dst []byte
		for b.Loop() {
			dst = c.Compress(dst[:0], raw)
		}
		b.ReportMetric(float64(len(raw))/float64(len(dst)), "ratio")
	})
	b.Run("decompress", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		dst := make([]byte, 0, len(raw))
		for b.Loop() {
			if _, err := c.Decompress(dst[:0], packed, len(raw)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
