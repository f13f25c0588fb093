package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// loopConn feeds one request over and over and throws the replies away: what a
// command costs without the network.
type loopConn struct {
	net.Conn
	request []byte
	left    int
}

func (c *loopConn) Read(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, io.EOF
	}
	return copy(p, c.request), nil
}

func (c *loopConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *loopConn) Close() error                     { return nil }
func (c *loopConn) SetReadDeadline(time.Time) error  { return nil }
func (c *loopConn) SetWriteDeadline(time.Time) error { return nil }
func (c *loopConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (c *loopConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// BenchmarkCommands is the time and the memory of single commands, in memory.
func BenchmarkCommands(b *testing.B) {
	for _, test := range []struct {
		args     []string
		pipeline int
	}{
		{[]string{"get", "k"}, 1}, {[]string{"set", "k", "value"}, 1}, {[]string{"ping"}, 1},
		{[]string{"get", "k"}, 16}, {[]string{"set", "k", "value"}, 16},
		{[]string{"hset", "hash", "field:30", "value"}, 1}, {[]string{"hincrby", "hash", "field:31", "1"}, 1},
		{[]string{"zadd", "zset", "1", "member:20"}, 1}, {[]string{"zincrby", "zset", "1", "member:20"}, 1},
		{[]string{"lmove", "list", "list", "left", "right"}, 1},
	} {
		b.Run(fmt.Sprintf("%s/P%d", test.args[0], test.pipeline), func(b *testing.B) {
			db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
			if err != nil {
				b.Fatal(err)
			}
			s := serveDB(b, db, Options{SweepEvery: -1})
			c := dial(b, s)
			c.want("set k value", "OK")
			for i := range 40 { // collections of a middling size, in their records
				n := fmt.Sprint(i)
				c.do("hset", "hash", "field:"+n, n)
				c.do("zadd", "zset", n, "member:"+n)
				c.do("rpush", "list", "element:"+n)
			}
			b.ReportAllocs()
			b.ResetTimer()
			s.ServeConn(&loopConn{request: bytes.Repeat(request(test.args...), test.pipeline), left: b.N / test.pipeline})
		})
	}
}
