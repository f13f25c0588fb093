package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
	"github.com/redis-lite/redis-lite/server/expose"
)

const serveLong = `Serve opens the store, creating it if need be, and speaks the Redis protocol (RESP2
and RESP3). What a client is told is OK is on the disk.

SIGINT, SIGTERM and the command SHUTDOWN let connections finish what they have
sent, and close the store. After kill -9 or a power cut, everything that was
acknowledged is there.

Without a password only clients on this machine are served. Every flag can also
be given as an environment variable: --max-clients is KVCTL_MAX_CLIENTS. The
password is read from a file, or from KVCTL_PASSWORD, never from a flag, which
everybody on the machine could read.

--http-addr serves /metrics (Prometheus) and /healthz (503 once the log has
failed; reads go on then). It asks for no password.`

func newServe(app *cli.App) *cobra.Command {
	o := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve the store to Redis clients",
		Long:  serveLong,
		Example: "  kvctl serve --dir state\n  redis-cli SET mykey myval\n" +
			"  kvctl serve --dir state --addr :6379 --password-file secret --http-addr 127.0.0.1:9121",
		Args: atMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.TakeDir(args); err != nil {
				return err
			}
			if err := fromEnvironment(cmd.Flags(), app.Getenv); err != nil {
				return err
			}
			run, err := o.resolve(app)
			if err != nil {
				return err
			}
			if app.Getenv("GOGC") == "" {
				defer limitGarbage()()
			}
			open := func(ctx context.Context) (*engine.DB, error) { return app.OpenServe(ctx, run.engine) }
			return cli.With(cmd.Context(), open, func(db *engine.DB) error { return run.serve(cmd.Context(), app, db) })
		},
	}
	o.add(cmd.Flags())
	return cmd
}

// serving is a server that is about to run.
type serving struct {
	addr, httpAddr string
	tls            *tls.Config
	drain          time.Duration
	logger         *slog.Logger
	server         server.Options
	engine         func(*engine.Options) // what the flags change of them
}

// serve runs a server until ctx ends or a client sends SHUTDOWN.
func (r *serving) serve(ctx context.Context, app *cli.App, db *engine.DB) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.server.Dir, r.server.ProcessID, r.server.CPUTime = app.StoreDir(), os.Getpid(), cpuTime
	r.server.OnShutdown = stop
	s, err := server.New(db, r.server)
	if err != nil {
		return err
	}
	listen := &net.ListenConfig{KeepAlive: r.server.KeepAlive}
	l, err := listen.Listen(ctx, "tcp", r.addr)
	if err != nil {
		return errors.Join(err, s.Shutdown(ctx))
	}
	address, scheme := l.Addr().String(), "redis"
	if r.tls != nil {
		l, scheme = tls.NewListener(l, r.tls), "rediss"
	}
	watched, err := r.watch(ctx, s, db)
	if err != nil {
		return errors.Join(err, l.Close(), s.Shutdown(ctx))
	}
	app.Notef("serving %s at %s://%s", app.StoreDir(), scheme, address)
	if watched.address != "" {
		app.Notef("metrics and health at http://%s", watched.address)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		r.logger.Info("ending: connections finish what they have sent", "at_most", r.drain)
	}
	drain, cancel := context.WithTimeout(context.Background(), r.drain)
	defer cancel()
	if serr := s.Shutdown(drain); serr != nil {
		r.logger.Warn("some connections were cut off", "error", serr)
	}
	watched.close(drain)
	if errors.Is(err, server.ErrServerClosed) {
		err = nil
	}
	return err
}

// sidecar is the HTTP server beside the other one.
type sidecar struct {
	address string
	http    *http.Server
	done    chan error
}

func (r *serving) watch(ctx context.Context, s *server.Server, db *engine.DB) (*sidecar, error) {
	if r.httpAddr == "" {
		return &sidecar{}, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", r.httpAddr)
	if err != nil {
		return nil, err
	}
	w := &sidecar{address: l.Addr().String(), done: make(chan error, 1)}
	w.http = &http.Server{
		Handler: expose.Handler(s, db), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(r.logger.Handler(), slog.LevelWarn),
	}
	go func() { w.done <- w.http.Serve(l) }()
	return w, nil
}

func (w *sidecar) close(ctx context.Context) {
	if w.http == nil {
		return
	}
	if w.http.Shutdown(ctx) != nil {
		_ = w.http.Close()
	}
	<-w.done
}

// tlsConfig reads the certificate and, for clients that must have one, the
// authorities that sign theirs.
func tlsConfig(cert, key, clientCA string) (*tls.Config, error) {
	switch {
	case cert == "" && key == "" && clientCA == "":
		return nil, nil
	case cert == "" || key == "":
		return nil, cli.Usagef("TLS wants both --tls-cert and --tls-key")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clientCA != "" {
		pool, err := certificates(clientCA)
		if err != nil {
			return nil, err
		}
		c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return c, nil
}
