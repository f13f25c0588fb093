package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal"
)

// A reader sees what a later frame proves, and changes nothing.
func TestReadOnlyShowsWhatIsProven(t *testing.T) {
	for _, c := range []struct {
		name     string
		build    func(b *recoverytest.Builder)
		want     keys
		unproven int64
	}{
		{"not the last frame", func(b *recoverytest.Builder) {
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			s.Frame(synced, set("b", "2"))
		}, keys{"a": "1"}, 1},
		{"the last frame before a MARK", func(b *recoverytest.Builder) {
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			s.Frame(synced, set("b", "2"))
			s.Mark()
		}, keys{"a": "1", "b": "2"}, 0},
		{"no lazily written frame behind the last SYNCED one", func(b *recoverytest.Builder) {
			s := b.Segment()
			s.Frame(0, set("a", "1"))
			s.Frame(0, set("b", "2"))
			s.Frame(synced, set("c", "3"))
			s.Frame(0, set("d", "4"))
		}, keys{"a": "1", "b": "2"}, 2},
		{"a segment that another one follows", func(b *recoverytest.Builder) {
			b.Segment().Frame(0, set("a", "1"))
			b.Segment().Frame(synced, set("b", "2"))
		}, keys{"a": "1"}, 1},
		{"a segment that an unlisted one follows", func(b *recoverytest.Builder) {
			b.Segment().Frame(0, set("a", "1"))
			b.Segment()
			b.Manifest.Active = 1
		}, keys{"a": "1"}, 0},
		{"the snapshot, though the log behind it is not proven", func(b *recoverytest.Builder) {
			b.Segment().Frame(synced, set("a", "1"))
			b.Snapshot(1, entry("a", "1", 1))
		}, keys{"a": "1"}, 1},
		{"a torn tail is not there", func(b *recoverytest.Builder) {
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			s.Frame(synced, set("b", "2"))
			s.Flip(s.Frame(synced, set("c", "3")).Offset)
		}, keys{"a": "1"}, 1},
		{"the older snapshot when the newest is rotten", func(b *recoverytest.Builder) {
			twoSnapshots(b)
			b.Segments[1].Mark()
			rotBlock(b, 4)
		}, abcd, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			c.build(b)
			b.Write()
			b.WriteFile("wal/.0000000000000003.wal1", []byte("x"))
			before := image(t, b.FS, dir)
			s, got := mustReadOnly(t, b.FS)
			wantKeys(t, got, c.want)
			if s.Report.Unproven != c.unproven {
				t.Fatalf("%d unproven frames, want %d", s.Report.Unproven, c.unproven)
			}
			if _, err := s.StartLog(logOptions()); !errors.Is(err, recovery.ErrReadOnly) {
				t.Fatal(err)
			}
			if err := s.Discard(recovery.SnapshotRef{}, nil); !errors.Is(err, recovery.ErrReadOnly) {
				t.Fatal(err)
			}
			wantImage(t, b.FS, before)
		})
	}
}

func TestReadOnlyStillNamesDamage(t *testing.T) {
	b := newBuilder(t)
	s := b.Segment()
	s.Frame(synced, set("a", "1"))
	f := s.Frame(synced, set("b", "2"))
	s.Frame(synced, set("c", "3"))
	s.Flip(f.Offset)
	b.Write()
	o := options(b.FS, nil)
	o.ReadOnly = true
	_, err := recovery.Open(t.Context(), o)
	wantCorruption(t, err, b.SegmentPath(s), f.Offset, 2, "proves")

	faulty := &faultFS{FS: b.FS, fail: func(_ int, op, name string) error {
		if op == "read" && strings.HasSuffix(name, ".wal") {
			return syscall.EIO
		}
		return nil
	}}
	o.FS = faulty
	if _, err := recovery.Open(t.Context(), o); !errors.Is(err, syscall.EIO) || errors.Is(err, recovery.ErrCorrupt) {
		t.Fatal(err)
	}
}

// writer is a live writer that takes a step whenever it is told.
type writer struct {
	t     *testing.T
	fsys  vfs.FS
	store *recovery.Store
	log   *wal.Log
	n     int // keys written; LSN n set key n
}

func (w *writer) write() {
	w.n++
	if lsn := write(w.t, w.log, set(fmt.Sprint(w.n), strings.Repeat("v", w.n*37%900))); lsn != uint64(w.n) {
		w.t.Fatalf("LSN %d, want %d", lsn, w.n)
	}
}

// compact does what an engine does: rotate, publish a snapshot, tell MANIFEST,
// remove what is not needed.
func (w *writer) compact() {
	if err := w.log.Rotate(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	lsn := uint64(w.n)
	m := w.store.Manifest.Get()
	sum, err := snapshot.Publish(context.Background(), w.fsys, vfs.Join(dir, recovery.SnapshotDir),
		snapshot.Meta{Store: m.Store, LSN: lsn}, snapshot.WriterOptions{BlockSize: 200},
		func(sw *snapshot.Writer) error {
			model := w.model(w.n)
			for _, k := range sortedKeys(model) {
				e := entry(k, model[k], 1)
				if err := sw.Add(&e); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		w.t.Fatal(err)
	}
	segments := w.log.Segments()
	first := segments[len(segments)-1].Seq
	old := m.Snapshots
	err = w.store.Manifest.Update(func(m *recovery.Manifest) error {
		m.Snapshots = []recovery.SnapshotRef{{LSN: lsn, Entries: sum.Entries, Size: sum.Size, Digest: sum.Digest}}
		m.First = first
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.log.TruncateFront(context.Background(), first); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range old {
		if err := w.fsys.Remove(vfs.Join(dir, recovery.SnapshotDir, snapshot.Name(s.LSN))); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *writer) model(n int) keys {
	m := keys{}
	for i := 1; i <= n; i++ {
		m[fmt.Sprint(i)] = strings.Repeat("v", i*37%900)
	}
	return m
}

// A writer writes, rotates and compacts between any two calls of a reader's
// Open: the reader never says damage, and sees a prefix that holds at least what
// was proven when it began.
func TestReadOnlyBesideALiveWriter(t *testing.T) {
	for _, look := range []string{"open", "verify", "records"} {
		t.Run(look, func(t *testing.T) { besideALiveWriter(t, look) })
	}
}

func besideALiveWriter(t *testing.T, look string) {
	for _, busy := range []int{1, 3, 1000} { // a step at every so many calls, from the start call on
		for start := 0; start < 60; start++ {
			fsys := memfs.New()
			s, _ := mustOpen(t, fsys)
			w := &writer{t: t, fsys: fsys, store: s}
			w.log = startLog(t, s)
			for range 5 {
				w.write()
			}
			w.compact()
			for range 3 {
				w.write()
			}
			proven := w.n - 1
			steps := 0
			faulty := &faultFS{FS: fsys, fail: func(n int, _, _ string) error {
				// Not for ever: a reader that is overtaken by a compaction every
				// time may give up.
				if n < start || (n-start)%busy != 0 || steps > 40 {
					return nil
				}
				switch steps++; steps % 5 {
				case 0:
					w.compact()
				case 3:
					if err := w.log.Rotate(context.Background()); err != nil {
						t.Error(err)
					}
				default:
					w.write()
				}
				return nil
			}}
			if look == "verify" {
				f, err := recovery.Verify(t.Context(), faulty, dir, recovery.VerifyOptions{Deep: start%2 == 0})
				if err != nil || f.Worst() > recovery.Note {
					t.Fatalf("busy %d, from call %d: %v %+v", busy, start, err, f)
				}
				continue
			}
			if look == "records" {
				want := uint64(0)
				for r, err := range recovery.Records(t.Context(), faulty, dir, recovery.RecordsOptions{}) {
					var gone *wal.TruncatedError
					switch {
					case errors.As(err, &gone):
					case err != nil:
						t.Fatalf("busy %d, from call %d: %v", busy, start, err)
					case want != 0 && r.LSN != want:
						t.Fatalf("LSN %d, want %d", r.LSN, want)
					}
					want = r.LSN + uint64(min(r.Frame.Count, 1))
				}
				continue
			}
			got := recoverytest.NewContents()
			o := options(faulty, got)
			o.ReadOnly = true
			if _, err := recovery.Open(t.Context(), o); err != nil {
				t.Fatalf("busy %d, from call %d: %v", busy, start, err)
			}
			seen := len(got.Keys)
			if seen < proven || seen > w.n {
				t.Fatalf("%d commits seen, %d were proven, %d written", seen, proven, w.n)
			}
			wantKeys(t, got, w.model(seen))
			if err := w.log.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A frame is half-written, and finished with others behind it, between any two
// calls of a reader.
func TestReadOnlyBesideAHalfWrittenFrame(t *testing.T) {
	for start := 0; start < 40; start++ {
		for gap := 0; gap < 4; gap++ {
			b := newBuilder(t)
			s := b.Segment()
			s.Frame(synced, set("a", "1"))
			first := s.Frame(synced, set("b", strings.Repeat("2", 700)))
			s.Frame(synced, set("c", "3"))
			s.Frame(synced, set("d", "4"))
			whole := append([]byte(nil), s.Buf...)
			s.Zero(first.Offset, s.End()-first.Offset)
			s.Fill(4096)
			b.Write()
			put := func(from, to int64) {
				f, err := b.FS.OpenWrite(b.SegmentPath(s))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if _, err := f.WriteAt(whole[from:to], from); err != nil {
					t.Fatal(err)
				}
			}
			faulty := &faultFS{FS: b.FS, fail: func(n int, _, _ string) error {
				switch n {
				case start:
					put(first.Offset+300, first.Offset+500) // the middle first
				case start + gap:
					put(first.Offset, int64(len(whole)))
				}
				return nil
			}}
			got := recoverytest.NewContents()
			o := options(faulty, got)
			o.ReadOnly = true
			if _, err := recovery.Open(t.Context(), o); err != nil {
				t.Fatalf("from call %d, finished %d calls later: %v", start, gap, err)
			}
			all := keys{"a": "1", "b": strings.Repeat("2", 700), "c": "3"}
			for k, v := range got.Keys {
				if all[k] != v {
					t.Fatalf("%q is %q", k, v)
				}
			}
		}
	}
}

// A writer is so busy that at every read it has finished the frame that was
// half-written before, written another, and half of a third: each look finds a
// frame that is not whole, and proof behind it that it was.
func TestReadOnlyBesideAVeryBusyWriter(t *testing.T) {
	b := newBuilder(t)
	s := b.Segment()
	s.Frame(synced, set("0", "0"))
	start := s.End()
	for i := range 3000 {
		s.Frame(synced, set(fmt.Sprint(i+1), strings.Repeat("v", 100)))
	}
	whole := append([]byte(nil), s.Buf...)
	frames := s.Frames[1:]
	clear(s.Buf[start:])
	b.Write()
	f, err := b.FS.OpenWrite(b.SegmentPath(s))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	faulty := &faultFS{FS: b.FS, fail: func(_ int, op, name string) error {
		if op != "read" || name != b.SegmentPath(s) || at+3 > len(frames) {
			return nil
		}
		half := frames[at+2].Offset + 60
		if _, err := f.WriteAt(whole[frames[at].Offset:half], frames[at].Offset); err != nil {
			t.Error(err)
		}
		at += 2
		return nil
	}}
	got := recoverytest.NewContents()
	o := options(faulty, got)
	o.ReadOnly = true
	if _, err := recovery.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(got.Keys) == 0 || at+3 > len(frames) {
		t.Fatalf("%d keys seen, %d of %d frames written", len(got.Keys), at, len(frames))
	}
	if v, err := recovery.Verify(t.Context(), faulty, dir, recovery.VerifyOptions{}); err != nil || v.Worst() > recovery.Note {
		t.Fatal(err, v)
	}
}

// A file is trimmed while it is read, and MANIFEST does not say so yet.
func TestReadOnlyBesideATrim(t *testing.T) {
	for start := range 20 {
		b := newBuilder(t)
		s := b.Segment()
		s.Frame(synced, set("a", "1"))
		s.Seal()
		end := s.End()
		s.Fill(64 << 10)
		b.Write()
		faulty := &faultFS{FS: b.FS, fail: func(n int, _, _ string) error {
			if n != start {
				return nil
			}
			f, err := b.FS.OpenWrite(b.SegmentPath(s))
			if err != nil {
				t.Error(err)
				return nil
			}
			if err := errors.Join(f.Truncate(end), f.Close()); err != nil {
				t.Error(err)
			}
			return nil
		}}
		got := recoverytest.NewContents()
		o := options(faulty, got)
		o.ReadOnly = true
		if _, err := recovery.Open(t.Context(), o); err != nil {
			t.Fatalf("trimmed at call %d: %v", start, err)
		}
		wantKeys(t, got, keys{"a": "1"})
	}
}
