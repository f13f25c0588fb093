package hardcases_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var takeOut = flag.String("guards", "", "take out the guards whose names match this expression, and see the tests fail; minutes")

// guard is something in the engine's own source that a hard case rests on, and
// the edit that takes it out. The edit is compiled in through `go test -overlay`,
// so that no hook lives in production code.
type guard struct {
	name  string
	tests []string // each must fail without the guard; "/" leads to a subtest
	edits []change
}

// change is one edit of a file of this module; old occurs in it exactly once.
type change struct{ file, old, new string }

func cut(file, old, new string) []change { return []change{{file, old, new}} }

// TestGuards takes the guards out one by one:
//
//	go test ./fuzz/hardcases -run TestGuards -guards . -timeout 1h
func TestGuards(t *testing.T) {
	if *takeOut == "" {
		t.Skip("takes minutes; run with -guards .")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := regexp.Compile(*takeOut)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range append(guards, moreGuards...) {
		if wanted.MatchString(g.name) {
			t.Run(g.name, func(t *testing.T) { g.check(t, root) })
		}
	}
}

// TestEveryGuardFindsItsPlace wants the edits of all guards to match, so that a
// change of the engine that moves one is noticed at once, and not when somebody
// next takes them out.
func TestEveryGuardFindsItsPlace(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, g := range append(guards, moreGuards...) {
		if names[g.name] {
			t.Errorf("two guards are called %q", g.name)
		}
		names[g.name] = true
		if _, err := g.overlay(root, t.TempDir()); err != nil {
			t.Errorf("%s: %v", g.name, err)
		}
	}
}

// overlay writes the changed files to tmp and says what they replace.
func (g *guard) overlay(root, tmp string) (replace map[string]string, err error) {
	replace = map[string]string{}
	for i, c := range g.edits {
		name := filepath.Join(root, filepath.FromSlash(c.file))
		from := name
		if earlier, ok := replace[name]; ok {
			from = earlier
		}
		src, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if n := bytes.Count(src, []byte(c.old)); n != 1 {
			return nil, fmt.Errorf("%s holds %d times:\n%s", c.file, n, c.old)
		}
		to := filepath.Join(tmp, string(rune('a'+i))+".go")
		if err := os.WriteFile(to, bytes.Replace(src, []byte(c.old), []byte(c.new), 1), 0o644); err != nil {
			return nil, err
		}
		replace[name] = to
	}
	return replace, nil
}

// check builds the tests without the guard, and runs those that rest on it.
func (g *guard) check(t *testing.T, root string) {
	tmp := t.TempDir()
	var overlay struct{ Replace map[string]string }
	var err error
	if overlay.Replace, err = g.overlay(root, tmp); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	overlayFile, bin := filepath.Join(tmp, "overlay.json"), filepath.Join(tmp, "hardcases.test")
	if err := os.WriteFile(overlayFile, list, 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlayFile, "-o", bin, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("without the guard nothing builds: %v\n%s", err, out)
	}
	for _, name := range g.tests {
		out, err := exec.Command(bin, "-test.run", runPattern(name), "-test.timeout", "2m").CombinedOutput()
		switch {
		case err == nil:
			t.Errorf("%s passes without the guard", name)
		// A test that fails by its own assertion, and no crash of the harness.
		case bytes.Contains(out, []byte("\npanic: ")), !bytes.Contains(out, []byte("--- FAIL: "+strings.ReplaceAll(name, " ", "_"))):
			t.Errorf("%s did not fail by an assertion:\n%s", name, out)
		default:
			t.Logf("%s: red\n%s", name, firstLines(out, 12))
		}
	}
}

// runPattern matches exactly one test, or subtest.
func runPattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + strings.ReplaceAll(p, " ", "_") + "$"
	}
	return strings.Join(parts, "/")
}

func firstLines(b []byte, n int) string {
	lines := strings.SplitAfterN(string(b), "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "")
}

// TestEveryCaseIsHeld wants a test for each of the 23 cases, at least one guard
// for each test, and for each guard tests that exist.
func TestEveryCaseIsHeld(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{} // by test
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (TestHardCase\d\d_\w+)\(`).FindAllSubmatch(src, -1) {
			held[string(m[1])] = false
		}
	}
	cases := map[string]bool{}
	for test := range held {
		cases[test[:len("TestHardCase00")]] = true
	}
	if len(cases) != 23 {
		t.Errorf("tests for %d cases, want 23", len(cases))
	}
	for _, g := range append(guards, moreGuards...) {
		for _, name := range g.tests {
			test, _, _ := strings.Cut(name, "/")
			if _, ok := held[test]; !ok {
				t.Errorf("guard %q is held by %s, which does not exist", g.name, name)
			}
			held[test] = true
		}
	}
	for test, ok := range held {
		if !ok {
			t.Errorf("%s holds no guard", test)
		}
	}
}
