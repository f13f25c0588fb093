package netpoll_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/redis-lite/redis-lite/server/netpoll"
)

// newPoller polls until the test ends, and hands events to handle, which may be
// nil.
func newPoller(t testing.TB, handle func(netpoll.Event)) *netpoll.Poller {
	t.Helper()
	p, err := netpoll.New()
	if err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		events := make([]netpoll.Event, 16)
		for {
			n, err := p.Wait(events, false)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range events[:n] {
				if handle != nil {
					handle(e)
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		p.Wake()
		<-ended
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := p.Wait(make([]netpoll.Event, 1), true); err != net.ErrClosed {
			t.Errorf("Wait after Close: %v", err)
		}
		p.Wake() // does no harm
	})
	return p
}

// pair connects two sockets.
func pair(t testing.TB, network string) (a, b net.Conn) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// detach makes a connection one of a Poller's.
func detach(t testing.TB, p *netpoll.Poller, nc net.Conn, owner any) *netpoll.Conn {
	t.Helper()
	c, err := netpoll.Detach(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Add(c, owner); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestConn holds Conn to what the net package promises of every connection:
// deadlines, Close, concurrent use.
func TestConn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			p := newPoller(t, nil)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := pair(t, network)
				pa, pb := detach(t, p, a, nil), detach(t, p, b, nil)
				return pa, pb, func() { _ = pa.Close(); _ = pb.Close() }, nil
			})
		})
	}
}

func TestTryAfterClose(t *testing.T) {
	p := newPoller(t, nil)
	a, b := pair(t, "tcp")
	defer a.Close()
	c := detach(t, p, b, nil)
	if _, err := c.TryRead(make([]byte, 1)); err != netpoll.ErrWait {
		t.Errorf("nothing there: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.TryRead(make([]byte, 1)); err != net.ErrClosed {
		t.Errorf("read: %v", err)
	}
	if _, err := c.TryWrite([]byte{1}); err != net.ErrClosed {
		t.Errorf("write: %v", err)
	}
	if err := c.Close(); err != net.ErrClosed {
		t.Errorf("a second Close: %v", err)
	}
	if err := p.Add(c, nil); err != net.ErrClosed {
		t.Errorf("Add: %v", err)
	}
	if _, err := a.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the other side: %v", err)
	}
}

// TestTryWriteTakesWhatThereIsRoomFor and says so.
func TestTryWriteTakesWhatThereIsRoomFor(t *testing.T) {
	p := newPoller(t, nil)
	a, b := pair(t, "tcp")
	c := detach(t, p, b, nil)
	defer c.Close()
	const size = 64 << 20 // more than sockets hold
	n, err := c.TryWrite(make([]byte, size))
	if err != netpoll.ErrWait || n <= 0 || n == size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	got := make(chan int64, 1)
	go func() {
		m, _ := io.Copy(io.Discard, a)
		got <- m
	}()
	if _, err := c.Write(make([]byte, size-n)); err != nil {
		t.Error(err)
	}
	_ = c.Close()
	if m := <-got; m != size {
		t.Errorf("%d bytes arrived", m)
	}
	if _, err := c.Write(nil); err != net.ErrClosed {
		t.Error(err)
	}
}

// TestDeadlineThatIsTakenBack: one that passed is forgotten with the next.
func TestDeadlineThatIsTakenBack(t *testing.T) {
	p := newPoller(t, nil)
	a, b := pair(t, "tcp")
	defer a.Close()
	c := detach(t, p, b, nil)
	defer c.Close()
	for range 3 {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		var ne net.Error
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Time{})
		if _, err := a.Write([]byte{7}); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 8)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
}

func TestWhatHasNoDescriptorIsLeftAlone(t *testing.T) {
	a, b := net.Pipe()
	if _, err := netpoll.Detach(a); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	go func() { _, _ = a.Write([]byte{1}) }()
	if n, err := b.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Error(n, err)
	}
}
