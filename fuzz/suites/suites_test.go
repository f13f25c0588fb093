package suites_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

var (
	seedFlag   = flag.Uint64("suites.seed", 1, "what random histories are drawn by")
	replayFlag = flag.String("suites.replay", "", "SUITE:CASE to try again; see TestReplay")
)

func TestMain(m *testing.M) {
	// Stores and images are small and short-lived: with the usual setting a third of
	// the time goes into collecting them.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(800)
	}
	m.Run()
}

// again is the command that shows a failure again.
func again(suite, name string) string {
	return fmt.Sprintf("go test ./fuzz/suites -run '^TestReplay$' -suites.replay %s:%s\n       kvctl crashtest replay %s:%s", suite, name, suite, name)
}

// run runs suites by their names.
func run(t *testing.T, o suites.Options, names ...string) []suites.Result {
	t.Helper()
	for _, name := range names {
		s, ok := suites.Find(name)
		if !ok {
			t.Fatalf("no suite is called %s", name)
		}
		o.Suites = append(o.Suites, s)
	}
	o.Short, o.Seed, o.Again = testing.Short(), *seedFlag, again
	if raceDetector {
		o.Every = 7
	}
	begun := time.Now()
	list := suites.Run(t.Context(), o)
	report(t, list, time.Since(begun))
	if len(list) < len(names) {
		t.Errorf("only %d suites of %d were run", len(list), len(names))
	}
	return list
}

// report fails the test, with the page, when something was found.
func report(t *testing.T, list []suites.Result, took time.Duration) {
	t.Helper()
	for _, r := range list {
		if r.Failure != nil {
			page := filepath.Join(os.TempDir(), "crashtest-"+r.Suite+".html")
			err := os.WriteFile(page, r.Failure.HTML(), 0o644)
			t.Fatalf("%v%v\nreport: %s %v\n", r.Problem(), r.Counts, page, err)
		}
		if r.Verdict != crashtest.OK {
			t.Fatal(r.Problem())
		}
	}
	total := suites.Total(list)
	t.Logf("%v, %.0f images/s, lost: 0", total, float64(total.Images)/took.Seconds())
}

// Every history of up to three operations (two with -short), crashed before
// every call that can change the disk.
func TestShortHistories(t *testing.T) { run(t, suites.Options{}, "short") }

func TestCompactions(t *testing.T)              { run(t, suites.Options{}, "compactions") }
func TestStaleFramesStayDead(t *testing.T)      { run(t, suites.Options{}, "stale") }
func TestShortHistoriesByteByByte(t *testing.T) { run(t, suites.Options{}, "bytes") }
func TestFaults(t *testing.T)                   { run(t, suites.Options{}, "faults") }
func TestRot(t *testing.T)                      { run(t, suites.Options{}, "rot") }
func TestOneRottenSnapshot(t *testing.T)        { run(t, suites.Options{}, "snapshot") }
func TestWhatReadersSeeIsDurable(t *testing.T)  { run(t, suites.Options{}, "readers") }
func TestLazyModes(t *testing.T)                { run(t, suites.Options{}, "never", "interval") }
func TestHostileDisks(t *testing.T)             { run(t, suites.Options{}, "hostile") }
func TestLongHistoriesBySeed(t *testing.T)      { run(t, suites.Options{Cases: few(20)}, "long") }
func TestLongHistoriesOnFileSystems(t *testing.T) {
	run(t, suites.Options{Cases: few(10)}, "filesystems")
}

// few is fewer with -short.
func few(n int64) int64 {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}

// TestReplay tries one case again, as the report of a failure says.
func TestReplay(t *testing.T) {
	if *replayFlag == "" {
		t.Skip("tries again what -suites.replay names")
	}
	name, what, _ := strings.Cut(*replayFlag, ":")
	s, ok := suites.Find(name)
	if !ok {
		t.Fatalf("no suite is called %q", name)
	}
	begun := time.Now()
	r, err := suites.Replay(t.Context(), s, what, suites.Options{Again: again})
	if err != nil {
		t.Fatal(err)
	}
	report(t, []suites.Result{r}, time.Since(begun))
}

// Long random histories drawn by rapid, which shrinks what it finds: with power
// cuts, kills and reopens among their steps.
func TestLongHistories(t *testing.T) {
	for _, atom := range []int{512, 4096} {
		t.Run(fmt.Sprintf("atom=%d", atom), func(t *testing.T) {
			crashtest.Check(t, suites.System{}, suites.Draw, crashtest.Options{Atom: atom})
		})
	}
}

func FuzzHistories(f *testing.F) {
	crashtest.Fuzz(f, suites.System{}, suites.Draw, crashtest.Options{})
}

// Clients side by side, in an order that a seed decides.
func TestConcurrentClients(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	clients := [][]suites.Op{
		{{Kind: suites.Set, Key: "a", Value: "1"}, {Kind: suites.Set, Key: "a", Value: "2"}, {Kind: suites.Set, Key: "a", Value: "3"}},
		{{Kind: suites.Tx, Key: "b", Value: "4", Other: "a"}, {Kind: suites.Compact}},
		{{Kind: suites.Set, Key: "c", Value: "5"}, {Kind: suites.Delete, Key: "b"}},
	}
	crashtest.Schedule(t, suites.System{}, clients, seeds, crashtest.Options{
		Bound: crashfs.Bound{Exhaustive: 6, Pairs: 8, Random: 8},
	})
}
