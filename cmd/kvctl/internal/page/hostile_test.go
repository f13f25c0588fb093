package page

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Keys, values, buckets and directories are anybody's bytes: what looks like HTML is
// text, what cannot be seen is written out, what is long is cut, and a commit of
// thousands of operations is one row.
func TestHostileBytes(t *testing.T) {
	const evil = `</script><img src=x onerror="document.title='pwned'"><b>`
	dir := filepath.Join(t.TempDir(), `it's <b>"evil"&lt; {{.Parts}} $& dir`)
	s := newSample(t, dir)
	long := bytes.Repeat([]byte("long "), 40_000)
	many := record.Commit{Time: monday}
	for i := range 5000 {
		many.Mutations = append(many.Mutations, set("", fmt.Sprintf("many/%04d", i), "v"))
	}
	s.seg.Frame(wal.FlagSynced,
		record.Commit{Time: monday, Mutations: []record.Mutation{set(evil, evil, evil)}},
		record.Commit{Time: monday, Mutations: []record.Mutation{set("", "\x00\xff\xfe raw", "\x00\x01")}},
		record.Commit{Time: monday, Mutations: []record.Mutation{set("", "rtl \u202e txt \u200b.", "new\nline")}},
		record.Commit{Time: monday, Mutations: []record.Mutation{set("", "long", string(long))}},
		record.Commit{Time: monday, Mutations: []record.Mutation{set("", "empty", "")}},
		many,
		record.Commit{},
		record.Commit{Time: 1 << 61, Mutations: []record.Mutation{{Op: record.OpDeleteRange}}},
	)
	s.Write()
	for name, url := range map[string]func() string{
		"file": func() string { _, u := report(t, dir, 8<<20); return u },
		"live": func() string { return serve(t, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, url(), 1440, 900, "light")
			if n := eval[int](b, `document.querySelectorAll("img, main b b").length`); n != 0 || strings.Contains(b.text("title"), "pwned") {
				t.Errorf("what was stored became HTML: %d elements, %s", n, b.text("title"))
			}
			if got := b.text("#name"); got != dir {
				t.Errorf("the directory is shown as %s", got)
			}
			all := strings.Join(shownRows(b), "\n")
			for _, want := range []string{evil, "0x00fffe20726177", `rtl \u202e txt \u200b.`, `new\nline`, "long long", "(195 KiB)", "+4,999", "the first key to the last key"} {
				if want == "(195 KiB)" {
					want = "195.3 KiB"
				}
				if !strings.Contains(all, want) {
					t.Errorf("no row says %q:\n%.3000s", want, all)
				}
			}
			// Each of them can be looked at, the bytes of the long ones in part.
			eval[bool](b, `(document.querySelector("#grid").focus(), true)`)
			b.keys(kbHome)
			for range 9 {
				b.keys(downKey)
				b.until(`document.querySelector("#dump .line")`)
			}
			if n := eval[int](b, `document.querySelectorAll("#dump .line").length`); n > 2000 {
				t.Errorf("%d lines of bytes are in the document", n)
			}
			// A field whose bytes are left out at first is shown when it is chosen.
			eval[bool](b, `([...document.querySelectorAll("#grid .row")].find(r => r.innerText.includes("+4,999")).click(), true)`)
			b.until(`document.querySelector('#fields [data-f="2500"]')`)
			if eval[bool](b, `document.querySelector('#dump [data-f="2500"]') !== null`) {
				t.Error("all of a very long record is in the document")
			}
			eval[bool](b, `(document.querySelector('#fields [data-f="2500"]').click(), true)`)
			b.until(`document.querySelector('#dump [data-f="2500"].lit')`)
			b.keys("h", "d")
			b.until(`document.querySelector("#diff").innerText.match(/differ/)`)
			b.shot("hostile-" + name)
			b.quiet()
		})
	}
}
