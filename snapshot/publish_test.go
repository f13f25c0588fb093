package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

const dir = "snap"

func newDir(t *testing.T) vfs.FS {
	t.Helper()
	fsys := memfs.New()
	if err := vfs.MkdirAll(fsys, dir); err != nil {
		t.Fatal(err)
	}
	return fsys
}

func publish(fsys vfs.FS, entries []record.Entry) (snapshot.Summary, error) {
	return snapshot.Publish(context.Background(), fsys, dir, testMeta(),
		snapshot.WriterOptions{BlockSize: 200, SyncEvery: 2000},
		func(w *snapshot.Writer) error { return addAll(w, entries) })
}

// requireDir checks the directory against what a publication may leave: no
// temporary file, and under the snapshot's name one of the sound ones.
func requireDir(t *testing.T, what string, fsys vfs.FS, digests ...[32]byte) {
	t.Helper()
	infos, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := [32]byte{}
	for _, i := range infos {
		if i.Name != snapshot.Name(testLSN) {
			t.Errorf("%s: %s was left behind", what, i.Name)
			continue
		}
		_, s, err := snapshot.Check(context.Background(), fsys, vfs.Join(dir, i.Name), readerOptions)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		found = s.Digest
	}
	if !slices.Contains(digests, found) {
		t.Errorf("%s: the name leads to %x", what, found)
	}
}

func TestPublishKeepsTheOrder(t *testing.T) {
	fsys := &failFS{FS: newDir(t)}
	s, err := publish(fsys, sequence(50, 30))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(fsys.steps(), " ")
	for strings.Contains(got, "write datasync write datasync") {
		got = strings.ReplaceAll(got, "write datasync write datasync", "write datasync")
	}
	const want = "create write datasync write sync publish syncdir open dropcache size read"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	requireDir(t, "published", fsys.FS, s.Digest)
}

func TestPublishOnARealFileSystem(t *testing.T) {
	root := t.TempDir()
	entries := sequence(3000, 100)
	s, err := snapshot.Publish(context.Background(), osfs.New(), root, testMeta(), snapshot.WriterOptions{},
		func(w *snapshot.Writer) error { return addAll(w, entries) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, verified past the page cache: %v", s.Size, s.PastCache)
	r, err := snapshot.Open(osfs.New(), vfs.Join(root, snapshot.Name(testLSN)), readerOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []record.Entry
	for e, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	requireEntries(t, "All", got, entries)
}

// Whatever call fails, and whether or not it did its work before it said so:
// the name leads to nothing, to the whole old file or to the whole new one, and
// the error says which of these cannot be excluded.
func TestFailingCallsLeaveNothingHalfDone(t *testing.T) {
	entries := sequence(50, 30)
	for _, old := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				base := newDir(t)
				var before [32]byte
				if old {
					s, err := publish(base, entries[:10])
					if err != nil {
						t.Fatal(err)
					}
					before = s.Digest
				}
				_, next := write(t, entries, snapshot.WriterOptions{})
				fsys := &failFS{FS: base, failAt: n, after: after}
				_, err := publish(fsys, entries)
				if err == nil {
					if n < 10 {
						t.Fatalf("only %d calls", n)
					}
					break
				}
				what := fmt.Sprintf("old %v, after %v, call %d (%s)", old, after, n, fsys.calls[n-1])
				var p *snapshot.PublishError
				if !errors.As(err, &p) || !errors.Is(err, errInjected) {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if p.Published {
					requireDir(t, what, base, before, next.Digest)
				} else {
					requireDir(t, what, base, before)
				}
				// It must not cry wolf either: before the renaming nothing can
				// have been published.
				if before := slices.Index(fsys.calls, "publish") < 0; before == p.Published {
					t.Errorf("%s: Published is %v", what, p.Published)
				}
			}
		}
	}
}

func TestTemporaryFileThatCannotBeRemovedIsNoSnapshot(t *testing.T) {
	fsys := &failFS{FS: newDir(t), failAt: 5, keepTemp: true}
	if _, err := publish(fsys, sequence(50, 30)); err == nil {
		t.Fatal("no failure")
	}
	infos, err := fsys.List(dir)
	if err != nil || len(infos) != 1 {
		t.Fatal(infos, err)
	}
	if _, ok := snapshot.ParseName(infos[0].Name); ok || infos[0].Name[0] != '.' {
		t.Errorf("%s could be taken for a snapshot", infos[0].Name)
	}
}

func TestErrorsAndPanicsOfTheFillerPublishNothing(t *testing.T) {
	stop := errors.New("stop")
	fsys := newDir(t)
	run := func(fill func(*snapshot.Writer) error) (err error) {
		_, err = snapshot.Publish(context.Background(), fsys, dir, testMeta(), snapshot.WriterOptions{}, fill)
		return err
	}
	if err := run(func(*snapshot.Writer) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	func() {
		defer func() { recover() }()
		run(func(*snapshot.Writer) error { panic("in fill") })
	}()
	// An error of Add that the filler swallows is not lost.
	if err := run(func(w *snapshot.Writer) error {
		w.Add(&record.Entry{Key: []byte("b")})
		w.Add(&record.Entry{Key: []byte("a")})
		return nil
	}); !errors.Is(err, snapshot.ErrOrder) {
		t.Error(err)
	}
	requireDir(t, "fill failed", fsys, [32]byte{})
}

func TestCancelledPublicationPublishesNothing(t *testing.T) {
	fsys := newDir(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := snapshot.Publish(ctx, fsys, dir, testMeta(), snapshot.WriterOptions{}, func(*snapshot.Writer) error {
		cancel()
		return nil
	})
	var p *snapshot.PublishError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &p) || p.Published {
		t.Error(err)
	}
	requireDir(t, "cancelled", fsys, [32]byte{})
}

// rottingFS changes a byte of every file that is opened after it was
// published: a disk that took the write and kept something else.
type rottingFS struct {
	vfs.FS
	at int64
}

func (f *rottingFS) Open(name string) (vfs.File, error) {
	w, err := f.FS.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 1)
	if _, err := w.ReadAt(b, f.at); err != nil {
		return nil, err
	}
	b[0] ^= 1
	_, err = w.WriteAt(b, f.at)
	return w, err
}

func TestRotBetweenWritingAndReadingBackIsFound(t *testing.T) {
	_, s := write(t, sequence(20, 30), snapshot.WriterOptions{BlockSize: 200})
	for at := range s.Size {
		fsys := &rottingFS{FS: newDir(t), at: at}
		_, err := publish(fsys, sequence(20, 30))
		var p *snapshot.PublishError
		var c *snapshot.CorruptError
		if !errors.As(err, &p) || p.Op != "verify" || !p.Published || !errors.As(err, &c) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

// staleFS reads back another file than was published: a lost rename.
type staleFS struct {
	vfs.FS
	stale []byte
}

func (f *staleFS) Open(name string) (vfs.File, error) {
	w, err := f.FS.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	if err := w.Truncate(0); err != nil {
		return nil, err
	}
	_, err = w.WriteAt(f.stale, 0)
	return w, err
}

func TestSoundButDifferentFileIsNotTakenForTheNewOne(t *testing.T) {
	stale, _ := write(t, sequence(3, 3), snapshot.WriterOptions{})
	_, err := publish(&staleFS{newDir(t), stale}, sequence(20, 30))
	var p *snapshot.PublishError
	if !errors.As(err, &p) || p.Op != "verify" {
		t.Error(err)
	}
}

func TestReceivePublishesAStream(t *testing.T) {
	entries := sequence(100, 30)
	b, want := write(t, entries, snapshot.WriterOptions{BlockSize: 300, Codec: flateCodec{}})
	fsys := newDir(t)
	// One byte at a time, as the worst of networks.
	m, s, err := snapshot.Receive(context.Background(), fsys, dir, oneByte{bytes.NewReader(b)}, readerOptions)
	if err != nil {
		t.Fatal(err)
	}
	s.PastCache = false
	if s != want || m.LSN != testLSN || m.Store != testMeta().Store {
		t.Errorf("received %v %v", m, s)
	}
	requireDir(t, "received", fsys, want.Digest)
}

type oneByte struct{ r *bytes.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func TestDamagedStreamsLeaveNothingBehind(t *testing.T) {
	b, _ := write(t, sequence(10, 30), snapshot.WriterOptions{BlockSize: 100})
	receive := func(what string, b []byte) {
		t.Helper()
		fsys := newDir(t)
		_, _, err := snapshot.Receive(context.Background(), fsys, dir, bytes.NewReader(b), readerOptions)
		var c *snapshot.CorruptError
		if !errors.As(err, &c) {
			t.Errorf("%s: %v", what, err)
		}
		requireDir(t, what, fsys, [32]byte{})
	}
	for i := range b {
		receive(fmt.Sprintf("cut to %d", i), b[:i])
		bad := bytes.Clone(b)
		bad[i] ^= 4
		receive(fmt.Sprintf("byte %d", i), bad)
	}
	receive("something behind", append(bytes.Clone(b), 0))
}

func TestFailingCallsInReceiveLeaveNothingHalfDone(t *testing.T) {
	b, s := write(t, sequence(50, 30), snapshot.WriterOptions{BlockSize: 200})
	for n := 1; ; n++ {
		fsys := &failFS{FS: newDir(t), failAt: n}
		_, _, err := snapshot.Receive(context.Background(), fsys, dir, bytes.NewReader(b), readerOptions)
		if err == nil {
			break
		}
		if !errors.Is(err, errInjected) {
			t.Errorf("call %d (%s): %v", n, fsys.calls[n-1], err)
		}
		requireDir(t, fmt.Sprintf("call %d (%s)", n, fsys.calls[n-1]), fsys.FS, [32]byte{}, s.Digest)
	}
}
