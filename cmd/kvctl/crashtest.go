package main

import (
	"os"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/fuzz/kernel"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// crashChild is the hidden command that crashtest --dir runs itself as.
const crashChild = "crashtest-child"

func newCrashtest(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "crashtest COMMAND",
		Short: "Put the engine through power cuts, kills, disk faults and rot",
		Long: `Crashtest puts the engine in this program through what a machine may do to it, on a
simulated disk that loses everything that POSIX lets a file system lose, or with
kill -9 in a directory of yours.

  run [--suite NAME]... [--for 2m] [--histories N]    on the simulator
  run --dir DIR [--for 2m] [--rounds N]               kill -9 of a process that writes
  replay SUITE:CASE                                   one case again
  list                                                the suites`,
		Example: "  kvctl crashtest list\n  kvctl crashtest run --suite short --histories 100\n" +
			"  kvctl crashtest replay long:42:17",
		SuggestFor: []string{"crash", "simulate", "fuzz", "torture"},

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			e := &cli.UsageError{Msg: "unknown command " + strconv.Quote(args[0]) + " of crashtest", Try: []string{"kvctl help crashtest"}}
			if s := suggest(cmd, args[0]); s != "" {
				e.Try = []string{"kvctl crashtest " + s}
			}
			return e
		},
	}
	cmd.AddCommand(newCrashRun(app), newCrashReplay(app), newCrashList(app))
	return cmd
}

// newCrashParts are the commands that crashtest runs by itself.
func newCrashParts() []*cobra.Command {
	return []*cobra.Command{{
		Use:    crashChild,
		Hidden: true,
		Args:   exactly(),
		RunE: func(*cobra.Command, []string) error {
			// Straight to the descriptors: an acknowledgement must not wait in a buffer.
			if code := kernel.Child(os.Stdin, os.Stdout); code != kernel.ExitDone {
				return cli.Exit(code)
			}
			return nil
		},
	}}
}

func newCrashList(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the suites",
		Long: `List prints the suites of crashtest: the name, how many cases there are, and what
they look at. An endless suite draws its cases by the seed.`,
		Example: "  kvctl crashtest list",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			type suiteJSON struct {
				Name  string `json:"name"`
				Cases int    `json:"cases,omitempty"` // endless without
				About string `json:"about"`
			}
			var list []suiteJSON
			for _, s := range suites.All() {
				list = append(list, suiteJSON{s.Name, s.Cases(), s.About})
			}
			if app.Format.JSON() {
				return app.PrintJSON(struct {
					cli.Doc
					Suites []suiteJSON `json:"suites"`
				}{cli.NewDoc(), list})
			}
			t := app.NewTable("SUITE", ">CASES", "WHAT")
			for _, s := range list {
				cases := "endless"
				if s.Cases > 0 {
					cases = strconv.Itoa(s.Cases)
				}
				if err := t.Row(s.Name, cases, s.About); err != nil {
					return err
				}
			}
			return t.End()
		},
	}
	return formats(cmd)
}

// findSuite finds a suite, or says what there is.
func findSuite(name string) (suites.Suite, error) {
	s, ok := suites.Find(name)
	if !ok {
		return s, &cli.UsageError{Msg: "no suite is called " + cli.Quoted([]byte(name)), Try: []string{"kvctl crashtest list"}}
	}
	return s, nil
}

// easeCollection lets more garbage gather than a store should: a simulation makes
// thousands of short-lived stores a second, and keeps little.
func easeCollection(app *cli.App) {
	if app.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
