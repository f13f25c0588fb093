package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/page"
	"github.com/redis-lite/redis-lite/recovery"
)

func newUI(app *cli.App) *cobra.Command {
	var (
		port int
		span time.Duration
	)
	cmd := &cobra.Command{
		Use:   "ui [DIR]",
		Short: "Show the log in a browser, live",
		Long: `Ui serves the page that report writes, and fetches records and bytes as they are
looked at: all of a log of any size. Loading the page reads the log anew. It takes
no lock, changes nothing, and may run beside a program that has the store open.

It listens on this machine's loopback address only, answers nothing but GET, and
its address holds a random token: print it, open it in a browser, and end with
Ctrl-C. To look from elsewhere, forward the port: ssh -L 8080:127.0.0.1:8080 HOST.`,
		Example: `  kvctl set mykey myval
  kvctl ui kvdata --for 1s   # without --for: until Ctrl-C`,
		SuggestFor: []string{"web", "gui", "view", "serve-ui", "browse"},
		Args:       atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			if port < 0 || port > 65535 {
				return cli.Usagef("--port %d: a port is 1 to 65535, or 0 for any that is free", port)
			}
			if span < 0 {
				return cli.Usagef("--for %s: it cannot be negative", span)
			}
			if err := app.MustExist(); err != nil {
				return err
			}
			if err := recovery.Check(app.FS, app.StoreDir()); err != nil {
				return err
			}
			return serveUI(cmd.Context(), app, port, span)
		},
	}
	f := cmd.Flags()
	f.IntVar(&port, "port", 0, "listen on `PORT` (default: any that is free)")
	f.DurationVar(&span, "for", 0, "end after this `TIME`; 0: when interrupted")
	return formats(cmd)
}

// serveUI serves until it is interrupted, which is how it ends in order.
func serveUI(ctx context.Context, app *cli.App, port int, span time.Duration) error {
	handler, err := page.NewServer(pageOptions(app))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String() + handler.Path()
	if err := announce(app, url, span); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	var timeout <-chan time.Time
	if span > 0 {
		timer := time.NewTimer(span)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case err := <-failed:
		return err
	case <-timeout:
		return server.Close()
	case <-ctx.Done():
		_ = server.Close() // nothing is left half-done: it only reads
		return cli.Exit(cli.ExitInterrupted)
	}
}

func announce(app *cli.App, url string, span time.Duration) error {
	var err error
	until := "until Ctrl-C"
	if span > 0 {
		until = "for " + span.String()
	}
	if app.Format.JSON() {
		err = app.PrintJSON(struct {
			cli.Doc
			Dir string `json:"dir"`
			URL string `json:"url"`
		}{cli.NewDoc(), app.StoreDir(), url})
	} else {
		err = app.Say(url)
	}
	if err == nil {
		err = app.Stdout.Flush()
	}
	if err == nil {
		app.Notef("serving %s %s; the address is for this machine and this run only", app.StoreDir(), until)
	}
	return err
}
