package crashtest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// replayEnv names a history of Exhaust to run alone, as its indices in the
// alphabet: "3,0,1".
const replayEnv = "CRASHTEST_HISTORY"

// Exhaust tries every history of the steps in alphabet, up to length steps
// long, shorter ones first: the power goes before every file-system call, and
// every image is made that Options.Bound asks for. A failure is reported and
// ends the test. Published studies of crash bugs found most of them in
// histories of at most three operations.
func Exhaust[Op any](t testing.TB, sys System[Op], alphabet []Step[Op], length int, o Options) Result {
	t.Helper()
	var only [][]int
	if s := os.Getenv(replayEnv); s != "" {
		h, err := parseHistory(s, len(alphabet))
		if err != nil {
			t.Fatal(err)
		}
		only = [][]int{h}
	}
	r := ExhaustAll(sys, alphabet, length, only, o)
	if f := r.Failure; f != nil && f.indices != nil {
		f.Replay = fmt.Sprintf("%s=%s go test -run '^%s$'", replayEnv, joinInts(f.indices), t.Name())
	}
	finish(t, r, o)
	return r
}

// ExhaustAll is Exhaust without a test around it, for programs. With histories,
// as indices into the alphabet, it tries those alone.
func ExhaustAll[Op any](sys System[Op], alphabet []Step[Op], length int, histories [][]int, o Options) Result {
	x := newExaminer(sys, o)
	if histories != nil {
		return x.result(x.all(alphabet, histories))
	}
	for n := 1; n <= length; n++ {
		if f := x.all(alphabet, words(len(alphabet), n)); f != nil {
			return x.result(f)
		}
	}
	return x.result(nil)
}

// words is every word of n letters.
func words(letters, n int) [][]int {
	out := [][]int{nil}
	for range n {
		var longer [][]int
		for _, w := range out {
			for l := range letters {
				longer = append(longer, append(w[:len(w):len(w)], l))
			}
		}
		out = longer
	}
	return out
}

// all tries histories, several at a time, and returns the failure of the first
// in order.
func (x *examiner[Op]) all(alphabet []Step[Op], histories [][]int) *Failure {
	workers := x.o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var (
		mu    sync.Mutex
		next  int
		first = len(histories)
		fail  *Failure
		wg    sync.WaitGroup
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if next >= first {
			return -1
		}
		next++
		return next - 1
	}
	for range workers {
		wg.Go(func() {
			x := x.worker()
			for i := take(); i >= 0; i = take() {
				var h []Step[Op]
				for _, l := range histories[i] {
					h = append(h, alphabet[l])
				}
				f := x.history(h)
				if f == nil {
					continue
				}
				f.indices = histories[i]
				mu.Lock()
				if i < first {
					first, fail = i, f
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return fail
}

// worker is an examiner that shares what x remembers, for one goroutine.
func (x *examiner[Op]) worker() *examiner[Op] {
	w := *x
	w.later = nil
	return &w
}

// history tries one history in every mode.
func (x *examiner[Op]) history(h []Step[Op]) *Failure {
	x.tally.histories.Add(1)
	for _, mode := range x.o.modes() {
		d := &drive[Op]{sys: x.sys, o: x.o, fs: crashfs.New(crashfs.Options{Mode: mode, Atom: x.o.Atom})}
		f := d.run(h)
		for i := 0; f == nil && i < len(d.moments); i++ {
			f = x.moment(d.moments[i])
		}
		if f == nil {
			f = x.deepen()
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// Run tries one history.
func Run[Op any](sys System[Op], history []Step[Op], o Options) Result {
	x := newExaminer(sys, o)
	return x.result(x.history(history))
}

func parseHistory(s string, letters int) ([]int, error) {
	var out []int
	for _, field := range strings.Split(s, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 || n >= letters {
			return nil, fmt.Errorf("crashtest: %s=%q: no history over %d steps", replayEnv, s, letters)
		}
		out = append(out, n)
	}
	return out, nil
}

func joinInts(list []int) string {
	var parts []string
	for _, n := range list {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, ",")
}
