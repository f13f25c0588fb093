package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// Every example of `kvctl help CMD` works when it is pasted into a shell, in an
// empty folder, as a whole.
func TestExamplesWorkWhenPasted(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	all := newRoot(cli.NewApp()).Commands()
	for _, cmd := range all {
		all = append(all, cmd.Commands()...)
	}
	for _, cmd := range all {
		if cmd.Hidden {
			continue
		}
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			t.Parallel()
			if (cmd.Name() == "demo" || cmd.CommandPath() == "kvctl crashtest run") && testing.Short() {
				t.Skip("takes seconds; its script runs")
			}
			if !strings.Contains(cmd.Example, cmd.CommandPath()) {
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
			if cmd.Name() == "serve" {
				t.Skip("runs until it is told to end")
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

// allCommands are all below one, theirs too.
func allCommands(cmd *cobra.Command) (all []*cobra.Command) {
	for _, c := range cmd.Commands() {
		all = append(append(all, c), allCommands(c)...)
	}
	return all
}
