package clienttest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server"
	"github.com/redis-lite/redis-lite/server/difftest"
)

// Several connections write pipelines and transactions over all types of keys; the
// server is killed in between, again and again. Whatever was acknowledged is there
// afterwards, of a transaction everything or nothing, no element is in two lists or
// in none, and every count agrees with its members. The acknowledgements are kept here, in another
// process than the one that dies.
func TestKill(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	const writers = 8
	acked := make([]int, writers) // the last number that was acknowledged
	total := 0
	for round := range rounds {
		s := serve(t, dir)
		var wg sync.WaitGroup
		enough := make(chan struct{}, writers)
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				load(t, s.addr, w, &acked[w], enough)
			}()
		}
		// The kill comes in the middle of what is under way, once every writer
		// has got somewhere.
		for range writers {
			<-enough
		}
		time.Sleep(time.Duration(round*7) * time.Millisecond) // another moment each time
		s.kill()
		wg.Wait()
		after := serve(t, dir)
		for w := range writers {
			check(t, after.addr, w, acked[w])
			total += acked[w]
		}
		after.terminate()
		db, err := engine.Open(dir, &engine.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(server.Check(db), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d writers, %d acknowledged writes, none lost", rounds, writers, total)
}

// step writes a number as a string, then in one transaction as a pair that must not
// differ, into a queue with a count of all that ever went in, and into one key of
// each other type; then it moves a job of the queue on.
func step(w int, v string) [][]string {
	k := func(name string) string { return fmt.Sprintf("w%d:%s", w, name) }
	return [][]string{
		{"SET", fmt.Sprintf("w%d", w), v},
		{"MULTI"},
		{"SET", k("left"), v}, {"SET", k("right"), v},
		{"INCR", k("pushed")}, {"LPUSH", k("todo"), v},
		{"HSET", k("hash"), v, v}, {"ZADD", k("zset"), v, v}, {"SADD", k("set"), v},
		{"EXEC"},
		{"LMOVE", k("todo"), k("done"), "RIGHT", "LEFT"},
	}
}

// load takes steps with ascending numbers until the connection breaks.
func load(t *testing.T, addr string, w int, acked *int, enough chan<- struct{}) {
	c, err := difftest.Dial(addr)
	if err != nil {
		t.Error(err)
		enough <- struct{}{}
		return
	}
	defer c.Close()
	const depth = 10
	begun := *acked
	told := false
	defer func() {
		if !told {
			enough <- struct{}{}
		}
	}()
	for n := *acked; ; {
		for i := 1; i <= depth; i++ {
			for _, args := range step(w, strconv.Itoa(n+i)) {
				c.Send(args...)
			}
		}
		for range depth {
			for _, args := range step(w, "") {
				r, err := c.Receive()
				if err != nil {
					return
				}
				if r.Kind == difftest.Error {
					t.Errorf("writer %d: %s", w, r)
					return
				}
				if args[0] == "EXEC" {
					n++
					*acked = n
				}
			}
		}
		if n-begun >= 30 && !told {
			told = true
			enough <- struct{}{}
		}
	}
}

func check(t *testing.T, addr string, w, acked int) {
	t.Helper()
	ctx := context.Background()
	r := redis.NewClient(&redis.Options{Addr: addr})
	defer r.Close()
	number := func(key string) int {
		n, err := r.Get(ctx, key).Int()
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		return n
	}
	length := func(command, key string) int {
		n, err := r.Do(ctx, command, fmt.Sprintf("w%d:%s", w, key)).Int()
		if err != nil {
			t.Errorf("%s of writer %d's %s: %v", command, w, key, err)
		}
		return n
	}
	todo, done, pushed := length("LLEN", "todo"), length("LLEN", "done"), number(fmt.Sprintf("w%d:pushed", w))
	if todo+done != pushed {
		t.Errorf("writer %d: %d jobs went in, %d wait and %d are done", w, pushed, todo, done)
	}
	fields, members, scored := length("HLEN", "hash"), length("SCARD", "set"), length("ZCARD", "zset")
	if fields != members || fields != scored || fields < acked {
		t.Errorf("writer %d: %d was acknowledged, there are %d fields, %d members, %d with scores", w, acked, fields, members, scored)
	}
	single, left, right := number(fmt.Sprintf("w%d", w)), number(fmt.Sprintf("w%d:left", w)), number(fmt.Sprintf("w%d:right", w))
	if left != right {
		t.Errorf("writer %d: half a transaction: left %d, right %d", w, left, right)
	}
	if single < acked || left < acked {
		t.Errorf("writer %d: %d was acknowledged, %d and %d are there", w, acked, single, left)
	}
}
