package server

import (
	"fmt"
	"strings"
	"testing"
)

// What the event loop does itself is bounded, whatever collections hold and a pipeline
// asks for.
func TestShortReads(t *testing.T) {
	s := newServer(t)
	c := dial(t, s)
	for _, key := range []struct {
		command string
		n       int
	}{{"rpush list", 5000}, {"hset hash", 5000}, {"zadd zset", 5000}, {"rpush few", 900}, {"hset packed", 100}} {
		args := strings.Fields(key.command)
		for i := range key.n {
			switch args[0] {
			case "zadd":
				args = append(args, fmt.Sprint(i))
			case "hset":
				args = append(args, fmt.Sprint("field", i))
			}
			args = append(args, fmt.Sprint("e", i))
		}
		c.do(args...)
	}
	conn := s.connections()[0]
	for _, test := range []struct {
		command string
		short   bool
	}{
		{"lrange list 0 -1", false}, {"lrange list 0 999", true}, {"lrange list 4000 4999", true}, {"lrange list 0 1000", false},
		{"lrange list -2 -1", false}, {"lrange list x y", false}, {"lrange few 0 -1", true}, {"lrange none 0 -1", true},
		{"hgetall hash", false}, {"hgetall packed", true}, {"hkeys none", true}, {"lpos list e1", false},
		{"zrange zset 10 20", true}, {"zrange zset 10 20 withscores", true}, {"zrange zset 10 20 byscore", false}, {"zrange zset 10 20 rev limit 0 1", false},
		{"zrevrange zset 0 9", true}, {"zrangebyscore zset 1 2", false},
	} {
		words := strings.Fields(test.command)
		args := make([][]byte, len(words))
		for i, w := range words {
			args[i] = []byte(w)
		}
		cmd := s.table.find(args[0])
		if cmd.quick || !cmd.sized {
			t.Errorf("%s: quick %v, sized %v", test.command, cmd.quick, cmd.sized)
		}
		if got := conn.short(cmd, args); got != test.short {
			t.Errorf("%s: short is %v", test.command, got)
		}
	}
	for _, name := range []string{"hrandfield", "srandmember", "zrandmember", "sinter", "sort_ro", "georadius_ro", "keys", "getrange"} {
		if cmd := s.table.find([]byte(name)); cmd.sized || cmd.quick {
			t.Errorf("the loop runs %s", name)
		}
	}
	// More than the loop runs at a time are answered all the same, in order.
	tcp := dialTCP(t, s)
	for i := range 3 * maxShortReads {
		tcp.send("lrange", "few", fmt.Sprint(i), fmt.Sprint(i))
	}
	for i := range 3 * maxShortReads {
		if got, want := tcp.reply(), fmt.Sprintf(`["e%d"]`, i); got != want {
			t.Errorf("reply %d is %s", i, got)
		}
	}
}
