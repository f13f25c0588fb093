package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/difftest"
)

// BenchmarkRanks asks a leaderboard for places in its middle, beside redis-server,
// over loopback in pipelines of 32. Scores are random, members of 15 bytes.
//
//	go test ./server -run '^$' -bench Ranks -benchtime 5000x
func BenchmarkRanks(b *testing.B) {
	redis, err := difftest.StartRedis(b.TempDir())
	if err != nil {
		b.Skip(err)
	}
	defer redis.Stop()
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		b.Fatal(err)
	}
	s := serveDB(b, db, Options{SweepEvery: -1})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()

	commands := []struct {
		name string
		args func(n, i int) []string
	}{
		{"ZRANK", func(n, i int) []string { return []string{"ZRANK", "z", member(n/4 + i*7919%(n/2))} }},
		{"ZREVRANK", func(n, i int) []string { return []string{"ZREVRANK", "z", member(n/4 + i*7919%(n/2))} }},
		{"ZCOUNT", func(n, i int) []string {
			return []string{"ZCOUNT", "z", strconv.Itoa(n / 4), strconv.Itoa(n*3/4 + i%100)}
		}},
		{"ZRANGE 10", func(n, i int) []string {
			from := n/4 + i*7919%(n/2)
			return []string{"ZRANGE", "z", strconv.Itoa(from), strconv.Itoa(from + 9)}
		}},
		{"ZREVRANGE 10", func(n, i int) []string {
			from := n/4 + i*7919%(n/2)
			return []string{"ZREVRANGE", "z", strconv.Itoa(from), strconv.Itoa(from + 9)}
		}},
		{"ZRANGEBYSCORE LIMIT", func(n, i int) []string {
			return []string{"ZRANGEBYSCORE", "z", "-inf", "+inf", "LIMIT", strconv.Itoa(n/4 + i*7919%(n/2)), "10"}
		}},
		{"ZADD", func(n, i int) []string {
			return []string{"ZADD", "z", strconv.Itoa(i * 7919 % n), member(i * 104729 % n)}
		}},
	}
	for _, size := range []int{1000, 100_000, 1_000_000} {
		addrs := []struct{ name, addr string }{{"redis", redis.Addr}, {"ours", l.Addr().String()}}
		var conns []*difftest.Conn
		for _, who := range addrs {
			c, err := difftest.Dial(who.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
			if err := fillBoard(c, size); err != nil {
				b.Fatal(err)
			}
		}
		for _, cmd := range commands {
			for w, who := range addrs {
				if who.name == "redis" && cmd.name == "ZRANGEBYSCORE LIMIT" && size > 100_000 {
					continue // it walks there, for seconds
				}
				b.Run(fmt.Sprintf("%s/%d/%s", cmd.name, size, who.name), func(b *testing.B) {
					const pipeline = 32
					for i := 0; i < b.N; i += pipeline {
						n := min(pipeline, b.N-i)
						for k := range n {
							if err := conns[w].Send(cmd.args(size, i+k)...); err != nil {
								b.Fatal(err)
							}
						}
						for range n {
							if r, err := conns[w].Receive(); err != nil || r.Kind == difftest.Error {
								b.Fatal(r, err)
							}
						}
					}
				})
			}
		}
	}
}

func member(i int) string { return fmt.Sprintf("player:%08d", i) }

// fillBoard makes a sorted set of n members, scored 0 to n-1 in random order.
func fillBoard(c *difftest.Conn, n int) error {
	if _, err := c.Do("FLUSHALL"); err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(n)
	for from := 0; from < n; from += 500 {
		args := []string{"ZADD", "z"}
		for _, i := range order[from:min(from+500, n)] {
			args = append(args, strconv.Itoa(i), member(i))
		}
		if r, err := c.Do(args...); err != nil || r.Kind == difftest.Error {
			return fmt.Errorf("%v %w", r, err)
		}
	}
	return nil
}
