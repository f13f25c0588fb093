package netpoll

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connection that a Poller waits for. All methods are safe for
// concurrent use. Reads take turns, and so do Writes, so that each Write is whole;
// TryRead and TryWrite ask for no turn, and are for whoever knows that nobody else
// is at it.
type Conn struct {
	poller *Poller // nil before Add
	place  int32

	local, remote net.Addr

	// mu is held for reading inside of system calls, none of which waits, and for
	// writing to close: a descriptor's number must not be used by anybody when it
	// may be another's.
	mu     sync.RWMutex
	fd     int
	closed bool
	gone   chan struct{} // closed by Close

	read, write side
}

// side is one direction: who waits in it, and until when.
type side struct {
	turn     sync.Mutex // held by Read or Write, for as long as it takes
	deadline deadline
	waiting  atomic.Bool
	ready    chan struct{} // a token when something has changed since waiting was set
}

// signal tells who waits that it may try again.
func (s *side) signal() {
	if s.waiting.Load() {
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
}

func newConn(fd int, nc net.Conn) *Conn {
	c := &Conn{fd: fd, local: nc.LocalAddr(), remote: nc.RemoteAddr(), gone: make(chan struct{})}
	c.read.ready, c.write.ready = make(chan struct{}, 1), make(chan struct{}, 1)
	return c
}

// TryRead reads what is there. When that is nothing the error is ErrWait, at the
// end of the stream io.EOF, after Close net.ErrClosed.
func (c *Conn) TryRead(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := c.try("read", func(fd int) (int, error) { return unix.Read(fd, b) })
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// TryWrite writes as much as there is room for, which may be less than all: then
// the error is ErrWait.
func (c *Conn) TryWrite(b []byte) (int, error) {
	n, err := c.try("write", func(fd int) (int, error) { return unix.Write(fd, b) })
	if n < len(b) && err == nil {
		err = ErrWait
	}
	return n, err
}

func (c *Conn) try(what string, call func(fd int) (int, error)) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	for {
		switch n, err := call(c.fd); err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, ErrWait
		default:
			return 0, c.failed(what, os.NewSyscallError(what, err))
		}
	}
}

func (c *Conn) failed(what string, err error) error {
	return &net.OpError{Op: what, Net: c.remote.Network(), Source: c.local, Addr: c.remote, Err: err}
}

// Read reads at least one byte, and waits for it.
func (c *Conn) Read(b []byte) (int, error) {
	c.read.turn.Lock()
	defer c.read.turn.Unlock()
	for {
		if c.read.deadline.passed() {
			return 0, c.failed("read", os.ErrDeadlineExceeded)
		}
		n, err := c.TryRead(b)
		if err != ErrWait {
			return n, err
		}
		if n, err, ok := c.wait(&c.read, "read", func() (int, error) { return c.TryRead(b) }); ok {
			return n, err
		}
	}
}

// Write writes all of b, and waits for room.
func (c *Conn) Write(b []byte) (n int, err error) {
	c.write.turn.Lock()
	defer c.write.turn.Unlock()
	for {
		if c.write.deadline.passed() {
			return n, c.failed("write", os.ErrDeadlineExceeded)
		}
		m, err := c.TryWrite(b[n:])
		if n += m; err != ErrWait {
			return n, err
		}
		m, err, ok := c.wait(&c.write, "write", func() (int, error) { return c.TryWrite(b[n:]) })
		if n += m; ok && err != ErrWait {
			return n, err
		}
	}
}

// wait tries once more, so that nothing that came before waiting was set is
// missed, and then waits for a signal. done is false when the caller may try again.
func (c *Conn) wait(s *side, what string, try func() (int, error)) (n int, err error, done bool) {
	s.waiting.Store(true)
	defer s.waiting.Store(false)
	if n, err := try(); n > 0 || err != ErrWait {
		return n, err, true
	}
	select {
	case <-s.ready:
		return 0, nil, false
	case <-s.deadline.done():
		return 0, c.failed(what, os.ErrDeadlineExceeded), true
	case <-c.gone:
		return 0, net.ErrClosed, true
	}
}

// Close ends the connection and everybody's waiting in it.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	c.closed = true
	poller := c.poller
	err := unix.Close(c.fd) // with which the kernel forgets it
	c.mu.Unlock()
	if poller != nil {
		poller.leave(c)
	}
	close(c.gone)
	c.read.deadline.set(time.Time{})
	c.write.deadline.set(time.Time{})
	return os.NewSyscallError("close", err)
}

// LocalAddr is this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.read.deadline.set(t)
	c.write.deadline.set(t)
	return nil
}

// SetReadDeadline ends Reads, those that wait too, at t; the zero time is never.
// TryRead has no deadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.read.deadline.set(t)
	return nil
}

// SetWriteDeadline ends Writes, those that wait too, at t; the zero time is never.
// TryWrite has no deadline.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.write.deadline.set(t)
	return nil
}
