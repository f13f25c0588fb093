package crashtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// TestChild fails, in a process of its own, in the way that the environment
// names.
func TestChild(t *testing.T) {
	o := crashtest.Options{Report: os.Getenv("CHILD_REPORT")}
	switch os.Getenv("CHILD") {
	case "exhaust":
		crashtest.Exhaust(t, fileSystem{noSync: true}, alphabet, 3, o)
	case "torn":
		crashtest.Exhaust(t, logSystem{eachKey: true}, alphabet, 3, o)
	case "check":
		crashtest.Check(t, logSystem{noSync: true}, drawChange, o)
	case "schedule":
		crashtest.Schedule(t, groupSystem{early: true}, clients, 200, o)
	case "live":
		crashtest.Schedule(t, viewSystem{late: true}, clients, 200, crashtest.Options{Report: o.Report, Readers: 2})
	case "faults":
		crashtest.Faults(t, logSystem{retry: true}, history, crashtest.CommonFaults(), o)
	case "wrong model":
		crashtest.Exhaust(t, wrongModel{}, alphabet, 1, o)
	default:
		t.Skip("a test of its own runs this")
	}
}

// idleSystem never touches the disk, and its model is always empty.
type idleSystem struct{}

func (idleSystem) Open(vfs.FS) (crashtest.Store[change], error) { return idleStore{}, nil }
func (idleSystem) Apply(crashtest.State, change)                {}

type idleStore struct{}

func (idleStore) Do(change) error                { return nil }
func (idleStore) Dump() (crashtest.State, error) { return nil, nil }
func (idleStore) Close() error                   { return nil }

// wrongModel has a model that does something else than the store.
type wrongModel struct{ fileSystem }

func (wrongModel) Apply(s crashtest.State, c change) { s["more"] = "x" }

func child(t *testing.T, what string, env ...string) (output, pages string) {
	t.Helper()
	dir := t.TempDir()
	// How far rapid gets in making a history shorter depends on the one it began
	// with: a seed of its own in every run would make the tests of reports lottery.
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v", "-rapid.nofailfile", "-rapid.seed=1")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), append(env, "CHILD="+what, "CHILD_REPORT="+dir)...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%s passed:\n%s", what, out)
	}
	for _, name := range must1(filepath.Glob(filepath.Join(dir, "*.html"))) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages += string(b)
	}
	return string(out), pages
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAFailureIsReportedAsTextAndPage(t *testing.T) {
	for what, want := range map[string]string{
		"exhaust": "RecoveryFailed", "torn": "Torn", "check": "Lost", "schedule": "Lost", "faults": "Lost",
	} {
		out, pages := child(t, what)
		for _, s := range []string{want + ": ", "the history:", "legal ", "the crash:", "file systems that may leave this:", "report: "} {
			if !strings.Contains(out, s) {
				t.Errorf("%s: the text lacks %q:\n%s", what, s, out)
			}
		}
		if !strings.Contains(pages, "<b>"+want+"</b>") {
			t.Errorf("%s: no page, or another one", what)
		}
	}
	// A failure without a crash has nothing to say of one.
	out, pages := child(t, "live")
	if !strings.Contains(out, "NotLinearizable: ") || !strings.Contains(out, "again: CRASHTEST_SEED=") ||
		strings.Contains(out, "the crash:") || !strings.Contains(pages, "<b>NotLinearizable</b>") {
		t.Errorf("live:\n%s", out)
	}
}

func TestTheReplayCommandShowsTheSameFailure(t *testing.T) {
	for what, env := range map[string]string{"torn": "CRASHTEST_HISTORY", "schedule": "CRASHTEST_SEED"} {
		out, _ := child(t, what)
		m := regexp.MustCompile(`again: (` + env + `=\S+) go test -run '\^TestChild\$'`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%s: no command in\n%s", what, out)
		}
		again, _ := child(t, what, m[1])
		if report(again) != report(out) {
			t.Errorf("%s: with %s\n%s\nand before\n%s", what, m[1], again, out)
		}
	}
}

// report is the part of an output that describes the failure.
func report(out string) string {
	_, out, _ = strings.Cut(out, "the history:")
	out, _, _ = strings.Cut(out, "again:")
	return out
}

func TestCheckShrinksToAShortHistory(t *testing.T) {
	out, _ := child(t, "check")
	i := strings.LastIndex(out, "the history:")
	lines := strings.Split(out[i:], "\n")
	if !strings.Contains(lines[1], " 1 ") || strings.Contains(lines[4], " 4 ") {
		t.Errorf("the history has more than three lines:\n%s", strings.Join(lines[:6], "\n"))
	}
}

func TestARunThatProvesNothingFails(t *testing.T) {
	if out, _ := child(t, "wrong model"); !strings.Contains(out, "HarnessBroken") {
		t.Errorf("a wrong model: %s", out)
	}
	r := crashtest.ExhaustAll(idleSystem{}, crashtest.Ops(set("a", "1")), 1, nil, crashtest.Options{})
	if r.Verdict != crashtest.NotMeasured {
		t.Errorf("a store that never touches the disk: %v", r)
	}
	var c crashfs.Census
	fs := crashfs.New(crashfs.Options{})
	if _, err := fs.Create("/f"); err != nil {
		t.Fatal(err)
	}
	c.Note(fs.Crash(crashfs.KeepAll))
	if u := c.Counts().Untried(); len(u) != 1 || u[0] != crashfs.Link {
		t.Errorf("only kept, and yet untried is %v", u)
	}
}
