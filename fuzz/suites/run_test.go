package suites_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// find is a suite that there is.
func find(t *testing.T, name string) suites.Suite {
	t.Helper()
	s, ok := suites.Find(name)
	if !ok {
		t.Fatalf("no suite is called %s", name)
	}
	return s
}

func TestSuitesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range suites.All() {
		if seen[s.Name] || s.Name == "" || strings.ContainsAny(s.Name, ": ,") || s.About == "" {
			t.Errorf("suite %q: %q", s.Name, s.About)
		}
		seen[s.Name] = true
		if n := s.Cases(); (n == 0) != s.Endless {
			t.Errorf("%s: %d cases, endless %v", s.Name, n, s.Endless)
		}
	}
	if _, ok := suites.Find("nosuch"); ok {
		t.Error("found what there is not")
	}
}

// The same case tries the same, every time and with however many workers.
func TestACaseIsTheSameEveryTime(t *testing.T) {
	for suite, name := range map[string]string{
		"short": "3,0,10", "never": "1,9", "long": "42:17", "filesystems": "1:1", "faults": "4:12", "rot": "1000",
		"snapshot": "7", "readers": "all", "stale": "all", "sampled": "0,1,2,3,4", "bytes": "2",
	} {
		if testing.Short() && (suite == "long" || suite == "filesystems") {
			continue // seconds each, with the race detector minutes
		}
		var first suites.Result
		for i := range 2 {
			r, err := suites.Replay(t.Context(), find(t, suite), name, suites.Options{})
			if err != nil || r.Problem() != "" || r.Counts.Recoveries == 0 || !r.Finished || r.Case != name {
				t.Fatalf("%s:%s: %v, %+v", suite, name, err, r)
			}
			if i > 0 && !reflect.DeepEqual(r, first) {
				t.Errorf("%s:%s: first %+v, then %+v", suite, name, first, r)
			}
			first = r
		}
	}
}

// What is no case of a suite is refused, and tries nothing.
func TestACaseMustBeOne(t *testing.T) {
	for suite, names := range map[string][]string{
		"short": {"", "x", "11", "-1", "0,,1", "0;1", strings.Repeat("0,", 100) + "0"}, "long": {"", "1", "1:", ":1", "1:2:3", "-1:2", "1:x"},
		"faults": {"", "1", "1:0", "15:1", "-1:1", "1:2x"}, "rot": {"", "-1", "x", "99999999"}, "snapshot": {"-1", "188", "x"},
		"compactions": {"", "some"}, "readers": {"x"},
	} {
		for _, name := range names {
			if r, err := suites.Replay(t.Context(), find(t, suite), name, suites.Options{}); err == nil {
				t.Errorf("%s:%s: %+v", suite, name, r)
			}
		}
	}
}

// Cases and time are shared out, and a suite that has tried nothing has no result.
func TestRunKeepsToItsBounds(t *testing.T) {
	some := []suites.Suite{find(t, "compactions"), find(t, "short"), find(t, "sampled")}
	list := suites.Run(t.Context(), suites.Options{Suites: some, Cases: 7, Seed: 1})
	var cases []int64
	for _, r := range list {
		cases = append(cases, r.Cases)
		if r.Verdict != crashtest.OK || !r.Finished {
			t.Errorf("%+v", r)
		}
	}
	if want := []int64{1, 3, 3}; !reflect.DeepEqual(cases, want) {
		t.Errorf("7 cases were shared out as %v, want %v", cases, want)
	}
	if list := suites.Run(t.Context(), suites.Options{Suites: some, Cases: 1}); len(list) != 1 {
		t.Errorf("one case in %d suites", len(list))
	}
	if list := suites.Run(t.Context(), suites.Options{Suites: some[2:], Images: 500, Seed: 1, Workers: 1}); len(list) != 1 || list[0].Counts.Images < 500 {
		t.Errorf("500 images: %+v", list)
	}
	for _, r := range suites.Run(t.Context(), suites.Options{Suites: some[1:], Time: time.Millisecond}) {
		if r.Finished || r.Problem() != "" {
			t.Errorf("in a millisecond: %+v", r)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list := suites.Run(ctx, suites.Options{Suites: some}); len(list) > 0 {
		t.Errorf("after the end: %+v", list)
	}
}

// Progress hears of every case, and in the end of all of them.
func TestProgressCountsUp(t *testing.T) {
	var last suites.Counts
	calls := 0
	list := suites.Run(t.Context(), suites.Options{
		Suites: []suites.Suite{find(t, "compactions"), find(t, "short")}, Cases: 6,
		Progress: func(suite string, c suites.Counts) {
			calls++
			if c.Images < last.Images || suite == "" {
				t.Errorf("%s: %v after %v", suite, c, last)
			}
			last = c
		},
	})
	if total := suites.Total(list); calls != 6 || last != total {
		t.Errorf("%d calls, the last with %v; in all %v", calls, last, total)
	}
}
