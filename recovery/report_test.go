package recovery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/snapshot/zstd"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// What an operator reads, held to a file: the log lines of an open, and the
// report in a sentence.
func TestWhatAnOperatorReads(t *testing.T) {
	var out bytes.Buffer
	text := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	say := func(name string, b *recoverytest.Builder, change func(*recovery.Options)) {
		out.WriteString("\n# " + name + "\n")
		o := options(b.FS, recoverytest.NewContents())
		o.Logger = text
		if change != nil {
			change(&o)
		}
		s, err := recovery.Open(context.Background(), o)
		if err != nil {
			out.WriteString("error: " + err.Error() + "\n")
			return
		}
		out.WriteString("report: " + s.Report.String() + "\n")
	}
	build := func(f func(*recoverytest.Builder)) *recoverytest.Builder {
		b := newBuilder(t)
		f(b)
		return b
	}
	say("a new store", newBuilder(t), nil)
	for _, c := range needy {
		say(c.name, build(c.build), nil)
	}
	say("read-only", build(needy[0].build), func(o *recovery.Options) { o.ReadOnly = true })
	say("a full disk", build(needy[0].build), func(o *recovery.Options) {
		o.FS = &faultFS{FS: o.FS, fail: func(_ int, op, _ string) error {
			if op == "createtemp" {
				return syscall.ENOSPC
			}
			return nil
		}}
	})
	say("damage in the log", build(func(b *recoverytest.Builder) {
		three(b)
		b.Segments[1].Flip(4096 + 45)
		b.Write()
	}), nil)
	say("a missing segment", build(func(b *recoverytest.Builder) {
		three(b)
		b.Write()
		if err := b.FS.Remove(b.SegmentPath(b.Segments[1])); err != nil {
			t.Fatal(err)
		}
	}), nil)
	say("no snapshot left", build(func(b *recoverytest.Builder) {
		twoSnapshots(b)
		b.Manifest.First = 2
		b.Write()
		rotBlock(b, 2)
		rotBlock(b, 4)
	}), nil)
	say("a newer program's record", build(func(b *recoverytest.Builder) {
		b.Segment().Raw(synced, 1, []byte{0x82, 0x02, 0x80})
		b.Write()
	}), nil)
	say("not a store", build(func(b *recoverytest.Builder) { b.WriteFile("notes.txt", nil) }), nil)

	name := filepath.Join("testdata", "operator.golden")
	if *update {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Fatal(diff)
	}
}

// refusing is a Loader that has had enough.
type refusing struct {
	recoverytest.Contents
	at  string
	err error
}

func (r *refusing) LoadBlock(e []record.Entry) error {
	if r.at == "block" {
		return r.err
	}
	return r.Contents.LoadBlock(e)
}

func (r *refusing) Apply(lsn uint64, c *record.Commit) error {
	if r.at == "commit" {
		return r.err
	}
	return r.Contents.Apply(lsn, c)
}

func TestErrorOfTheLoaderEndsOpen(t *testing.T) {
	for _, at := range []string{"block", "commit"} {
		b := newBuilder(t)
		twoSnapshots(b)
		b.Write()
		before := image(t, b.FS, dir)
		r := &refusing{Contents: *recoverytest.NewContents(), at: at, err: errors.New("no memory left")}
		if _, err := recovery.Open(t.Context(), options(b.FS, r)); err != r.err {
			t.Fatalf("%s: %v", at, err)
		}
		wantImage(t, b.FS, before)
	}
}

func TestCancelledOpenChangesNothing(t *testing.T) {
	b := newBuilder(t)
	needy[0].build(b)
	before := image(t, b.FS, dir)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := recovery.Open(ctx, options(b.FS, nil)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	wantImage(t, b.FS, before)
}

// A snapshot in a codec that the program was not given is no rotten one: falling
// back would only hide what is missing.
func TestUnknownCodecIsRefused(t *testing.T) {
	codec, err := zstd.New()
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(t)
	s := b.Segment()
	long := strings.Repeat("long ", 100)
	s.Frame(synced, set("a", long))
	b.Codec = codec
	b.Snapshot(1, entry("a", long, 1))
	s.Mark()
	b.Write()
	before := image(t, b.FS, dir)
	var unknown *snapshot.UnknownCodecError
	if _, _, err := tryOpen(b.FS); !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	if _, err := recovery.Verify(t.Context(), b.FS, dir, recovery.VerifyOptions{}); !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	wantImage(t, b.FS, before)
	o := options(b.FS, nil)
	o.Codecs = []snapshot.Codec{codec}
	if s, err := recovery.Open(t.Context(), o); err != nil || s.SnapshotLSN != 1 {
		t.Fatal(err)
	}
}

// A directory without MANIFEST that is an empty store is one to every tool.
func TestEmptyStoreToEveryTool(t *testing.T) {
	fsys := memfs.New()
	if err := create(dyingAt(fsys, 25)); err == nil {
		t.Fatal("it was to die")
	}
	f, err := recovery.Verify(t.Context(), fsys, dir, recovery.VerifyOptions{})
	if err != nil || f.Worst() != recovery.Note {
		t.Fatal(f, err)
	}
	for r, err := range recovery.Records(t.Context(), fsys, dir, recovery.RecordsOptions{}) {
		t.Fatal(r, err)
	}
	loss, err := recovery.Recover(t.Context(), fsys, dir, dst, recovery.RecoverOptions{})
	if err != nil || loss.Entries != 0 || len(loss.Lost) != 0 {
		t.Fatal(loss, err)
	}
}

func TestRecordsOfABrokenDirectory(t *testing.T) {
	first := func(b *recoverytest.Builder) error {
		for _, err := range recovery.Records(t.Context(), b.FS, dir, recovery.RecordsOptions{}) {
			return err
		}
		return nil
	}
	b := newBuilder(t)
	three(b)
	b.Write()
	rot(b, dir+"/MANIFEST", 30)
	if err := first(b); !errors.Is(err, recovery.ErrCorrupt) {
		t.Fatal(err)
	}
	if err := b.FS.Remove(dir + "/MANIFEST"); err != nil {
		t.Fatal(err)
	}
	if err := first(b); !errors.Is(err, recovery.ErrCorrupt) {
		t.Fatal(err)
	}
	b = newBuilder(t)
	b.WriteFile("notes.txt", nil)
	if err := first(b); !errors.Is(err, recovery.ErrNotAStore) {
		t.Fatal(err)
	}
}
