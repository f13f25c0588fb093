package difftest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// replyTimeout is how long a server may take for one reply.
const replyTimeout = 5 * time.Second

// Conn is a connection that keeps the types of what it reads. Not safe for
// concurrent use.
type Conn struct {
	net net.Conn
	r   *bufio.Reader
	w   *bufio.Writer
}

// Dial connects to a server.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return NewConn(c), nil
}

// NewConn speaks the protocol over a connection that is open already.
func NewConn(c net.Conn) *Conn {
	return &Conn{net: c, r: bufio.NewReaderSize(c, 64<<10), w: bufio.NewWriterSize(c, 64<<10)}
}

// Close closes the connection.
func (c *Conn) Close() error { return c.net.Close() }

// Do sends one command and reads one reply. A reply that is an error is a Reply;
// the error is for a connection that broke.
func (c *Conn) Do(args ...string) (Reply, error) {
	if err := c.Send(args...); err != nil {
		return Reply{}, err
	}
	return c.Receive()
}

// Send queues a command; Receive sends what is queued.
func (c *Conn) Send(args ...string) error {
	fmt.Fprintf(c.w, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(c.w, "$%d\r\n", len(a))
		c.w.WriteString(a)
		c.w.WriteString("\r\n")
	}
	if c.w.Buffered() > 32<<10 {
		return c.w.Flush()
	}
	return nil
}

// SendRaw queues bytes as they are.
func (c *Conn) SendRaw(b string) error {
	_, err := c.w.WriteString(b)
	return err
}

// Receive reads one reply.
func (c *Conn) Receive() (Reply, error) {
	if err := c.w.Flush(); err != nil {
		return Reply{}, err
	}
	if err := c.net.SetReadDeadline(time.Now().Add(replyTimeout)); err != nil {
		return Reply{}, err
	}
	return c.read()
}

func (c *Conn) read() (Reply, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return Reply{}, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return Reply{}, fmt.Errorf("not a line of the protocol: %q", line)
	}
	r := Reply{Kind: Kind(line[0]), Text: line[1 : len(line)-2]}
	switch r.Kind {
	case Simple, Error, Integer, Double, Boolean, BigNumber:
		return r, nil
	case Null:
		return Reply{Kind: Null}, nil
	case Bulk, Verbatim, BulkError:
		n, err := strconv.Atoi(r.Text)
		if err != nil || n < -1 {
			return r, fmt.Errorf("bad length: %q", line)
		}
		if n == -1 {
			return Reply{Kind: NullBulk}, nil
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, b); err != nil {
			return r, err
		}
		if string(b[n:]) != "\r\n" {
			return r, fmt.Errorf("no end of line behind %d bytes: %q", n, b[n:])
		}
		r.Text = string(b[:n])
		return r, nil
	case Array, Set, Push, Map:
		n, err := strconv.Atoi(r.Text)
		if err != nil || n < -1 {
			return r, fmt.Errorf("bad length: %q", line)
		}
		if n == -1 {
			return Reply{Kind: NullArray}, nil
		}
		if r.Kind == Map {
			n *= 2
		}
		r.Text = ""
		r.Elems = make([]Reply, 0, min(n, 1<<16))
		for range n {
			e, err := c.read()
			if err != nil {
				return r, err
			}
			r.Elems = append(r.Elems, e)
		}
		return r, nil
	default:
		return r, fmt.Errorf("no such type: %q", line)
	}
}
