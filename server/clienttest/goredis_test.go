package clienttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// go-redis in both versions of the protocol.
func TestGoRedis(t *testing.T) {
	s := serve(t, t.TempDir())
	for _, proto := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", proto), func(t *testing.T) {
			ctx := context.Background()
			r := redis.NewClient(&redis.Options{Addr: s.addr, Protocol: proto, ClientName: "goredis"})
			defer r.Close()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(r.FlushAll(ctx).Err())
			must(r.Set(ctx, "a", "1", time.Hour).Err())
			if v, err := r.Get(ctx, "a").Result(); err != nil || v != "1" {
				t.Fatal(v, err)
			}
			if _, err := r.Get(ctx, "none").Result(); !errors.Is(err, redis.Nil) {
				t.Fatal(err)
			}
			if d, err := r.TTL(ctx, "a").Result(); err != nil || d < 59*time.Minute {
				t.Fatal(d, err)
			}
			if ok, err := r.SetNX(ctx, "a", "2", 0).Result(); err != nil || ok {
				t.Fatal(ok, err)
			}
			if n, err := r.IncrBy(ctx, "n", 5).Result(); err != nil || n != 5 {
				t.Fatal(n, err)
			}
			if f, err := r.IncrByFloat(ctx, "f", 1.5).Result(); err != nil || f != 1.5 {
				t.Fatal(f, err)
			}
			must(r.MSet(ctx, "x", 1, "y", 2).Err())
			if vs, err := r.MGet(ctx, "x", "none", "y").Result(); err != nil || fmt.Sprint(vs) != "[1 <nil> 2]" {
				t.Fatal(vs, err)
			}

			cmds, err := r.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i := range 100 {
					p.Set(ctx, fmt.Sprint("p", i), i, 0)
					p.Get(ctx, fmt.Sprint("p", i))
				}
				return nil
			})
			must(err)
			if got := cmds[199].(*redis.StringCmd).Val(); got != "99" {
				t.Fatal(got)
			}

			// A counter under WATCH, with another client in between.
			tries := 0
			for {
				tries++
				err := r.Watch(ctx, func(tx *redis.Tx) error {
					n, err := tx.Get(ctx, "n").Int()
					if err != nil {
						return err
					}
					if tries == 1 {
						must(r.Set(ctx, "n", 100, 0).Err())
					}
					_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
						p.Set(ctx, "n", n+1, 0)
						return nil
					})
					return err
				}, "n")
				if !errors.Is(err, redis.TxFailedErr) {
					must(err)
					break
				}
			}
			if n, _ := r.Get(ctx, "n").Int(); n != 101 || tries != 2 {
				t.Fatal(n, tries)
			}

			keys := make(map[string]bool)
			for it := r.Scan(ctx, 0, "p*", 7).Iterator(); it.Next(ctx); {
				keys[it.Val()] = true
			}
			if len(keys) != 100 {
				t.Fatal(len(keys))
			}

			sub := r.PSubscribe(ctx, "ch*")
			defer sub.Close()
			if _, err := sub.Receive(ctx); err != nil {
				t.Fatal(err)
			}
			must(r.Publish(ctx, "channel", "hello").Err())
			m, err := sub.ReceiveMessage(ctx)
			must(err)
			if m.Channel != "channel" || m.Payload != "hello" || m.Pattern != "ch*" {
				t.Fatal(m)
			}

			if name, err := r.ClientGetName(ctx).Result(); err != nil || name != "goredis" {
				t.Fatal(name, err)
			}
			if _, err := r.Info(ctx).Result(); err != nil {
				t.Fatal(err)
			}
			if c, err := r.ConfigGet(ctx, "max*").Result(); err != nil || c["maxclients"] == "" {
				t.Fatal(c, err)
			}
			if _, err := r.Command(ctx).Result(); err != nil {
				t.Fatal(err)
			}
			if at, err := r.Time(ctx).Result(); err != nil || at.IsZero() {
				t.Fatal(at, err)
			}
		})
	}
	s.terminate()
}
