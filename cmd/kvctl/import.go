package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/jsonl"
	"github.com/redis-lite/redis-lite/engine"
)

func newImport(app *cli.App) *cobra.Command {
	var (
		from  int64
		every int64
		redis redisFlags
	)
	cmd := &cobra.Command{
		Use:   "import FILE|- | --from-redis ADDR",
		Short: "Read JSON Lines, or a running Redis, into the store, durably",
		Long: `Import sets a key for each line of FILE (- is standard input):

  {"key": "a", "value": "text"}
  {"key": {"b64": "AAH/"}, "value": {"b64": "AAECAw=="}, "expires_at": "2030-01-31T12:00:00Z"}
  {"bucket": "users", "key": "b", "value": [1, 2, 3]}

Keys and values are strings or base64; a value that is any other JSON is stored as
that JSON's text. expires_at is RFC 3339 or Unix milliseconds. A line without a
bucket goes to --bucket.

Lines become durable in order: whatever ends an import, even kill -9, the store
holds the lines up to some line, whole, and running it again is harmless. The last
durable line is reported on standard error: at the end, about once a second when
that is not a terminal, and with --report-every N at least every N lines.

A broken line ends the import with exit code 2. All lines before it are durable,
nothing of it or of a later one is written; mend it and go on with --from-line.
` + importRedisLong,
		Example: `  printf '{"key":"a","value":"1"}\n{"key":"b","value":[1,2]}\n' > data.jsonl
  kvctl import data.jsonl
  kvctl import --from-line 2 data.jsonl
  kvctl export | kvctl import --dir copy -`,
		SuggestFor: []string{"load", "ingest"},
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("from-redis") {
				return exactly()(cmd, args)
			}
			return exactly("FILE (- for standard input)")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := redis.alone(cmd, "bucket", "from-line", "report-every"); err != nil {
				return err
			}
			if cmd.Flags().Changed("from-redis") {
				return importFromRedis(cmd, app, &redis)
			}
			if from < 1 && cmd.Flags().Changed("from-line") {
				return cli.Usagef("--from-line %d: lines begin at 1", from)
			}
			if every < 0 {
				return cli.Usagef("--report-every %d: it cannot be negative", every)
			}
			return runImport(cmd.Context(), app, args[0], from, every)
		},
	}
	bucketFlag(app, cmd)
	f := cmd.Flags()
	f.Int64Var(&from, "from-line", 0, "begin with line `N`")
	f.Int64Var(&every, "report-every", 0, "report durable lines at least every `N` lines")
	redis.add(cmd, "from-redis", "copy the Redis")
	return formats(cmd)
}

func runImport(ctx context.Context, app *cli.App, name string, from, every int64) error {
	in, size, err := openInput(app, name)
	if err != nil {
		return err
	}
	defer in.Close()
	begin := app.Now()
	var sum jsonl.Summary
	app.KeepCodec() // a long import compacts
	err = cli.With(ctx, app.OpenWrite, func(db *engine.DB) error {
		rep := newImportReport(app, size, every)
		var err error
		sum, err = jsonl.Import(ctx, db, in, jsonl.Options{
			Bucket: app.Bucket, FromLine: from, ReportEvery: every, Durable: rep.durable,
		})
		rep.end()
		return err
	})
	return finishImport(app, name, from, sum, app.Now().Sub(begin), err)
}

// importReport tells how far an import has come: a bar on a terminal, a line now
// and then elsewhere.
type importReport struct {
	app   *cli.App
	bar   *cli.Progress
	every int64

	mu       sync.Mutex
	reported int64
	at       time.Time
}

func newImportReport(app *cli.App, size, every int64) *importReport {
	return &importReport{app: app, bar: app.NewProgress("import", size), every: every, at: app.Now()}
}

func (r *importReport) durable(line, offset int64) {
	r.bar.Set(offset)
	r.mu.Lock()
	defer r.mu.Unlock()
	due := !r.app.StderrIsTerminal && r.app.Now().Sub(r.at) >= time.Second
	if r.every > 0 {
		due = line-r.reported >= r.every
	}
	if due {
		r.reported, r.at = line, r.app.Now()
		r.app.Notef("durable up to line %d", line)
	}
}

func (r *importReport) end() { r.bar.End() }

// importJSON is the summary for programs; it is printed whatever happened.
type importJSON struct {
	cli.Doc
	Complete    bool    `json:"complete"`
	Lines       int64   `json:"lines"`
	Imported    int64   `json:"imported"`
	Expired     int64   `json:"already_expired"`
	LastDurable int64   `json:"last_durable_line"`
	LastLSN     uint64  `json:"last_lsn"`
	Bytes       int64   `json:"bytes"`
	Seconds     float64 `json:"seconds"`
}

// finishImport says what was done and, when it ended early, how to go on.
func finishImport(app *cli.App, name string, from int64, sum jsonl.Summary, took time.Duration, err error) error {
	if app.Format.JSON() {
		perr := app.PrintJSON(importJSON{
			Doc: cli.NewDoc(), Complete: err == nil, Lines: sum.Lines, Imported: sum.Imported, Expired: sum.Expired,
			LastDurable: sum.LastDurable, LastLSN: sum.LastLSN, Bytes: sum.Bytes, Seconds: took.Seconds(),
		})
		if err == nil {
			return perr
		}
	}
	if err == nil {
		rate := float64(sum.Imported) / max(took.Seconds(), 1e-6)
		durable := ""
		if sum.LastDurable > 0 {
			durable = fmt.Sprintf("; durable up to line %d", sum.LastDurable)
		}
		app.Notef("imported %s from %s (%s) in %s, %s a second%s", cli.Plural(sum.Imported, "key", "keys"),
			cli.Plural(sum.Lines, "line", "lines"), cli.Size(sum.Bytes), cli.Took(took), cli.Count(int64(rate)), durable)
		if sum.Lines == 0 && from > 1 {
			app.Notef("there is nothing from line %d on", from)
		}
		if sum.Expired > 0 {
			app.Notef("%s expired before now and will not be seen", cli.Plural(sum.Expired, "of them had", "of them had"))
		}
		return nil
	}
	var broken *jsonl.LineError
	next := sum.LastDurable + 1
	again := fmt.Sprintf("kvctl import%s%s --from-line %d %s", app.DirFlag(), app.BucketFlag(), next, cli.ShellQuote(name))
	switch {
	case errors.As(err, &broken):
		text := fmt.Sprintf("%s, %v\n%s", inputName(name), err, imported(sum, "nothing of a later line was written"))
		return &cli.UsageError{Msg: text, Try: []string{again + fmt.Sprintf("   # once line %d is mended; or --from-line %d to leave it out", next, next+1)}}
	case sum.Lines == 0:
		return err // nothing was begun: the store could not be opened, say
	}
	return cli.Hint(&cli.DetailError{Err: err, Detail: imported(sum, "the store holds whole lines only")}, again)
}

func imported(sum jsonl.Summary, rest string) string {
	if sum.LastDurable == 0 {
		return "no line was imported; " + rest
	}
	return fmt.Sprintf("durable up to line %d; %s", sum.LastDurable, rest)
}

func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// openInput opens a file, or standard input, and says how long it is; 0 when
// nobody knows.
func openInput(app *cli.App, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		if app.StdinIsTerminal {
			app.Notef("reading from the terminal; end with Ctrl-D")
		}
		return io.NopCloser(app.Stdin), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, inputError(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = cli.Usagef("%s is a directory", name)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	size := int64(0)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}

// inputError makes bad input of a file that is not there: exit code 2, where a
// disk that cannot be read is 3.
func inputError(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &cli.UsageError{Msg: err.Error()}
	}
	return err
}
