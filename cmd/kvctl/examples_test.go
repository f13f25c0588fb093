package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// Every example of `kvctl help CMD` works when it is pasted into a shell, in an
// empty folder, as a whole.
func TestExamplesWorkWhenPasted(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	for _, cmd := range newRoot(cli.NewApp()).Commands() {
		if cmd.Hidden {
			continue
		}
		t.Run(cmd.Name(), func(t *testing.T) {
			t.Parallel()
			if cmd.Name() == "demo" && testing.Short() {
				t.Skip("takes seconds; the script of demo runs")
			}
			if !strings.Contains(cmd.Example, "kvctl "+cmd.Name()) {
				t.Fatal("no example of the command itself")
			}
			if cmd.Short == "" || cmd.Long == "" {
				t.Error("no help")
			}
			for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
				if len(line) > 101 {
					t.Errorf("a line of %d columns: %s", len(line), line)
				}
			}
			dir := t.TempDir()
			sh := exec.CommandContext(t.Context(), "sh", "-e", "-c", cmd.Example)
			sh.Dir = dir
			sh.Env = append(os.Environ(), cli.DirVariable+"=", "TMPDIR="+filepath.Join(dir))
			if out, err := sh.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, cmd.Example, out)
			}
		})
	}
}
