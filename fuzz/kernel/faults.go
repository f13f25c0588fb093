package kernel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// TraceOptions say how a child runs under strace.
type TraceOptions struct {
	// Dir says where stores are made; it is asked anew for each run.
	Dir func() string
	// Command makes the command of a process that calls Child.
	Command func() *exec.Cmd
	// Seed is the workload's, and that of the order in which faults are tried.
	Seed uint64
	// Time bounds the run; faults that did not get their turn are counted.
	Time time.Duration
	// After, when not nil, is called after each child has ended: a power cut
	// there takes away whatever the failed calls had left unsynced.
	After func() error
	// Scratch is where traces go.
	Scratch string
}

// TraceReport counts what was done under strace.
type TraceReport struct {
	Runs     int            // children
	Untried  int            // faults for which there was no time
	Injected map[string]int // faults made, by call and error
	Errors   map[string]int // what children said of them, by kind
	Silent   map[string]int // faults inside of the store that the child passed over, by call
	Checked  map[string]int // by the rules of order, over all traces
}

func (r TraceReport) String() string {
	n := 0
	for _, k := range r.Injected {
		n += k
	}
	return fmt.Sprintf("%d runs, %d faults made, %d not tried for want of time; children reported %v, and passed over %v; "+
		"order checked: %v", r.Runs, n, r.Untried, r.Errors, r.Silent, r.Checked)
}

// eachKind reports whether a fault of each kind was made.
func (r TraceReport) eachKind() bool {
	for _, kind := range []string{"EIO", "ENOSPC", "killed"} {
		made := false
		for what, n := range r.Injected {
			made = made || n > 0 && strings.HasSuffix(what, " "+kind)
		}
		if !made {
			return false
		}
	}
	return true
}

// traceConfig is a life that makes each kind of call: several segments,
// compactions that remove some, and orderly reopenings, one call after the other.
func traceConfig(seed uint64) Config {
	c := Defaults(seed)
	c.Round = 1
	c.Limit, c.CompactEvery, c.ReopenEvery = 24, 5, 9
	c.Keys, c.MaxValue = 12, 5000
	c.SegmentSize, c.FillStep, c.IdleMark = 16<<10, 8<<10, -1
	c.OneThread = true
	return c
}

// injectable are the calls that are made to fail.
var injectable = []string{"pwrite64", "fdatasync", "fsync", "renameat", "openat", "unlinkat", "ftruncate", "mkdirat"}

// Order runs a child under strace and returns where its calls are not in the
// order that durability rests on.
func Order(o TraceOptions) (wrong []string, r TraceReport, err error) {
	t := newTracing(o)
	if _, _, err := t.run(nil); err != nil {
		return nil, t.report, err
	}
	return t.wrong, t.report, nil
}

// Faults makes single calls of a child fail, one in each run, with EIO, with
// ENOSPC, and by kill -9 in the middle of it, at the Nth call of its name for
// every N that there is, in random order as far as the time goes, and until there was one of each kind. After each,
// the store is opened: nothing that was acknowledged may be missing.
func Faults(ctx context.Context, o TraceOptions) (TraceReport, error) {
	t := newTracing(o)
	calls, _, err := t.run(nil) // nothing fails: how many calls are there?
	if err != nil {
		return t.report, err
	}
	var faults []injection
	for _, name := range injectable {
		most := map[int]int{}
		for _, c := range calls {
			if c.Name == name {
				most[c.PID]++
			}
		}
		n := 0
		for _, k := range most {
			n = max(n, k) // strace counts by thread
		}
		for i := 1; i <= n; i++ {
			faults = append(faults, injection{name, "EIO", i}, injection{name, "ENOSPC", i}, injection{name, "", i})
		}
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x6661756c74))
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	end := time.NewTimer(o.Time)
	defer end.Stop()
	over := false
	for i, f := range faults {
		select {
		case <-end.C:
			over = true
		default:
		}
		// However slow the machine is: without one fault of each kind the run
		// would say nothing.
		if ctx.Err() != nil || over && t.report.eachKind() {
			t.report.Untried = len(faults) - i
			return t.report, nil
		}
		if _, _, err := t.run(&f); err != nil {
			return t.report, err
		}
	}
	return t.report, nil
}

// tracing is a series of runs, each on a store of its own.
type tracing struct {
	TraceOptions
	report TraceReport
	wrong  []string
	n      int
}

func newTracing(o TraceOptions) *tracing {
	return &tracing{TraceOptions: o, report: TraceReport{
		Injected: map[string]int{}, Errors: map[string]int{}, Checked: map[string]int{}, Silent: map[string]int{},
	}}
}

// run is one child and what becomes of its store.
func (t *tracing) run(fault *injection) (calls []*call, h *heard, err error) {
	t.n++
	c := traceConfig(t.Seed)
	name := fmt.Sprintf("traced%d", t.n)
	c.Dir = filepath.Join(t.Dir(), name)
	fail := func(v Verdict, format string, args ...any) error {
		f := &Failure{Verdict: v, Detail: fmt.Sprintf(format, args...), After: "a run under strace", Seed: c.Seed, Round: c.Round, Config: c}
		if fault != nil {
			f.After = fault.String()
		}
		return f
	}
	out := filepath.Join(t.Scratch, name+".strace")
	defer os.Remove(out)
	var faults []injection
	if fault != nil {
		faults = append(faults, *fault)
	}
	p, err := start(strace(t.Command(), out, faults...), &c)
	if err != nil {
		return nil, nil, err
	}
	code, hung, err := p.end(patience)
	if err != nil {
		return nil, nil, err
	}
	t.report.Runs++
	if hung {
		return nil, nil, fail(Hang, "the child went on for %v", patience)
	}
	if calls, err = readTraceFile(out); err != nil {
		return nil, nil, err
	}
	h = &p.heard
	if err := t.judge(fault, calls, h, code, fail); err != nil {
		return nil, nil, err
	}
	wrong, counts := checkOrder(c.Dir, calls, fault != nil)
	for what, n := range counts {
		t.report.Checked[what] += n
	}
	if t.wrong = append(t.wrong, wrong...); len(wrong) > 0 && fault != nil {
		return nil, nil, fail(Unexpected, "calls out of order:\n%s", strings.Join(wrong[:min(3, len(wrong))], "\n"))
	}
	if t.After != nil {
		if err := t.After(); err != nil {
			return nil, nil, err
		}
		c.Dir = filepath.Join(t.Dir(), name) // it may be mounted elsewhere now
	}
	if err := t.verify(&c, h, fail); err != nil {
		return nil, nil, err
	}
	return calls, h, os.RemoveAll(c.Dir)
}

// judge holds what the child said against what was done to it.
func (t *tracing) judge(fault *injection, calls []*call, h *heard, code int, fail func(Verdict, string, ...any) error) error {
	for _, e := range h.errors {
		kind, _, _ := strings.Cut(e, " ")
		if kind == kindOther {
			return fail(Untyped, "%s", e)
		}
		t.report.Errors[kind]++
	}
	if fault == nil {
		if code != ExitDone || !h.done || len(h.errors) > 0 {
			return fail(Unexpected, "without a fault the child ended with %d: %q", code, h.errors)
		}
		return nil
	}
	if fault.Errno == "" {
		if !h.done {
			t.report.Injected[fault.Call+" killed"]++
		}
		return nil
	}
	var hit []*call
	for _, c := range calls {
		if c.Injected {
			hit = append(hit, c)
		}
	}
	t.report.Injected[fault.Call+" "+fault.Errno] += len(hit)
	if code != ExitDone && code != ExitFailed && code != ExitOpen {
		return fail(Unexpected, "the child ended with %d", code)
	}
	text := map[string]string{"EIO": "input/output error", "ENOSPC": "no space left on device"}[fault.Errno]
	said := slices.ContainsFunc(h.errors, func(e string) bool { return strings.Contains(e, text) })
	for _, c := range hit {
		written := c.Name == "pwrite64" || c.Name == "fdatasync" || c.Name == "fsync"
		if !written || !strings.HasSuffix(c.file(), ".wal") {
			continue
		}
		if fault.Errno == "ENOSPC" && c.writesZeros() {
			continue // ahead of the log, to make later syncs cheaper: nothing depends on them
		}
		// Any other failed write or sync of the log is never passed over.
		if code == ExitDone || !said {
			return fail(Unexpected, "the child ended with %d and said %q after\n%v", code, h.errors, c)
		}
	}
	for _, c := range hit {
		if path := append(c.paths(), c.file())[0]; !said && strings.Contains(path, "/traced") {
			t.report.Silent[c.Name]++
		}
	}
	return nil
}

// verify opens the store twice, a healthy disk below it.
func (t *tracing) verify(c *Config, h *heard, fail func(Verdict, string, ...any) error) error {
	hist := newHistory(c)
	hist.heard(c.Round, h.begun)
	hist.durable(h.synced)
	s := &run{history: hist}
	for i := range 2 {
		got, err := s.open(c.Dir, c)
		if err != nil {
			return fail(RecoveryFailed, "open %d: %v", i+1, err)
		}
		if v, detail := hist.check(got); v != "" {
			return fail(v, "open %d: %s", i+1, detail)
		}
		hist.served(got.pos)
	}
	return nil
}

func readTraceFile(name string) ([]*call, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readTrace(f)
}
