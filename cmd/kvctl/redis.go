package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/migrate"
	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
)

// redisPassword names the environment variable with the password of the other
// server.
const redisPassword = "KVCTL_REDIS_PASSWORD"

// redisFlags say where another server is, for import and export.
type redisFlags struct {
	name string // of the flag that takes the address
	addr string

	user, passwordFile string
	db                 int
	tls, insecure      bool
	ca, cert, key      string
	timeout            time.Duration
}

// redisOptions are the flags besides the address.
var redisOptions = []string{
	"redis-user", "redis-password-file", "redis-db", "redis-tls", "redis-ca", "redis-cert", "redis-key", "redis-insecure", "redis-timeout",
}

func (r *redisFlags) add(cmd *cobra.Command, name, what string) {
	r.name = name
	f := cmd.Flags()
	f.StringVar(&r.addr, name, "", what+" at `ADDR`: host:port, redis://host:port/db, rediss://..., unix:PATH")
	f.StringVar(&r.user, "redis-user", "", "its `USER`")
	f.StringVar(&r.passwordFile, "redis-password-file", "", "`FILE` with its password (default: $"+redisPassword+", else none)")
	f.IntVar(&r.db, "redis-db", -1, "only database `N` (default: all that hold keys)")
	f.BoolVar(&r.tls, "redis-tls", false, "speak TLS with it")
	f.StringVar(&r.ca, "redis-ca", "", "`FILE` of the authorities that its certificate may be of (default: the system's)")
	f.StringVar(&r.cert, "redis-cert", "", "`FILE` with a certificate for it")
	f.StringVar(&r.key, "redis-key", "", "`FILE` with the key of --redis-cert")
	f.BoolVar(&r.insecure, "redis-insecure", false, "take any certificate")
	f.DurationVar(&r.timeout, "redis-timeout", time.Minute, "give up when it says nothing for `TIME`")
}

// alone complains about flags that mean nothing without the address, or beside it.
func (r *redisFlags) alone(cmd *cobra.Command, others ...string) error {
	wrong, why := others, "does not go with --"+r.name
	if !cmd.Flags().Changed(r.name) {
		wrong, why = redisOptions, "wants --"+r.name
	}
	for _, f := range wrong {
		if cmd.Flags().Changed(f) {
			return cli.Usagef("--%s %s", f, why)
		}
	}
	return nil
}

// address reads the flags, and the files that they name.
func (r *redisFlags) address(app *cli.App) (a migrate.Address, err error) {
	a = migrate.Address{Network: "tcp", Addr: r.addr, User: r.user, Timeout: r.timeout, Password: app.Getenv(redisPassword)}
	secure := r.tls
	switch scheme, rest, _ := strings.Cut(r.addr, ":"); scheme {
	case "redis", "rediss":
		u, err := url.Parse(r.addr)
		if err != nil || u.Host == "" {
			return a, cli.Usagef("--%s: not an address; it is like redis://host:6379/0", r.name) // which may hold a password
		}
		a.Addr = u.Host
		secure = secure || scheme == "rediss"
		if p, ok := u.User.Password(); ok {
			a.Password = p
		}
		if name := u.User.Username(); name != "" {
			a.User = name
		}
		if db := strings.Trim(u.Path, "/"); db != "" && r.db < 0 {
			if r.db, err = strconv.Atoi(db); err != nil || r.db < 0 {
				return a, cli.Usagef("--%s: %q is not the number of a database", r.name, db)
			}
		}
	case "unix":
		a.Network, a.Addr = "unix", rest
	}
	if a.Network == "tcp" {
		if _, _, err := net.SplitHostPort(a.Addr); err != nil {
			a.Addr = net.JoinHostPort(strings.Trim(a.Addr, "[]"), "6379")
		}
		if host, port, _ := net.SplitHostPort(a.Addr); r.addr == "" || host == "" || port == "" {
			return a, cli.Usagef("--%s %q: it is like 127.0.0.1:6379", r.name, r.addr)
		}
	}
	if r.passwordFile != "" {
		b, err := os.ReadFile(r.passwordFile)
		if err != nil {
			return a, inputError(err)
		}
		a.Password = strings.TrimRight(string(b), "\r\n")
	}
	if r.timeout <= 0 {
		return a, cli.Usagef("--redis-timeout must be above 0")
	}
	if !secure && (r.ca != "" || r.cert != "" || r.key != "" || r.insecure) {
		return a, cli.Usagef("--redis-ca, --redis-cert, --redis-key and --redis-insecure want --redis-tls or rediss://")
	}
	if secure {
		a.TLS, err = r.tlsConfig(a.Addr)
	}
	return a, err
}

func (r *redisFlags) tlsConfig(addr string) (*tls.Config, error) {
	host, _, _ := net.SplitHostPort(addr)
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: r.insecure}
	if r.ca != "" {
		b, err := os.ReadFile(r.ca)
		if err != nil {
			return nil, inputError(err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(b) {
			return nil, cli.Usagef("--redis-ca %s: no certificate in it", r.ca)
		}
	}
	if (r.cert == "") != (r.key == "") {
		return nil, cli.Usagef("--redis-cert and --redis-key go together")
	}
	if r.cert != "" {
		pair, err := tls.LoadX509KeyPair(r.cert, r.key)
		if err != nil {
			return nil, cli.Usagef("--redis-cert, --redis-key: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// again is the command that goes on, without a password that may have been in the
// address.
func (r *redisFlags) again(cmd *cobra.Command, app *cli.App, c *migrate.Client) string {
	line := cmd.CommandPath() + app.DirFlag() + " --" + r.name + " " + cli.ShellQuote(c.Name)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Name == "redis-db" || !slices.Contains(redisOptions, f.Name):
		case f.Value.Type() == "bool":
			line += " --" + f.Name
		default:
			line += " --" + f.Name + " " + cli.ShellQuote(f.Value.String())
		}
	})
	if r.db >= 0 {
		line += " --redis-db " + strconv.Itoa(r.db)
	}
	if strings.HasPrefix(r.addr, "rediss:") && !r.tls {
		line += " --redis-tls"
	}
	return line
}

// dial reaches the other server, and says what to do when it cannot.
func (r *redisFlags) dial(ctx context.Context, app *cli.App) (*migrate.Client, error) {
	a, err := r.address(app)
	if err != nil {
		return nil, err
	}
	c, err := migrate.Dial(ctx, a)
	return c, redisProblem(err)
}

// redisProblem gives what went wrong with the other server its exit code.
func redisProblem(err error) error {
	var (
		foreign *migrate.ProtocolError
		answer  *migrate.ServerError
	)
	switch {
	case errors.As(err, &foreign):
		return &cli.UsageError{Msg: err.Error()}
	case errors.As(err, &answer):
		switch answer.Code() {
		case "NOAUTH", "WRONGPASS", "NOPERM", "DENIED":
			return &cli.UsageError{Msg: err.Error(), Try: []string{
				"--redis-user USER --redis-password-file FILE, or " + redisPassword + "=... in the environment"}}
		case "ERR":
			return &cli.UsageError{Msg: err.Error()}
		}
	}
	return err
}

// storeClient serves an open store to a client in this process, and calls fn.
func storeClient(ctx context.Context, app *cli.App, db *engine.DB, fn func(*migrate.Client) error) error {
	s, err := server.New(db, server.Options{Databases: 64, SweepEvery: -1})
	if err != nil {
		return err
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.ServeConn(theirs)
	}()
	c, err := migrate.NewClient(ctx, app.StoreDir(), ours, "", "")
	if err == nil {
		err = fn(c)
		_ = c.Close()
	}
	_ = ours.Close()
	<-served
	if serr := s.Shutdown(context.WithoutCancel(ctx)); err == nil {
		err = serr
	}
	return err
}

// notEmpty names what a target holds, for a refusal.
func notEmpty(c *migrate.Client, db int) (string, error) {
	found, err := c.Databases()
	if err != nil {
		return "", err
	}
	for n, keys := range found {
		if db < 0 || n == db {
			return fmt.Sprintf("%s holds %s in database %d", c.Name, cli.Plural(keys, "key", "keys"), n), nil
		}
	}
	return "", nil
}
