package gallery_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/gallery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// Every hard case has a directory, and each is the same bytes every time.
func TestEveryCaseIsMadeTheSameTwice(t *testing.T) {
	seen := map[int]bool{}
	for _, c := range gallery.Cases() {
		seen[c.Number] = true
		t.Run(c.Name, func(t *testing.T) {
			if !strings.HasPrefix(c.Name, fmt.Sprintf("%02d-", c.Number)) || c.Story == "" || c.Look == "" {
				t.Errorf("%+v is not filled in", c)
			}
			var made [2]map[string][]byte
			for i := range made {
				fsys := memfs.New()
				l, err := c.Make(t.Context(), fsys, "/s")
				if err != nil {
					t.Fatal(err)
				}
				for i, e := range l.Commits {
					if i > 0 && e.LSN <= l.Commits[i-1].LSN {
						t.Errorf("commit %d has LSN %d", i, e.LSN)
					}
				}
				made[i] = map[string][]byte{}
				tree(t, fsys, "/s", made[i])
			}
			for name, b := range made[0] {
				if !bytes.Equal(b, made[1][name]) {
					t.Errorf("%s differs between two makings", name)
				}
			}
			if len(made[0]) != len(made[1]) {
				t.Errorf("%d files, then %d", len(made[0]), len(made[1]))
			}
		})
	}
	for n := 1; n <= 23; n++ {
		if !seen[n] {
			t.Errorf("hard case %d has no directory", n)
		}
	}
}

func tree(t *testing.T, fsys vfs.FS, dir string, into map[string][]byte) {
	t.Helper()
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(entries, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatal("List is not sorted")
	}
	for _, e := range entries {
		name := vfs.Join(dir, e.Name)
		if e.IsDir {
			tree(t, fsys, name, into)
			continue
		}
		f, err := fsys.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, e.Size)
		if n, err := f.ReadAt(b, 0); n < len(b) {
			t.Fatal(err)
		}
		into[name] = b
		f.Close()
	}
}
