package page

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/redis-lite/redis-lite/engine"
)

// serve serves a store and returns the page's address.
func serve(t *testing.T, dir string) (address string) {
	t.Helper()
	s, err := NewServer(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL + s.Path()
}

// ask is a request of the server, with its status and what it answers.
func ask(t *testing.T, method, url, host string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

// Nothing is answered but a GET of an address with the token, under this machine's
// own name.
func TestServerAnswersNobodyElse(t *testing.T) {
	url := serve(t, damagedStore(t))
	root := url[:strings.Index(url[8:], "/")+8]
	for _, x := range []struct {
		method, url, host string
		code              int
	}{
		{"GET", url, "", 200},
		{"HEAD", url, "", 200},
		{"GET", url, "localhost:80", 200},
		{"GET", url, "[::1]:80", 200},
		{"GET", url, "evil.example", 403},
		{"GET", url, "127.0.0.1.evil.example:80", 403},
		{"POST", url, "", 405},
		{"PUT", url + "data/rows", "", 405},
		{"DELETE", url, "", 405},
		{"GET", root + "/", "", 404},
		{"GET", root + "/data/overview", "", 404},
		{"GET", strings.Replace(url, "/"+url[len(root)+1:len(root)+3], "/zz", 1), "", 404},
		{"GET", url[:len(url)-2] + "/data/overview", "", 404},
		{"GET", url + "../../etc/passwd", "", 404},
		{"GET", url + "data/nothing", "", 404},
		{"GET", url + "page.css", "", 404},
		{"GET", url + "data/overview", "", 200},
		{"GET", url + "data/rows?chunk=0&generation=1", "", 200},
		{"GET", url + "data/rows?chunk=0", "", 410},
		{"GET", url + "data/rows?chunk=0&generation=9", "", 410},
		{"GET", url + "data/rows?chunk=-1&generation=1", "", 400},
		{"GET", url + "data/rows?chunk=99&generation=1", "", 400},
		{"GET", url + "data/rows?chunk=18446744073709551615&generation=1", "", 400},
		{"GET", url + "data/frame?segment=1&at=4096&generation=1", "", 200},
		{"GET", url + "data/frame?segment=1&at=4097&generation=1", "", 410},
		{"GET", url + "data/frame?segment=99&at=0&generation=1", "", 410},
		{"GET", url + "data/frame?segment=../../x&generation=1", "", 400},
		{"GET", url + "data/search?from=x&generation=1", "", 400},
		{"GET", url + "data/history?generation=1", "", 400},
		{"GET", url + "data/history?hex=zz&generation=1", "", 400},
		{"GET", url + "data/diff?a=-1&generation=1", "", 400},
	} {
		answer, body := ask(t, x.method, x.url, x.host)
		if answer.StatusCode != x.code {
			t.Errorf("%s %s of %q: %d %s, want %d", x.method, x.url, x.host, answer.StatusCode, body, x.code)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		} {
			if !strings.Contains(answer.Header.Get(name), want) {
				t.Errorf("%s %s: %s is %q", x.method, x.url, name, answer.Header.Get(name))
			}
		}
		if answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("other sites may read it")
		}
		if x.code >= 400 && x.method != "HEAD" && !json.Valid([]byte(body)) {
			t.Errorf("%s %s: %s", x.method, x.url, body)
		}
	}
}

// Tokens are not given twice.
func TestTokensDiffer(t *testing.T) {
	a, err := NewServer(options("x"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewServer(options("x"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Path() == b.Path() || len(a.Path()) < 32 {
		t.Errorf("%s and %s", a.Path(), b.Path())
	}
}

// The live page shows the same as the file, fetched as it is looked at.
func TestLivePage(t *testing.T) {
	url := serve(t, damagedStore(t))
	b := open(t, url, 1440, 900, "dark")
	if got := b.text("#verdict"); !strings.HasPrefix(got, "Damaged") {
		t.Errorf("verdict: %s", got)
	}
	if got := b.text(`#fields [aria-selected="true"]`); !strings.Contains(got, "differs") {
		t.Errorf("the bytes of the damage: %s", got)
	}
	b.do(chromedp.SendKeys(chromedp.CSS(`#filter [name="text"]`), `"user/1007"`))
	b.until(`/^\d+ rows fit$/.test(document.querySelector("#tally").innerText)`)
	for _, r := range shownRows(b) {
		if !strings.Contains(r, "users / user/1007") {
			t.Errorf("the key shows: %s", r)
		}
	}
	eval[bool](b, `(document.querySelector("#grid").focus(), true)`)
	b.keys(endKey, "h")
	b.until(`document.querySelectorAll("#history li").length > 1`)
	b.keys("d")
	b.until(`document.querySelector("#diff").innerText.includes("cannot be reached")`) // past damage nobody can tell
	eval[bool](b, `(() => { const f = document.querySelector("#points"); f.elements.a.value = 10; f.elements.b.value = 40; f.requestSubmit(); return true; })()`)
	b.until(`/^\d+ keys differ/.test(document.querySelector("#diff").innerText)`)
	b.shot("live-dark")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if !strings.HasPrefix(r, url) && !strings.HasPrefix(r, "data:") {
			t.Errorf("the page asked for %s", r)
		}
	}
	for _, e := range b.complaints {
		t.Errorf("the page complains: %s", e)
	}
}

// Five million records, live: any of them, at once, and a search over all.
func TestLivePageOfALargeStore(t *testing.T) {
	if _, err := chromium(); err != nil {
		t.Skip("no Chromium to test with: apt-get install chromium")
	}
	n, segment := large(), 64<<20
	if n < 1_000_000 {
		segment = 1 << 20
	}
	dir := filepath.Join(t.TempDir(), "large")
	largeStore(t, dir, n, segment)
	b := open(t, serve(t, dir), 1440, 900, "light")
	for _, lsn := range []int{n / 3, n, 1, n * 9 / 10} {
		eval[bool](b, fmt.Sprintf(`(() => { document.querySelector("#jump-to").value = "%d"; document.querySelector("#jump").requestSubmit(); return true; })()`, lsn))
		b.until(fmt.Sprintf(`document.querySelector("#record-title").firstChild?.textContent === "LSN %s"`, comma(lsn)))
		b.until(fmt.Sprintf(`document.querySelector("#fields").innerText.includes("LSN %d")`, lsn))
		b.until(fmt.Sprintf(`document.querySelector("#layer .chosen")?.innerText.includes("%s")`, comma(lsn)))
	}
	// To the last row of millions with one key, and back by another.
	eval[bool](b, `(document.querySelector("#grid").focus(), true)`)
	b.keys(endKey)
	b.until(fmt.Sprintf(`document.querySelector("#layer .chosen")?.innerText.includes("%s")`, comma(n)))
	b.keys(kbHome)
	b.until(`document.querySelector("#layer .chosen")?.innerText.includes("segment 1 begins")`)
	// A wheel moves by rows there, not by thousands.
	eval[bool](b, `document.querySelector("#rows").dispatchEvent(new WheelEvent("wheel", { deltaY: 280, bubbles: true, cancelable: true }))||true`)
	b.until(`/^(9|10|11)\s/.test(document.querySelector("#layer .row:not([hidden])").innerText.trim())`)
	b.do(chromedp.SendKeys(chromedp.CSS(`#filter [name="text"]`), `"key/0771312"`))
	b.until(`/^\d+ rows? fits?$/.test(document.querySelector("#tally").innerText)`)
	b.shot("live-large-light")
	b.quiet()
}

// A page that was loaded before the log changed says so, and loading it again shows
// what there is.
func TestLivePageWhenTheLogGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s := newSample(t, dir)
	s.commits(3000, 120<<10)
	s.Write()
	url := serve(t, dir)
	b := open(t, url, 1200, 900, "light")
	if err := os.Remove(s.SegmentPath(s.Segments[0])); err != nil {
		t.Fatal(err)
	}
	eval[bool](b, `(() => { document.querySelector("#jump-to").value = "700"; document.querySelector("#jump").requestSubmit(); return true; })()`)
	b.until(`document.querySelector("#status").textContent.includes("has changed since it was read")`)
	if got := b.text("#notice"); !strings.Contains(got, "load the page again") {
		t.Errorf("it is said to nobody who sees: %q", got)
	}
	b = open(t, url, 1200, 900, "light")
	if got := b.text("#findings"); !strings.Contains(got, "Segment 1 is missing") {
		t.Errorf("findings: %s", got)
	}
	b.quiet()
}

// Beside a program that writes: loading again shows what has come.
func TestLivePageBesideAWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	db, err := engine.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	put := func(k string) {
		t.Helper()
		if err := db.Set(t.Context(), []byte(k), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	put("one")
	url := serve(t, dir)
	b := open(t, url, 1200, 900, "light")
	if got := b.text("#record-title"); !strings.HasPrefix(got, "LSN 1") {
		t.Errorf("the last record: %s", got)
	}
	put("two")
	b.do(chromedp.Reload())
	b.until(`document.documentElement.dataset.ready === "true"`)
	if got := b.text("#record-title"); !strings.HasPrefix(got, "LSN 2") {
		t.Errorf("the last record after another: %s", got)
	}
	if got := b.text("#verdict"); !strings.HasPrefix(got, "Sound") {
		t.Errorf("verdict: %s", got)
	}
	b.quiet()
}

// What a file finds by walking its chunks and what a server finds is the same.
func TestSearchesAgree(t *testing.T) {
	dir := damagedStore(t)
	_, file := report(t, dir, 8<<20)
	a, b := open(t, file, 1200, 900, "light"), open(t, serve(t, dir), 1200, 900, "light")
	for _, f := range []string{
		`{text: "user", bucket: null}`, `{text: "", bucket: "images"}`, `{text: "", bucket: null, type: "delete"}`, `{text: "", bucket: null, type: "mark"}`,
		`{text: "queue/01", bucket: ""}`, `{text: "", bucket: null, from: 300, to: 600}`, `{text: "", bucket: null, type: "damage"}`, `{text: '"thumb/1010"', bucket: null}`,
		`{text: "", bucket: null, type: "header"}`, `{text: "", bucket: null, type: "torn"}`,
	} {
		const walk = `(async () => {
			const search = window.kvctl.source.search(%s);
			const found = [];
			while (!search.done) for (const r of await search.step()) found.push(r.ord + ":" + r.lsn + ":" + r.kind);
			return found.join(" ");
		})()`
		x, y := eval[string](a, fmt.Sprintf(walk, f)), eval[string](b, fmt.Sprintf(walk, f))
		if x != y || x == "" {
			t.Errorf("%s: in the file %.200s; of the server %.200s", f, x, y)
		}
	}
}
