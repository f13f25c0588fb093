package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/fuzz/suites"
)

// crashJSON is a run on the simulator for programs.
type crashJSON struct {
	cli.Doc
	Seed    uint64         `json:"seed"`
	OK      bool           `json:"ok"`
	Suites  []suiteRunJSON `json:"suites"`
	Total   countsJSON     `json:"total"`
	Failure *failureJSON   `json:"failure,omitempty"`
	Seconds float64        `json:"seconds"`
}

type suiteRunJSON struct {
	Name     string `json:"name"`
	Verdict  string `json:"verdict"`
	Cases    int64  `json:"cases"`
	Finished bool   `json:"finished"`
	countsJSON
}

type countsJSON struct {
	Histories  int64 `json:"histories"`
	Points     int64 `json:"crash_points"`
	States     int64 `json:"legal_states"`
	Images     int64 `json:"distinct_images"`
	Recoveries int64 `json:"recoveries"`
	Kills      int64 `json:"kills"`
	Damages    int64 `json:"damages"`
	Detected   int64 `json:"damages_detected"`
	Harmless   int64 `json:"damages_harmless"`
	Cut        int64 `json:"damages_cut"`
}

type failureJSON struct {
	Suite   string `json:"suite"`
	Case    string `json:"case"`
	Verdict string `json:"verdict"`
	Replay  string `json:"replay"`
	Report  string `json:"report,omitempty"`
	Text    string `json:"text"`
}

// replayJSON is one case for programs.
type replayJSON struct {
	cli.Doc
	OK      bool         `json:"ok"`
	Suite   string       `json:"suite"`
	Case    string       `json:"case"`
	Verdict string       `json:"verdict"`
	Counts  countsJSON   `json:"counts"`
	Failure *failureJSON `json:"failure,omitempty"`
}

func replayCommand(suite, name string) string {
	return commandOf("crashtest", "replay", suite+":"+name)
}

// runSuites runs suites and tells what came of it.
func runSuites(ctx context.Context, app *cli.App, f crashFlags) error {
	easeCollection(app)
	o := suites.Options{Seed: f.seed, Time: f.time, Cases: f.histories, Again: replayCommand}
	for _, name := range f.suites {
		s, err := findSuite(name)
		if err != nil {
			return err
		}
		o.Suites = append(o.Suites, s)
	}
	if err := saySeed(app, f.seed); err != nil {
		return err
	}
	begun := app.Now()
	status := app.NewStatus()
	o.Progress = func(suite string, c suites.Counts) {
		status.Set(fmt.Sprintf("%s: %s of %s so far", suite, cli.Plural(c.Images, "image", "images"), cli.Plural(c.Histories, "history", "histories")))
	}
	list := suites.Run(ctx, o)
	status.End()
	took := app.Now().Sub(begun)

	var failure *failureJSON
	for _, r := range list {
		if r.Verdict != crashtest.OK {
			var err error
			if failure, err = failureOf(r, f.report); err != nil {
				return err
			}
		}
	}
	if err := printSuites(app, f.seed, list, failure, took); err != nil {
		return err
	}
	switch {
	case failure != nil:
		return broken(failure)
	case ctx.Err() != nil:
		return ctx.Err()
	case suites.Total(list).Recoveries == 0:
		return &cli.CodeError{Code: cli.ExitDiffers, Kind: "not-measured", Msg: "nothing was tried in " + f.length}
	}
	return nil
}

// saySeed tells the seed at once, in case nothing more can be told.
func saySeed(app *cli.App, seed uint64) error {
	if app.Format.JSON() {
		return nil
	}
	facts := app.NewFacts()
	facts.Add("seed", fmt.Sprint(seed))
	if err := facts.End(); err != nil {
		return err
	}
	return app.Stdout.Flush()
}

// failureOf is what a suite found; the page goes into a file.
func failureOf(r suites.Result, report string) (*failureJSON, error) {
	f := &failureJSON{Suite: r.Suite, Case: r.Case, Verdict: r.Verdict.String(), Text: strings.TrimRight(r.Problem(), "\n")}
	if r.Failure == nil {
		return f, nil
	}
	f.Replay = replayCommand(r.Suite, r.Case)
	if report == "" {
		return f, nil
	}
	f.Report = report
	return f, os.WriteFile(report, r.Failure.HTML(), 0o644)
}

// broken is how a command ends that found something.
func broken(f *failureJSON) error {
	e := &cli.CodeError{Code: cli.ExitDiffers, Kind: "lost", Msg: "the engine broke its promise: " + f.Verdict + " in suite " + f.Suite}
	if f.Replay == "" {
		e.Kind, e.Msg = "not-measured", "the run proves nothing: "+f.Verdict+" in suite "+f.Suite
		return e
	}
	try := f.Replay
	if f.Report == "" {
		try += " --report crash.html"
	}
	return cli.Hint(e, try)
}

func printSuites(app *cli.App, seed uint64, list []suites.Result, failure *failureJSON, took time.Duration) error {
	total := suites.Total(list)
	if app.Format.JSON() {
		doc := crashJSON{Doc: cli.NewDoc(), Seed: seed, OK: failure == nil, Suites: []suiteRunJSON{}, Total: countsJSON(total),
			Failure: failure, Seconds: took.Seconds()}
		for _, r := range list {
			doc.Suites = append(doc.Suites, suiteRunJSON{r.Suite, r.Verdict.String(), r.Cases, r.Finished, countsJSON(r.Counts)})
		}
		return app.PrintJSON(doc)
	}
	t := app.NewTable("SUITE", ">CASES", ">CRASH POINTS", ">LEGAL STATES", ">IMAGES", ">RECOVERIES", ">LOST")
	for _, r := range list {
		lost := "0"
		if r.Verdict != crashtest.OK {
			lost = r.Verdict.String()
		}
		c := r.Counts
		if err := t.Row(r.Suite, cli.Decimal(r.Cases), cli.Decimal(c.Points), cli.Decimal(c.States), cli.Decimal(c.Images), cli.Decimal(c.Recoveries), lost); err != nil {
			return err
		}
	}
	if err := t.End(); err != nil {
		return err
	}
	if failure != nil || total.Recoveries == 0 {
		return printFailure(app, failure)
	}
	tried := cli.Plural(total.Images, "distinct image", "distinct images") + " and " + cli.Plural(total.Recoveries, "recovery", "recoveries")
	if total.Damages > 0 {
		tried += "; " + cli.Plural(total.Damages, "damage", "damages") + " by rot, none of which passed for data"
	}
	return app.Say(fmt.Sprintf("%s in %s. %s", app.Style().Good("every promise was kept"), tried, app.Style().Dim(cli.Took(took))))
}

func printFailure(app *cli.App, f *failureJSON) error {
	if f == nil {
		return nil
	}
	if err := app.Say("\n" + f.Text); err != nil {
		return err
	}
	if f.Report != "" {
		return app.Say("page:  " + f.Report)
	}
	return nil
}

func newCrashReplay(app *cli.App) *cobra.Command {
	var report string
	cmd := &cobra.Command{
		Use:   "replay SUITE:CASE",
		Short: "Try one case of a suite again",
		Long: `Replay tries one case again, alone: the same history, the same crashes, the same
verdict every time. A case is what a failure of crashtest run names: the steps of
a short history (short:3,0,10), a seed and a number (long:42:17), a fault and a call
(faults:4:12), a damage (rot:1234), or all.`,
		Example: "  kvctl crashtest replay short:3,0,10\n  kvctl crashtest replay long:42:17",
		Args:    exactly("SUITE:CASE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			suite, name, ok := strings.Cut(args[0], ":")
			if !ok {
				return &cli.UsageError{Msg: cli.Quoted([]byte(args[0])) + " is not a suite and a case", Try: []string{"kvctl crashtest replay long:42:17"}}
			}
			s, err := findSuite(suite)
			if err != nil {
				return err
			}
			if err := checkReport(report); err != nil {
				return err
			}
			easeCollection(app)
			r, err := suites.Replay(cmd.Context(), s, name, suites.Options{Again: replayCommand})
			if err != nil {
				return &cli.UsageError{Msg: err.Error(), Try: []string{"kvctl help crashtest replay"}}
			}
			if err := cmd.Context().Err(); err != nil && r.Failure == nil {
				return err
			}
			return printReplay(app, r, report)
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "write a page to `FILE` when something is found")
	return formats(cmd)
}

func printReplay(app *cli.App, r suites.Result, report string) error {
	var failure *failureJSON
	if r.Verdict != crashtest.OK {
		var err error
		if failure, err = failureOf(r, report); err != nil {
			return err
		}
	}
	var err error
	switch {
	case app.Format.JSON():
		err = app.PrintJSON(replayJSON{cli.NewDoc(), failure == nil, r.Suite, r.Case, r.Verdict.String(), countsJSON(r.Counts), failure})
	case failure != nil:
		err = printFailure(app, failure)
	default:
		err = app.Say(fmt.Sprintf("%s  %s:%s  %v", app.Style().Good("OK"), r.Suite, r.Case, r.Counts))
	}
	if err == nil && failure != nil {
		err = broken(failure)
	}
	return err
}
