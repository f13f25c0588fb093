package page

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// compactedStore is a store whose log no longer reaches back to its beginning.
func compactedStore(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "s")
	db, err := engine.Open(dir, &engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		must(db.Set(ctx, fmt.Appendf(nil, "key/%02d", i), []byte("old")))
	}
	for range 2 {
		_, err := db.Compact(ctx)
		must(err)
		must(db.Set(ctx, []byte("key/01"), []byte("new")))
	}
	_, err = db.Compact(ctx)
	must(err)
	must(db.Delete(ctx, []byte("key/02")))
	must(db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange(ctx, []byte("key/10"), []byte("key/15")) }))
	must(db.Set(ctx, []byte("key/12"), []byte("back")))
	must(db.Close())
	return dir
}

// Where the log begins with a snapshot, differences and histories know what was
// there before it, in a file as live.
func TestCompactedStore(t *testing.T) {
	dir := compactedStore(t)
	l, err := Scan(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if l.Over.FirstLSN < 2 {
		t.Fatalf("the log begins at LSN %d: this is no test", l.Over.FirstLSN)
	}
	_, file := report(t, dir, 8<<20)
	b := open(t, file, 1280, 900, "light")
	answers := map[string][2]string{}
	for _, url := range []string{file, serve(t, dir)} {
		b.load(url)
		b.keys("d")
		b.until(`document.querySelectorAll("#diff tbody tr").length > 0`)
		diff := eval[string](b, `[...document.querySelectorAll("#diff tbody tr")].map((r) => r.innerText.replace(/\s+/g, " ")).sort().join("\n")`)
		eval[bool](b, `(window.kvctl.tell("history", { bucket: "", key: "key/02" }), true)`)
		b.until(`document.querySelectorAll("#history li").length === 2`)
		answers[url] = [2]string{diff, eval[string](b, `[...document.querySelectorAll("#history li")].map((r) => r.innerText.replace(/\s+/g, " ")).join("\n")`)}
	}
	var first *[2]string
	for _, a := range answers {
		if first == nil {
			first = &a
		}
		if a != *first {
			t.Errorf("the file and the server differ:\n%q\n%q", *first, a)
		}
	}
	// key/02, and five of the range, one of which came back with another value.
	if n := eval[int](b, `document.querySelectorAll("#diff tbody tr").length`); n != 6 {
		t.Errorf("%d keys differ:\n%s", n, first[0])
	}
	b.quiet()
}

// A segment without a frame is one all the same: what a compaction or a restore
// leaves has its place on the map, and a row.
func TestSegmentsWithoutAFrame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	db, err := engine.Open(dir, &engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b"} {
		if err := db.Set(t.Context(), []byte(key), []byte("1")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Scan(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	last := l.Over.Segments[len(l.Over.Segments)-1]
	if last.Seq != l.manifest.Active || !last.Active || last.Frames != 0 || last.Size != 4096 {
		t.Errorf("the last segment on the map: %+v; the active one is %d", last, l.manifest.Active)
	}
	rows, err := l.Rows(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(rows)) != l.Over.Rows || rows[len(rows)-1].Segment != last.Seq || rows[len(rows)-1].Kind != "header" {
		t.Errorf("%d rows of %d, the last %+v", len(rows), l.Over.Rows, rows[len(rows)-1])
	}
}

// What a restore makes has a header and no record: the page says so, and draws no
// scale from nowhere to nowhere.
func TestStoreWithoutARecord(t *testing.T) {
	from := compactedStore(t)
	db, err := engine.Open(from, &engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var backup bytes.Buffer
	if _, err := db.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := engine.Restore(t.Context(), dir, &backup, nil); err != nil {
		t.Fatal(err)
	}
	_, file := report(t, dir, 8<<20)
	b := open(t, file, 1280, 900, "light")
	if got := b.text("#where"); got != "The log holds no commit." || eval[bool](b, `document.querySelector("#track").checkVisibility()`) {
		t.Errorf("the timeline says %q", got)
	}
	b.until(`document.querySelector(".row.k-header.chosen") !== null`)
	if got := b.text("#frame-title"); !strings.Contains(got, "0000000000000001.wal") {
		t.Errorf("the bytes that are shown: %q", got)
	}
	b.quiet()
}
