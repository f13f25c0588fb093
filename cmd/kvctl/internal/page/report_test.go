package page

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/redis-lite/redis-lite/recovery/inspect"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// damagedStore is a store of three segments with a rotten byte in the second and
// a torn tail.
func damagedStore(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	s := newSample(t, dir)
	s.commits(900, 40<<10)
	s.damage(s.Segments[1])
	s.tear()
	s.Write()
	return dir
}

// A report is opened from a file, and asks the network for nothing.
func TestReportNeedsNoNetwork(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1440, 900, "light")
	b.keys("d", "h", "x") // all panes
	b.until(`document.querySelector("#diff table")`)
	b.quiet()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r != url && !strings.HasPrefix(r, "data:") {
			t.Errorf("the page asked for %s", r)
		}
	}
	if len(b.requests) == 0 {
		t.Error("not even the page itself was seen to be asked for: this test sees nothing")
	}
}

// The page's policy forbids to connect, whatever its script may try.
func TestReportMayNotConnect(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1000, 800, "light")
	if got := eval[string](b, `fetch("http://127.0.0.1:9/").then(() => "went through", e => e.name)`); got != "TypeError" {
		t.Errorf("fetch: %s", got)
	}
	b.until(`true`)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(strings.Join(b.complaints, "\n"), "Content Security Policy") {
		t.Errorf("it failed for another reason: %q", b.complaints)
	}
}

// The map, the scrubber and the lens are drawn, not blank.
func TestReportDraws(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1440, 900, "light")
	for _, canvas := range []string{".segment:nth-child(1) canvas", ".segment:nth-child(2) canvas", "#track canvas", "#lens canvas"} {
		if n := eval[int](b, `(() => {
			const c = document.querySelector("`+canvas+`");
			const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			const seen = new Set();
			for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
			return seen.size;
		})()`); n < 3 {
			t.Errorf("%s has %d colours", canvas, n)
		}
	}
	// To scale: a strip is as wide as its file is long.
	want := eval[[]float64](b, `[...document.querySelectorAll(".strip")].map(s => s.getBoundingClientRect().width)`)
	var sizes []float64
	for i := range 3 {
		info, err := os.Stat(filepath.Join(strings.TrimSpace(b.text("#name")), "wal", fmt.Sprintf("%016d.wal", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, float64(info.Size()))
	}
	for i := range want {
		if r := want[i] / want[0] / (sizes[i] / sizes[0]); r < .99 || r > 1.01 {
			t.Errorf("strip %d is %.3f of what it should be", i+1, r)
		}
	}
	b.quiet()
}

// Damage and the torn tail are told in words, flagged on the map, and their bytes
// come with the checksum that was expected and the one that was found.
func TestReportExplainsDamage(t *testing.T) {
	dir := damagedStore(t)
	_, url := report(t, dir, 8<<20)
	store, err := inspect.Open(osfs.New(), dir, inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var rot, torn *inspect.Frame
	for f, err := range store.Frames(t.Context(), inspect.From{}, false) {
		if err != nil {
			t.Fatal(err)
		}
		switch f.Verdict.Kind {
		case inspect.Damaged:
			rot = f.Clone()
		case inspect.Torn:
			torn = f.Clone()
		}
	}
	b := open(t, url, 1440, 900, "light")
	if got := b.text("#verdict"); !strings.HasPrefix(got, "Damaged") {
		t.Errorf("verdict: %s", got)
	}
	cards := b.text("#findings")
	for _, want := range []string{
		"Damage in segment 2", "Torn tail in segment 3", rot.Verdict.Expected, rot.Verdict.Found,
		fmt.Sprintf("LSN %d to %d", rot.Verdict.Lost.From, rot.Verdict.Lost.To),
		fmt.Sprintf("LSN %d to %d", torn.Verdict.Lost.From, torn.Verdict.Lost.To),
		"kvctl recover " + dir + " --output NEW", "What to do", "quarantine",
	} {
		if !strings.Contains(cards, want) {
			t.Errorf("the findings do not say %q:\n%s", want, cards)
		}
	}
	if got := eval[[]string](b, `[...document.querySelectorAll(".flag")].map(f => f.innerText)`); len(got) != 2 {
		t.Errorf("flags on the map: %q", got)
	}
	// What is selected at first is the worst finding.
	field := b.text(`#fields [aria-selected="true"]`)
	for _, want := range []string{"body CRC", "expected " + rot.Verdict.Expected, "found " + rot.Verdict.Found, "differs"} {
		if !strings.Contains(field, want) {
			t.Errorf("the field that is wrong does not say %q: %s", want, field)
		}
	}
	if got := b.text("#frame-title"); !strings.Contains(got, strconv.FormatInt(rot.Offset, 10)[:2]) {
		t.Errorf("the bytes are of %s", got)
	}
	// The bytes are those of the file.
	file, err := os.ReadFile(rot.File)
	if err != nil {
		t.Fatal(err)
	}
	line := eval[string](b, `document.querySelector("#dump .line").innerText`)
	m := regexp.MustCompile(`^([0-9a-f]{8})\s*([0-9a-f]{2}(?: ?[0-9a-f]{2}){15})`).FindStringSubmatch(strings.ReplaceAll(line, " ", " "))
	if m == nil {
		t.Fatalf("the first line of the dump: %q", line)
	}
	at, _ := strconv.ParseInt(m[1], 16, 64)
	if got, want := strings.ReplaceAll(m[2], " ", ""), fmt.Sprintf("%x", file[at:at+16]); got != want {
		t.Errorf("bytes at %d: %s, and the file has %s", at, got, want)
	}
	// The next finding is one key away.
	b.keys("n", "n")
	b.until(`document.querySelector("#record-title").innerText.includes("torn tail")`)
	b.until(`document.querySelector("#frame-verdict").innerText.includes("Torn tail.")`)
	b.quiet()
}

// shownRows is what the list shows, from the top.
func shownRows(b *tab) []string {
	return eval[[]string](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
		done([...document.querySelectorAll("#layer .row:not([hidden])")].map((r) => r.innerText.replace(/\s+/g, " "))))))`)
}

func TestReportFilters(t *testing.T) {
	dir := damagedStore(t)
	_, url := report(t, dir, 8<<20)
	count := func(fits func(lsn uint64, m *record.Mutation) bool) (n int) {
		store, err := inspect.Open(osfs.New(), dir, inspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range store.Records(t.Context(), inspect.From{}, false) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Raw == nil && fits(r.LSN, &record.Mutation{}) || slices.ContainsFunc(r.Commit.Mutations, func(m record.Mutation) bool { return fits(r.LSN, &m) }) {
				n++
			}
		}
		return n
	}
	b := open(t, url, 1440, 900, "light")
	fill := func(name, value string) {
		b.t.Helper()
		eval[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector("#filter").elements[%q]; e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, name, value))
	}
	tally := func(want string) {
		b.t.Helper()
		b.until(fmt.Sprintf(`document.querySelector("#tally").innerText === %q`, want))
	}
	fill("type", "delete-range")
	tally(fmt.Sprintf("%d rows fit", count(func(_ uint64, m *record.Mutation) bool { return m.Op == record.OpDeleteRange })))
	for _, r := range shownRows(b) {
		if !strings.Contains(r, "delete range") {
			t.Errorf("type delete range shows: %s", r)
		}
	}
	fill("type", "")
	fill("bucket", "=users")
	fill("text", "user/1007")
	tally(fmt.Sprintf("%d rows fit", count(func(_ uint64, m *record.Mutation) bool {
		return m.Bucket == "users" && string(m.Key) == "user/1007"
	})))
	rows := shownRows(b)
	if len(rows) == 0 {
		t.Error("nobody has the key")
	}
	for _, r := range rows {
		if !strings.Contains(r, "users / user/1007") {
			t.Errorf("a key shows: %s", r)
		}
	}
	fill("from", "200")
	fill("to", "210")
	fill("text", "")
	fill("bucket", "")
	tally(fmt.Sprintf("%d rows fit", count(func(lsn uint64, _ *record.Mutation) bool { return lsn >= 200 && lsn <= 210 })))
	for _, r := range shownRows(b) {
		lsn, err := strconv.Atoi(strings.Fields(r)[0])
		if err == nil && (lsn < 200 || lsn > 210) {
			t.Errorf("LSN 200 to 210 shows: %s", r)
		}
	}
	fill("text", "no such key")
	tally("0 rows fit")
	b.until(`!document.querySelector("#none").hidden`)
	fill("from", "x")
	b.until(`document.querySelector("#filter").elements.from.getAttribute("aria-invalid") === "true"`)
	b.do(chromedp.Click(chromedp.CSS(`#filter button[type="reset"]`)))
	tally("906 rows")
	b.quiet()
}

// The history of a key and the difference of two points are what the records say.
func TestReportHistoryAndDifference(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s := newSample(t, dir)
	s.commits(300, 40<<10)
	s.Write()
	_, url := report(t, dir, 8<<20)
	store, err := inspect.Open(osfs.New(), dir, inspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for c, err := range store.History(t.Context(), "users", []byte("user/1007")) {
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{fmt.Sprint("LSN ", c.LSN)}, want...)
	}
	b := open(t, url, 1440, 900, "dark")
	b.keys("/")
	b.until(`document.activeElement.name === "text"`)
	eval[bool](b, `(document.activeElement.value = "", true)`) // the protocol types a key that the page has taken
	b.do(chromedp.SendKeys(chromedp.CSS(`#filter [name="text"]`), `"user/1007"`))
	b.until(`document.querySelector("#tally").innerText.match(/^2 rows fit/)`)
	eval[bool](b, `(document.querySelector("#grid").focus(), true)`)
	b.keys(endKey, "h")
	b.until(`document.querySelectorAll("#history li").length > 0`)
	got := eval[[]string](b, `[...document.querySelectorAll("#history li b")].map(e => e.innerText)`)
	if strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("history: %q, want %q", got, want)
	}
	// Two states, by the library that kvctl's commands use.
	states := make([]map[string]string, 2)
	for i, lsn := range []uint64{100, 200} {
		states[i] = map[string]string{}
		st, err := store.State(t.Context(), lsn)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range st.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			states[i][e.Bucket+"\x00"+string(e.Key)] = fmt.Sprint(string(e.Value), e.Deadline)
		}
	}
	differ := 0
	for k, v := range states[0] {
		if w, ok := states[1][k]; !ok || v != w {
			differ++
		}
	}
	for k := range states[1] {
		if _, ok := states[0][k]; !ok {
			differ++
		}
	}
	eval[bool](b, `(() => { const f = document.querySelector("#points"); f.elements.a.value = 100; f.elements.b.value = 200; f.requestSubmit(); return true; })()`)
	b.keys("d")
	b.until(fmt.Sprintf(`document.querySelector("#diff").innerText.startsWith("%d keys differ")`, differ))
	if h := eval[int](b, `document.documentElement.scrollHeight`); h > 3000 {
		t.Errorf("the page grew to %d pixels", h)
	}
	if n := eval[int](b, `document.querySelectorAll("#diff tbody tr").length`); n != differ {
		t.Errorf("%d lines for %d differences", n, differ)
	}
	b.quiet()
}

// A report without any detail still shows the map, the timeline and the findings,
// and says of every place that it is not there.
func TestReportWithoutDetail(t *testing.T) {
	_, url := report(t, damagedStore(t), 0)
	b := open(t, url, 1280, 900, "light")
	if got := b.text("#findings"); !strings.Contains(got, "Damage in segment 2") {
		t.Errorf("findings: %s", got)
	}
	for _, where := range []string{"#record-title", "#frame-verdict", "#layer", "#sampled"} {
		if got := b.text(where); !strings.Contains(strings.ToLower(got), "not in this file") && !strings.Contains(got, "kvctl ui") {
			t.Errorf("%s does not say that the rows are not there: %s", where, got)
		}
	}
	b.keys("h", "d")
	b.until(`document.querySelector("#diff").innerText.includes("Nothing differs")`)
	if got := b.text("#diff"); !strings.Contains(got, "records that are in this file") {
		t.Errorf("the difference: %s", got)
	}
	b.quiet()
}

// An empty store has a page too.
func TestReportOfAnEmptyStore(t *testing.T) {
	_, url := report(t, t.TempDir(), 8<<20)
	b := open(t, url, 1280, 900, "light")
	if got := b.text("#verdict"); !strings.HasPrefix(got, "Empty") {
		t.Errorf("verdict: %s", got)
	}
	b.keys("h", "d", "x")
	b.shot("empty")
	b.quiet()
}
