package snapshot

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/wal/record"
)

// Files whose checksums are all right and whose contents are not: what a bug
// or a hostile hand would make. They are made inside the package, past the
// writer's own checks.

// forge makes a snapshot of a few blocks, with its index and footer changed.
func forge(t *testing.T, change func(refs []blockRef, f *footer) []blockRef) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Meta{LSN: 9}, WriterOptions{BlockSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"a", "b", "c"} {
		if err := w.Add(&record.Entry{Key: []byte(strings.Repeat(k, 20)), Value: []byte("value"), LSN: 9}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReaderAt(bytes.NewReader(buf.Bytes()), int64(buf.Len()), ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := r.foot
	refs := change(r.index, &f)
	b := bytes.Clone(buf.Bytes()[:f.indexOffset])
	start := len(b)
	for i := range refs {
		b = refs[i].append(b)
	}
	f.indexLen, f.indexCRC = int64(len(b)-start), checksum(b[start:])
	return append(b, f.encode(w.preambleCRC)...)
}

func TestForgedIndexesAreRefused(t *testing.T) {
	for want, change := range map[string]func(refs []blockRef, f *footer) []blockRef{
		"block is not where":          func(r []blockRef, f *footer) []blockRef { r[1].offset--; return r },
		"more blocks than":            func(r []blockRef, f *footer) []blockRef { f.blocks--; return r },
		"fewer blocks than":           func(r []blockRef, f *footer) []blockRef { f.blocks++; return r },
		"too short for its count":     func(r []blockRef, f *footer) []blockRef { f.blocks = math.MaxUint64; return r },
		"blocks end before":           func(r []blockRef, f *footer) []blockRef { f.blocks--; f.entries--; return r[:2] },
		"add up to the footer's":      func(r []blockRef, f *footer) []blockRef { f.entries++; return r },
		"count that the block cannot": func(r []blockRef, f *footer) []blockRef { r[0].count = math.MaxUint32; return r },
		"blocks out of order":         func(r []blockRef, f *footer) []blockRef { r[1].key = []byte("a"); return r },
		"length beyond the limits":    func(r []blockRef, f *footer) []blockRef { r[1].raw = r[1].stored*maxExpansion + 1; return r },
		"beyond the limits":           func(r []blockRef, f *footer) []blockRef { r[1].raw = MaxBlock + 1; return r },
		"compressed block in a file":  func(r []blockRef, f *footer) []blockRef { r[1].raw++; return r },
	} {
		b := forge(t, change)
		_, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)), ReaderOptions{})
		var c *CorruptError
		if !errors.As(err, &c) || !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A declared length within the expansion that is believed, and still too much.
func TestBlocksBeyondTheLimitAreRefused(t *testing.T) {
	r := &Reader{file: "x", size: 1 << 20, codec: anyCodec{}}
	ref := blockRef{offset: 40, stored: 1 << 16, raw: MaxBlock + 1, count: 1}
	r.foot = footer{indexOffset: ref.end(), blocks: 1, entries: 1}
	err := r.parseIndex(ref.append(nil), 40)
	var c *CorruptError
	if !errors.As(err, &c) || !strings.Contains(c.Reason, "beyond the limits") {
		t.Error(err)
	}
	r.index, ref.raw = nil, MaxBlock
	if err := r.parseIndex(ref.append(nil), 40); err != nil {
		t.Error(err)
	}
}

func TestForgedBlocksAreRefused(t *testing.T) {
	add := func(w *Writer, keys ...string) {
		for _, k := range keys {
			if err := w.Add(&record.Entry{Key: []byte(k), Value: []byte("value"), LSN: 9}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// forget makes the writer believe that nothing came before.
	forget := func(w *Writer) { w.lastBucket, w.lastKey = "", nil }
	for want, make := range map[string]func(w *Writer){
		"":                        func(w *Writer) { add(w, "a", "b") },
		"entries out of order":    func(w *Writer) { add(w, "b"); forget(w); add(w, "a") },
		"starts with another":     func(w *Writer) { add(w, "a"); w.first.key = []byte("A") },
		"newer than its":          func(w *Writer) { w.meta.LSN++; w.Add(&record.Entry{Key: []byte("a"), LSN: 10}) },
		"behind the last":         func(w *Writer) { add(w, "a", "b"); w.count--; w.foot.entries-- },
		"entry":                   func(w *Writer) { add(w, "a", "b"); w.count++; w.foot.entries++ },
		"digest":                  func(w *Writer) { add(w, "a"); w.sumBuf[2] ^= 1 },
		"block overlaps the next": func(w *Writer) { add(w, "a", "c"); w.flush(); forget(w); add(w, "b") },
	} {
		var buf bytes.Buffer
		w, err := NewWriter(&buf, Meta{LSN: 9}, WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		make(w)
		if _, err := w.Finish(); err != nil {
			t.Fatal(err)
		}
		r, err := OpenReaderAt(bytes.NewReader(buf.Bytes()), int64(buf.Len()), ReaderOptions{})
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		err = r.Verify(context.Background())
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		var c *CorruptError
		if !errors.As(err, &c) || !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestHeadersOfOtherVersionsAreToldFromDamage(t *testing.T) {
	var buf bytes.Buffer
	if _, err := NewWriter(&buf, Meta{LSN: 9}, WriterOptions{}); err != nil {
		t.Fatal(err)
	}
	reseal := func(body []byte) []byte {
		b := append([]byte(nil), buf.Bytes()[:preambleHead]...)
		b[8] = byte(len(body))
		b = append(b, body...)
		sum := checksum(b[8:12], body)
		b[12], b[13], b[14], b[15] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
		return append(b, make([]byte, 200)...)
	}
	good := buf.Bytes()[preambleHead:]
	if !bytes.HasPrefix(good, []byte{0xa5, 0x01, 0x01}) {
		t.Fatalf("header is %x", good)
	}
	// A later version may look like anything behind its number.
	for _, body := range [][]byte{
		append([]byte{0xa5, 0x01, 0x02}, good[3:]...),
		{0xa2, 0x01, 0x18, 0x63, 0x07, 0x61, 'x'},
	} {
		b := reseal(body)
		_, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)), ReaderOptions{})
		var v *VersionError
		if !errors.As(err, &v) || v.Supported != Version || v.Version <= Version {
			t.Errorf("%x: %v", body, err)
		}
	}
	for _, body := range [][]byte{
		append([]byte{0xa5, 0x01, 0x00}, good[3:]...),             // no such version
		append([]byte{0xa4}, good[1:len(good)-2]...),              // a field missing
		append(append([]byte{0xa6}, good[1:]...), 0x06, 0x00),     // a field more
		append([]byte{0xa5, 0x01, 0x18, 0x01}, good[3:]...),       // another spelling of 1
		append(append([]byte{0xa6}, good[1:]...), 0x05, 0x00),     // a field twice
		append(bytes.Clone(good), 0x00),                           // something behind
		{0x80}, {}, {0xa0}, {0xbf, 0xff}, {0xa1, 0x01, 0x61, '1'}, // something else
	} {
		b := reseal(body)
		_, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)), ReaderOptions{})
		var c *CorruptError
		if !errors.As(err, &c) || !strings.HasPrefix(c.Reason, "header") {
			t.Errorf("%x: %v", body, err)
		}
	}
}

func TestWriterLetsGoOfWhatALargeEntryGrew(t *testing.T) {
	w, err := NewWriter(&bytes.Buffer{}, Meta{LSN: 9}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{10, 8 << 20, 10} {
		if err := w.Add(&record.Entry{Key: []byte{byte(i)}, Value: make([]byte, n)}); err != nil {
			t.Fatal(err)
		}
	}
	if held := cap(w.block) + cap(w.packed) + cap(w.sumBuf); held > 1<<20 {
		t.Errorf("%d bytes held for a block of 64 KiB", held)
	}
}

func TestHeaderLengthIsBoundedBeforeItIsAllocated(t *testing.T) {
	b := append([]byte(magic), 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0)
	_, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)), ReaderOptions{})
	var c *CorruptError
	if !errors.As(err, &c) || !strings.Contains(c.Reason, "longer than the limit") {
		t.Error(err)
	}
}

// tinyCodec compresses everything to a byte, which no reader would believe.
type tinyCodec struct{ anyCodec }

func (tinyCodec) ID() uint8                       { return 201 }
func (tinyCodec) Name() string                    { return "tiny" }
func (tinyCodec) Compress(dst, src []byte) []byte { return append(dst, 'x') }

func TestWriterStoresPlainWhatAReaderWouldTakeForABomb(t *testing.T) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, Meta{LSN: 9}, WriterOptions{Codec: tinyCodec{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&record.Entry{Value: make([]byte, 2*maxExpansion)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReaderAt(bytes.NewReader(buf.Bytes()), int64(buf.Len()), ReaderOptions{Codecs: []Codec{tinyCodec{}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestCodecWithTheIDOfNoneIsRefused(t *testing.T) {
	if _, err := NewWriter(&bytes.Buffer{}, Meta{}, WriterOptions{Codec: noneCodec{}}); err == nil {
		t.Error("a file that nobody could read was begun")
	}
}

type noneCodec struct{ tinyCodec }

func (noneCodec) ID() uint8 { return 0 }
