package page

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/vfs/osfs"
)

func options(dir string) Options {
	return Options{FS: osfs.New(), Dir: dir, Now: func() time.Time { return time.UnixMilli(monday + 3600_000) }, Program: "kvctl (test)", Quote: func(s string) string { return s }}
}

// report writes a store's page and returns its address.
func report(t *testing.T, dir string, limit int64) (file, url string) {
	t.Helper()
	l, err := Scan(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteReport(t.Context(), f, limit); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return file, "file://" + file
}

// Pictures for people, where KVCTL_SHOTS names a directory: those in docs/img, and
// what else is worth a look.
func TestShots(t *testing.T) {
	if os.Getenv("KVCTL_SHOTS") == "" {
		t.Skip("set KVCTL_SHOTS to a directory for pictures")
	}
	t.Chdir(t.TempDir())
	s := newSample(t, "kvdata")
	s.commits(900, 40<<10)
	s.seg.Fill(9000)
	s.Write()
	s = newSample(t, "shop")
	s.commits(900, 40<<10)
	s.damage(s.Segments[1])
	s.tear()
	s.Write()
	for _, x := range []struct {
		name, dir, scheme string
		w, h              int
	}{
		{"sound-light", "kvdata", "light", 1440, 900},
		{"report-dark", "shop", "dark", 1280, 900},
		{"report-light", "shop", "light", 1280, 900},
		{"narrow-light", "shop", "light", 420, 900},
	} {
		_, url := report(t, x.dir, 8<<20)
		b := open(t, url, x.w, x.h, x.scheme)
		b.shot(x.name)
		b.keys("h")
		b.shot(x.name + "-history")
		b.keys("d")
		b.until(`document.querySelector("#diff table")`)
		b.shot(x.name + "-diff")
		b.quiet()
	}
}
