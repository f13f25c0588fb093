package page

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/gallery"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs/osfs"
)

// Of every damaged store of the gallery there is a page: each row can be had, with
// the bytes that it is about, the verdict is recovery's, and every finding says what
// happened, what is lost and what to do.
func TestGalleryHasPages(t *testing.T) {
	pages, out := map[string]string{}, t.TempDir()
	for _, c := range gallery.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if _, err := c.Make(t.Context(), osfs.New(), dir); err != nil {
				t.Fatal(err)
			}
			l, err := Scan(t.Context(), options(dir))
			var foreign *recovery.NotAStoreError
			if errors.As(err, &foreign) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err := recovery.Verify(t.Context(), osfs.New(), dir, recovery.VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := verdictRank(l.Over.Verdict), int(found.Worst()); got < want && want > int(recovery.Note) {
				t.Errorf("the page says %s, recovery %v", l.Over.Verdict, found.List)
			}
			for _, f := range l.Over.Findings {
				if f.Title == "" || f.Happened == "" || f.Lost == "" || f.Todo == "" || f.Short == "" {
					t.Errorf("a finding leaves a question open: %+v", f)
				}
			}
			rows := int64(0)
			for chunk := range int64(len(l.starts)) {
				list, parts, err := l.chunk(t.Context(), chunk)
				if err != nil {
					t.Fatal(err)
				}
				frames, err := l.frames(t.Context(), list, parts)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					if !hasFrame(frames, &r) {
						t.Errorf("row %+v: its bytes are not there", r)
					}
					if _, err := l.Frame(t.Context(), r.Segment, r.Frame, r.At); err != nil {
						t.Errorf("row %+v: %v", r, err)
					}
				}
				rows += int64(len(list))
			}
			if rows != l.Over.Rows {
				t.Errorf("%d rows, and the overview says %d", rows, l.Over.Rows)
			}
			file := filepath.Join(out, c.Name+".html")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(l.WriteReport(t.Context(), f, 8<<20), f.Close()); err != nil {
				t.Fatal(err)
			}
			pages[c.Name] = "file://" + file
		})
	}
	t.Run("browser", func(t *testing.T) {
		var b *tab
		for name, url := range pages {
			if b == nil {
				b = open(t, url, 1280, 900, "light")
			} else {
				b.load(url)
			}
			b.shot("gallery-" + name)
			b.quiet()
		}
	})
}

func verdictRank(v string) int {
	return map[string]int{"torn": int(recovery.Torn), "newer": int(recovery.Newer), "damaged": int(recovery.Damage)}[v]
}

func hasFrame(frames []*Frame, r *Row) bool {
	for _, f := range frames {
		if f.Segment == r.Segment && f.At == r.Frame && (len(f.Pieces) > 0 || r.Len == 0 || r.Kind == "damage") {
			return true
		}
	}
	return false
}
