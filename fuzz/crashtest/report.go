package crashtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// finish reports a run to a test.
func finish(t testing.TB, r Result, o Options) {
	t.Helper()
	switch {
	case r.Failure != nil:
		t.Fatalf("%v%s%v", r.Failure, page(t, r.Failure, o), r)
	case r.Verdict != OK:
		t.Fatal(r.problem())
	default:
		t.Log(r)
	}
}

// again is the command that runs a test that does the same every time.
func again(t testing.TB) string { return "go test -run '^" + t.Name() + "$'" }

// page writes the report as a file and says where it is.
func page(t testing.TB, f *Failure, o Options) string {
	dir := o.Report
	if dir == "" {
		dir = os.TempDir()
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, t.Name())
	file := filepath.Join(dir, "crashtest-"+name+".html")
	if err := os.WriteFile(file, f.HTML(), 0o644); err != nil {
		return "report: " + err.Error() + "\n"
	}
	return "report: " + file + "\n"
}
