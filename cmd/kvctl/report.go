package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/page"
	"github.com/redis-lite/redis-lite/vfs"
)

// defaultDetail is how much detail a report holds unless somebody says otherwise.
const defaultDetail = "8MiB"

func newReport(app *cli.App) *cobra.Command {
	var (
		output, detail string
		yes            bool
	)
	cmd := &cobra.Command{
		Use:   "report [DIR] -o FILE",
		Short: "Write one page that shows the log, to look at in a browser",
		Long: `Report writes one HTML file that needs nothing else: no network, no server. It
shows the segments to scale with what their bytes are, tears and damage explained,
when what was written, each record with its bytes and every field named, the
history of a key, and what differs between two points. It takes no lock, changes
nothing in the store, and may run beside a program that has it open.

The sums and pictures cover the whole log. Records and bytes are in the file as far
as --detail allows; of a log that does not fit, the first, the last, those around
findings and some spread evenly over the rest are, and the page says so. kvctl ui
shows all of any log. The page holds keys and values: mind who gets it.

FILE appears when it is complete; an existing one is replaced only with --yes. With
-o - the page goes to standard output. The exit code is 0 whatever state the store
is in; verify judges.`,
		Example: `  kvctl set mykey myval
  kvctl report -o log.html
  kvctl report kvdata -o - --detail 64KiB > small.html`,
		SuggestFor: []string{"html", "page", "visualize", "visualise"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			if output == "" {
				return &cli.UsageError{Msg: "missing -o FILE", Try: []string{"kvctl report" + app.DirArg() + " -o log.html"}}
			}
			limit, err := parseSize("--detail", detail)
			if err != nil {
				return err
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			if output == "-" {
				if app.Format != cli.FormatTable {
					return cli.Usagef("--format %s: standard output is for the page itself", app.Format)
				}
				_, err := writeReport(cmd.Context(), app, app.Stdout, limit)
				return err
			}
			if err := free(app, output, yes); err != nil {
				return err
			}
			return reportFile(cmd.Context(), app, output, limit)
		},
	}
	f := cmd.Flags()
	// -o is the file here, as in no other command; --format says what is printed.
	f.StringVar((*string)(&app.Format), "format", string(cli.FormatTable), "what is printed about the file: `FORMAT` table, json, jsonl")
	f.StringVarP(&output, "output", "o", "", "`FILE` to write, - for standard output")
	f.StringVar(&detail, "detail", defaultDetail, "how much of the file may be records and bytes, as `SIZE`: 64KiB, 8MiB, 1GiB")
	f.BoolVar(&yes, "yes", false, "replace FILE when it exists")
	return formats(cmd)
}

// reportFile writes under a temporary name and publishes what is complete.
func reportFile(ctx context.Context, app *cli.App, name string, limit int64) (err error) {
	temp, err := app.FS.CreateTemp(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, temp.Abort()) }()
	file := &fileWriter{f: temp}
	w := bufio.NewWriterSize(file, 1<<20)
	log, err := writeReport(ctx, app, w, limit)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Publish(); err != nil {
		return err
	}
	if err := app.FS.SyncDir(vfs.Dir(name)); err != nil {
		return err
	}
	return printReport(app, name, file.off, &log.Over)
}

func writeReport(ctx context.Context, app *cli.App, w io.Writer, limit int64) (*page.Log, error) {
	bar := app.NewProgress("reading", 0)
	defer bar.End()
	o := pageOptions(app)
	o.Progress = bar.Set
	log, err := page.Scan(ctx, o)
	if err != nil {
		return nil, err
	}
	return log, log.WriteReport(ctx, w, limit)
}

// pageOptions are those that report and ui share.
func pageOptions(app *cli.App) page.Options {
	return page.Options{
		FS: app.FS, Dir: app.StoreDir(), Codecs: app.Codecs(), Now: app.Now, Program: versionLine(), Quote: cli.ShellQuote,
	}
}

func printReport(app *cli.App, name string, size int64, o *page.Overview) error {
	if app.Format.JSON() {
		return app.PrintJSON(struct {
			cli.Doc
			Dir      string `json:"dir"`
			File     string `json:"file"`
			Bytes    int64  `json:"bytes"`
			Verdict  string `json:"verdict"`
			Records  int64  `json:"records"`
			Rows     int64  `json:"rows"`
			Embedded int64  `json:"embedded_rows"`
			Whole    bool   `json:"whole"`
		}{cli.NewDoc(), o.Dir, name, size, o.Verdict, o.Records, o.Rows, o.EmbeddedRows, o.Whole})
	}
	f := app.NewFacts()
	f.Add("file", name)
	f.Add("size", cli.Size(size))
	f.Add("store", o.Verdict)
	f.Add("records", cli.Count(o.Records))
	if o.Whole {
		f.Add("detail", "all of the log")
	} else {
		f.Add("detail", cli.Count(o.EmbeddedRows)+" of "+cli.Count(o.Rows)+" rows; --detail allows for more")
	}
	return f.End()
}

// parseSize reads a number of bytes: 4096, 64KiB, 8MiB, 1GiB; K, M and G are the
// same, however they are written.
func parseSize(flag, text string) (int64, error) {
	bad := cli.Usagef("%s %q: expected a number of bytes, as 65536, 64KiB, 8MiB or 1GiB", flag, text)
	digits := strings.TrimRight(text, "KMGiBkmgb ")
	shift, ok := map[string]uint{"": 0, "b": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30}[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > 1<<62>>shift {
		return 0, bad
	}
	return n << shift, nil
}
