package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/bench"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

func newBench(app *cli.App) *cobra.Command {
	var (
		writers, size int
		length        time.Duration
	)
	cmd := &cobra.Command{
		Use:   "bench [DIR]",
		Short: "Measure what a disk gives, and what a store on it does",
		Long: `Bench measures, beside DIR and so on its disk, how many durable sets a store takes
and how many reads it answers, in a store of its own that is removed at the end. DIR
itself is not touched, and need not exist.

A disk's speed changes from minute to minute. So the store takes turns with a bare
loop that writes the same bytes and syncs them, and the ratio of the two is shown:
what is left of the disk's speed. Many writers are held against a loop that
collects whatever waits, writes it at once and syncs once.`,
		Example:    "  kvctl bench --for 1s\n  kvctl bench --for 1s --writers 8 --size 1000 -o json",
		SuggestFor: []string{"benchmark", "speed", "perf"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			switch {
			case writers < 1 || writers > 10_000:
				return cli.Usagef("--writers is from 1 to 10,000")
			case size < 0 || size > 1<<20:
				return cli.Usagef("--size is from 0 to 1,048,576")
			case length < 100*time.Millisecond || length > time.Hour:
				return cli.Usagef("--for is from 100ms to 1h")
			}
			dir, remove, err := benchDir(app)
			if err != nil {
				return err
			}
			defer remove()
			return runBench(cmd.Context(), app, bench.Options{FS: app.FS, Dir: dir, Writers: writers, Value: size, For: length, Now: app.Now})
		},
	}
	f := cmd.Flags()
	f.IntVar(&writers, "writers", 64, "`N` writers at a time, where there are many")
	f.IntVar(&size, "size", 128, "values of `BYTES`")
	f.DurationVar(&length, "for", 10*time.Second, "take about `DURATION`")
	return formats(cmd)
}

// benchDir makes a directory on the store's disk: the first above it that is there
// holds it.
func benchDir(app *cli.App) (dir string, remove func(), err error) {
	store, err := filepath.Abs(app.StoreDir())
	if err != nil {
		return "", nil, err
	}
	parent := filepath.Dir(store)
	for !exists(parent) && parent != filepath.Dir(parent) {
		parent = filepath.Dir(parent)
	}
	return scratch(app, parent, ".kvctl-bench-")
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// scratch makes a directory, in the system's place for such things when parent is "",
// and tells how to remove it with all that is in it.
func scratch(app *cli.App, parent, name string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(parent, name)
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			app.Notef("cannot remove %s: %v", dir, err)
		}
	}, err
}

func runBench(ctx context.Context, app *cli.App, o bench.Options) error {
	status := app.NewStatus()
	o.Step = func(test string) { status.Set("measuring: " + test) }
	results, err := bench.Run(ctx, o)
	status.End()
	if err != nil {
		return err
	}
	if app.Format.JSON() {
		return printBenchJSON(app, o, results)
	}
	t := app.NewTable("test", ">writers", ">per second", ">median", ">p99", ">of the floor")
	for _, r := range results {
		ratio := ""
		if r.Floor != "" {
			ratio = strconv.FormatFloat(r.Ratio, 'f', 2, 64)
		}
		if err := t.Row(r.Test, strconv.Itoa(r.Writers), cli.Count(int64(r.Per)), briefly(r.Median), briefly(r.P99), ratio); err != nil {
			return err
		}
	}
	return t.End()
}

// briefly is Took with nanoseconds where microseconds say nothing.
func briefly(d time.Duration) string {
	if d < 10*time.Microsecond {
		return d.String()
	}
	return cli.Took(d)
}

func printBenchJSON(app *cli.App, o bench.Options, results []bench.Result) error {
	type one struct {
		Test      string   `json:"test"`
		Writers   int      `json:"writers"`
		Ops       int64    `json:"ops"`
		PerSecond float64  `json:"per_second"`
		Median    float64  `json:"median_us"`
		P99       float64  `json:"p99_us"`
		Floor     string   `json:"floor,omitempty"`
		Ratio     *float64 `json:"ratio,omitempty"`
	}
	out := struct {
		cli.Doc
		Size    int   `json:"size"`
		Results []one `json:"results"`
	}{Doc: cli.NewDoc(), Size: o.Value}
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	for _, r := range results {
		x := one{Test: r.Test, Writers: r.Writers, Ops: r.Ops, PerSecond: r.Per, Median: micros(r.Median), P99: micros(r.P99), Floor: r.Floor}
		if r.Floor != "" {
			x.Ratio = &r.Ratio
		}
		out.Results = append(out.Results, x)
	}
	return app.PrintJSON(out)
}
