package netpoll

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Poller waits for its connections. One goroutine at a time calls Wait; all else
// is safe for concurrent use.
type Poller struct {
	epoll, wake int // descriptors; wake is an eventfd

	mu     sync.Mutex
	slots  []slot
	free   []int32
	closed bool

	events []unix.EpollEvent // of Wait
}

// slot is a place for a connection. The kernel keeps the place and the turn, and
// gives both back with each event: an event of a connection that was closed, told
// after its place was taken by another, has the turn of the old one.
type slot struct {
	conn  *Conn
	owner any
	turn  int32
}

// wakePlace is the eventfd's in the kernel's memory of places.
const wakePlace = -1

// New returns a Poller without connections. On systems that have none the error
// is errors.ErrUnsupported.
func New() (*Poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd2", err)
	}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: wakePlace}); err != nil {
		_ = unix.Close(epoll)
		_ = unix.Close(wake)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return &Poller{epoll: epoll, wake: wake, events: make([]unix.EpollEvent, 256)}, nil
}

// Detach takes a connection from the runtime's poller: nc is closed, and what it
// was goes on as the Conn, which is to be given to a Poller with Add. nc must be a
// stream with a descriptor of its own (TCP, not TLS), in which nobody reads or
// writes; for any other the error is errors.ErrUnsupported and nc is as it was.
func Detach(nc net.Conn) (*Conn, error) {
	var raw syscall.RawConn
	var err error
	switch s := nc.(type) {
	case *net.TCPConn:
		raw, err = s.SyscallConn()
	case *net.UnixConn:
		raw, err = s.SyscallConn()
	default:
		return nil, errors.ErrUnsupported
	}
	if err != nil {
		return nil, err
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("fcntl", dupErr)
	}
	c := newConn(fd, nc)
	_ = nc.Close() // which takes it out of the runtime's poller; the stream stays open in fd
	return c, nil
}

// Add has Wait tell of a connection, with what has come before too. owner is what
// the events say beside it.
func (p *Poller) Add(c *Conn, owner any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.closed || c.closed {
		return net.ErrClosed
	}
	if len(p.free) == 0 {
		p.free = append(p.free, int32(len(p.slots)))
		p.slots = append(p.slots, slot{})
	}
	at := p.free[len(p.free)-1]
	s := &p.slots[at]
	s.turn++
	err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, c.fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: at, Pad: s.turn,
	})
	if err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	p.free = p.free[:len(p.free)-1]
	s.conn, s.owner = c, owner
	c.poller, c.place = p, at
	return nil
}

// leave frees the place of a connection whose descriptor is closed.
func (p *Poller) leave(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots[c.place].conn, p.slots[c.place].owner = nil, nil
	p.free = append(p.free, c.place)
}

// Wait waits until connections have something to read, or Wake is called, and
// writes them to events. A goroutine that waits in Read or Write of one is woken
// by the way. With poll it does not wait. After Close the error is net.ErrClosed.
func (p *Poller) Wait(events []Event, poll bool) (n int, err error) {
	timeout := -1
	if poll {
		timeout = 0
	}
	got, err := unix.EpollWait(p.epoll, p.events[:min(len(p.events), len(events))], timeout)
	if err == unix.EINTR {
		return 0, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	if err != nil {
		return 0, os.NewSyscallError("epoll_wait", err)
	}
	for _, e := range p.events[:got] {
		if e.Fd == wakePlace {
			continue // edge-triggered: it need not be read
		}
		s := &p.slots[e.Fd]
		if s.conn == nil || s.turn != e.Pad {
			continue
		}
		const hangup = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
		if e.Events&(unix.EPOLLOUT|hangup) != 0 {
			s.conn.write.signal()
		}
		if e.Events&(unix.EPOLLIN|hangup) != 0 {
			s.conn.read.signal()
			events[n] = Event{Conn: s.conn, Owner: s.owner, Hangup: e.Events&hangup != 0}
			n++
		}
	}
	return n, nil
}

// Wake ends a Wait, or the next one.
func (p *Poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		_, _ = unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // a full counter is awake already
	}
}

// Close ends the Poller, once no Wait is under way. Its connections should be
// closed before: nobody would wake those who wait in them.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return errors.Join(os.NewSyscallError("close", unix.Close(p.epoll)), os.NewSyscallError("close", unix.Close(p.wake)))
}
