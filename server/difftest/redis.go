package difftest

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// Redis is a redis-server process of this package.
type Redis struct {
	Addr    string
	Version string
	cmd     *exec.Cmd
	done    chan error
}

// ErrNoRedis says that there is no redis-server to compare with.
type ErrNoRedis struct{ Err error }

func (e *ErrNoRedis) Error() string {
	return "no redis-server (Debian package redis-server): " + e.Err.Error()
}

// Unwrap returns what looking for it said.
func (e *ErrNoRedis) Unwrap() error { return e.Err }

// StartRedis starts redis-server in an empty directory, on loopback, with
// further arguments such as "--appendonly", "yes". The error is *ErrNoRedis when
// none is installed.
func StartRedis(dir string, args ...string) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, &ErrNoRedis{err}
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return nil, &ErrNoRedis{err}
	}
	for attempt := 0; ; attempt++ {
		r, err := startRedis(path, dir, args)
		if err == nil {
			r.Version = strings.TrimSpace(string(version))
			return r, nil
		}
		if attempt == 3 { // somebody else may have taken the port
			return nil, err
		}
	}
}

func startRedis(path, dir string, args []string) (*Redis, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	l.Close()
	r := &Redis{Addr: addr, done: make(chan error, 1)}
	r.cmd = exec.Command(path, append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no",
		"--enable-debug-command", "yes", "--daemonize", "no",
	}, args...)...)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.done <- r.cmd.Wait() }()
	deadline := time.Now().Add(20 * time.Second)
	for {
		select {
		case err := <-r.done:
			return nil, fmt.Errorf("redis-server ended: %w", err)
		default:
		}
		if c, err := Dial(addr); err == nil {
			reply, err := c.Do("PING")
			c.Close()
			if err == nil && reply.Text == "PONG" {
				return r, nil
			}
		}
		if time.Now().After(deadline) {
			r.Stop()
			return nil, fmt.Errorf("redis-server does not answer at %s", addr)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Pid is the process.
func (r *Redis) Pid() int { return r.cmd.Process.Pid }

// Stop kills the process and waits for its end.
func (r *Redis) Stop() {
	r.cmd.Process.Kill()
	<-r.done
}
