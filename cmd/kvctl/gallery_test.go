package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/gallery"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

var rewrite = flag.Bool("update", false, "write golden files and the output shown in docs/operations.md anew")

// galleryWidth is how wide the terminal of golden files is.
const galleryWidth = 100

// What kvctl says of every damaged store, as a person at a terminal sees it: read
// testdata/gallery with that eye. `go test ./cmd/kvctl -run TestGallery -update`
// writes the files anew.
func TestGallery(t *testing.T) {
	for _, c := range gallery.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			s, _ := newSession(t, c)
			var out strings.Builder
			for line := range strings.Lines(c.Story) {
				out.WriteString("# " + line)
			}
			out.WriteString("\n")
			show := func(command, shown string) { fmt.Fprintf(&out, "\n$ %s\n%s", command, shown) }
			show("kvctl info store", s.run("kvctl info store"))
			shallow, deep := s.run("kvctl verify store"), s.run("kvctl verify --deep store")
			show("kvctl verify store", shallow)
			if deep != shallow {
				show("kvctl verify --deep store", deep)
			}
			show("kvctl log store", s.run("kvctl log store"))
			dump := "kvctl hexdump store" + c.Look
			show(dump, s.run(dump))
			saved := s.run("kvctl recover store --output new")
			show("kvctl recover store --output new", saved)
			if strings.Contains(saved, "[exit code 1]") {
				more := "kvctl recover store --output new2 --skip-corrupt"
				show(more, s.run(more))
			}
			golden(t, filepath.Join("testdata", "gallery", c.Name+".txt"), out.String())
			s.unchanged()
		})
	}
}

// golden holds text to a file, or writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	root := os.Getenv("GALLERY_ROOT") // the test's own directory is elsewhere
	name = filepath.Join(root, name)
	if *rewrite {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// session is a terminal in a folder with a store of the gallery.
type session struct {
	t      *testing.T
	c      *console
	before map[string]string
}

func newSession(t *testing.T, c gallery.Case) (*session, *gallery.Ledger) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GALLERY_ROOT", here)
	t.Chdir(t.TempDir())
	ledger, err := c.Make(t.Context(), osfs.New(), "store")
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, before: contents(t, "store"), c: &console{
		t: t, dir: "store", stdin: strings.NewReader(""), width: galleryWidth, env: map[string]string{"NO_COLOR": "1"},
		now: func() time.Time { return time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC) }, fs: osfs.New(),
	}}
	if c.Unreadable != "" {
		s.c.fs = &badDisk{FS: s.c.fs, name: c.Unreadable, at: c.Fault}
	}
	return s, ledger
}

// memorySession is a session whose disk is memory, for what looks at no golden
// file.
func memorySession(t *testing.T, c gallery.Case) (*session, *gallery.Ledger) {
	t.Helper()
	s := &session{t: t, c: &console{t: t, dir: "store", stdin: strings.NewReader(""), now: time.Now, fs: memfs.New()}}
	ledger, err := c.Make(t.Context(), s.c.fs, "store")
	if err != nil {
		t.Fatal(err)
	}
	if c.Unreadable != "" {
		s.c.fs = &badDisk{FS: s.c.fs, name: c.Unreadable, at: c.Fault}
	}
	return s, ledger
}

// run runs a line, and returns what a terminal shows of it.
func (s *session) run(line string) string {
	s.t.Helper()
	r := s.c.run(words(line)[1:]...)
	out := r.stdout + r.stderr
	if r.code != 0 {
		out += fmt.Sprintf("[exit code %d]\n", r.code)
	}
	return out
}

// unchanged checks that nothing in the store was touched.
func (s *session) unchanged() {
	s.t.Helper()
	if diff := cmp.Diff(s.before, contents(s.t, "store")); diff != "" {
		s.t.Errorf("the store was changed by looking at it:\n%s", diff)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			all[p] = ""
			return err
		}
		b, err := os.ReadFile(p)
		all[p] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// words splits a line as a shell does, as far as quotes go.
func words(line string) (list []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}
