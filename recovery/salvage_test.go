package recovery_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

const dst = "new"

// openAt opens a store in another directory than the usual one.
func openAt(t testing.TB, fsys vfs.FS, dir string) (*recovery.Store, *recoverytest.Contents) {
	t.Helper()
	c := recoverytest.NewContents()
	o := options(fsys, c)
	o.Dir = dir
	s, err := recovery.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

type lsns = [2]uint64

// ranges are a list's LSNs, without the reasons.
func ranges(list []recovery.LSNRange) (out []lsns) {
	for _, r := range list {
		out = append(out, lsns{r.From, r.To})
	}
	return out
}

func TestRecoverAccountsForEveryRecord(t *testing.T) {
	remove := func(b *recoverytest.Builder, name string) {
		if err := b.FS.Remove(name); err != nil {
			b.TB.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		build func(b *recoverytest.Builder)
		after func(b *recoverytest.Builder)
		to    uint64

		// Without and with SkipCorrupt.
		prefix, all                   keys
		kept, lost                    []lsns // without
		keptAll, doubtfulAll, lostAll []lsns // with
	}{
		{
			name: "a sound store", build: twoSnapshots, prefix: abcd, all: abcd,
			kept: []lsns{{1, 4}, {5, 5}}, keptAll: []lsns{{1, 4}, {5, 5}},
		},
		{
			name: "a torn tail", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				s := b.Segments[1]
				s.Flip(s.Frame(synced, set("e", "6"), set("e", "7")).End - 8)
			},
			prefix: abcd, all: abcd,
			kept: []lsns{{1, 4}, {5, 5}}, lost: []lsns{{6, 7}},
			keptAll: []lsns{{1, 4}, {5, 5}}, lostAll: []lsns{{6, 7}},
		},
		{
			name: "rot in two frames", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				x := s.Frame(synced, set("a", "2"), set("b", "3"))
				s.Frame(synced, set("c", "4"), set("d", "5"))
				y := s.Frame(synced, set("d", "6"))
				s.Frame(synced, set("e", "7"))
				s.Mark()
				s.Flip(x.Offset + 44)
				s.Flip(y.Offset)
			},
			prefix: keys{"a": "1"}, all: keys{"a": "1", "c": "4", "d": "5", "e": "7"},
			kept: []lsns{{1, 1}}, lost: []lsns{{2, 3}, {4, 5}, {6, 6}, {7, 7}},
			keptAll: []lsns{{1, 1}}, doubtfulAll: []lsns{{4, 5}, {7, 7}}, lostAll: []lsns{{2, 3}, {6, 6}},
		},
		{
			name: "a rotten MARK: nothing is lost, nothing is doubtful", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Frame(synced, set("a", "1"))
				m := s.Mark()
				s.Frame(synced, set("b", "2"))
				s.Mark()
				s.Flip(m.Offset)
			},
			prefix: keys{"a": "1", "b": "2"}, all: keys{"a": "1", "b": "2"},
			kept: []lsns{{1, 2}}, keptAll: []lsns{{1, 2}},
		},
		{
			name: "a middle segment is missing", build: three,
			after:  func(b *recoverytest.Builder) { remove(b, b.SegmentPath(b.Segments[1])) },
			prefix: keys{"a": "a"}, all: keys{"a": "a", "c": "c"},
			kept: []lsns{{1, 1}}, lost: []lsns{{2, 2}, {3, 3}},
			keptAll: []lsns{{1, 1}}, doubtfulAll: []lsns{{3, 3}}, lostAll: []lsns{{2, 2}},
		},
		{
			name: "the first segment is missing", build: three,
			after:  func(b *recoverytest.Builder) { remove(b, b.SegmentPath(b.Segments[0])) },
			prefix: keys{}, all: keys{"b": "b", "c": "c"},
			lost:        []lsns{{1, 1}, {2, 3}},
			doubtfulAll: []lsns{{2, 3}}, lostAll: []lsns{{1, 1}},
		},
		{
			name: "the last segment is missing", build: three,
			after:  func(b *recoverytest.Builder) { remove(b, b.SegmentPath(b.Segments[2])) },
			prefix: keys{"a": "a", "b": "b"}, all: keys{"a": "a", "b": "b"},
			kept: []lsns{{1, 2}}, lost: []lsns{{3, 3}}, keptAll: []lsns{{1, 2}}, lostAll: []lsns{{3, 3}},
		},
		{
			name: "MANIFEST is missing", build: twoSnapshots,
			after:  func(b *recoverytest.Builder) { remove(b, dir+"/MANIFEST") },
			prefix: abcd, all: abcd,
			kept: []lsns{{1, 4}, {5, 5}}, keptAll: []lsns{{1, 4}, {5, 5}},
		},
		{
			name: "MANIFEST is rotten, and so is the newest snapshot", build: twoSnapshots,
			after: func(b *recoverytest.Builder) {
				rot(b, dir+"/MANIFEST", 30)
				rotBlock(b, 4)
			},
			prefix: abcd, all: abcd,
			kept: []lsns{{1, 2}, {3, 5}}, keptAll: []lsns{{1, 2}, {3, 5}},
		},
		{
			name: "no snapshot reaches back to the beginning of the log", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				b.Manifest.First = 2
			},
			after: func(b *recoverytest.Builder) {
				rotBlock(b, 4)
				rotBlock(b, 2)
			},
			prefix: keys{}, all: keys{"a": "4", "c": "3", "d": "5"},
			lost:        []lsns{{1, 2}, {3, 5}},
			doubtfulAll: []lsns{{3, 5}}, lostAll: []lsns{{1, 2}},
		},
		{
			name: "up to an LSN behind the newest snapshot", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				b.Segments[1].Frame(synced, set("a", "6"))
			}, to: 5, prefix: abcd, all: abcd,
			kept: []lsns{{1, 4}, {5, 5}}, lost: []lsns{{6, 6}},
			keptAll: []lsns{{1, 4}, {5, 5}}, lostAll: []lsns{{6, 6}},
		},
		{
			name: "up to an LSN before the newest snapshot", build: twoSnapshots, to: 3,
			prefix: keys{"a": "1", "b": "2", "c": "3"}, all: keys{"a": "1", "b": "2", "c": "3"},
			kept: []lsns{{1, 2}, {3, 3}}, lost: []lsns{{4, 5}},
			keptAll: []lsns{{1, 2}, {3, 3}}, lostAll: []lsns{{4, 5}},
		},
		{
			name: "up to an LSN before every snapshot", build: twoSnapshots, to: 1,
			prefix: keys{"a": "1"}, all: keys{"a": "1"},
			kept: []lsns{{1, 1}}, lost: []lsns{{2, 5}}, keptAll: []lsns{{1, 1}}, lostAll: []lsns{{2, 5}},
		},
		{
			name: "a record that is none, others in its frame", build: func(b *recoverytest.Builder) {
				s := b.Segment()
				s.Raw(synced, 3, append(body(set("a", "1")), 0xff, 0xff))
				s.Frame(synced, set("b", "4"))
				s.Mark()
			},
			prefix: keys{"a": "1"}, all: keys{"a": "1", "b": "4"},
			kept: []lsns{{1, 1}}, lost: []lsns{{2, 3}, {4, 4}},
			keptAll: []lsns{{1, 1}}, doubtfulAll: []lsns{{4, 4}}, lostAll: []lsns{{2, 3}},
		},
		{
			name: "zeros where a snapshot says there was more", build: func(b *recoverytest.Builder) {
				twoSnapshots(b)
				f := b.Segments[1].Frames[0]
				b.Segments[1].Zero(f.Offset, b.Segments[1].End()-f.Offset)
			},
			prefix: keys{"a": "4", "b": "2", "c": "3"}, all: keys{"a": "4", "b": "2", "c": "3"},
			kept: []lsns{{1, 4}}, keptAll: []lsns{{1, 4}},
		},
		{
			name: "nothing at all", build: func(b *recoverytest.Builder) { b.Segment() },
			prefix: keys{}, all: keys{},
		},
	} {
		for _, skip := range []bool{false, true} {
			t.Run(c.name+map[bool]string{true: ", skipping", false: ""}[skip], func(t *testing.T) {
				b := newBuilder(t)
				c.build(b)
				b.Write()
				if c.after != nil {
					c.after(b)
				}
				before := image(t, b.FS, dir)
				loss, err := recovery.Recover(t.Context(), b.FS, dir, dst, recovery.RecoverOptions{
					SkipCorrupt: skip, ToLSN: c.to, Now: func() time.Time { return time.UnixMilli(9) },
				})
				if err != nil {
					t.Fatal(err)
				}
				wantImage(t, b.FS, before)
				want, kept, doubtful, lost := c.prefix, c.kept, []lsns(nil), c.lost
				if skip {
					want, kept, doubtful, lost = c.all, c.keptAll, c.doubtfulAll, c.lostAll
				}
				got := [3][]lsns{ranges(loss.Kept), ranges(loss.Doubtful), ranges(loss.Lost)}
				if diff := cmp.Diff([3][]lsns{kept, doubtful, lost}, got); diff != "" {
					t.Errorf("kept, doubtful, lost (-want +got):\n%s\n%+v", diff, loss)
				}
				if loss.Entries != uint64(len(want)) {
					t.Errorf("%d entries, want %d", loss.Entries, len(want))
				}
				s, c := openAt(t, b.FS, dst)
				wantKeys(t, c, want)
				if s.Manifest.Get().Store == b.Manifest.Store {
					t.Error("the new store has the old one's UUID")
				}
				if s.NextLSN <= b.NextLSN() {
					t.Errorf("the new store gives out LSN %d again", s.NextLSN)
				}
				f, err := recovery.Verify(t.Context(), b.FS, dst, recovery.VerifyOptions{Deep: true})
				if err != nil || f.Worst() != 0 {
					t.Errorf("%v %+v", err, f)
				}
				log := startLog(t, s)
				write(t, log, set("more", "x"))
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
				_, again := openAt(t, b.FS, dst)
				want["more"] = "x"
				wantKeys(t, again, want)
				delete(want, "more")
			})
		}
	}
}

func TestRecoverRefuses(t *testing.T) {
	b := newBuilder(t)
	three(b)
	b.Write()
	run := func(fsys vfs.FS, src, dst string) error {
		_, err := recovery.Recover(t.Context(), fsys, src, dst, recovery.RecoverOptions{})
		return err
	}
	if err := run(b.FS, dir, dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto itself: %v", err)
	}
	if err := run(b.FS, "nowhere", dst); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("from nowhere: %v", err)
	}
	recoverytest.WriteFile(t, b.FS, "other/notes.txt", []byte("x"))
	if err := run(b.FS, "other", dst); !errors.Is(err, recovery.ErrNotAStore) {
		t.Errorf("from no store: %v", err)
	}
	if err := run(b.FS, dir, "other"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a used directory: %v", err)
	}
	before := image(t, b.FS, ".")
	for n := 0; ; n++ {
		failed := ""
		faulty := &faultFS{FS: b.FS, fail: func(call int, op, name string) error {
			if call == n {
				failed = op + " " + name
				return syscall.EIO
			}
			return nil
		}}
		err := run(faulty, dir, dst)
		if failed == "" {
			break
		}
		_, exists := b.FS.Stat(dst + "/MANIFEST")
		switch {
		case err == nil:
			// Of a file that was published; and the marker means nothing beside MANIFEST.
			if !strings.HasPrefix(failed, "abort") && failed != "remove new/"+recovery.UnfinishedName {
				t.Fatalf("%s failed and nobody minded", failed)
			}
			removeAll(t, b.FS, dst)
		case !errors.Is(err, syscall.EIO):
			t.Fatalf("%s: %v", failed, err)
		case exists == nil && !strings.HasPrefix(failed, "syncdir"):
			t.Fatalf("%s failed, and there is a store", failed)
		case exists != nil && !strings.Contains(failed, "publish new/.MANIFEST"): // it may have been there
			if got := image(t, b.FS, "."); len(got) != len(before) {
				t.Fatalf("%s failed and left something: %v", failed, sortedKeys(got))
			}
		default:
			removeAll(t, b.FS, dst)
		}
	}
	removeAll(t, b.FS, dst)

	b.Segments[2].Raw(1<<6, 1, body(set("b", "2")))
	b.Write()
	if err := run(b.FS, dir, dst); !errors.Is(err, recovery.ErrVersion) {
		t.Errorf("a newer program's frame: %v", err)
	}
}

func removeAll(t *testing.T, fsys vfs.FS, dir string) {
	t.Helper()
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir {
			removeAll(t, fsys, vfs.Join(dir, e.Name))
		} else if err := fsys.Remove(vfs.Join(dir, e.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := fsys.Remove(dir); err != nil {
		t.Fatal(err)
	}
}

func backup(t *testing.T, b *recoverytest.Builder, lsn uint64, entries ...record.Entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := snapshot.NewWriter(&buf, snapshot.Meta{Store: b.Manifest.Store, LSN: lsn}, snapshot.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		if err := w.Add(&entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestRestore(t *testing.T) {
	b := newBuilder(t)
	stream := backup(t, b, 42, entry("a", "1", 7), entry("b", "2", 42))
	restore := func(fsys vfs.FS, stream []byte) (snapshot.Meta, error) {
		meta, _, err := recovery.Restore(t.Context(), recovery.RestoreOptions{FS: fsys, Dir: dst}, bytes.NewReader(stream))
		return meta, err
	}
	fsys := memfs.New()
	meta, err := restore(fsys, stream)
	if err != nil || meta.LSN != 42 {
		t.Fatal(meta, err)
	}
	s, got := openAt(t, fsys, dst)
	wantKeys(t, got, keys{"a": "1", "b": "2"})
	if s.NextLSN != 43 || s.Manifest.Get().Store == b.Manifest.Store {
		t.Fatalf("next LSN %d, store %x", s.NextLSN, s.Manifest.Get().Store)
	}
	log := startLog(t, s)
	write(t, log, set("c", "3"))
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	_, got = openAt(t, fsys, dst)
	wantKeys(t, got, keys{"a": "1", "b": "2", "c": "3"})
	if f, err := recovery.Verify(t.Context(), fsys, dst, recovery.VerifyOptions{Deep: true}); err != nil || f.Worst() != 0 {
		t.Fatal(err, f)
	}
	if _, err := restore(fsys, stream); !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}

	for _, bad := range [][]byte{nil, stream[:20], stream[:len(stream)-1], append(bytes.Clone(stream), 0), flipped(stream, 60)} {
		fsys := memfs.New()
		if _, err := restore(fsys, bad); err == nil {
			t.Fatal("a damaged backup was restored")
		}
		if _, err := fsys.Stat(dst); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("a damaged backup left a directory: %v", err)
		}
	}
	// It dies at every call: there is no store, or all of it.
	for n := 0; ; n++ {
		fsys := memfs.New()
		_, err := restore(dyingAt(fsys, n), stream)
		if _, serr := fsys.Stat(dst + "/MANIFEST"); serr == nil {
			_, got := openAt(t, fsys, dst)
			wantKeys(t, got, keys{"a": "1", "b": "2"})
		} else if err == nil {
			t.Fatal("restored, and no MANIFEST")
		}
		if err == nil {
			break
		}
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}
