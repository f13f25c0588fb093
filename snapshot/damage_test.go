package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// The ways to read everything. Verify alone proves the digest; damage to a
// byte shows in each of them.
var fullReads = map[string]func(r *snapshot.Reader) error{
	"Verify": func(r *snapshot.Reader) error { return r.Verify(context.Background()) },
	"All": func(r *snapshot.Reader) error {
		for _, err := range r.All() {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"Load": func(r *snapshot.Reader) error {
		return r.Load(context.Background(), 2, func(int, []record.Entry) error { return nil })
	},
}

// requireDamage opens and reads b in every way and wants a *CorruptError each time.
func requireDamage(t *testing.T, what string, b []byte) {
	t.Helper()
	for name, read := range fullReads {
		r, err := openBytes(b)
		if err == nil {
			err = read(r)
		}
		var c *snapshot.CorruptError
		if !errors.As(err, &c) {
			t.Errorf("%s: %s says %v", what, name, err)
			return
		}
		if c.Offset < 0 || c.Offset > int64(len(b)) {
			t.Errorf("%s: %v: no such offset", what, err)
		}
	}
}

func smallSnapshots(t *testing.T) map[string][]byte {
	entries := sequence(12, 20)
	entries[3].Deadline = 99
	plain, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 100})
	packed, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 200, Codec: flateCodec{}})
	empty, _ := write(t, nil, snapshot.WriterOptions{})
	return map[string][]byte{"plain": plain, "compressed": packed, "empty": empty}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	for name, b := range smallSnapshots(t) {
		for name, read := range fullReads {
			if err := read(mustOpen(t, b)); err != nil {
				t.Fatalf("the sound file: %s: %v", name, err)
			}
		}
		for i := range b {
			for _, mask := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255} {
				bad := bytes.Clone(b)
				bad[i] ^= mask
				requireDamage(t, fmt.Sprintf("%s, byte %d ^ %#x", name, i, mask), bad)
			}
		}
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	for name, b := range smallSnapshots(t) {
		for n := range b {
			requireDamage(t, fmt.Sprintf("%s, cut to %d of %d", name, n, len(b)), b[:n])
		}
		requireDamage(t, name+", a byte more", append(bytes.Clone(b), 0))
		requireDamage(t, name+", twice", append(bytes.Clone(b), b...))
		requireDamage(t, name+", zeros behind", append(bytes.Clone(b), make([]byte, 4096)...))
	}
}

// Every byte of a run replaced, as by a lost or misdirected write of a sector.
func TestRunsOfZerosAreFound(t *testing.T) {
	for name, b := range smallSnapshots(t) {
		for i := range b {
			for _, n := range []int{2, 16, 100} {
				bad := bytes.Clone(b)
				clear(bad[i:min(i+n, len(bad))])
				if !bytes.Equal(bad, b) {
					requireDamage(t, fmt.Sprintf("%s, %d zeros at %d", name, n, i), bad)
				}
			}
		}
	}
}

func TestPartsOfAnotherSnapshotAreFound(t *testing.T) {
	// Both files are sound and of one layout; each part carries its own valid
	// checksum. Only the tree of checksums can tell.
	entries := sequence(12, 20)
	a, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 100})
	for i := range entries {
		entries[i].Value[0] ^= 0x80
	}
	b, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 100})
	if len(a) != len(b) {
		t.Fatal("the test needs files of one layout")
	}
	r := mustOpen(t, a)
	for i := range r.Blocks() {
		info := r.Block(i)
		end := info.Offset + 16 + int64(info.Stored)
		bad := bytes.Clone(a)
		copy(bad[info.Offset:end], b[info.Offset:end])
		requireDamage(t, fmt.Sprintf("block %d of another snapshot", i), bad)
	}
	last := r.Block(r.Blocks() - 1)
	index := last.Offset + 16 + int64(last.Stored)
	footer := int64(len(a) - 80)
	requireDamage(t, "index of another", append(append(bytes.Clone(a[:index]), b[index:footer]...), a[footer:]...))
	requireDamage(t, "footer of another", append(bytes.Clone(a[:footer]), b[footer:]...))
	requireDamage(t, "index and footer of another", append(bytes.Clone(a[:index]), b[index:]...))

	m := testMeta()
	m.Store[0] ^= 1
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, m, snapshot.WriterOptions{BlockSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	requireDamage(t, "preamble of another", append(bytes.Clone(buf.Bytes()), a[buf.Len():]...))
	_ = w
}

func TestGetFindsDamageInTheBlockItReads(t *testing.T) {
	entries := sequence(12, 20)
	b, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 100})
	r := mustOpen(t, b)
	b[r.Block(1).Offset+20] ^= 1 // the Reader reads b
	var c *snapshot.CorruptError
	if _, _, err := r.Get("", r.Block(1).Key); !errors.As(err, &c) || c.Offset != r.Block(1).Offset {
		t.Error(err)
	}
	if _, found, err := r.Get("", r.Block(0).Key); !found || err != nil {
		t.Error("a sound block beside a damaged one:", err)
	}
}

func TestForeignFilesAreNoSnapshots(t *testing.T) {
	for name, b := range map[string][]byte{
		"a text":  bytes.Repeat([]byte("hello world\n"), 100),
		"zeros":   make([]byte, 4096),
		"segment": append([]byte("KVWALSEG"), make([]byte, 4096)...),
	} {
		if _, err := openBytes(b); !errors.Is(err, snapshot.ErrNotSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSnapshotUnderAnotherNameIsRefused(t *testing.T) {
	fsys := memfs.New()
	b, _ := write(t, sequence(3, 3), snapshot.WriterOptions{})
	put(t, fsys, snapshot.Name(testLSN), b)
	put(t, fsys, snapshot.Name(testLSN+1), b)
	put(t, fsys, "my.backup", b)
	for _, name := range []string{snapshot.Name(testLSN), "my.backup"} {
		r, err := snapshot.Open(fsys, name, readerOptions)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	_, err := snapshot.Open(fsys, snapshot.Name(testLSN+1), readerOptions)
	var c *snapshot.CorruptError
	if !errors.Is(err, snapshot.ErrWrongName) || !errors.As(err, &c) || c.File != snapshot.Name(testLSN+1) {
		t.Error(err)
	}
}

func TestUnknownCodecIsNotDamage(t *testing.T) {
	b, _ := write(t, sequence(3, 3), snapshot.WriterOptions{Codec: flateCodec{}})
	_, err := snapshot.OpenReaderAt(bytes.NewReader(b), int64(len(b)), snapshot.ReaderOptions{Name: "x.snap"})
	var u *snapshot.UnknownCodecError
	if !errors.As(err, &u) || u.ID != 200 || u.File != "x.snap" {
		t.Error(err)
	}
}

// An error of the disk says nothing about the bytes, and must not send anyone to
// an older snapshot.
func TestErrorsOfTheDiskComeThrough(t *testing.T) {
	b, _ := write(t, sequence(100, 100), snapshot.WriterOptions{BlockSize: 500})
	eio := errors.New("input/output error")
	for n := 0; ; n++ {
		src := &failingReader{r: bytes.NewReader(b), after: n, err: eio}
		r, err := snapshot.OpenReaderAt(src, int64(len(b)), readerOptions)
		if err == nil {
			err = r.Verify(context.Background())
		}
		if err == nil {
			if n < 5 {
				t.Fatalf("only %d reads", n)
			}
			return
		}
		var c *snapshot.CorruptError
		if !errors.Is(err, eio) || errors.As(err, &c) {
			t.Errorf("read %d: %v", n, err)
		}
	}
}

// failingReader fails every read from the one numbered after on.
type failingReader struct {
	r     io.ReaderAt
	after int
	err   error
}

func (f *failingReader) ReadAt(p []byte, off int64) (int, error) {
	if f.after == 0 {
		n, _ := f.r.ReadAt(p[:len(p)/2], off)
		return n, f.err
	}
	f.after--
	return f.r.ReadAt(p, off)
}

func put(t *testing.T, fsys vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
}
