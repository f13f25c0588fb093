package server

import (
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/difftest"
)

// An element of ten bytes (a field has a value of ten besides) may cost three
// times what it costs in Redis. The table that -v prints is the one in
// docs/redis.md, with the cases that are beyond that: what Redis packs, up to 512
// fields and lists of any length, and we do not.
func TestMemoryBesideRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("loads half a million elements")
	}
	redis, err := difftest.StartRedis(t.TempDir())
	if err != nil {
		t.Skip(err)
	}
	defer redis.Stop()
	const elements = 30_000
	for _, kind := range []struct {
		command string
		width   int
	}{{"HSET", 2}, {"SADD", 1}, {"RPUSH", 1}} {
		for _, size := range []int{1, 10, 100, 200, 1000, elements} {
			load := func(c *difftest.Conn) error {
				for k := range elements / size {
					args := []string{kind.command, fmt.Sprintf("key:%08d", k)}
					for i := range size {
						for range kind.width {
							args = append(args, fmt.Sprintf("elem%06d", i))
						}
						if len(args) > 2000 || i == size-1 {
							if err := c.Send(args...); err != nil {
								return err
							}
							if r, err := c.Receive(); err != nil || r.Kind != difftest.Integer {
								return fmt.Errorf("%v %w", r, err)
							}
							args = args[:2]
						}
					}
				}
				return nil
			}
			theirs := redisMemory(t, redis.Addr, load) / elements
			ours := ownMemory(t, load) / elements
			t.Logf("%-5s %6d elements a key: %4.0f bytes an element, Redis %4.0f: %.1fx", kind.command, size, ours, theirs, ours/theirs)
			if ours > 3*theirs && (kind.command != "RPUSH" || size <= maxPackedEntries) {
				t.Errorf("more than three times what Redis takes")
			}
			if ours > 100+100/float64(size) {
				t.Errorf("more than ever before")
			}
		}
	}
}

// redisMemory is by how much loading raises what Redis uses.
func redisMemory(t *testing.T, addr string, load func(*difftest.Conn) error) float64 {
	c, err := difftest.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	used := func() float64 {
		r, err := c.Do("INFO", "memory")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(r.Text, "used_memory:")
		line, _, _ := strings.Cut(rest, "\r\n")
		n, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := c.Do("FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	before := used()
	if err := load(c); err != nil {
		t.Fatal(err)
	}
	return used() - before
}

// ownMemory is by how much loading raises the heap of this process.
func ownMemory(t *testing.T, load func(*difftest.Conn) error) float64 {
	db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := New(db, Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(t.Context())
	near, far := net.Pipe()
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.ServeConn(far)
	}()
	defer near.Close()
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	if err := load(difftest.NewConn(near)); err != nil {
		t.Fatal(err)
	}
	return heap() - before
}
