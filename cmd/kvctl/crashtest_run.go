package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// crashFlags are those of crashtest run.
type crashFlags struct {
	suites    []string
	length    string
	histories int64
	rounds    uint64
	seed      uint64
	report    string

	time time.Duration
}

func newCrashRun(app *cli.App) *cobra.Command {
	var f crashFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run suites, or kill -9 rounds in a directory",
		Long: `Run tries the suites of kvctl crashtest list, or those that --suite names, on the
simulated disk: --histories cases, or for as long as --for says, shared out among
them; without either, all there is of each suite, and 50 cases of an endless one.
It stops at the first case in which something acknowledged was lost, something
came back that was never there, or the store did not open, and says what the crash
did, and how to see it again; --report writes that as a page.

With --dir DIR, which must not exist or be empty, it works on a real disk instead: a
child process writes to DIR/store, tells every acknowledgement through a pipe, and
is killed with SIGKILL at a random moment, --rounds times (20 without a bound). The
store stays. The seed gives the same work again, not the same moment of the kill.

The exit code is 0 when nothing was lost, and 1 when something was.`,
		Example: "  kvctl crashtest run --suite short --histories 100\n  kvctl crashtest run --for 3s --seed 7\n" +
			"  kvctl crashtest run --dir trial --rounds 5",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				f.seed = uint64(app.Now().UnixNano()) % 1e6
			}
			if err := f.check(cmd, app); err != nil {
				return err
			}
			if app.Dir != "" {
				return runKills(cmd.Context(), app, f)
			}
			return runSuites(cmd.Context(), app, f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.suites, "suite", nil, "only the suite `NAME`; may be repeated")
	flags.StringVar(&f.length, "for", "", "for a `TIME`, such as 90s or 2m")
	flags.Int64Var(&f.histories, "histories", 0, "`N` cases: histories, faults or damages")
	flags.Uint64Var(&f.rounds, "rounds", 0, "with --dir: kill `N` times")
	flags.Uint64Var(&f.seed, "seed", 0, "`N` draws what is random (default: from the clock)")
	flags.StringVar(&f.report, "report", "", "write a page to `FILE` when something is found")
	var names []string
	for _, s := range suites.All() {
		names = append(names, s.Name+"\t"+s.About)
	}
	complete(cmd, "suite", names...)
	return formats(cmd)
}

// check refuses what cannot be meant.
func (f *crashFlags) check(cmd *cobra.Command, app *cli.App) error {
	given := cmd.Flags().Changed
	if given("for") {
		d, err := cli.ParseDuration(f.length)
		if err != nil {
			return err
		}
		if f.time = d; d <= 0 {
			return cli.Usagef("--for %s: there is nothing to be done in no time", f.length)
		}
	}
	switch {
	case given("histories") && f.histories < 1:
		return cli.Usagef("--histories is at least 1")
	case given("rounds") && app.Dir == "":
		return cli.Usagef("--rounds is for --dir; on the simulator it is --histories")
	case given("rounds") && f.rounds < 1:
		return cli.Usagef("--rounds is at least 1")
	}
	if app.Dir != "" {
		for _, name := range []string{"suite", "histories", "report"} {
			if given(name) {
				return cli.Usagef("--%s is for the simulator, not for --dir", name)
			}
		}
	}
	for _, name := range f.suites {
		if _, err := findSuite(name); err != nil {
			return err
		}
	}
	return checkReport(f.report)
}

// checkReport finds out before the work that the page can be written.
func checkReport(name string) error {
	if name == "" {
		return nil
	}
	if _, err := os.Lstat(name); err == nil {
		return &cli.UsageError{Msg: name + " exists", Try: []string{"another name"}}
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return cli.Usagef("--report %s: %s is no directory", name, filepath.Dir(name))
	}
	return nil
}

// commandOf is how a person runs this again.
func commandOf(words ...string) string {
	for i, w := range words {
		words[i] = cli.ShellQuote(w)
	}
	return "kvctl " + strings.Join(words, " ")
}
