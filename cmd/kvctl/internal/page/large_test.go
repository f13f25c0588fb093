package page

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/recovery/recoverytest"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// largeStore writes a sealed log of n small commits, a segment at a time, with a
// rotten byte in the second segment where there is one. It returns the LSNs that
// went with it.
func largeStore(t *testing.T, dir string, n int, size int) (lost wal.FrameHeader) {
	t.Helper()
	m := recovery.Manifest{Version: 1, First: 1, Generation: 1, Created: monday}
	copy(m.Store[:], "a large store...")
	var (
		link, lsn uint64 = 0, 1
		prev      wal.Predecessor
		key       = make([]byte, 0, 16)
		body      []byte
		c         = record.Commit{Mutations: make([]record.Mutation, 1)}
	)
	for int(lsn) <= n {
		m.Active++
		h := wal.SegmentHeader{Version: 1, Store: m.Store, Seq: m.Active, FirstLSN: lsn, Salt: 77 * m.Active, Reach: 64 << 10, Prev: prev, Created: monday + int64(lsn)*3}
		buf, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for len(buf) < size && int(lsn) <= n {
			body = body[:0]
			count := min(200, n-int(lsn)+1)
			for i := range count {
				at := lsn + uint64(i)
				c.Time = monday + int64(at)*3
				key = fmt.Appendf(key[:0], "key/%07d", (at*2654435761)%1_000_003)
				c.Mutations[0] = record.Mutation{Op: record.OpSet, Key: key, Value: []byte("value")}
				if at%11 == 0 {
					c.Mutations[0] = record.Mutation{Op: record.OpDelete, Key: key}
				}
				body = record.AppendCommit(body, &c)
			}
			from := len(buf)
			buf = wal.AppendFrame(buf, h.Salt, link, lsn, uint32(count), wal.FlagSynced, body)
			head, err := wal.DecodeFrameHeader(buf[from:], h.Salt)
			if err != nil {
				t.Fatal(err)
			}
			link, lsn = head.Link(), head.NextLSN()
			if m.Active == 2 && lost.Count == 0 && len(buf) > size/2 {
				buf[from+wal.FrameHeaderSize+20] ^= 1
				lost = head
			}
		}
		if int(lsn) <= n {
			from := len(buf)
			buf = wal.AppendFrame(buf, h.Salt, link, lsn, 0, wal.FlagSynced|wal.FlagSeal, nil)
			head, err := wal.DecodeFrameHeader(buf[from:], h.Salt)
			if err != nil {
				t.Fatal(err)
			}
			link = head.Link()
		}
		prev = wal.Predecessor{Seq: h.Seq, End: int64(len(buf)), LastLSN: lsn - 1, Link: link}
		recoverytest.WriteFile(t, osfs.New(), filepath.Join(dir, recovery.WALDir, wal.SegmentName(h.Seq)), buf)
	}
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	recoverytest.WriteFile(t, osfs.New(), filepath.Join(dir, recovery.ManifestName), b)
	return lost
}

// large is how many records a large store has: five million, or fewer where that
// would take too long.
func large() int {
	if testing.Short() {
		return 300_000
	}
	return 5_000_000
}

// A report of five million records keeps to its limit, opens, says what it leaves
// out, and goes to any place.
func TestReportOfALargeStore(t *testing.T) {
	if _, err := chromium(); err != nil {
		t.Skip("no Chromium to test with: apt-get install chromium")
	}
	n, limit := large(), int64(2<<20)
	segment := 64 << 20
	if n < 1_000_000 {
		segment = 1 << 20
	}
	dir := filepath.Join(t.TempDir(), "large")
	lost := largeStore(t, dir, n, segment)
	file, url := report(t, dir, limit)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	// The page itself, the pictures and a few numbers for each chunk come on top.
	if most := limit + 400<<10 + int64(n)/ChunkRows*32; info.Size() > most {
		t.Errorf("the file has %d bytes, which is more than %d", info.Size(), most)
	}
	b := open(t, url, 1440, 900, "light")
	b.shot("large-light")
	t.Logf("%d records: a file of %d bytes", n, info.Size())
	for _, want := range []string{"A sample.", "kvctl ui"} {
		if got := b.text("#sampled"); !contains(got, want) {
			t.Errorf("it is not said that this is a sample: %s", got)
		}
	}
	if got, want := b.text("#facts"), comma(n-int(lost.Count)); !contains(got, want) {
		t.Errorf("the facts do not say %s records: %s", want, got)
	}
	if got := b.text("#findings"); !contains(got, fmt.Sprintf("LSN %d to %d", lost.FirstLSN, lost.LastLSN())) {
		t.Errorf("what is lost: %s", got)
	}
	// The damage is among the detail.
	if got := b.text(`#fields [aria-selected="true"]`); !contains(got, "differs") {
		t.Errorf("the bytes of the damage: %s", got)
	}
	// To the ends, and somewhere in between.
	jump := func(lsn int) {
		eval[bool](b, fmt.Sprintf(`(() => { document.querySelector("#jump-to").value = "%d"; document.querySelector("#jump").requestSubmit(); return true; })()`, lsn))
		b.until(fmt.Sprintf(`document.querySelector("#where").innerText.startsWith("LSN %s")`, comma(lsn)))
	}
	for _, lsn := range []int{1, n} {
		jump(lsn)
		b.until(fmt.Sprintf(`document.querySelector("#record-title").firstChild.textContent === "LSN %s"`, comma(lsn)))
		b.until(fmt.Sprintf(`document.querySelector("#layer .chosen")?.innerText.includes("%s")`, comma(lsn)))
	}
	rows := eval[int](b, `document.querySelectorAll("#layer .row").length`)
	if rows > 60 {
		t.Errorf("%d rows are in the document", rows)
	}
	// A place that the file does not hold says so.
	found := false
	for part := 0.31; part < .6 && !found; part += .0173 {
		lsn := int(math.Round(part * float64(n)))
		jump(lsn)
		found = contains(b.text("#record-title"), "Not in this file")
	}
	if !found {
		t.Error("nothing is left out, or nobody says so")
	}
	b.quiet()
}
