package netpoll_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/server/netpoll"
)

// reading is one connection's part of TestEveryByteIsToldOf.
type reading struct {
	got    []byte
	hangup bool
	ended  chan struct{}
}

// take reads as the package says one must, and no further.
func (r *reading) take(c *netpoll.Conn, room int) {
	b := make([]byte, room)
	for {
		n, err := c.TryRead(b)
		r.got = append(r.got, b[:n]...)
		switch {
		case err == netpoll.ErrWait, err == nil && n < len(b) && !r.hangup:
			return
		case err != nil:
			_ = c.Close()
			close(r.ended)
			return
		}
	}
}

// TestEveryByteIsToldOf: however clients cut what they send, and whether they close
// at once behind it or later, whoever reads when he is told gets all of it and
// sees the end. Connections come and go, so that places are used again.
func TestEveryByteIsToldOf(t *testing.T) {
	p := newPoller(t, func(e netpoll.Event) {
		r := e.Owner.(*reading)
		r.hangup = r.hangup || e.Hangup
		r.take(e.Conn, 512)
	})
	rapid.Check(t, func(rt *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		n := rapid.IntRange(1, 20).Draw(rt, "connections")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 3000), 0, 8)
		early := rapid.Bool().Draw(rt, "sent before the poller knows")
		type client struct {
			nc   net.Conn
			sent []byte
			r    *reading
		}
		var clients []*client
		for range n {
			a, b := pair(t, "unix")
			c := &client{nc: a, r: &reading{ended: make(chan struct{})}}
			send := func() {
				for _, size := range sizes.Draw(rt, "sizes") {
					piece := make([]byte, size)
					for i := range piece {
						piece[i] = byte(random.Uint32())
					}
					c.sent = append(c.sent, piece...)
					if _, err := a.Write(piece); err != nil {
						rt.Fatal(err)
					}
				}
				if rapid.Bool().Draw(rt, "half") {
					if err := a.(*net.UnixConn).CloseWrite(); err != nil {
						rt.Fatal(err)
					}
				} else {
					_ = a.Close()
				}
			}
			if early {
				send()
			}
			detach(t, p, b, c.r)
			if !early {
				send()
			}
			clients = append(clients, c)
		}
		for i, c := range clients {
			<-c.r.ended
			if !bytes.Equal(c.r.got, c.sent) {
				rt.Fatalf("connection %d: %d bytes arrived of %d", i, len(c.r.got), len(c.sent))
			}
			_ = c.nc.Close()
		}
	})
}

// TestWake: a Wake ends the Wait that is under way, or the next.
func TestWake(t *testing.T) {
	p, err := netpoll.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 100 {
		if n, err := p.Wait(make([]netpoll.Event, 4), true); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		p.Wake()
		if n, err := p.Wait(make([]netpoll.Event, 4), false); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		woken := make(chan struct{})
		go func() {
			defer close(woken)
			_, _ = p.Wait(make([]netpoll.Event, 4), false)
		}()
		p.Wake()
		<-woken
	}
}

// BenchmarkEcho is a request and its answer, both read when told of.
func BenchmarkEcho(b *testing.B) {
	buf := make([]byte, 512)
	p := newPoller(b, func(e netpoll.Event) {
		n, _ := e.Conn.TryRead(buf)
		_, _ = e.Conn.TryWrite(buf[:n])
	})
	near, far := pair(b, "tcp")
	defer near.Close()
	defer detach(b, p, far, nil).Close()
	msg := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := near.Write(msg); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(near, msg); err != nil {
			b.Fatal(err)
		}
	}
}
