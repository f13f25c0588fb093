package clienttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The systemd unit of the documentation is one that systemd takes.
func TestSystemdUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze:", err)
	}
	unit, err := os.ReadFile("../../docs/examples/redis-lite.service")
	if err != nil {
		t.Fatal(err)
	}
	path, err := kvctl()
	if err != nil {
		t.Fatal(err)
	}
	// The program is where it was built, not where it would be installed.
	text := strings.ReplaceAll(string(unit), "/usr/local/bin/kvctl", path)
	file := filepath.Join(t.TempDir(), "redis-lite.service")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", file).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "redis-lite.service") {
			t.Error(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Logf("systemd-analyze: %v\n%s", err, out)
	}
}

// Every environment variable that the examples set is one of a flag.
func TestExamplesNameFlags(t *testing.T) {
	path, err := kvctl()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(path, "serve", "--help").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"redis-lite.service", "Dockerfile"} {
		b, err := os.ReadFile(filepath.Join("../../docs/examples", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.FieldsFunc(string(b), func(r rune) bool { return strings.ContainsRune(" =\n\t", r) }) {
			variable, found := strings.CutPrefix(word, "KVCTL_")
			if !found || variable == "PASSWORD" {
				continue
			}
			flag := "--" + strings.ToLower(strings.ReplaceAll(variable, "_", "-"))
			if !strings.Contains(string(help), flag) {
				t.Errorf("%s: KVCTL_%s, but kvctl serve has no %s", name, variable, flag)
			}
		}
	}
}
