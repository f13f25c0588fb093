package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// Whatever is wrong in the buckets is found, and is all that is found.
func TestCheckFindsEveryInconsistency(t *testing.T) {
	ctx := context.Background()
	first := func(b *engine.TxBucket, prefix string) engine.Item {
		for it := range b.Items(engine.Scan{}) {
			if strings.Contains(string(it.Key), prefix) {
				return it
			}
		}
		t.Fatalf("no key with %q in %q", prefix, b.Name())
		return engine.Item{}
	}
	page := func(tx *engine.Tx, elem string) engine.Item {
		for it := range tx.Bucket("redis/0/data").Items(engine.Scan{}) {
			if strings.Contains(string(it.Value), elem+"\x01v") {
				return it
			}
		}
		t.Fatalf("no page with %q", elem)
		return engine.Item{}
	}
	// The piece that holds a job.
	onePiece := func(tx *engine.Tx) engine.Item {
		for it := range tx.Bucket("redis/0/data").Items(engine.Scan{}) {
			if strings.Contains(string(it.Value), "job:017") {
				return it
			}
		}
		t.Fatal("no piece of the list of jobs")
		return engine.Item{}
	}
	cases := []struct {
		name, want string
		spoil      func(tx *engine.Tx) error
	}{
		{"nothing", "", func(*engine.Tx) error { return nil }},
		{"a page is gone", "counts 201 elements, and there are 1", func(tx *engine.Tx) error {
			return tx.Bucket("redis/0/data").Delete(ctx, page(tx, "field17").Key)
		}},
		{"a field is gone", "counts 201 elements, and there are 200", func(tx *engine.Tx) error {
			it := page(tx, "field17")
			return tx.Bucket("redis/0/data").Set(ctx, it.Key, []byte(strings.Replace(string(it.Value), "\x07field17\x01v", "", 1)))
		}},
		{"a field in another page", `"field17" belongs in page`, func(tx *engine.Tx) error {
			it := page(tx, "field17")
			_, sub, _ := cutNumber(it.Key)
			index, _, _ := cutNumber(sub)
			key := appendNumber(bytes.Clone(it.Key[:len(it.Key)-len(sub)]), index^1)
			return tx.Bucket("redis/0/data").Set(ctx, key, []byte("\x07field17\x01v"))
		}},
		{"a field twice in its page", `holds "field17" twice`, func(tx *engine.Tx) error {
			it := page(tx, "field17")
			return tx.Bucket("redis/0/data").Set(ctx, it.Key, append(bytes.Clone(it.Value), "\x07field17\x01v"...))
		}},
		{"a field in its page and apart", `holds "field17", which is apart too`, func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/data")
			key := first(b, "long").Key
			return b.Set(ctx, append(bytes.Clone(key[:len(key)-len("long")]), "field17"...), nil)
		}},
		{"half a page", "elements in a page, of", func(tx *engine.Tx) error {
			it := page(tx, "field17")
			return tx.Bucket("redis/0/data").Set(ctx, it.Key, it.Value[:len(it.Value)-1])
		}},
		{"a page too many", "is none of 13 pages", func(tx *engine.Tx) error {
			it := page(tx, "field17")
			return tx.Bucket("redis/0/data").Set(ctx, append(bytes.Clone(it.Key[:len(it.Key)-1]), 200), it.Value)
		}},
		{"a field apart is gone", "counts 1 elements apart, and there are 0", func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/data")
			return b.Delete(ctx, first(b, "long").Key)
		}},
		{"a place of a list is gone", "place 1 at another index", func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/data")
			for it := range b.Items(engine.Scan{}) {
				if string(it.Value) == "second" {
					return b.Delete(ctx, it.Key)
				}
			}
			return errors.New("no second element")
		}},
		{"a piece is gone", "there are 0, engine: key not found", func(tx *engine.Tx) error {
			return tx.Bucket("redis/0/data").Delete(ctx, onePiece(tx).Key)
		}},
		{"a piece is short", "has piece", func(tx *engine.Tx) error {
			it := onePiece(tx)
			return tx.Bucket("redis/0/data").Set(ctx, it.Key, it.Value[1:])
		}},
		{"a piece with other bytes", "packed elements, of", func(tx *engine.Tx) error {
			it := onePiece(tx)
			return tx.Bucket("redis/0/data").Set(ctx, it.Key, bytes.Repeat([]byte{0xff}, len(it.Value)))
		}},
		{"a piece too many", "is no piece of its collection", func(tx *engine.Tx) error {
			it := onePiece(tx)
			_, sub, _ := cutNumber(it.Key)
			return tx.Bucket("redis/0/data").Set(ctx, append(bytes.Clone(it.Key[:len(it.Key)-len(sub)]), pieceKey(60)...), it.Value)
		}},
		{"a record is gone", "an element of no collection", func(tx *engine.Tx) error {
			return tx.Bucket("redis/0/meta").Delete(ctx, []byte("list"))
		}},
		{"a name without a score", "the member has another score, or none", func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/data")
			return b.Set(ctx, first(b, "\x00member17").Key, appendScore(nil, 99))
		}},
		{"a string under the same key", "is a set and a string", func(tx *engine.Tx) error { return tx.Set(ctx, []byte("set"), []byte("v")) }},
		{"a deadline of nobody", "no collection has this deadline", func(tx *engine.Tx) error {
			return tx.Bucket("redis/0/ttl").Set(ctx, ttlKey(99, []byte("set")), nil)
		}},
		{"a deadline is missing", "this deadline of a collection is missing", func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/ttl")
			return b.Delete(ctx, first(b, "small").Key)
		}},
		{"half a packed record", "packed elements, of", func(tx *engine.Tx) error {
			b := tx.Bucket("redis/0/meta")
			v := first(b, "small").Value
			return b.Set(ctx, []byte("small"), v[:len(v)-1])
		}},
		{"no record at all", "no record of a collection", func(tx *engine.Tx) error {
			return tx.Bucket("redis/0/meta").Set(ctx, []byte("x"), []byte{0xff})
		}},
		{"a number from the future", "was not to be given yet", func(tx *engine.Tx) error {
			return tx.Bucket(sysBucket).Set(ctx, numbersKey, make([]byte, 8))
		}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			db, err := engine.OpenMemory(&engine.Options{SweepEvery: -1})
			if err != nil {
				t.Fatal(err)
			}
			s := serveDB(t, db, Options{SweepEvery: -1})
			c := dial(t, s)
			for i := range 200 {
				c.do("hset", "hash", fmt.Sprint("field", i), "v")
				c.do("sadd", "set", fmt.Sprint("m", i))
			}
			c.want("hset hash long "+strings.Repeat("x", 65), "1")
			c.want("rpush list first second "+strings.Repeat("x", 65), "3", "hset small f v", "1", "pexpireat small 4102444800000", "1")
			for i := range 40 {
				c.do("rpush", "jobs", job(i))
			}
			if err := s.updateSpace(func(sp *Space) {
				z, _ := sp.Open([]byte("zset"), KindZset)
				for i := range 200 {
					z.SetScore(fmt.Appendf(nil, "member%d", i), float64(i))
				}
				z.Close()
			}); err != nil {
				t.Fatal(err)
			}
			if err := db.Update(ctx, test.spoil); err != nil {
				t.Fatal(err)
			}
			err = Check(db)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("found %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("found %v, want %q", err, test.want)
			}
			var one *Inconsistency
			if err != nil && !errors.As(err, &one) {
				t.Errorf("%T is no *Inconsistency", err)
			}
		})
	}
}

// updateSpace runs fn in a transaction on database 0.
func (s *Server) updateSpace(fn func(*Space)) error {
	commit, err := s.update(context.Background(), func(t *Tx) error {
		fn(t.Space(0))
		return nil
	})
	if err != nil {
		return err
	}
	return commit.Wait(context.Background())
}
