package server

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// An element that stays is returned by every scan, while others come and go, pages
// are added and elements outgrow theirs.
func TestScanInPagesMissesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newServer(t)
		c := dial(t, s)
		stay := rapid.IntRange(1, 400).Draw(rt, "stay")
		add := func(command, prefix string, n int, value string) {
			for i := range n {
				words := []string{command, "h", fmt.Sprint(prefix, i)}
				if command == "hset" {
					words = append(words, value)
				}
				c.do(words...)
			}
		}
		add("hset", "stays", stay, "v")
		add("hset", "long"+strings.Repeat("g", 70), 5, "v")
		seen, cursor, calls := map[string]bool{}, "0", 0
		for {
			words := strings.Fields(strings.NewReplacer("[", " ", "]", " ", `"`, "").Replace(c.do("hscan", "h", cursor, "count", "1")))
			for i := 1; i+1 < len(words); i += 2 {
				seen[words[i]] = true
			}
			if cursor = words[0]; cursor == "0" {
				break
			}
			if calls++; calls < 40 { // not for ever: a scan of what grows faster never ends
				switch rapid.IntRange(0, 3).Draw(rt, "between") {
				case 0:
					add("hset", fmt.Sprint("new", calls, "-"), rapid.IntRange(1, 100).Draw(rt, "new"), "v")
				case 1:
					add("hset", fmt.Sprint("new", rapid.IntRange(0, calls).Draw(rt, "which"), "-"), 30, strings.Repeat("v", 70))
				case 2:
					add("hdel", fmt.Sprint("new", rapid.IntRange(0, calls).Draw(rt, "which"), "-"), 100, "")
				}
			}
		}
		for i := range stay {
			if !seen[fmt.Sprint("stays", i)] {
				rt.Fatalf("stays%d was missed", i)
			}
		}
		for i := range 5 {
			if name := fmt.Sprint("long", strings.Repeat("g", 70), i); !seen[name] {
				rt.Fatalf("%s was missed", name)
			}
		}
		if err := Check(s.db); err != nil {
			rt.Fatal(err)
		}
	})
}

// Pages are about as full as they are meant to be, however many there are.
func TestPagesAreEvenlyFull(t *testing.T) {
	s := newServer(t)
	inTx(t, s, func(sp *Space) {
		o := open(t, sp, "s", KindSet)
		for i := range 20_000 {
			o.Put(fmt.Append(nil, "member", i), nil)
			if n := o.m.pages.n; n > 0 && uint64(o.Len()) > n*pageEntries {
				t.Fatalf("%d elements in %d pages", o.Len(), n)
			}
		}
		o.Close()
		sp.Delete([]byte("s"))
		o = sp.Create([]byte("s"), KindSet)
		for i := range 20_000 {
			o.Put(fmt.Append(nil, "member", i), nil)
		}
		n := 0
		for range o.All() { // while the pages are not written yet
			n++
		}
		if n != 20_000 {
			t.Errorf("%d of 20000 elements are visited", n)
		}
		o.Close()
		pages, most := 0, int64(0)
		for _, page := range o.scanPages(0) {
			pages++
			most = max(most, countPacked(page, KindSet))
		}
		if pages < 20_000/pageEntries || most > 5*pageEntries {
			t.Errorf("%d pages, of up to %d elements", pages, most)
		}
	})
}

// What MEMORY USAGE says of a hash is about what it holds, in pages and apart.
func TestMemoryUsageOfPages(t *testing.T) {
	c := dial(t, newServer(t))
	for _, size := range []struct{ short, long int }{{500, 0}, {0, 500}, {500, 500}, {1000, 10}} {
		words := []string{"hset", "h"}
		for i := range size.short + size.long {
			v := strings.Repeat("v", 20)
			if i >= size.short {
				v = strings.Repeat("v", 1000)
			}
			words = append(words, fmt.Sprint("f", i), v)
		}
		c.do("del", "h")
		c.do(words...)
		payload := 24*size.short + 1004*size.long
		if n, _ := strconv.Atoi(c.do("memory", "usage", "h")); n < payload || n > 2*payload {
			t.Errorf("%d short and %d long fields of %d bytes: %d", size.short, size.long, payload, n)
		}
	}
}

// A hash that was written before there were pages, each field under a key of its own,
// is read and changed like any other, and gains pages with its next field.
func TestHashesFromBeforePages(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	inTx(t, s, func(sp *Space) {
		m := meta{kind: KindHash, number: s.numbers.take(sp.t), count: 200}
		o := &Collection{s: sp, key: []byte("h"), m: m}
		for i := range 200 {
			o.setData(fmt.Append(nil, "f", i), []byte("old"))
		}
		sp.putMeta(o.key, &o.m)
	})
	if err := Check(s.db); err != nil {
		t.Fatal(err)
	}
	c.want("hlen h", "200", "hget h f7", `"old"`, "hexists h none", "0", "hset h f7 new", "0", "hget h f7", `"new"`,
		"hdel h f8 none", "1", "hset h more v", "1", "hget h more", `"v"`, "hlen h", "200", "hget h f9", `"old"`)
	if n := len(strings.Fields(c.do("hkeys", "h"))); n != 200 {
		t.Errorf("HKEYS returns %d", n)
	}
	if err := Check(s.db); err != nil {
		t.Error(err)
	}
	c.want("del h", "1")
	if _, d, _ := leftovers(t, s); d > 0 {
		t.Errorf("%d elements are left", d)
	}
}
