package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// smallDisk is the operating system's file system with room for so many bytes
// of writes.
type smallDisk struct {
	vfs.FS
	room *atomic.Int64
}

func (d smallDisk) Create(name string) (vfs.File, error) {
	f, err := d.FS.Create(name)
	return smallFile{f, d.room}, err
}

func (d smallDisk) OpenWrite(name string) (vfs.File, error) {
	f, err := d.FS.OpenWrite(name)
	return smallFile{f, d.room}, err
}

func (d smallDisk) CreateTemp(target string) (vfs.TempFile, error) {
	f, err := d.FS.CreateTemp(target)
	return smallTemp{f, d.room}, err
}

type smallFile struct {
	vfs.File
	room *atomic.Int64
}

type smallTemp struct {
	vfs.TempFile
	room *atomic.Int64
}

func (f smallFile) WriteAt(p []byte, off int64) (int, error) {
	return writeSmall(f.File, f.room, p, off)
}
func (f smallTemp) WriteAt(p []byte, off int64) (int, error) {
	return writeSmall(f.TempFile, f.room, p, off)
}

// writeSmall writes what there is room for, as a full disk does.
func writeSmall(f vfs.File, room *atomic.Int64, p []byte, off int64) (int, error) {
	left := room.Add(-int64(len(p)))
	if left >= 0 {
		return f.WriteAt(p, off)
	}
	n, err := f.WriteAt(p[:max(0, int64(len(p))+left)], off)
	if err == nil {
		err = &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

// A disk that fills up ends an import with exit code 3, whole lines in the store,
// and the way to go on; what is there can be read while there is no room, and
// nothing can be written; with room again all is well.
func TestAFullDisk(t *testing.T) {
	for _, bytes := range []int64{6000, 300_000, 1 << 20} {
		t.Run(fmt.Sprint(bytes, " bytes"), func(t *testing.T) { fillDisk(t, bytes) })
	}
}

func fillDisk(t *testing.T, size int64) {
	c := newConsole(t)
	name, content := writeLines(t, 30_000)
	// The store as it was closed in order: of what an import commits the last frame, which
	// may be all of it, is not shown before there is room to write it again.
	c.stdin = bytes.NewReader(content[:bytes.IndexByte(content, '\n')+1])
	c.ok("import", "-")

	var room atomic.Int64
	room.Store(size)
	c.fs = smallDisk{osfs.New(), &room}
	r := c.run("import", name)
	if r.code != 3 || !strings.Contains(r.stderr, "kvctl: the log failed: write ") || !strings.Contains(r.stderr, "no space left on device;") {
		t.Fatalf("code %d\n%s", r.code, r.stderr)
	}
	durable := 0                                                                // how much is in the first frames, time decides
	if said := durableLine.FindAllStringSubmatch(r.stderr, -1); len(said) > 0 { // a slow import says so on the way too
		if _, err := fmt.Sscan(said[len(said)-1][1], &durable); err != nil {
			t.Fatal(err)
		}
	} else if !strings.Contains(r.stderr, "no line was imported") {
		t.Fatalf("no last durable line in\n%s", r.stderr)
	}
	if want := fmt.Sprintf("Try: kvctl import --from-line %d %s\n", durable+1, name); !strings.HasSuffix(r.stderr, want) {
		t.Errorf("no %q in\n%s", want, r.stderr)
	}

	// Without a byte of room.
	room.Store(0)
	if got := c.ok("get", "key/00000000"); got != "aaaaaaaaaa\n" {
		t.Errorf("got %q", got)
	}
	r = c.run("set", "a", "b")
	if r.code != 3 || !strings.Contains(r.stderr, "read-only") || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("code %d, %q\n%s", r.code, r.stdout, r.stderr)
	}
	if r = c.run("set", "a", "b", "-o", "json"); !strings.Contains(r.stderr, `"kind":"disk-full"`) {
		t.Errorf("%s", r.stderr)
	}
	if r = c.run("backup", t.TempDir()+"/backup"); r.code != 3 {
		t.Errorf("code %d\n%s", r.code, r.stderr)
	}

	room.Store(1 << 40)
	held := []byte(c.ok("export", "-q"))
	if n := bytes.Count(held, []byte("\n")); !bytes.HasPrefix(content, held) || n < durable {
		t.Fatalf("holds %d lines, %d were durable", n, durable)
	}
	c.ok("import", "--from-line", fmt.Sprint(durable+1), name)
	if c.ok("export", "-q") != string(content) {
		t.Error("going on did not end in the whole")
	}
}
