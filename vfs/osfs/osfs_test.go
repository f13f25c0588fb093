package osfs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) { return osfs.New(), t.TempDir() })
}

func TestNewFilesAreForTheirOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	fsys, dir := osfs.New(), t.TempDir()
	must(t, fsys.Mkdir(filepath.Join(dir, "dir")))
	f, err := fsys.Create(filepath.Join(dir, "file"))
	must(t, err)
	must(t, f.Close())
	temp, err := fsys.CreateTemp(filepath.Join(dir, "published"))
	must(t, err)
	must(t, temp.Publish())
	lock, err := fsys.Lock(filepath.Join(dir, "LOCK"))
	must(t, err)
	must(t, lock.Close())
	for name, want := range map[string]os.FileMode{"dir": 0o700, "file": 0o600, "published": 0o600, "LOCK": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestListFollowsSymbolicLinks(t *testing.T) {
	fsys, dir, elsewhere := osfs.New(), t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "f"), []byte("12345"), 0o600))
	for name, target := range map[string]string{
		"file": filepath.Join(elsewhere, "f"), "snap": elsewhere, "nowhere": filepath.Join(elsewhere, "g"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	infos, err := fsys.List(dir)
	must(t, err)
	if len(infos) != 3 || infos[0] != (vfs.Info{Name: "file", Size: 5}) || infos[1].Name != "nowhere" ||
		infos[2] != (vfs.Info{Name: "snap", IsDir: true}) {
		t.Errorf("List = %+v", infos)
	}
	// A link that leads nowhere is in the way, and making the directory says so.
	if err := vfs.MkdirAll(fsys, filepath.Join(dir, "nowhere")); err == nil {
		t.Error("MkdirAll takes a dangling link for a directory")
	}
}

// Offsets beyond 4 GiB catch a 32-bit one; the file is sparse.
func TestOffsetsBeyond32Bits(t *testing.T) {
	fsys, name := osfs.New(), filepath.Join(t.TempDir(), "f")
	f, err := fsys.Create(name)
	must(t, err)
	defer f.Close()
	const off = 5 << 30
	_, err = f.WriteAt([]byte("abc"), off)
	if e := syscall.Errno(0); err != nil && asErrno(err, &e) {
		t.Skipf("this file system holds no such file: %v", err)
	}
	must(t, err)
	must(t, f.ZeroFill(off+3, 2))
	got := make([]byte, 5)
	_, err = f.ReadAt(got, off)
	must(t, err)
	if size, err := f.Size(); err != nil || size != off+5 || !bytes.Equal(got, []byte("abc\x00\x00")) {
		t.Errorf("%q in a file of %d bytes (%v)", got, size, err)
	}
	must(t, f.Truncate(off+1))
	if info, err := fsys.Stat(name); err != nil || info.Size != off+1 {
		t.Errorf("Stat = %+v, %v", info, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
