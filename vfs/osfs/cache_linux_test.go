package osfs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// cached counts a file's pages in the page cache.
func cached(t *testing.T, name string, size int) int {
	t.Helper()
	f, err := os.Open(name)
	must(t, err)
	defer f.Close()
	mapped, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	must(t, err)
	defer unix.Munmap(mapped)
	pages := make([]byte, (size+os.Getpagesize()-1)/os.Getpagesize())
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&mapped[0])),
		uintptr(size), uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
		t.Fatal(errno)
	}
	n := 0
	for _, page := range pages {
		n += int(page & 1)
	}
	return n
}

func TestDropCacheForgetsTheFile(t *testing.T) {
	dir := t.TempDir()
	var st unix.Statfs_t
	must(t, unix.Statfs(dir, &st))
	if st.Type == unix.TMPFS_MAGIC {
		t.Skip("tmpfs is the cache")
	}
	const size = 4 << 20
	name := filepath.Join(dir, "f")
	f, err := osfs.New().Create(name)
	must(t, err)
	defer f.Close()
	want := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	_, err = f.WriteAt(want, 0)
	must(t, err)
	must(t, f.Sync())
	before := cached(t, name, size)
	if !f.DropCache() {
		t.Fatal("DropCache reports that nothing was done")
	}
	if after := cached(t, name, size); after > before/2 {
		t.Errorf("%d pages cached before, %d after", before, after)
	}
	got := make([]byte, size)
	_, err = f.ReadAt(got, 0)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the file reads differently from the device")
	}
}
