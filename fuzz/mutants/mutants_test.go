package mutants

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// killed is how the suites report a verdict of the oracle. HarnessBroken and
// NotMeasured are not among them: they are failures of a test, not of a store.
var killed = regexp.MustCompile(`(?m)\b(Lost|Hole|Phantom|Torn|RecoveryFailed|SilentCorruption): `)

// TestMutants compiles every mutant into the suites and runs the one that is to
// kill it. It prints the score. With -short, or where there is no go command, it
// does not run.
func TestMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the suites once for each mutant; not with -short")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to compile mutants with")
	}
	dir := t.TempDir()
	score := 0
	mutants := All()
	if only := os.Getenv("MUTANTS"); only != "" { // "M2,P5"
		mutants = slices.DeleteFunc(mutants, func(m Mutant) bool { return !slices.Contains(strings.Split(only, ","), m.ID) })
	}
	for _, m := range mutants {
		verdict, took, out := run(t, root, dir, m)
		if verdict == "" {
			t.Errorf("%s survived: %s\n%s", m.ID, m.What, tail(out))
			continue
		}
		score++
		t.Logf("%-4s killed by %-17s %-30s %5.1fs  %s", m.ID, verdict, m.Test, took.Seconds(), m.What)
	}
	for _, i := range NotExpressible() {
		t.Logf("%-4s impossible here: %s: %s (%s instead)", i.ID, i.What, i.Why, i.Instead)
	}
	fmt.Printf("mutants killed: %d/%d\n", score, len(mutants))
}

// The places of all mutants are there, once each: a change of the engine that
// moves one is noticed at once, and not when somebody next runs the score.
func TestEveryMutantFindsItsPlace(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, m := range All() {
		if ids[m.ID] {
			t.Errorf("two mutants are called %s", m.ID)
		}
		ids[m.ID] = true
		if _, err := m.Overlay(root, t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// What cannot be expressed is stood in for, each by another; and beyond those
// there are bugs that peers had.
func TestWhatIsImpossibleIsReplaced(t *testing.T) {
	free := map[string]bool{} // mutants of our own, not standing in for any
	for _, m := range All() {
		if strings.HasPrefix(m.ID, "P") {
			free[m.ID] = true
		}
	}
	for _, i := range NotExpressible() {
		if !free[i.Instead] {
			t.Errorf("%s is replaced by %q, which does not exist or stands in for another", i.ID, i.Instead)
		}
		delete(free, i.Instead)
	}
	cited := 0
	for _, m := range All() {
		if free[m.ID] && m.Peer != "" {
			cited++
		}
	}
	if cited < 6 {
		t.Errorf("%d mutants are bugs of peers, want six", cited)
	}
	for n := 1; n <= 24; n++ {
		id := fmt.Sprintf("M%d", n)
		known := slices.ContainsFunc(All(), func(m Mutant) bool { return m.ID == id }) ||
			slices.ContainsFunc(NotExpressible(), func(i Impossible) bool { return i.ID == id })
		if !known {
			t.Errorf("%s is missing", id)
		}
	}
}

// run compiles a mutant and lets its suite loose on it. An empty verdict means
// that the mutant survived, or died of something that does not count.
func run(t *testing.T, root, dir string, m Mutant) (verdict string, took time.Duration, out string) {
	t.Helper()
	overlay, err := m.Overlay(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bin := filepath.Join(dir, m.ID+".test")
	defer os.Remove(bin)
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", bin, "./"+m.suite())
	build.Dir = root
	if b, err := build.CombinedOutput(); err != nil {
		return "", 0, "does not compile: " + string(b)
	}
	suite := exec.CommandContext(ctx, bin, "-test.run", m.Test, "-test.short", "-test.timeout", "4m")
	suite.Dir = filepath.Join(root, filepath.FromSlash(m.suite()))
	b, _ := suite.CombinedOutput()
	if hit := killed.FindStringSubmatch(string(b)); hit != nil {
		verdict = hit[1]
	}
	return verdict, time.Since(begun), string(b)
}

// tail is the end of an output, enough to see what happened.
func tail(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
