package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/redis-lite/redis-lite/engine"
)

// memory is a database that lives in memory alone, for an example.
func memory() *engine.DB {
	db, err := engine.OpenMemory(nil)
	if err != nil {
		log.Fatal(err)
	}
	return db
}

// Many commits share one wait for the disk: begin them all, then wait. Each is
// durable when its Wait returns nil.
func ExampleDB_UpdateAsync() {
	ctx := context.Background()
	db := memory()
	defer db.Close()

	var commits []*engine.Commit
	for _, name := range []string{"ann", "bob", "eve"} {
		c, err := db.UpdateAsync(ctx, func(tx *engine.Tx) error {
			return tx.Set(ctx, []byte(name), []byte("1"))
		})
		if err != nil {
			log.Fatal(err)
		}
		commits = append(commits, c)
	}
	for _, c := range commits {
		fmt.Println(c.LSN(), c.Wait(ctx))
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

// A bucket is a key space of its own.
func ExampleDB_Bucket() {
	ctx := context.Background()
	db := memory()
	defer db.Close()

	users := db.Bucket("users")
	if err := users.Set(ctx, []byte("ann"), []byte("1")); err != nil {
		log.Fatal(err)
	}
	_, err := db.Get([]byte("ann")) // of the default bucket
	fmt.Println(errors.Is(err, engine.ErrNotFound))
	v, err := users.Get([]byte("ann"))
	fmt.Println(string(v), err)
	// Output:
	// true
	// 1 <nil>
}

// What works on a KV works on a database, a bucket and a transaction.
func ExampleKV() {
	ctx := context.Background()
	db := memory()
	defer db.Close()

	rename := func(kv engine.KV, from, to string) error {
		v, err := kv.Get([]byte(from))
		if err != nil {
			return err
		}
		if err := kv.Set(ctx, []byte(to), v); err != nil {
			return err
		}
		return kv.Delete(ctx, []byte(from))
	}
	if err := db.Set(ctx, []byte("old"), []byte("1")); err != nil {
		log.Fatal(err)
	}
	err := db.Update(ctx, func(tx *engine.Tx) error { return rename(tx, "old", "new") }) // all or nothing
	fmt.Println(err)
	fmt.Println(errors.Is(rename(db, "old", "newer"), engine.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// A swap succeeds when nobody else was faster.
func ExampleDB_CompareAndSwap() {
	ctx := context.Background()
	db := memory()
	defer db.Close()

	lock := []byte("lock")
	for _, owner := range []string{"ann", "bob"} {
		mine, err := db.CompareAndSwap(ctx, lock, nil, []byte(owner)) // nil: the key is not there
		fmt.Println(owner, mine, err)
	}
	// Output:
	// ann true <nil>
	// bob false <nil>
}

// Ranges are ordered, in both directions, and may be left at any time.
func ExampleTx() {
	ctx := context.Background()
	db := memory()
	defer db.Close()
	for _, day := range []string{"2030-01-01", "2030-01-02", "2030-02-01"} {
		if err := db.Set(ctx, []byte(day), []byte("…")); err != nil {
			log.Fatal(err)
		}
	}

	err := db.View(func(tx *engine.Tx) error {
		for key := range tx.Range([]byte("2030-01-02"), nil) {
			fmt.Println("from then on:", string(key))
		}
		for key := range tx.Reverse(nil, nil) {
			fmt.Println("the newest:", string(key))
			break
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// from then on: 2030-01-02
	// from then on: 2030-02-01
	// the newest: 2030-02-01
}

// jsonCodec keeps values as JSON.
type jsonCodec[T any] struct{}

func (jsonCodec[T]) Encode(v T) ([]byte, error)          { return json.Marshal(v) }
func (jsonCodec[T]) Decode(data []byte) (v T, err error) { return v, json.Unmarshal(data, &v) }

// A typed store with a codec of one's own.
func ExampleWithCodec() {
	type Point struct{ X, Y int }
	db := memory()
	defer db.Close()

	points := engine.NewStore[Point](db, "points", engine.WithCodec[Point](jsonCodec[Point]{}))
	if err := points.Set(context.Background(), "home", Point{3, 4}); err != nil {
		log.Fatal(err)
	}
	raw, err := db.Bucket(engine.StorePrefix + "points").Get([]byte("home"))
	fmt.Println(string(raw), err)
	// Output: {"X":3,"Y":4} <nil>
}

// Another process may read what the log proves durable while one writes. Refresh
// brings it up to date.
func ExampleDB_Refresh() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	writer, err := engine.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer writer.Close()
	reader, err := engine.Open(dir, &engine.Options{ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()

	if err := writer.Set(ctx, []byte("a"), []byte("1")); err != nil {
		log.Fatal(err)
	}
	if err := writer.Sync(ctx); err != nil { // proves the last commit to others
		log.Fatal(err)
	}
	lsn, err := reader.Refresh(ctx)
	fmt.Println(lsn, err)
	v, err := reader.Get([]byte("a"))
	fmt.Println(string(v), err)
	fmt.Println(errors.Is(reader.Set(ctx, []byte("a"), []byte("2")), engine.ErrReadOnly))
	// Output:
	// 1 <nil>
	// 1 <nil>
	// true
}

// Damage is an error that says where, and nothing is changed. What kvctl verify and
// kvctl recover do with it, package recovery does.
func ExampleCorruptionError() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := engine.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Set(context.Background(), []byte("a"), []byte("1")); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
	segment := filepath.Join(dir, "wal", "0000000000000001.wal")
	b, err := os.ReadFile(segment)
	if err != nil {
		log.Fatal(err)
	}
	b[4096+50] ^= 1 // a bit of the first frame rots
	if err := os.WriteFile(segment, b, 0o600); err != nil {
		log.Fatal(err)
	}

	_, err = engine.Open(dir, nil)
	var damage *engine.CorruptionError
	if errors.As(err, &damage) {
		fmt.Println(filepath.Base(damage.File), "at", damage.Offset, "LSN", damage.LSN)
	}
	// Output: 0000000000000001.wal at 4096 LSN 1
}
