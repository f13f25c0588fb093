package snapshot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/wal/record"
)

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := genEntries().Draw(t, "entries")
		b, s := write(t, entries, genOptions().Draw(t, "options"))
		if s.Entries != uint64(len(entries)) || s.Size != int64(len(b)) {
			t.Fatalf("summary says %d entries, %d bytes; it is %d, %d", s.Entries, s.Size, len(entries), len(b))
		}
		r := mustOpen(t, b)
		if r.Summary() != s {
			t.Fatalf("reader says %v, writer said %v", r.Summary(), s)
		}
		want := testMeta()
		want.Version, want.Codec = snapshot.Version, r.Meta().Codec
		if r.Meta() != want {
			t.Fatalf("meta is %v, want %v", r.Meta(), want)
		}
		if err := r.Verify(context.Background()); err != nil {
			t.Fatal(err)
		}

		var all []record.Entry
		for e, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e) // not cloned: they are ours to keep
		}
		requireEntries(t, "All", all, entries)

		var loaded []record.Entry
		next := 0
		if err := r.Load(context.Background(), rapid.IntRange(0, 3).Draw(t, "workers"), func(block int, es []record.Entry) error {
			if block != next || len(es) != r.Block(block).Count {
				t.Fatalf("block %d with %d entries, expected block %d", block, len(es), next)
			}
			next++
			for _, e := range es {
				loaded = append(loaded, clone(e))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if next != r.Blocks() {
			t.Fatalf("%d blocks of %d were loaded", next, r.Blocks())
		}
		requireEntries(t, "Load", loaded, entries)
	})
}

func TestGetFindsEveryKeyAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := genEntries().Draw(t, "entries")
		b, _ := write(t, entries, genOptions().Draw(t, "options"))
		r := mustOpen(t, b)
		for _, want := range entries {
			got, found, err := r.Get(want.Bucket, want.Key)
			if err != nil || !found || !sameEntry(got, want) {
				t.Fatalf("%q %q: %v %v", want.Bucket, want.Key, found, err)
			}
		}
		probe := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "probe")
		for _, bucket := range []string{"", "a", "missing"} {
			_, found, err := r.Get(bucket, probe)
			present := false
			for i := range entries {
				present = present || order(&entries[i], &record.Entry{Bucket: bucket, Key: probe}) == 0
			}
			if err != nil || found != present {
				t.Fatalf("%q %q: found %v, present %v, %v", bucket, probe, found, present, err)
			}
		}
	})
}

func TestAscendStartsWhereItIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := genEntries().Draw(t, "entries")
		b, _ := write(t, entries, genOptions().Draw(t, "options"))
		from := record.Entry{
			Bucket: rapid.SampledFrom([]string{"", "a", "b", "users", "z"}).Draw(t, "bucket"),
			Key:    rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "key"),
		}
		var want, got []record.Entry
		for i := range entries {
			if order(&entries[i], &from) >= 0 {
				want = append(want, entries[i])
			}
		}
		limit := rapid.IntRange(1, 100).Draw(t, "limit")
		want = want[:min(limit, len(want))]
		for e, err := range mustOpen(t, b).Ascend(from.Bucket, from.Key) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e); len(got) == limit {
				break
			}
		}
		requireEntries(t, "Ascend", got, want)
	})
}

func TestDigestIsOfTheContentsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := genEntries().Draw(t, "entries")
		_, s := write(t, entries, genOptions().Draw(t, "options"))
		sum := sha256.New()
		for i := range entries {
			sum.Write(record.AppendDigestEntry(nil, &entries[i]))
			entries[i].LSN = (entries[i].LSN + 1) % testLSN
		}
		if [32]byte(sum.Sum(nil)) != s.Digest {
			t.Fatal("digest is not SHA-256 over the entries")
		}
		if _, again := write(t, entries, snapshot.WriterOptions{BlockSize: 77}); again.Digest != s.Digest {
			t.Fatal("LSNs or block sizes change the digest")
		}
	})
}

func TestEntryLargerThanABlockHasItsOwn(t *testing.T) {
	entries := sequence(5, 10)
	entries[2].Value = make([]byte, 10_000)
	b, _ := write(t, entries, snapshot.WriterOptions{BlockSize: 1000})
	r := mustOpen(t, b)
	if r.Blocks() != 3 || r.Block(0).Count != 2 || r.Block(1).Count != 1 || r.Block(2).Count != 2 {
		for i := range r.Blocks() {
			t.Logf("%+v", r.Block(i))
		}
		t.Error("the large entry shares a block")
	}
}

func TestBlocksKeepToTheirSize(t *testing.T) {
	b, s := write(t, sequence(20_000, 32), snapshot.WriterOptions{})
	r := mustOpen(t, b)
	for i := range r.Blocks() {
		if raw := r.Block(i).Raw; raw > 64<<10 || (raw < 60<<10 && i < r.Blocks()-1) {
			t.Errorf("block %d has %d bytes", i, raw)
		}
	}
	if overhead := s.Size - 20_000*(1+1+8+34+3); overhead > 2000 {
		t.Errorf("%d bytes besides the entries", overhead)
	}
}

func TestWriterRefusesWhatAReaderWould(t *testing.T) {
	k := func(bucket, key string) *record.Entry { return &record.Entry{Bucket: bucket, Key: []byte(key), LSN: 1} }
	for name, c := range map[string]struct {
		entries []*record.Entry
		is      error
	}{
		"the same key":      {[]*record.Entry{k("", "a"), k("", "a")}, snapshot.ErrOrder},
		"an earlier key":    {[]*record.Entry{k("", "b"), k("", "a")}, snapshot.ErrOrder},
		"an empty key":      {[]*record.Entry{k("", ""), k("", "")}, snapshot.ErrOrder},
		"an earlier bucket": {[]*record.Entry{k("b", "a"), k("a", "b")}, snapshot.ErrOrder},
		"a bad bucket":      {[]*record.Entry{k("", "a"), k("\xff", "b")}, nil},
		// Never touched, so it costs no memory.
		"a huge value": {[]*record.Entry{k("", "a"), {Key: []byte("b"), Value: make([]byte, snapshot.MaxBlock)}}, nil},
		"a newer LSN":  {[]*record.Entry{k("", "a"), {Key: []byte("b"), LSN: testLSN + 1}}, nil},
	} {
		w, err := snapshot.NewWriter(discard{}, testMeta(), snapshot.WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range c.entries {
			err = w.Add(e)
			if i < len(c.entries)-1 && err != nil {
				t.Fatalf("%s: refused too early: %v", name, err)
			}
		}
		var ee *snapshot.EntryError
		if !errors.As(err, &ee) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v", name, err)
		}
		// There is no going on after a refusal: the file would lack the entry.
		if _, err2 := w.Finish(); !errors.Is(err2, err) {
			t.Errorf("%s: Finish says %v", name, err2)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestWriterIsOfNoUseAfterFinish(t *testing.T) {
	w, err := snapshot.NewWriter(discard{}, testMeta(), snapshot.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&record.Entry{}); !errors.Is(err, snapshot.ErrFinished) {
		t.Error(err)
	}
	if _, err := w.Finish(); !errors.Is(err, snapshot.ErrFinished) {
		t.Error(err)
	}
}

func TestWriterKeepsNothingOfItsCallersEntry(t *testing.T) {
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, testMeta(), snapshot.WriterOptions{BlockSize: 30})
	if err != nil {
		t.Fatal(err)
	}
	e := record.Entry{Key: []byte("k0"), Value: []byte("v0")}
	for i := range 10 {
		e.Key[1], e.Value[1] = '0'+byte(i), '0'+byte(i)
		if err := w.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, buf.Bytes())
	if err := r.Verify(context.Background()); err != nil || r.Blocks() != 4 {
		t.Error(err, r.Blocks())
	}
}

func TestWhatGetReturnsIsTheCallers(t *testing.T) {
	b, _ := write(t, sequence(20, 30), snapshot.WriterOptions{BlockSize: 100})
	r := mustOpen(t, b)
	for range 100 { // buffers are reused, most of the time
		first, _, err := r.Get("", []byte("k000001"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Get("", []byte("k000015")); err != nil {
			t.Fatal(err)
		}
		if string(first.Key) != "k000001" || first.Value[0] != 1 {
			t.Fatal("a later look-up changed what an earlier one returned")
		}
	}
}

// shortWriter takes half of a write and says nothing of it.
type shortWriter struct{ after int }

func (s *shortWriter) Write(p []byte) (int, error) {
	if s.after--; s.after < 0 {
		return len(p) / 2, nil
	}
	return len(p), nil
}

func TestShortWritesAreErrors(t *testing.T) {
	for n := 0; ; n++ {
		w, err := snapshot.NewWriter(&shortWriter{n}, testMeta(), snapshot.WriterOptions{BlockSize: 30})
		if err == nil {
			err = addAll(w, sequence(5, 20))
		}
		if err == nil {
			_, err = w.Finish()
		}
		if err == nil {
			if n < 7 {
				t.Fatalf("only %d writes", n)
			}
			return
		}
		if !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("write %d: %v", n, err)
		}
	}
}

func TestNames(t *testing.T) {
	for lsn, name := range map[uint64]string{
		0: "0000000000000000.snap", 42: "0000000000000042.snap", 1<<64 - 1: "18446744073709551615.snap",
	} {
		if got := snapshot.Name(lsn); got != name {
			t.Errorf("Name(%d) = %s", lsn, got)
		}
		if got, ok := snapshot.ParseName(name); !ok || got != lsn {
			t.Errorf("ParseName(%s) = %d, %v", name, got, ok)
		}
	}
	for _, bad := range []string{"", ".snap", "42.snap", "0000000000000042", "0000000000000042.snap.tmp", "00000000000000042.snap", "+000000000000042.snap", "99999999999999999999.snap", ".0000000000000042.snap123"} {
		if _, ok := snapshot.ParseName(bad); ok {
			t.Errorf("ParseName(%s) accepted", bad)
		}
	}
}
