package migrate

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Address is where a server is, and who asks.
type Address struct {
	Network, Addr  string // "tcp" and "host:port", or "unix" and a path
	User, Password string
	TLS            *tls.Config // nil: none
	// Timeout is how long the server may take for anything: to accept, and to
	// send the next bytes of an answer. 0 stands for a minute.
	Timeout time.Duration
}

// String is the address as flags take it.
func (a Address) String() string {
	if a.Network == "unix" {
		return "unix:" + a.Addr
	}
	return a.Addr
}

// Client is one connection. It speaks RESP2: the commands that are sent have the
// same content in both versions.
type Client struct {
	Name string // for errors
	nc   net.Conn
	in   *bufio.Reader
	out  []byte
	sent []string // names of the commands in out
	stop func() bool
	ctx  context.Context

	exact bool // knows PEXPIRETIME
	db    int
}

// Dial connects, authenticates and asks whether that is a Redis. The connection
// breaks when ctx ends.
func Dial(ctx context.Context, a Address) (*Client, error) {
	if a.Timeout <= 0 {
		a.Timeout = time.Minute
	}
	dial := &net.Dialer{Timeout: min(a.Timeout, 15*time.Second)}
	var nc net.Conn
	nc, err := dial.DialContext(ctx, a.Network, a.Addr)
	if err != nil {
		return nil, interrupted(ctx, &ConnError{a.String(), err})
	}
	if a.TLS != nil {
		t := tls.Client(nc, a.TLS)
		hand, cancel := context.WithTimeout(ctx, dial.Timeout)
		defer cancel()
		if err := t.HandshakeContext(hand); err != nil {
			_ = nc.Close()
			return nil, interrupted(ctx, &ConnError{a.String(), fmt.Errorf("TLS: %w", err)})
		}
		nc = t
	}
	c, err := NewClient(ctx, a.String(), patient{nc, a.Timeout}, a.User, a.Password)
	if err != nil {
		_ = nc.Close()
	}
	return c, err
}

// NewClient speaks over an open connection, which is then the Client's.
func NewClient(ctx context.Context, name string, nc net.Conn, user, password string) (*Client, error) {
	c := &Client{Name: name, nc: nc, in: bufio.NewReaderSize(nc, maxLine), ctx: ctx}
	c.stop = context.AfterFunc(ctx, func() { _ = nc.Close() })
	if err := c.greet(user, password); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) greet(user, password string) error {
	if password != "" {
		args := []string{"AUTH", password}
		if user != "" {
			args = []string{"AUTH", user, password}
		}
		if err := c.Must(args...); err != nil {
			return err
		}
	}
	if err := c.Must("PING"); err != nil {
		return err
	}
	// A key that is not there: -2 from whoever knows the command.
	c.Queue("PEXPIRETIME", Unfinished)
	c.Queue("CLUSTER", "INFO")
	replies, err := c.Run()
	if err != nil {
		return err
	}
	c.exact = replies[0].Kind == ':'
	if strings.Contains(string(replies[1].Text), "cluster_state") {
		return &ServerError{"ERR a cluster: every node of it would have to be read, and this reads one server"}
	}
	return nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.stop()
	return c.nc.Close()
}

// Queue adds a command to the next Run.
func (c *Client) Queue(args ...string) {
	b := make([][]byte, len(args))
	for i, a := range args {
		b[i] = []byte(a)
	}
	c.QueueBytes(args[0], b[1:]...)
}

// QueueBytes adds a command to the next Run. It copies its arguments.
func (c *Client) QueueBytes(command string, args ...[]byte) {
	c.sent = append(c.sent, command)
	c.out = appendLen(c.out, '*', len(args)+1)
	c.out = append(appendLen(c.out, '$', len(command)), command...)
	for _, a := range args {
		c.out = append(append(c.out, "\r\n$"...), strconv.Itoa(len(a))...)
		c.out = append(append(c.out, "\r\n"...), a...)
	}
	c.out = append(c.out, "\r\n"...)
}

func appendLen(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

// Pending is how many bytes wait for Run.
func (c *Client) Pending() int { return len(c.out) }

// Run sends what is queued and returns the answers, one for each command. Errors
// among them are the caller's business; the error here means that the connection
// is of no more use.
func (c *Client) Run() ([]Reply, error) {
	out, n := c.out, len(c.sent)
	c.out, c.sent = nil, nil
	if n == 0 {
		return nil, nil
	}
	// Who sends a long pipeline without reading waits for a server that waits for
	// its replies to be read.
	wrote := make(chan error, 1)
	go func() {
		_, err := c.nc.Write(out)
		wrote <- err
	}()
	replies := make([]Reply, 0, n)
	for range n {
		r, err := readReply(c.in, 0)
		if err != nil {
			_ = c.nc.Close() // so that Write ends too
			<-wrote
			var foreign *ProtocolError
			if errors.As(err, &foreign) {
				return nil, &ConnError{c.Name, err}
			}
			if err == io.EOF || errors.Is(err, net.ErrClosed) || err == io.ErrUnexpectedEOF || err == io.ErrClosedPipe {
				err = errors.New("the connection was closed by the other side")
			}
			return nil, interrupted(c.ctx, &ConnError{c.Name, err})
		}
		replies = append(replies, r)
	}
	if err := <-wrote; err != nil {
		return nil, interrupted(c.ctx, &ConnError{c.Name, err})
	}
	return replies, nil
}

// Do runs one command. An error reply is a *ServerError.
func (c *Client) Do(args ...string) (Reply, error) {
	c.Queue(args...)
	r, err := c.Run()
	if err != nil {
		return Reply{}, err
	}
	if err := r[0].Err(); err != nil {
		return Reply{}, fmt.Errorf("%s: %s: %w", c.Name, args[0], err)
	}
	return r[0], nil
}

// Must is Do for a command whose answer says nothing.
func (c *Client) Must(args ...string) error {
	_, err := c.Do(args...)
	return err
}

// Select changes the database.
func (c *Client) Select(db int) error {
	c.db = db
	return c.Must("SELECT", strconv.Itoa(db))
}

// Databases are those that hold keys, with how many.
func (c *Client) Databases() (map[int]int64, error) {
	r, err := c.Do("INFO", "keyspace")
	if err != nil {
		return nil, err
	}
	found := make(map[int]int64)
	for line := range strings.Lines(string(r.Text)) {
		var db int
		var keys int64
		if n, _ := fmt.Sscanf(line, "db%d:keys=%d,", &db, &keys); n == 2 && keys > 0 {
			found[db] = keys
		}
	}
	return found, nil
}

// patient gives every read and write the same time.
type patient struct {
	net.Conn
	time time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.time)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

// A large Write may take long on a slow line; it ends with the connection, which
// a read that gets nothing closes.
