package difftest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// liar is a server that answers as another one does, but for some bytes.
func liar(t *testing.T, behind, say, instead string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", behind)
			if err != nil {
				client.Close()
				return
			}
			go func() {
				io.Copy(server, client)
				server.Close()
			}()
			go func() {
				defer client.Close()
				b := make([]byte, 64<<10)
				for {
					n, err := server.Read(b)
					if err != nil {
						return
					}
					client.Write(bytes.ReplaceAll(b[:n], []byte(say), []byte(instead)))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Every kind of difference is found.
func TestFindsDifferences(t *testing.T) {
	one := func(lines ...string) []Step {
		var steps []Step
		for _, line := range lines {
			words := strings.Fields(line)
			c := &Command{Name: words[0]}
			if words[0] == "TTL" {
				c.Compare = Seconds
			}
			steps = append(steps, Step{Calls: []Call{{c, words}}})
		}
		return steps
	}
	real := redis(t)
	for _, c := range []struct {
		name, say, instead string
		stream             Stream
		where              string // of the mismatch
	}{
		{"value", "$5\r\nhello", "$5\r\nhellp", Stream{2, "", one("SET a hello", "GET a")}, "GET a"},
		{"integer for OK", "+OK", ":1", Stream{2, "", one("FLUSHDB")}, "FLUSHALL (setting up)"},
		{"null of the wrong version", "_\r\n", "$-1\r\n", Stream{3, "", one("GET none")}, "GET none"},
		{"null of the wrong type", "*-1\r\n", "$-1\r\n", Stream{2, "", append(one("WATCH a"), Step{Conn: 1, Calls: one("SET a 1")[0].Calls}, one("MULTI")[0], one("EXEC")[0])}, "EXEC"},
		{"error text", "ERR syntax error", "ERR syntax  error", Stream{2, "", one("SET a 1 BAD")}, "SET a 1 BAD"},
		{"a reply inside EXEC", "$5\r\nhello", "$5\r\nhellp", Stream{2, "", one("MULTI", "ECHO hello", "EXEC")}, "EXEC, of its reply 1, to ECHO"},
		{"time to live", ":5000\r\n", ":6000\r\n", Stream{2, "", one("SET a 1 EX 5000", "TTL a")}, "TTL a"},
		{"no time to live", ":-1\r\n", ":-2\r\n", Stream{2, "", one("SET a 1", "TTL a")}, "TTL a"},
		{"event", "__keyevent@0__:set", "__keyevent@0__:get", Stream{2, "KEA", one("SET a 1")}, "messages of step 0"},
		{"state", "$5\r\nhello", "$5\r\nhellp", Stream{2, "", one("SET a hello")}, `value of "a" in database 0 at the end`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Runner{Redis: real.Addr, Ours: liar(t, real.Addr, c.say, c.instead), Families: Families()}
			// One server stands on both sides: it may see a command twice.
			err := r.Run(c.stream)
			var m *Mismatch
			if !errors.As(err, &m) || m.Where != c.where {
				t.Fatalf("got %v, want a mismatch of %s", err, c.where)
			}
		})
	}
}
