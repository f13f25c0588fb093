package main

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
)

// passwordVariable names the environment variable that holds the password.
const passwordVariable = "KVCTL_PASSWORD"

// serveFlags are those of kvctl serve, as they were written.
type serveFlags struct {
	addr, httpAddr          string
	passwordFile            string
	unprotected             bool
	tlsCert, tlsKey, tlsCA  string
	durability, memoryLimit string
	maxClients, databases   int
	idle, stall, drain      time.Duration
	maxOutput, maxRequest   string
	events                  string
	slowerThan              time.Duration
	slowLength              int
	logFormat, logLevel     string
	keepAlive               time.Duration
	pubsubHard, pubsubSoft  string
	pubsubTime              time.Duration
}

func (o *serveFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.addr, "addr", "127.0.0.1:6379", "`ADDRESS` to listen on")
	f.StringVar(&o.httpAddr, "http-addr", "", "`ADDRESS` for /metrics and /healthz (default: none)")
	f.StringVar(&o.passwordFile, "password-file", "", "`FILE` with the password that clients must give (default: $KVCTL_PASSWORD, else none)")
	f.BoolVar(&o.unprotected, "unprotected", false, "serve other machines although there is no password")
	f.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` with the server's certificate: speak TLS")
	f.StringVar(&o.tlsKey, "tls-key", "", "`FILE` with its key")
	f.StringVar(&o.tlsCA, "tls-client-ca", "", "`FILE` of authorities: clients need a certificate of theirs")
	f.StringVar(&o.durability, "durability", "always", "`WHEN` a write is on the disk: always (before its reply), never (whenever), or a time such as 1s")
	f.StringVar(&o.memoryLimit, "memory-limit", "0", "`SIZE` of the data beyond which writes get -OOM; 0 for none")
	f.IntVar(&o.databases, "databases", 16, "`N` databases for SELECT")
	f.IntVar(&o.maxClients, "max-clients", 10000, "serve `N` connections at a time")
	f.DurationVar(&o.idle, "idle-timeout", 0, "close connections that are idle for `TIME`; 0 for never")
	f.DurationVar(&o.stall, "stall-timeout", 5*time.Minute, "close connections that take no reply for `TIME`")
	f.DurationVar(&o.keepAlive, "keep-alive", 5*time.Minute, "probe idle connections every `TIME`")
	f.DurationVar(&o.drain, "drain-timeout", 10*time.Second, "connections may take `TIME` to finish when the server ends")
	f.StringVar(&o.maxRequest, "max-request", "1GiB", "`SIZE` of the largest request")
	f.StringVar(&o.maxOutput, "max-output", "64MiB", "`SIZE` of replies that may wait for a connection before it must read")
	f.StringVar(&o.pubsubHard, "pubsub-limit", "32MiB", "`SIZE` of messages that may wait for a subscriber before it is cut off")
	f.StringVar(&o.pubsubSoft, "pubsub-soft-limit", "8MiB", "`SIZE` that may wait no longer than --pubsub-soft-time")
	f.DurationVar(&o.pubsubTime, "pubsub-soft-time", time.Minute, "`TIME` of --pubsub-soft-limit")
	f.StringVar(&o.events, "notify-keyspace-events", "", "`LETTERS` of the events to publish, as in Redis")
	f.DurationVar(&o.slowerThan, "slowlog-slower-than", 10*time.Millisecond, "keep commands that run for `TIME` in the slow log; negative for none")
	f.IntVar(&o.slowLength, "slowlog-max-len", 128, "keep `N` of them")
	f.StringVar(&o.logFormat, "log-format", "text", "`FORM` of the log on standard error: text, json")
	f.StringVar(&o.logLevel, "log-level", "info", "`LEVEL` from which on to log: debug, info, warn, error")
}

// fromEnvironment sets flags that were not given from KVCTL_ variables.
func fromEnvironment(flags *pflag.FlagSet, getenv func(string) string) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := "KVCTL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := getenv(name)
		if err != nil || f.Changed || value == "" || f.Name == "dir" || f.Name == "help" {
			return
		}
		if serr := f.Value.Set(value); serr != nil {
			err = cli.Usagef("%s=%s: %v", name, value, serr)
		}
	})
	return err
}

// resolve checks the flags.
func (o *serveFlags) resolve(app *cli.App) (*serving, error) {
	r := &serving{addr: o.addr, httpAddr: o.httpAddr, drain: o.drain}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, cli.Usagef("--log-level %q: it is debug, info, warn or error", o.logLevel)
	}
	switch o.logFormat {
	case "text":
		r.logger = slog.New(slog.NewTextHandler(app.Stderr, &slog.HandlerOptions{Level: level}))
	case "json":
		r.logger = slog.New(slog.NewJSONHandler(app.Stderr, &slog.HandlerOptions{Level: level}))
	default:
		return nil, cli.Usagef("--log-format %q: it is text or json", o.logFormat)
	}
	durability, fsync, err := parseDurability(o.durability)
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64)
	for flag, text := range map[string]string{
		"--memory-limit": o.memoryLimit, "--max-request": o.maxRequest, "--max-output": o.maxOutput,
		"--pubsub-limit": o.pubsubHard, "--pubsub-soft-limit": o.pubsubSoft,
	} {
		if sizes[flag], err = parseSize(flag, text); err != nil {
			return nil, err
		}
	}
	if o.databases < 1 || o.databases > 64 || o.maxClients < 1 {
		return nil, cli.Usagef("--databases is from 1 to 64, --max-clients at least 1")
	}
	password := app.Getenv(passwordVariable)
	if o.passwordFile != "" {
		b, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return nil, err
		}
		if password = strings.TrimRight(string(b), "\r\n"); password == "" {
			return nil, cli.Usagef("--password-file %s is empty", o.passwordFile)
		}
	}
	if r.tls, err = tlsConfig(o.tlsCert, o.tlsKey, o.tlsCA); err != nil {
		return nil, err
	}
	memory := sizes["--memory-limit"]
	r.engine = func(e *engine.Options) {
		e.Durability, e.MemoryLimit, e.Logger = durability, memory, r.logger
	}
	slower := o.slowerThan
	if slower == 0 {
		slower = time.Nanosecond // every command
	}
	r.server = server.Options{
		Logger: r.logger, Databases: o.databases, MaxOutput: int(sizes["--max-output"]),
		Password: password, Unprotected: o.unprotected, MaxClients: o.maxClients,
		IdleTimeout: o.idle, StallTimeout: o.stall, KeepAlive: o.keepAlive,
		PubSubLimit: server.OutputLimit{Hard: sizes["--pubsub-limit"], Soft: sizes["--pubsub-soft-limit"], SoftTime: o.pubsubTime},
		SlowLog:     server.SlowLogOptions{Slower: slower, Length: o.slowLength},
		Events:      o.events, MemoryLimit: memory, Fsync: fsync,
	}
	r.server.Limits.Request = sizes["--max-request"]
	return r, nil
}

// parseDurability reads --durability, and says what Redis would call it.
func parseDurability(text string) (d engine.Durability, fsync string, err error) {
	switch text {
	case "always":
		return engine.Always, "always", nil
	case "never":
		return engine.Never, "no", nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || every <= 0 {
		return d, "", cli.Usagef("--durability %q: it is always, never, or a time such as 1s", text)
	}
	return engine.Interval(every), "everysec", nil
}

func certificates(file string) (*x509.CertPool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("--tls-client-ca %s: no certificate in it", file)
	}
	return pool, nil
}
