package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// The bar counts what is read, by however many goroutines; where nobody looks
// there is none, and the file system is the plain one.
func TestReadingCounts(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, []byte(strings.Repeat("x", 3000)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &App{FS: osfs.New(), Stderr: io.Discard, Now: func() time.Time { return time.Unix(0, 0) }}
	if fsys, end := a.Reading("looking", dir); fsys != a.FS {
		t.Error("nobody looks, and it is counted")
	} else {
		end()
	}
	a.StderrIsTerminal = true
	fsys, end := a.Reading("looking", dir)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			f, err := fsys.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			for off := int64(0); off < 3000; off += 1000 {
				if _, err := f.ReadAt(make([]byte, 1000), off); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Wait()
	if m := fsys.(*meteredFS).m; m.read != 12_000 || m.p.total != 3000 {
		t.Errorf("%d bytes of %d", m.read, m.p.total)
	}
	end()
	if _, err := fsys.Open(filepath.Join(dir, "nothing")); err == nil {
		t.Error("opened what is not there")
	}
}
