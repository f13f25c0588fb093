package snapshot_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

// flateCodec stands for any codec from outside.
type flateCodec struct{}

func (flateCodec) ID() uint8    { return 200 }
func (flateCodec) Name() string { return "flate" }

func (flateCodec) Compress(dst, src []byte) []byte {
	out := bytes.NewBuffer(dst)
	w, err := flate.NewWriter(out, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(src); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (flateCodec) Decompress(dst, src []byte, rawLen int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(src))
	out := bytes.NewBuffer(dst)
	n, err := io.Copy(out, io.LimitReader(r, int64(rawLen)))
	if err != nil {
		return nil, err
	}
	if n != int64(rawLen) {
		return nil, io.ErrUnexpectedEOF
	}
	if m, err := r.Read(make([]byte, 1)); m != 0 || err != io.EOF {
		return nil, fmt.Errorf("more than %d bytes", rawLen)
	}
	return out.Bytes(), nil
}

var readerOptions = snapshot.ReaderOptions{Codecs: []snapshot.Codec{flateCodec{}}}

const testLSN = 1000

func testMeta() snapshot.Meta {
	return snapshot.Meta{Store: [16]byte{1, 2, 3, 15: 16}, LSN: testLSN, Created: 1767225600000}
}

func genEntries() *rapid.Generator[[]record.Entry] {
	return rapid.Custom(func(t *rapid.T) []record.Entry {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Entry {
			return record.Entry{
				Bucket:   rapid.SampledFrom([]string{"", "a", "users", "\x00", strings.Repeat("x", 255)}).Draw(t, "bucket"),
				Key:      rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "key"),
				Value:    bytes.Repeat([]byte{rapid.Byte().Draw(t, "value")}, rapid.OneOf(rapid.IntRange(0, 40), rapid.SampledFrom([]int{0, 300, 5000})).Draw(t, "length")),
				LSN:      rapid.Uint64Range(0, testLSN).Draw(t, "lsn"),
				Deadline: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, "deadline"),
			}
		}), 0, 60).Draw(t, "entries")
		return normalize(entries)
	})
}

// normalize sorts, and keeps one entry of each key.
func normalize(entries []record.Entry) []record.Entry {
	sort.SliceStable(entries, func(i, j int) bool { return order(&entries[i], &entries[j]) < 0 })
	return slices.CompactFunc(entries, func(a, b record.Entry) bool { return order(&a, &b) == 0 })
}

func order(a, b *record.Entry) int {
	if c := strings.Compare(a.Bucket, b.Bucket); c != 0 {
		return c
	}
	return bytes.Compare(a.Key, b.Key)
}

func genOptions() *rapid.Generator[snapshot.WriterOptions] {
	return rapid.Custom(func(t *rapid.T) snapshot.WriterOptions {
		o := snapshot.WriterOptions{BlockSize: rapid.SampledFrom([]int{1, 20, 100, 1000, 0}).Draw(t, "blockSize")}
		if rapid.Bool().Draw(t, "compressed") {
			o.Codec = flateCodec{}
		}
		return o
	})
}

// sequence is n entries k000000, k000001, … in the default bucket.
func sequence(n, valueLen int) []record.Entry {
	entries := make([]record.Entry, n)
	for i := range entries {
		entries[i] = record.Entry{Key: fmt.Appendf(nil, "k%06d", i), Value: bytes.Repeat([]byte{byte(i)}, valueLen), LSN: uint64(i % testLSN)}
	}
	return entries
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func write(t fataler, entries []record.Entry, o snapshot.WriterOptions) ([]byte, snapshot.Summary) {
	t.Helper()
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, testMeta(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := addAll(w, entries); err != nil {
		t.Fatal(err)
	}
	s, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), s
}

func addAll(w *snapshot.Writer, entries []record.Entry) error {
	for i := range entries {
		if err := w.Add(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func openBytes(b []byte) (*snapshot.Reader, error) {
	return snapshot.OpenReaderAt(bytes.NewReader(b), int64(len(b)), readerOptions)
}

func mustOpen(t fataler, b []byte) *snapshot.Reader {
	t.Helper()
	r, err := openBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clone makes an entry outlive the call that showed it.
func clone(e record.Entry) record.Entry {
	e.Key, e.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
	return e
}

func sameEntry(a, b record.Entry) bool {
	return a.Bucket == b.Bucket && bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) &&
		a.LSN == b.LSN && a.Deadline == b.Deadline
}

func requireEntries(t interface {
	Helper()
	Fatalf(string, ...any)
}, what string, got, want []record.Entry) {
	t.Helper()
	if !slices.EqualFunc(got, want, sameEntry) {
		t.Fatalf("%s: got %d entries, want %d, or they differ", what, len(got), len(want))
	}
}
