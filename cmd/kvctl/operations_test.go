package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/gallery"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// What docs/operations.md shows is what kvctl prints. Its lines that begin with $
// are run, in blocks marked console, on the damaged store of the gallery that the
// comment before them names, and with as many bytes of room as another says;
// -update writes the output anew.
func TestOperationsPage(t *testing.T) {
	page, err := filepath.Abs("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	w := &walkthrough{t: t}
	var got strings.Builder
	inside, stores := false, 0
	for line := range strings.Lines(string(want)) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case inside && text == "```":
			inside = false
		case inside && strings.HasPrefix(text, "$ "):
			got.WriteString(line)
			got.WriteString(w.run(text[2:]))
			continue
		case inside:
			continue // what was printed last time
		case text == "```console":
			inside = true
		}
		if name, ok := directive(text, "store"); ok {
			stores++
			w.begin(name)
		}
		if room, ok := directive(text, "room"); ok {
			n, err := strconv.ParseInt(room, 10, 64)
			if err != nil {
				n = 1 << 40
			}
			w.room.Store(n)
		}
		got.WriteString(line)
	}
	if stores < 5 {
		t.Errorf("%d stores in the page", stores)
	}
	if *rewrite {
		if err := os.WriteFile(page, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("docs/operations.md (-want +got):\n%s", diff)
	}
}

// directive reads "<!-- name: value -->".
func directive(line, name string) (string, bool) {
	v, ok := strings.CutPrefix(line, "<!-- "+name+": ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(v, " -->")
}

// walkthrough runs the commands of one incident after the other.
type walkthrough struct {
	t    *testing.T
	s    *session
	room atomic.Int64
}

// begin makes the store of an incident, in a folder of its own.
func (w *walkthrough) begin(name string) {
	w.t.Helper()
	c, err := gallery.Find(name)
	if err != nil {
		w.t.Fatal(err)
	}
	w.s, _ = newSession(w.t, c)
	if err := os.Rename("store", "kvdata"); err != nil {
		w.t.Fatal(err)
	}
	w.room.Store(1 << 40)
	w.s.c.dir = ""
	w.s.c.fs = smallDisk{osfs.New(), &w.room}
	w.s.c.width = 96
}

func (w *walkthrough) run(line string) string {
	w.t.Helper()
	if w.s == nil {
		w.t.Fatalf("no store for: %s", line)
	}
	if strings.HasPrefix(line, "kvctl ") {
		return w.s.run(line)
	}
	out, err := exec.CommandContext(w.t.Context(), "sh", "-c", line).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}
